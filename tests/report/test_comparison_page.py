"""The page of a comparison, what it is drawn from, and a comparison read back from its folder."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest

from grow.comparison import folder as comparefolder
from grow.comparison.analysis import compare_trials
from grow.comparison.result import Comparison
from grow.config.write import to_yaml
from grow.errors import GrowError, RunFolderError
from grow.report import (
    as_json,
    comparison_csv,
    comparison_html,
    comparison_markdown,
    drawing,
    files,
    html_page,
)
from grow.report.charts import COSTS, FIGURES
from grow.report.trialcharts import curves_chart, differences_chart, ends_chart
from grow.runs import result
from grow.runs.result import Run
from tests.compared import SEEDS, SETTING, comparison, trial
from tests.report.test_reports import EVIL, Page, run_of

ACCURACY, LOSS = FIGURES
FLOPS, CPU, EPOCHS = COSTS


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(comparison_html(comparison(command="grow compare my.yaml", settings="name: my\n")))


def test_the_page_is_one_file_without_scripts_and_loads_nothing(page: Page) -> None:
    assert not {"script", "link", "iframe", "object", "base", "img"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert re.match(r"#\w", attributes.get("href", "#x"))


def test_every_drawing_has_words_and_no_name_is_given_twice(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    drawings = page.each("svg")
    assert len(drawings) == 2 * 2 * 3 + 2 * 2
    for attributes in drawings:
        assert set(attributes["aria-labelledby"].split()) <= set(ids)
    for _, attributes in page.tags:
        assert set(attributes.get("aria-labelledby", "").split()) <= set(ids)
    for link in page.each("a"):
        assert link["href"].removeprefix("#") in ids


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(heading.get("scope") in ("row", "col") for heading in page.each("th"))


def test_the_verdict_comes_first_and_everything_that_made_it_after(page: Page) -> None:
    sentence = comparison().verdict.sentence
    assert page.text.index(sentence) < page.text.index("85.0% ±0.6")
    for words in (
        *("7,000 train", "standard error of 0.8 points", "grow compare my.yaml", "name: my"),
        *("keras 3", *map(str, SEEDS), "Each repeat", "nor growth are tuned"),
    ):
        assert words in page.text


def test_each_growth_has_its_verdict() -> None:
    text = Page(comparison_html(comparison(policies=True))).text
    assert "growth:preserve: Most of the gain" in text
    assert "growth:strict: " in text
    assert "with the transfer policy strict in every growth" in text


def test_names_cannot_become_markup() -> None:
    text = comparison_html(comparison(name=EVIL, settings=EVIL, command=EVIL))
    assert "<script>" not in text
    assert EVIL in Page(text).text


def test_a_comparison_of_an_older_version_says_what_it_does_not_know() -> None:
    assert "not recorded by the version of grow" in Page(comparison_html(comparison())).text


def test_a_curve_is_the_mean_and_its_band_reaches_from_lowest_to_highest() -> None:
    found = curves_chart(comparison(), ACCURACY, FLOPS)
    growth = found.series[0]
    last = [one.curve[-1].val_accuracy for one in comparison().summaries[0].trials]
    assert growth.name == "growth"
    assert growth.points[-1] == pytest.approx((12_246 * 10**9, sum(last) / 3))
    assert growth.band[-1][1:] == (min(last), max(last))
    assert [(mark.at, mark.name) for mark in found.marks] == [
        (0, "1 s0"),
        (240 * 10**9, "2 s1"),
        (1320 * 10**9, "3 s2"),
    ]


def test_repeats_that_trained_different_epochs_have_a_line_each() -> None:
    def of(*stages: tuple[int, int]) -> list[object]:
        return [
            trial(seed, 0.8, *stages[:count]) for seed, count in zip((7, 8), (2, 1), strict=True)
        ]

    trials = {"growth": of((2, 1), (2, 4)), "scratch_flops": of((3, 4))}
    found = compare_trials(replace(SETTING, seeds=(7, 8)), trials)  # type: ignore[arg-type]
    chart = curves_chart(found, LOSS, EPOCHS)
    assert [one.name for one in chart.series] == ["growth", "", "scratch, FLOPs"]
    assert [len(one.points) for one in chart.series[:2]] == [4, 2]
    assert chart.marks[1].at == 2  # one repeat alone came to the second stage


def test_what_two_controls_share_is_drawn_once() -> None:
    shared = comparison().summaries
    trials = {one.name: one.trials for one in shared}
    longer = [
        replace(one, curve=(*shorter.curve, *one.curve[len(shorter.curve) :]))
        for one, shorter in zip(trials["scratch_epochs"], trials["scratch_flops"], strict=True)
    ]
    found = compare_trials(SETTING, {**trials, "scratch_epochs": longer})
    by_name = {one.name: one for one in curves_chart(found, ACCURACY, EPOCHS).series}
    shorter_line, longer_line = by_name["scratch, FLOPs"], by_name["scratch, epochs"]
    assert longer_line.points[0] == shorter_line.points[-1]
    assert longer_line.points[-1][0] == 34


@pytest.mark.parametrize("make", [ends_chart, differences_chart])
def test_every_repeat_has_a_mark_and_every_variant_a_mean(make) -> None:
    chart = make(comparison())
    for width in (356, 720):
        root = Tree.fromstring(drawing.intervals(chart, "x", width=width))
        kinds = [part.attrib.get("class", "") for part in root.iter()]
        assert sum(kind.startswith("repeat") for kind in kinds) == 3 * len(chart.strips)
        assert sum(kind.startswith("dot") for kind in kinds) == len(chart.strips)
        for part in root.iter("line"):
            assert 0 <= float(part.attrib["x1"]) <= float(part.attrib["x2"]) <= width
    for strip in chart.strips:
        assert strip.figure in chart.description


def test_one_repeat_has_marks_and_no_intervals() -> None:
    chart = ends_chart(comparison(repeats=1))
    assert {strip.ends for strip in chart.strips} == {None}
    assert "interval" not in drawing.intervals(chart, "x", width=356)


def test_csv_has_every_epoch_of_every_trial() -> None:
    rows = list(csv.DictReader(io.StringIO(comparison_csv(comparison()))))
    assert len(rows) == 3 * (34 + 21 + 34 + 34)
    assert rows[0]["variant"] == "growth"
    assert {row["seed"] for row in rows} == set(map(str, SEEDS))


# The folder.


def kept(folder: Path, **changes: object) -> Comparison:
    folder.mkdir(exist_ok=True)
    found = comparison(folder=folder, **changes)
    comparefolder.write(found)
    return found


def test_a_comparison_is_read_back_as_it_was(tmp_path: Path) -> None:
    found = kept(tmp_path / "a", policies=True, command="grow compare a.yaml", settings="name: a\n")
    assert comparefolder.load_comparison(tmp_path / "a") == found


def test_a_comparison_that_diverged_is_read_back(tmp_path: Path) -> None:
    found = comparison(folder=tmp_path)
    (first, *others), *_ = (one.trials for one in found.summaries)
    lost = replace(first, stages=(replace(first.end, loss=math.nan),))
    trials = {one.name: one.trials for one in found.summaries} | {"growth": (lost, *others)}
    comparefolder.write(compare_trials(found.setting, trials))  # as an earlier version did
    read = comparefolder.load_comparison(tmp_path)
    assert read.setting.seeds == found.setting.seeds[1:]
    assert [(one.seed, one.variant) for one in read.setting.diverged] == [(7, "growth")]
    assert read.verdict.sentence.endswith(
        "Training diverged: growth in 1 of 3 repeats (seed 7); this repeat is excluded from all "
        "figures."
    )
    assert {one.accuracy.repeats for one in read.summaries} == {2}
    comparefolder.write(read)
    assert comparefolder.load_comparison(tmp_path).to_dict() == read.to_dict()
    assert "| 7 | diverged | - | - | - |" in comparison_markdown(read)


def test_of_a_comparison_that_diverged_everywhere_nothing_is_said(tmp_path: Path) -> None:
    found = comparison(folder=tmp_path, repeats=1)
    (first,) = found.summaries[1].trials
    lost = replace(first, stages=(replace(first.end, loss=math.inf),))
    trials = {one.name: one.trials for one in found.summaries} | {"scratch_flops": (lost,)}
    comparefolder.write(compare_trials(found.setting, trials))
    with pytest.raises(GrowError, match="in every repeat some training diverged") as caught:
        comparefolder.load_comparison(tmp_path)
    assert caught.value.exit_code == 1
    assert "scratch_flops, seed 7" in caught.value.message
    assert comparefolder.beside(tmp_path.with_name("x"), "") is None


def test_a_result_of_before_is_read_without_what_it_lacks(tmp_path: Path) -> None:
    from grow.comparison.result import SCHEMA
    from grow.runs import documents

    values = kept(tmp_path / "a").to_dict()
    for name in ("schema", "command", "settings"):
        del values[name]
    documents.write(tmp_path / "a" / "compare.json", SCHEMA, values)
    assert comparefolder.load_comparison(tmp_path / "a").setting.command == ""


def test_what_is_no_comparison_or_none_yet_says_so(tmp_path: Path) -> None:
    (tmp_path / "seed-3").mkdir()
    assert not comparefolder.is_comparison(tmp_path)
    (tmp_path / "seed-3" / "run.json").write_text("{}")
    assert comparefolder.is_comparison(tmp_path)
    with pytest.raises(RunFolderError, match="not a run folder") as caught:
        result.load(tmp_path)
    assert "comparison" in (caught.value.hint or "")
    with pytest.raises(RunFolderError, match="not complete yet") as caught:
        comparefolder.load_comparison(tmp_path)
    assert "grow compare" in (caught.value.hint or "")


@pytest.mark.parametrize("damage", ["{", "[]", '{"schema": "grow.compare/1"}'])
def test_a_damaged_result_is_no_traceback(tmp_path: Path, damage: str) -> None:
    kept(tmp_path / "a")
    (tmp_path / "a" / "compare.json").write_text(damage)
    with pytest.raises(RunFolderError, match="is damaged") as caught:
        comparefolder.load_comparison(tmp_path / "a")
    assert "nothing is trained" in (caught.value.hint or "")


def test_page_and_markdown_are_written_beside_the_result(tmp_path: Path) -> None:
    found = kept(tmp_path / "a")
    files.write_comparison_reports(found)
    assert (tmp_path / "a" / "report.html").read_text() == comparison_html(found)
    assert (tmp_path / "a" / "report.md").read_text() == comparison_markdown(found)
    assert json.loads(as_json(found)) == found.to_dict()


# The run's own page.


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_of(tmp_path)


def test_a_run_shows_its_controls_beside(run: Run, tmp_path: Path) -> None:
    alone = html_page(run)
    counts = {split: sum(classes.values()) for split, classes in run.log.counts.items()}
    pictures = replace(SETTING.pictures, counts=counts)
    folder = tmp_path / "tiny-compare"
    found = kept(folder, settings=to_yaml(run.spec), pictures=pictures)
    page = Page(html_page(run))
    assert found.verdict.sentence in page.text
    assert "scratch, FLOPs" in page.text
    assert "resize only" in page.text
    assert "scratch, epochs" not in page.text
    assert {"href": "../tiny-compare/report.html"} in page.each("a")
    kept(folder, settings=to_yaml(run.spec), pictures=replace(pictures, counts={"train": 1}))
    assert html_page(run) == alone
    kept(folder, settings="name: other\n", pictures=pictures)
    assert html_page(run) == alone
    (folder / "compare.json").write_text("{")
    assert html_page(run) == alone
