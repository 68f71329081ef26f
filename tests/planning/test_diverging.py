"""A stage that diverged: what is on disk of it, what is said of it, and what comes next."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

import grow
from grow import report
from grow.cli import console
from grow.deploy import trained
from grow.errors import DivergedError, GrowError, RunFolderError
from grow.planning import diverging, lineup, validate
from grow.planning.history import Divergence, EpochRecord, in_order
from grow.planning.lineup import Action
from grow.report import log
from grow.runs import checkpoint, verify
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import Done, StageFolder
from grow.train.events import Diverged
from tests.builders import divergence, record, state
from tests.finished import STAGES, STEPS, make_run, plans

NAN = math.nan


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run whose second stage diverged in its second epoch."""
    folder = make_run(tmp_path / "runs" / "tiny", complete=1, step=3)
    place = folder.of(plans()[1])
    place.write_history(place.history(), (divergence(2),))
    checkpoint.remove(place.checkpoints, checkpoint.place(1, 3, STEPS))
    return folder


def with_remedy(remedy: str) -> tuple:
    return plans(text=STAGES.replace("epochs: 12", f"epochs: 12\n    on_divergence: {remedy}"))


# --- The record.


def test_a_divergence_survives_json() -> None:
    one = divergence(3, diverged="weights/conv_1/kernel", value="-inf", learning_rate=1e30)
    assert Divergence.from_dict(json.loads(json.dumps(one.to_dict())) | {"newer": 1}) == one


@pytest.mark.parametrize(("key", "value"), [("step", "3"), ("diverged", None), ("epoch", True)])
def test_a_damaged_one_is_refused(key: str, value: object) -> None:
    with pytest.raises(TypeError, match=key):
        Divergence.from_dict(divergence().to_dict() | {key: value})
    with pytest.raises(KeyError):
        Divergence.from_dict({k: v for k, v in divergence().to_dict().items() if k != key})


def test_the_history_has_each_attempt_before_its_epoch(tmp_path: Path) -> None:
    epochs = (record(1), record(2), record(3))
    found = (divergence(1), divergence(3), divergence(3), divergence(4))
    place = StageFolder(tmp_path)
    place.write_history(epochs, found)
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [(one["epoch"], "diverged" in one) for one in lines] == [
        *[(1, True), (1, False), (2, False), (3, True), (3, True), (3, False), (4, True)]
    ]
    assert (place.history(), place.divergences()) == (epochs, found)
    assert in_order(epochs, ()) == list(epochs)


@pytest.mark.parametrize("epochs", [[2], [1, 1, 3], [1, 3]])
def test_an_attempt_at_another_epoch_is_damage(tmp_path: Path, epochs: list[int]) -> None:
    lines = [divergence(n) if n == epochs[-1] else record(n) for n in epochs]
    text = "".join(json.dumps(one.to_dict()) + "\n" for one in lines)
    (tmp_path / "history.jsonl").write_text(text)
    with pytest.raises(RunFolderError, match="expected the epochs 1, 2, 3 and so on"):
        StageFolder(tmp_path).history()


def test_a_checkpoint_has_the_divergences_behind_it_and_else_no_word_of_them(
    tmp_path: Path,
) -> None:
    plain = checkpoint.write(tmp_path / "a", state(), {})
    assert "divergences" not in json.loads((plain / "state.json").read_text())
    known = (divergence(1), divergence(3))
    path = checkpoint.write(tmp_path / "b", state(divergences=known), {})
    assert checkpoint.read(path).divergences == known


# --- Where it goes on.


def test_a_stage_goes_on_from_its_last_good_epoch(run: RunFolder) -> None:
    stage = plans()[1]
    start = verify.newest_start(run.of(stage), stage.training)
    assert start.state is not None
    assert (len(start.state.history), start.state.step) == (1, 0)
    assert start.divergences == (divergence(2),)
    with pytest.raises(DivergedError) as caught:
        diverging.check(
            validate.parse(STAGES, "f"), stage, plans()[0], start.state.history, start.divergences
        )
    assert caught.value.message == (
        "stage 2 deeper diverged in epoch 2, step 3: the loss is NaN, at a learning rate of 0.01; "
        "the stage is back at its last good epoch, 1"
    )
    caught.value.advise("tiny.yaml")
    assert caught.value.hint == (
        "lower train.learning_rate (now 0.001) in tiny.yaml, or add on_divergence: halve next to it"
    )


@pytest.mark.parametrize(
    ("halvings", "more"), [(5, "{halve: 10}"), (50, "{halve: 100}"), (60, "{halve: 100}")]
)
def test_more_halvings_are_advised_only_where_a_stage_file_may_say_them(
    halvings: int, more: str
) -> None:
    hint = DivergedError("it did", key="train.learning_rate", halvings=halvings).hint
    assert hint.endswith(f"on_divergence: {more}")
    with_remedy(more)  # is read without an error


def test_of_all_halvings_no_more_are_advised() -> None:
    error = DivergedError("it did", key="train.learning_rate", learning_rate=1e30, halvings=100)
    assert error.hint == "lower train.learning_rate (now 1e+30) in the stage file"


def test_of_an_older_checkpoint_only_what_led_to_it_counts(run: RunFolder) -> None:
    stage = plans()[1]
    place = run.of(stage)
    place.write_history(place.history(), (divergence(2), divergence(2)))
    checkpoint.remove(place.checkpoints, checkpoint.place(1, 0, STEPS))
    start = verify.newest_start(place, stage.training)
    assert (start.state, start.divergences) == (None, ())  # the rest comes again


def test_the_plan_says_how_it_ends(run: RunFolder) -> None:
    entries = lineup.line_up(plans(), verify.survey(run))
    assert [one.action for one in entries] == [Action.REUSE, Action.RESUME]
    assert entries[1].reason == (
        "it diverged in epoch 2, step 3: the loss is NaN; with these settings it diverges again"
    )


@pytest.mark.parametrize(
    ("remedy", "action"), [("halve", Action.EXTEND), ("{halve: 1}", Action.EXTEND)]
)
def test_another_remedy_goes_on_from_what_was_good(
    run: RunFolder, remedy: str, action: Action
) -> None:
    entries = lineup.line_up(with_remedy(remedy), verify.survey(run))
    assert entries[1].action is action
    assert entries[1].reason.startswith("on_divergence stop → {")
    assert entries[1].reason.endswith("goes on from epoch 1")


def test_what_was_halved_more_often_than_allowed_is_not_gone_on_with(tmp_path: Path) -> None:
    stage = with_remedy("{halve: 3}")[1]
    folder = RunFolder(tmp_path)
    place = folder.begin(stage)
    epochs, twice = (record(1), record(2)), (divergence(2), divergence(2))
    one = state(checkpoint.place(1, 0, STEPS), history=epochs[:1])
    two = state(checkpoint.place(2, 0, STEPS), history=epochs, divergences=twice)
    for each in (one, two):
        checkpoint.write(place.checkpoints, each, {})
    place.write_history(epochs, twice)
    found = verify.survey(folder)
    reasons = {
        remedy: lineup.line_up(with_remedy(remedy), found)[1].reason.rpartition(", ")[2]
        for remedy in ("stop", "{halve: 1}", "{halve: 2}", "halve")
    }
    assert reasons == {
        "stop": "goes on from epoch 1",
        "{halve: 1}": "goes on from epoch 1",
        "{halve: 2}": "goes on from epoch 2",
        "halve": "goes on from epoch 2",
    }
    for remedy, epoch in (("stop", 1), ("halve", 2)):
        start = verify.newest_start(place, with_remedy(remedy)[1].training)
        assert start.state is not None
        assert len(start.state.history) == epoch


# --- What is said.


def test_reports_say_it_where_it_happened(run: RunFolder) -> None:
    found = grow.load(run.path)
    stage = found.stages[1]
    assert (stage.state, stage.diverged) == (
        "diverged",
        "its training diverged in epoch 2, step 3: the loss is NaN",
    )
    words = "Diverged in epoch 2, step 3: the loss is NaN; learning rate 0.01, not halved"
    assert words in console.plain(report.status_page(found))
    page = console.plain(report.report_page(found))
    assert "diverged at step 3: the loss is NaN; rate 0.01, not halved" in page
    assert words in report.markdown_text(found)
    html = report.html_page(found)
    assert "diverged at step 3: the loss is NaN" in html
    assert '<span class="state">diverged</span>' in html
    head, *lines = report.epochs_csv(found).splitlines()
    assert head.endswith(",diverged")
    assert lines[-1].startswith("2,deeper,2,,,,,0.01,1.5,2.5,600,0,")
    assert lines[-1].endswith(",step 3: the loss is NaN")
    assert all(line.endswith(",") for line in lines[:-1])
    values = stage.to_dict()
    assert values["divergences"] == [divergence(2).to_dict()]
    assert values["diverged"] == stage.diverged
    with pytest.raises(RunFolderError, match="no model that can be used: its training diverged"):
        trained.find(run.path, "deeper")


def test_a_log_has_one_line_of_it() -> None:
    def said(remedy: str, rate: float | None, **changes: object) -> str:
        stage = with_remedy(remedy)[1]
        (line,) = log.lines(Diverged(stage, divergence(2, **changes), 4, 1, rate))
        return console.plain(line).strip()

    assert said("halve", 0.005) == (
        "epoch  2/12  diverged at step 3/4: the loss is NaN; goes on from epoch 1, "
        "learning rate 0.01 -> 0.005 (halved 1 of at most 5 times)"
    )
    assert said("stop", None, value="inf") == (
        "epoch  2/12  diverged at step 3/4: the loss is infinite; ends here, back at epoch 1; "
        "learning rate 0.01"
    )
    event = Diverged(plans()[1], divergence(1), 4, 0, None)
    assert log.warnings(event)  # also where nothing else is wanted


# --- What an earlier version called done.


def left_behind(tmp_path: Path, *epochs: EpochRecord, best: int) -> RunFolder:
    """A run whose first stage an earlier version finished."""
    folder = make_run(tmp_path / "runs" / "tiny", complete=1)
    place = folder.of(plans()[0])
    done = place.done()
    assert done is not None
    for number in checkpoint.numbers(place.checkpoints):
        checkpoint.remove(place.checkpoints, number)
    for count in range(1, len(epochs) + 1):
        one = state(checkpoint.place(count, 0, STEPS), history=epochs[:count])
        checkpoint.write(place.checkpoints, one, {})
    place.write_history(epochs)
    name = f"{checkpoint.place(best, 0, STEPS):06d}"
    place.write_done(Done(len(epochs), best, name, done.weights, done.reason))
    return folder


def test_a_stage_that_ended_without_numbers_is_not_done(tmp_path: Path) -> None:
    wrong = replace(record(2), loss=NAN, val_loss=NAN, val_accuracy=0.9)
    folder = left_behind(tmp_path, record(1), wrong, best=2)
    (small, _) = grow.load(folder.path).stages
    assert (small.state, small.done) == ("diverged", None)
    assert small.best is not None
    assert small.best.epoch == 1
    assert "epoch 2, whose loss is not a finite number" in small.diverged
    for page in (console.plain(report.status_page(grow.load(folder.path))),):
        assert "diverged  The stage ended with epoch 2" in " ".join(page.split("\n"))
    with pytest.raises(GrowError, match="had diverged"):
        trained.find(folder.path)
    entry = lineup.line_up(plans(), verify.survey(folder))[0]
    assert entry.action is Action.RESUME
    assert "its training had diverged" in entry.reason
    assert any("had diverged" in flaw.words for flaw in grow.verify(folder.path).flaws)
    start = verify.newest_start(folder.of(plans()[0]), plans()[0].training)
    assert start.state is not None
    assert len(start.state.history) == 1  # the epoch that was good


def test_a_stage_that_ended_before_it_diverged_stays_done_and_says_so(tmp_path: Path) -> None:
    wrong = replace(record(2), loss=NAN, val_loss=NAN)
    folder = left_behind(tmp_path, record(1, val_accuracy=0.9), wrong, best=1)
    run = grow.load(folder.path)
    assert run.stages[0].state == "done"
    assert "1 epoch, from epoch 2 on, are not finite" in console.plain(report.status_page(run))


def test_a_checkpoint_without_numbers_is_none(tmp_path: Path) -> None:
    import numpy as np

    stage = plans()[0]
    place = RunFolder(tmp_path).begin(stage)
    good = state(checkpoint.place(1, 0, STEPS), history=(record(1),))
    tensors = {**good.tensors, "weights/x": np.array([1.0, np.inf], np.float32)}
    bad = state(checkpoint.place(1, 2, STEPS), step=2, history=(record(1),), tensors=tensors)
    for one in (good, bad):
        checkpoint.write(place.checkpoints, one, {})
    start = verify.newest_start(place, stage.training)
    assert start.state is not None
    assert start.state.number == good.number
    assert ["weights/x holds inf" in flaw.words for flaw in start.flaws] == [True]


@pytest.mark.parametrize(
    ("what", "value", "words"),
    [
        ("loss", "nan", "the loss is NaN"),
        ("val_loss", "inf", "the validation loss is infinite"),
        ("logits", "nan", "a logit is NaN"),
        ("weights/conv_1/kernel", "-inf", "conv_1/kernel holds a weight that is infinite"),
        (
            "optimizer/x_velocity",
            "inf",
            "the optimizer's x_velocity holds a number that is infinite",
        ),
    ],
)
def test_what_is_no_number_is_named(what: str, value: str, words: str) -> None:
    assert divergence(diverged=what, value=value).what == words
