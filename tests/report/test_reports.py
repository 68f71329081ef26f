"""Reports of a run: the page parsed, Markdown beside a golden text, CSV read back.

After a deliberate change of words: GROW_WRITE_GOLDENS=1 pytest tests/report, then read the diff
of tests/golden/report.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.planning.history import EpochRecord
from grow.planning.stages import Pictures, StagePlan
from grow.report import epochs_csv, files, html_page, markdown_text, result
from grow.report.confusion import by_class, frequent
from grow.runs import result as runs
from grow.runs.findings import Findings, Guess, Mistake
from grow.runs.result import Run
from tests.builders import record
from tests.finished import FINDINGS, make_run

GOLDEN = Path(__file__).parents[1] / "golden" / "report"
EVIL = '<script>alert("1")</script> & \'"|*_[x](y)'
VOID = {"meta", "img", "input", "link", "br", "hr"}
LOG = (
    '{"time": "2026-01-02T03:04:05.678+00:00", "event": "Prepared", "classes": ["cat", "dog"], '
    '"counts": {"train": {"cat": 30, "dog": 34}, "validation": {"cat": 25, "dog": 25}, '
    '"test": {"cat": 0, "dog": 0}}, "unusable": [["cats/x.txt", "not a picture file"]]}\n'
    '{"time": "2026-01-02T03:04:06.000+00:00", "event": "RunStarted", "name": "tiny", '
    '"lineup": [], "command": "grow run tiny.yaml"}\n'
)


class Page(HTMLParser):
    """A page taken apart; fails where a tag is not closed, or another one is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def each(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def run_of(folder: Path, **settings: object) -> Run:
    """A run of two stages read back, with a log."""
    made = make_run(folder / "tiny", **settings)  # type: ignore[arg-type]
    (made.path / "events.jsonl").write_text(LOG)
    return runs.load(made.path)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_of(tmp_path, findings=FINDINGS)


def with_classes(run: Run, names: tuple[str, ...], findings: Findings) -> Run:
    stages = tuple(
        replace(stage, findings=findings, plan=knowing(stage.plan, names)) for stage in run.stages
    )
    return replace(run, classes=names, stages=stages)


def knowing(plan: StagePlan, names: tuple[str, ...]) -> StagePlan:
    """The stage as if it knew these classes."""
    pictures = {**plan.recipe["pictures"], "classes": list(names)}
    return replace(plan, recipe={**plan.recipe, "pictures": pictures})


def many(classes: int) -> Findings:
    """Findings about many classes, every third picture wrong."""
    met = [(n, n, 6) for n in range(classes)] + [(n, (n + 1) % classes, 3) for n in range(classes)]
    mistake = Mistake("a/b.png", 0, 0.1, (Guess(1, 0.6), Guess(0, 0.1)), b"png")
    return Findings("test", 9 * classes, 6 * classes, 0.5, tuple(met), (mistake,))


# The page.


def test_the_page_is_one_file_without_scripts_and_loads_nothing(run: Run) -> None:
    text = html_page(run)
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert page.each("html") == [{"lang": "en"}]
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href"):
            if name in attributes:
                assert re.match(r"#\w|data:image/png;base64,", attributes[name])
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_every_picture_and_drawing_has_words_for_those_who_cannot_see_it(run: Run) -> None:
    page = Page(html_page(run))
    assert len(page.each("img")) == 2
    assert all(image["alt"] for image in page.each("img"))
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    drawings = page.each("svg")
    assert len(drawings) == 2 * 2 * 3 + 1
    for attributes in drawings:
        assert attributes["role"] == "img"
        assert set(attributes["aria-labelledby"].split()) <= ids


def test_every_link_and_label_leads_somewhere_and_no_name_is_given_twice(run: Run) -> None:
    page = Page(html_page(run))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "for"):
        for _, attributes in page.tags:
            assert set(attributes.get(name, "").split()) <= set(ids)
    for link in page.each("a"):
        assert link["href"].removeprefix("#") in ids


def test_headings_go_down_one_level_at_a_time(run: Run) -> None:
    levels = [int(tag[1]) for tag, _ in Page(html_page(run)).tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_say_which_cells_are_headings(run: Run) -> None:
    headings = Page(html_page(run)).each("th")
    assert headings
    assert all(heading.get("scope") in ("row", "col") for heading in headings)


def test_the_page_says_what_it_came_to_and_how_it_was_made(run: Run) -> None:
    text = Page(html_page(run)).text
    for words in (
        "74.0% accuracy on 50 validation images 95% CI 60.4% to 84.1%",
        "Stage 2 deeper, epoch 12, selected for the highest validation accuracy.",
        "The epoch was selected on the same images, so the accuracy is slightly optimistic.",
        "on 50 validation images: 13 misclassified",
        "Most confident mistakes",
        "true: dog (below 0.1%), predicted: cat",
        "drawn/validation/7",
        "below 0.1%",
        "grow run tiny.yaml",
        "1 file could not be used and was left out.",
        "validation loss 0.5000 before, 0.6250 after",
        "name: tiny",
    ):
        assert words in text


def test_without_pictures_there_are_none_and_the_names_stay(run: Run) -> None:
    text = html_page(run, pictures=False)
    assert "<img" not in text
    assert "base64" not in text
    assert "drawn/validation/7" in text


def test_names_cannot_become_markup(run: Run) -> None:
    names = (EVIL, "x" * 80)
    found = replace(FINDINGS, mistakes=(replace(FINDINGS.mistakes[0], key=f"{EVIL}.png"),))
    text = html_page(with_classes(run, names, found))
    assert "<script" not in text
    page = Page(text)
    assert " ".join(EVIL.split()) in page.text
    assert page.each("img")[0]["alt"].endswith(f"predicted: {EVIL}")


def test_names_that_are_no_text_are_written_all_the_same(run: Run) -> None:
    found = replace(FINDINGS, mistakes=(replace(FINDINGS.mistakes[0], key="cats/\udcff.png"),))
    odd = with_classes(run, ("cat\udce9", "dog"), found)
    assert "cats/\\udcff.png" in html_page(odd)
    assert "cat\\udce9" in markdown_text(odd)


@pytest.mark.parametrize("classes", [2, 3, 10, 20, 21, 100, 401])
def test_the_errors_of_few_and_of_many_classes(run: Run, classes: int) -> None:
    names = tuple(f"class {n}" for n in range(classes))
    text = html_page(with_classes(run, names, many(classes)))
    page = Page(text)
    cells = [cell for cell in page.each("td") if cell.get("class", "").startswith("cell")]
    assert len(cells) == (classes**2 if classes <= 20 else 0)
    assert ("confusion-title confusion-desc" in text) == (20 < classes <= 400)
    assert ("Most frequent confusions" in page.text) == (classes > 20)
    assert "on 18 test images" in page.text or classes != 2


# Runs that are not whole.


def test_a_run_that_has_not_begun(tmp_path: Path) -> None:
    page = Page(html_page(run_of(tmp_path, complete=0)))
    assert "No epoch is complete yet." in page.text
    assert "no stage is complete yet" in page.text
    assert not page.each("svg")[1:]  # the growth that is planned


def test_a_run_in_the_middle_of_its_first_stage(tmp_path: Path) -> None:
    page = Page(html_page(run_of(tmp_path, complete=0, step=3)))
    assert "Stage 1 small, epoch 1 of 2, still in training" in page.text
    assert "0 of 2 stages are complete; stage 1 small has 1 of 2 epochs." in page.text
    assert "listed when a stage is complete; no stage is complete yet" in page.text


def test_a_run_whose_first_stage_is_complete(tmp_path: Path) -> None:
    run = run_of(tmp_path, complete=1, step=3, findings=FINDINGS)
    words = "1 of 2 stages is complete; stage 2 deeper has 1 of 12 epochs."
    assert words in Page(html_page(run)).text
    assert words in markdown_text(run)
    assert "Still in training." in markdown_text(run)


def test_a_stage_completed_by_an_older_version(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    words = "version of grow that did not record misclassified images"
    assert words in Page(html_page(run)).text
    assert words in markdown_text(run)


def test_without_a_log_the_page_says_what_it_does_not_know(tmp_path: Path) -> None:
    text = Page(html_page(runs.load(make_run(tmp_path / "a").path))).text
    assert "not recorded by the version of grow that ran it" in text


def test_a_training_that_diverged_is_reported_all_the_same(run: Run) -> None:
    lost = tuple(record(n, loss=math.nan, val_loss=math.nan) for n in (1, 2))
    stages = tuple(replace(stage, history=lost, shock=None) for stage in run.stages)
    findings = replace(
        FINDINGS, loss=math.nan, mistakes=(replace(FINDINGS.mistakes[0], probability=math.nan),)
    )
    broken = with_classes(replace(run, stages=stages), run.classes, findings)
    assert "not a number" in Page(html_page(broken)).text
    assert "not a number" in markdown_text(broken)
    line = epochs_csv(broken).splitlines()[1]
    assert ",,0.5," in line


# The result in words.


def test_test_pictures_come_first_because_nothing_was_chosen_on_them(run: Run) -> None:
    on_test = replace(FINDINGS, split="test", pictures=1000, right=740)
    head = result.headline(with_classes(run, run.classes, on_test))
    assert (head.figure, head.words) == ("74.0%", "accuracy on 1,000 test images")
    assert head.chosen.endswith("The test images were not used to select anything.")
    assert head.interval == "95% CI 71.2% to 76.6%"


def test_an_earlier_stage_that_did_better_is_named(run: Run) -> None:
    first = replace(run.stages[0], history=(record(1, val_accuracy=0.99), record(2)))
    better = replace(run, stages=(first, run.stages[1]))
    words = "An earlier stage has a higher validation accuracy: 1 small, 99.0% against 74.0%."
    assert result.better_before(better) == words
    assert result.better_before(run) == ""
    assert words in Page(html_page(better)).text


def test_the_interval_of_a_share_is_wilsons() -> None:
    # R: prop.test(740, 1000, correct = FALSE) and prop.test(0, 10, correct = FALSE)
    assert result.wilson(740, 1000) == pytest.approx((0.7119, 0.7663), abs=1e-4)
    assert result.wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share(pair: tuple[int, int]) -> None:
    low, high = result.wilson(*pair)
    assert 0 <= low <= pair[0] / pair[1] + 1e-12
    assert pair[0] / pair[1] - 1e-12 <= high <= 1


def test_a_confusion_matrix_is_read_by_class_and_by_frequency() -> None:
    cat, dog = by_class(FINDINGS, ("cat", "dog"))
    assert (cat.pictures, cat.right, cat.predicted) == (25, 20, 28)
    assert (cat.recall, dog.precision) == (20 / 25, 17 / 22)
    found = [(c.name, c.taken_for, c.count) for c in frequent(FINDINGS, ("cat", "dog"), 9)]
    assert found == [("dog", "cat", 8), ("cat", "dog", 5)]


# Markdown, CSV, files.


def test_markdown_beside_its_golden_text(run: Run) -> None:
    path = GOLDEN / "report.md"
    found = markdown_text(run)
    if os.environ.get("GROW_WRITE_GOLDENS"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_names_mean_nothing_in_markdown(run: Run) -> None:
    text = markdown_text(with_classes(run, (EVIL, "b\nc"), FINDINGS))
    (row,) = [line for line in text.splitlines() if line.startswith("| \\<script\\>")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert "<script" not in text.replace("\\<", "")
    assert "| b c |" in text


def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_head(run: Run) -> None:
    cells = 0
    for line in markdown_text(run).splitlines():
        count = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (count and cells) or count == cells
        cells = count


def test_csv_has_every_epoch_and_sums_what_it_cost(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(epochs_csv(run))))
    assert [(row["stage"], row["epoch"]) for row in rows][:3] == [
        ("1", "1"),
        ("1", "2"),
        ("2", "1"),
    ]
    assert len(rows) == 14
    assert [row["stage"] for row in rows if row["best"] == "1"] == ["1", "2"]
    assert int(rows[-1]["total_training_flops"]) == 14 * 1000
    assert float(rows[-1]["total_cpu_seconds"]) == 14 * 4.25
    assert set(EpochRecord.__dataclass_fields__) < set(rows[0])


def test_all_reports_are_written_into_the_run_folder(run: Run) -> None:
    files.write_reports(run)
    assert (run.path / "report.html").read_text("utf-8") == html_page(run)
    assert (run.path / "report.md").read_text("utf-8") == markdown_text(run)
    values = json.loads((run.path / "report.json").read_text("utf-8"))
    assert values == json.loads(json.dumps(run.to_dict()))
    assert "png" not in json.dumps(values["stages"][1]["findings"])


def test_pictures_that_the_stage_file_leaves_out_are_in_no_report(run: Run) -> None:
    shy = run.spec.model_copy(
        update={"report": run.spec.report.model_copy(update={"pictures": False})}
    )
    files.write_reports(replace(run, spec=shy))
    for path in run.path.glob("report.*"):
        assert "base64" not in path.read_text("utf-8")


# Findings on disk.


def shares() -> st.SearchStrategy[float]:
    return st.floats(0, 1) | st.just(math.nan)


@st.composite
def findings(draw: st.DrawFn) -> Findings:
    guess = st.builds(Guess, st.integers(0, 9), shares())
    mistake = st.builds(
        Mistake,
        key=st.text(),
        label=st.integers(0, 9),
        probability=shares(),
        guesses=st.lists(guess, max_size=3).map(tuple),
        png=st.none() | st.binary(max_size=9),
    )
    return Findings(
        split=draw(st.sampled_from(["test", "validation"])),
        pictures=draw(st.integers(0, 99)),
        right=draw(st.integers(0, 99)),
        loss=draw(shares()),
        confusions=draw(st.lists(st.tuples(*[st.integers(0, 9)] * 3), max_size=4).map(tuple)),
        mistakes=draw(st.lists(mistake, max_size=2).map(tuple)),
    )


@given(findings())
def test_findings_come_back_from_json_as_they_went(value: Findings) -> None:
    text = json.dumps(value.to_dict(), allow_nan=False)
    assert repr(Findings.from_dict(json.loads(text))) == repr(value)


def damages() -> Iterator[dict[str, object]]:
    values = FINDINGS.to_dict()
    yield from ({k: v for k, v in values.items() if k != key} for key in values)
    yield values | {"confusions": [[1, 2]]}
    yield values | {"mistakes": [{"key": "x"}]}
    yield values | {"mistakes": [FINDINGS.to_dict()["mistakes"][0] | {"png": "é"}]}


@pytest.mark.parametrize("values", list(damages()))
def test_findings_that_are_none_are_refused(values: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Findings.from_dict(values)


def test_classes_of_a_run_are_those_of_its_pictures(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", pictures=Pictures((EVIL, "b"), "0" * 64))
    assert Page(html_page(runs.load(folder.path))).text
