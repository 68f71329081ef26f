"""What people read of plans and runs: pages and logs beside golden texts, progress as values.

After a deliberate change of words: GROW_WRITE_GOLDENS=1 pytest tests/report, then read
the diff of tests/golden/face.
"""

from __future__ import annotations

import io
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from grow.data.checks import Check, Finding, Group, Severity, Sizes
from grow.data.checks.giveaway import Separation, Verdict
from grow.data.checks.giveaway.separation import Held
from grow.planning.lineup import Action, Entry
from grow.planning.validate import parse
from grow.report import check_page, log, text, words
from grow.report.live import live_lines, sign_of_life
from grow.report.progress import Idle, Loading, Progress, Training, advance
from grow.report.tables import Row, Table, lines
from grow.runs import result
from grow.runs.planned import Plan
from grow.runs.stage_folder import Done
from grow.train import events
from tests.builders import history, record
from tests.finished import SHOCK, STAGES, lock, make_run, plans

GOLDEN = Path(__file__).parents[1] / "golden" / "face"
FOLDER = Path("runs/tiny")
SMALL, DEEPER = plans()


def drawn(renderable: object, width: int = 120) -> str:
    """What is printed, without colours, in a terminal of this width."""
    file = io.StringIO()
    Console(file=file, width=width, color_system=None, highlight=False, markup=False).print(
        renderable
    )
    return file.getvalue()


def compare(name: str, found: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("GROW_WRITE_GOLDENS"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def planned(**changes: object) -> Plan:
    plan = Plan(
        spec=parse(STAGES, "tiny.yaml"),
        folder=FOLDER,
        classes=("cat", "dog"),
        pictures={"train": 64, "validation": 32, "test": 0},
        entries=(
            Entry(SMALL, Action.REUSE, "finished before with the same settings and pictures"),
            Entry(DEEPER, Action.RESUME, "1 of 12 epochs are on disk"),
        ),
    )
    return replace(plan, **changes)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_plan_fits_the_terminal(width: int) -> None:
    page = drawn(text.plan_page(planned()), width)
    compare(f"plan-{width}", page)
    assert max(map(len, page.splitlines())) <= width


def test_a_plan_without_pictures_says_what_it_assumes() -> None:
    unknown = planned(pictures={}, warnings=("pets/ is not there; two classes are assumed",))
    compare("plan-without-pictures", drawn(text.plan_page(unknown)))


@pytest.fixture
def half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> result.Run:
    monkeypatch.chdir(tmp_path)
    make_run(FOLDER, complete=1, step=3)
    return result.load(FOLDER)


@pytest.mark.parametrize("width", [40, 80])
def test_where_a_run_stands(half_done: result.Run, width: int) -> None:
    page = drawn(text.status_page(half_done), width)
    compare(f"status-{width}", page)
    assert max(map(len, page.splitlines())) <= width


def test_who_is_at_work(half_done: result.Run) -> None:
    lock(FOLDER, 12345, "elsewhere")
    first = drawn(text.status_page(result.load(half_done.path))).splitlines()[0]
    assert first == (
        "tiny in runs/tiny, running since 2026-01-02T03:04:05 (process 12345 on elsewhere)"
    )


def test_the_report_of_a_run(half_done: result.Run) -> None:
    compare("report", drawn(text.report_page(half_done)))


@pytest.mark.parametrize(("before", "said"), [(0.9, True), (0.8, False), (0.7, False)])
def test_an_earlier_stage_that_is_better_than_the_last_is_named(before: float, said: bool) -> None:
    done = Done(1, 1, "000001", "00", "all 1 epochs trained")
    stages = tuple(
        result.StageResult(plan, FOLDER, (record(1, val_accuracy=accuracy),), done)
        for plan, accuracy in ((SMALL, before), (DEEPER, 0.8))
    )
    run = result.Run(FOLDER, parse(STAGES, "tiny.yaml"), ("cat", "dog"), stages)
    assert ("stage 1 small has a higher" in drawn(text.result_page(run))) is said


def whole_run() -> list[events.Event]:
    """What happens in a run that reuses nothing, stops in stage 2 and goes on."""
    counts = {"train": {"cat": 32, "dog": 32}, "validation": {"cat": 16, "dog": 16}}
    unusable = tuple((f"cats/{n}.jpg", "cannot be decoded: cut off") for n in range(7))
    entries = (Entry(SMALL, Action.RUN, "not trained yet"), Entry(DEEPER, Action.RUN, "likewise"))
    first = (record(1, loss=10.5, accuracy=0.05), record(2, val_accuracy=1.0, seconds=3725.0))
    return [
        events.Preparing(48, 96),
        events.Prepared(("cat", "dog"), counts, unusable),
        events.RunStarted("tiny", FOLDER, entries),
        events.StageStarted(SMALL, 4, (), 0),
        events.StepDone(1, 1, 16, 0.7, 0.5),
        events.Validating(1, 1),
        events.CheckpointWritten(FOLDER / "000005", 0.1),
        events.EpochDone(SMALL, first[0], 1),
        events.Warned("checkpoint not written, training continues: No space left on device"),
        events.EpochDone(SMALL, first[1], 2),
        events.StageDone(SMALL, first, 2, "all 2 epochs trained", reused=False),
        events.Validating(1, 1),
        events.Grown(DEEPER, SHOCK),
        events.StageStarted(DEEPER, 4, (), 0),
        events.EpochDone(DEEPER, record(1, val_loss=math.nan), 1),
        events.RunStarted("tiny", FOLDER, (replace(entries[0], action=Action.REUSE), entries[1])),
        events.StageDone(SMALL, first, 2, "finished before", reused=True),
        events.StageStarted(DEEPER, 4, (record(1),), 1),
        events.EpochDone(DEEPER, record(10), 1),
        events.StageDone(DEEPER, history([0.5]), 1, "val_loss has not improved", reused=False),
        events.RunDone("tiny", FOLDER),
    ]


def test_the_log_of_a_run() -> None:
    where = "unusable.txt in the run folder"
    told = [line for event in whole_run() for line in log.lines(event, unusable_in=where)]
    compare("log", "".join(drawn(line) for line in told))


def test_pictures_left_out_are_not_said_to_be_listed_where_they_are_not() -> None:
    told = [drawn(line) for line in log.lines(whole_run()[1])]
    assert told[-1] == "  and 2 more\n"


def test_files_that_are_no_pictures_are_no_warning_and_hide_none_that_is() -> None:
    prepared = whole_run()[1]
    assert isinstance(prepared, events.Prepared)
    files = tuple((f"cats/{n}.txt", "not a picture file (.txt)") for n in range(6))
    told = [drawn(one) for one in log.lines(replace(prepared, unusable=files))]
    assert told[1] == "note: 6 files left out:\n"
    bad = ("dogs/9.jpg", "the file is empty")
    told = [drawn(one) for one in log.lines(replace(prepared, unusable=(*files, bad)))]
    assert told[1:3] == ["warning: 7 files left out:\n", "  dogs/9.jpg: the file is empty\n"]


def test_the_live_lines_at_every_moment() -> None:
    """One picture for each event, a second apart; what has not changed is not shown again."""
    now, found, before = Progress(), "", ""
    for second, event in enumerate([*whole_run()[:5], *steps(2, 5), *whole_run()[5:]]):
        now = advance(now, event, float(second))
        lines_now = "".join(drawn(line, 60) for line in live_lines(now))
        if lines_now != before:
            found += f"-- {type(event).__name__}\n{lines_now}"
        assert max(map(len, lines_now.splitlines()), default=0) <= 60
        before = lines_now
    compare("live", found)
    assert live_lines(now) == []


def steps(first: int, last: int) -> list[events.Event]:
    return [events.StepDone(1, n, 16, 0.7 - n / 100, 0.5) for n in range(first, last)]


def training(*later: events.Event) -> Progress:
    """Where a run is after the start of its first stage and some events, a second apart."""
    now = Progress()
    for second, event in enumerate([*whole_run()[:4], *later]):
        now = advance(now, event, float(second))
    return now


def test_time_left_follows_from_the_speed_and_the_flops_of_later_stages() -> None:
    now = training(*steps(1, 4))
    assert isinstance(now.phase, Training)
    assert now.phase.speed == 16.0
    assert now.phase.seconds_left == 5.0  # one step of epoch 1, four of epoch 2, one a second
    cost = DEEPER.architecture.training_flops / SMALL.architecture.training_flops
    assert now.seconds_left == pytest.approx(5.0 + 12 * 4 * cost)


def test_the_speed_is_unknown_at_first_and_not_lost_in_a_validation() -> None:
    assert training(*steps(1, 3)).phase.speed == 0.0
    assert training(*steps(1, 3)).seconds_left is None
    after = training(*steps(1, 4), events.EpochDone(SMALL, record(1), 1))
    assert after.phase.ticks == ()
    after = advance(after, events.StepDone(2, 1, 16, 0.7, 0.5), 1000.0)
    assert after.phase.speed == 16.0


def test_a_process_that_was_suspended_is_not_thought_slow() -> None:
    now = training(*steps(1, 4))
    now = advance(now, events.StepDone(1, 4, 16, 0.7, 0.5), 3600.0)
    assert isinstance(now.phase, Training)
    assert now.phase.speed == 16.0


def test_the_best_epoch_is_the_one_the_stage_would_end_with() -> None:
    worse = training(
        events.EpochDone(SMALL, record(1, val_accuracy=0.6), 1),
        events.EpochDone(SMALL, record(2, val_accuracy=0.5), 1),
    )
    assert worse.phase.best == record(1, val_accuracy=0.6)
    resumed = advance(
        Progress(), events.StageStarted(SMALL, 4, history([0.5, 0.6], "val_accuracy"), 0), 0.0
    )
    assert resumed.phase.best.epoch == 2


def test_a_run_that_reuses_everything_shows_nothing() -> None:
    entries = (Entry(SMALL, Action.REUSE, ""), Entry(DEEPER, Action.REUSE, ""))
    now = advance(Progress(), events.RunStarted("tiny", FOLDER, entries), 0.0)
    assert now.phase == Idle()
    now = advance(now, events.StageDone(SMALL, (record(1),), 1, "", reused=True), 0.0)
    assert now.phase == Idle()


def test_what_is_reused_is_not_waited_for() -> None:
    entries = (Entry(SMALL, Action.REUSE, ""), Entry(DEEPER, Action.RUN, ""))
    now = advance(Progress(), events.RunStarted("tiny", FOLDER, entries), 0.0)
    assert now == Progress(stages=2, waiting=(), phase=Loading(DEEPER))
    same = advance(now, events.StageDone(SMALL, (record(1),), 1, "", reused=True), 0.0)
    assert same == now


def test_a_sign_of_life_says_it_all_in_one_line() -> None:
    assert sign_of_life(training(*steps(1, 4))) == (
        "stage 1/2 small  epoch 1/2  step 3/4  loss 0.6700  accuracy 50.0%  "
        "16 images/s  stage 0:05 left  run 4:28 left"
    )
    assert sign_of_life(advance(Progress(), events.Preparing(5, 9000), 0.0)) == (
        "images: 5 of 9,000 prepared"
    )
    assert sign_of_life(Progress()) == ""


@st.composite
def tables(draw: st.DrawFn) -> Table:
    count = draw(st.integers(2, 4))
    cells = st.lists(WORDS, min_size=count, max_size=count)
    rows = draw(st.lists(st.builds(Row, cells.map(tuple), NOTES), max_size=3))
    columns = tuple(f"{place}{word}" for place, word in enumerate(draw(cells)))
    return Table(columns, tuple(rows), columns[1:2], "why")


WORDS = st.text("aé9猫", min_size=1, max_size=8)
NOTES = st.lists(st.text("ab9", min_size=1, max_size=8), max_size=8).map(" ".join)


@given(tables(), st.integers(1, 100))
def test_no_value_is_ever_cut(table: Table, width: int) -> None:
    found = [line.plain for line in lines(table, width)]
    for row in table.rows:
        assert all(any(cell in line for line in found) for cell in row.cells)
        assert "".join(row.note.split()) in "".join("".join(found).split())
    assert all(line == line.rstrip() for line in found)


@given(tables(), st.integers(40, 100))
def test_no_line_is_wider_than_the_terminal(table: Table, width: int) -> None:
    assert all(cell_len(line.plain) <= width for line in lines(table, width))


def test_a_note_stands_beside_its_row_below_it_or_in_a_list() -> None:
    table = Table(("name", "size"), (Row(("conv_1", "896"), "same shape, same inputs"),), (), "why")
    assert [line.plain for line in lines(table, 40)] == [
        "name    size  why",
        "conv_1  896   same shape, same inputs",
    ]
    assert [line.plain for line in lines(table, 20)] == [
        "name    size",
        "conv_1  896",
        "  same shape, same",
        "  inputs",
    ]
    assert [line.plain for line in lines(table, 11)] == [
        "conv_1",
        "  size 896",
        "  same",
        "  shape,",
        "  same",
        "  inputs",
    ]


def test_columns_of_wide_characters_align() -> None:
    table = Table(("name", "n"), (Row(("猫猫", "1")), Row(("dog", "22"))), ("n",))
    assert [line.plain for line in lines(table, 40)] == ["name   n", "猫猫   1", "dog   22"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (words.percent(0.12345), "12.3%"),
        (words.flops(999), "999 FLOP"),
        (words.flops(1.5e12), "1.5 TFLOP"),
        (words.duration(59.6), "1:00"),
        (words.duration(3725), "1:02:05"),
        (words.size((64, 32, 3)), "64x32x3"),
        (words.plural(1, "step"), "1 step"),
        (words.plural(1200, "step"), "1,200 steps"),
        (words.listing(["a", "b"]), "a, b"),
        (words.listing([str(n) for n in range(1010)], 2), "0, 1 and 1,008 more"),
    ],
)
def test_numbers_as_people_read_them(found: str, said: str) -> None:
    assert found == said


def statistic(name: str, training: float, elsewhere: float, verdict: Verdict) -> Separation:
    held = {"validation": Held(elsewhere, training, 0.06, 2000)}
    return Separation(name, 0.5, 0.53, training, held, verdict)


def checked(**changes: object) -> Check:
    names = ("the training half/cats/felix.jpg", "the validation half/cats/felix again.jpg")
    found = Check(
        source="pictures",
        classes=("cats", "dogs"),
        counts={
            "train": {"cats": 4000, "dogs": 4000},
            "validation": {"cats": 1000, "dogs": 0},
            "test": {"cats": 0, "dogs": 0},
        },
        set_aside=False,
        sizes=Sizes((32, 40), (500, 375), (4000, 3000), (0.5, 1.33, 2.0), {"JPEG": 9}, {"RGB": 9}),
        separations=(
            statistic("sharpness", 0.979, 0.522, Verdict.TRAINING_ONLY),
            statistic("border", 0.7, 0.69, Verdict.BOTH),
            statistic("mean colour", 0.6, 0.58, Verdict.SLIGHT),
            statistic("contrast", 0.65, 0.5, Verdict.UNCONFIRMED),
            statistic("brightness", 0.51, 0.5, Verdict.NOTHING),
        ),
        findings=(
            Finding("refused", Severity.ERROR, "there is nothing to train on", "Add pictures."),
            Finding(
                "leak", Severity.WARNING, "1 picture leaks", "Remove it.", (Group(names, "oh"),)
            ),
            Finding(
                "bad",
                Severity.NOTE,
                "9 are bad",
                "",
                tuple(Group((f"{n}.jpg",)) for n in "123456789"),
            ),
            Finding("copies", Severity.NOTE, "many", "", (Group(tuple("abcdefgh")),)),
        ),
    )
    return replace(found, **changes)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_check_fits_the_terminal(width: int) -> None:
    page = drawn(check_page(checked()), width)
    compare(f"check-{width}", page)
    assert max(map(len, page.splitlines())) <= width


def test_a_check_that_found_nothing() -> None:
    page = drawn(check_page(checked(findings=(), separations=(), sizes=None, set_aside=True)))
    compare("check-nothing", page)


def test_a_check_of_too_few_pictures_shows_no_figures() -> None:
    few = replace(statistic("border", 1.0, 1.0, Verdict.NOTHING), bound=1.2)
    page = drawn(check_page(checked(separations=(few,))))
    assert "too few pictures" in page
    assert "100.0%" not in page


@pytest.mark.parametrize("doing", ["prepared", "read", "compared"])
def test_what_is_done_with_pictures_is_said(doing: str) -> None:
    now = advance(Progress(), events.Preparing(1200, 9000, doing), 0.0)
    assert sign_of_life(now) == f"images: 1,200 of 9,000 {doing}"
    assert live_lines(now)[0].plain.endswith(f"  1,200 of 9,000 {doing}")
