"""Training that diverges: noticed within the epoch, taken back, and decided from the history."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grow.comparison import run as comparing
from grow.comparison import trial
from grow.comparison.trial import Task
from grow.data.cache import cache_folder
from grow.errors import DivergedError, Stopped
from grow.planning import validate
from grow.runs import checkpoint
from grow.runs import result as runs
from grow.runs.checkpoint import State
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import StageFolder
from grow.signals import StopSwitch
from grow.train import engine, evaluate, loop
from grow.train.events import (
    CheckpointWritten,
    Diverged,
    EpochDone,
    Event,
    Grown,
    StageDone,
    StageStarted,
    StepDone,
    Validating,
    Warned,
)
from tests.builders import record
from tests.tf.conftest import Killed, differences

pytestmark = pytest.mark.tf

Hear = Callable[[Event, StopSwitch], None]
Blow = Callable[..., None]

# Three steps an epoch, the last one of a smaller batch; everything that has state is on.
STAGES = """
name: tiny
seed: 3
data: {source: drawn, train: 20, validation: 8, augment: {flip: horizontal, brightness: 0.2}}
model:
  image: [8, 8, 3]
  blocks: [{filters: 4, batch_norm: true, dropout: 0.1}]
  head: {dense: [6], dropout: 0.3}
train: {batch: 8, optimizer: OPTIMIZER, learning_rate: 0.01, epochs: 3, on_divergence: REMEDY}
checkpoint: {every: 0s}
stages:
  - name: small
"""
GROWN = """
  - name: deeper
    grow: [{resize: 16}, {insert: {filters: 4}}]
    transfer: {weights: preserve, optimizer: carry}
    carried: {freeze: 1, learning_rate: 0.5x}
    learning_rate: 0.02
    epochs: 2
"""


def text(remedy: str = "stop", optimizer: str = "adam", *, grown: bool = False) -> str:
    told = STAGES.replace("REMEDY", remedy).replace("OPTIMIZER", optimizer)
    return told + (GROWN if grown else "")


def carry_out(stages: str, folder: Path, hear: Hear | None = None) -> list[Event]:
    """Runs a stage file; ``hear`` may stop or kill the run at any event."""
    events: list[Event] = []
    switch = StopSwitch()

    def emit(event: Event) -> None:
        events.append(event)
        if hear is not None:
            hear(event, switch)

    spec = validate.parse(stages, "tiny.yaml")
    engine.train_stages(spec, folder.parent, RunFolder(folder), cache_folder(), emit, switch)
    return events


@pytest.fixture
def blow_up(monkeypatch: pytest.MonkeyPatch) -> Blow:
    """Makes training diverge for real: at one step the learning rate is out of all bounds."""

    def at(epoch: int, step: int, *, stage: int = 1, times: int = 1, rate: float = 1e36) -> None:
        calm = loop.StageTrainer._warm_up

        def share(self: loop.StageTrainer, now: int) -> float:
            wild = (self._stage.number, len(self._history) + 1, now + 1) == (stage, epoch, step)
            mine = [one for one in self._divergences if one.epoch == epoch]
            return rate if wild and len(mine) < times else calm(self, now)

        monkeypatch.setattr(loop.StageTrainer, "_warm_up", share)

    return at


def only(folder: Path, number: int = 1) -> StageFolder:
    (found,) = folder.glob(f"{number:02d}-*")
    return StageFolder(found)


def of(kind: type[Event], events: list[Event]) -> list:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize(
    ("optimizer", "step", "rate", "noticed", "what"),
    [
        ("adam", 1, 1e36, 2, "loss"),  # the next step computes with what this one made
        ("sgd", 2, 1e36, 3, "loss"),  # in the last, smaller batch
        ("rmsprop", 3, 1e36, 3, "val_loss"),  # the weights are finite, and too large
        ("adam", 3, 1e300, 3, "weights/conv_1/kernel"),
    ],
)
def test_a_divergence_is_noticed_within_the_epoch(
    optimizer: str, step: int, rate: float, noticed: int, what: str, tmp_path: Path, blow_up: Blow
) -> None:
    blow_up(2, step, rate=rate)
    with pytest.raises(DivergedError) as caught:
        carry_out(text(optimizer=optimizer), tmp_path / "run")
    assert caught.value.exit_code == 1
    assert f"diverged in epoch 2, step {noticed}: " in caught.value.message
    assert "back at its last good epoch, 1" in caught.value.message
    assert caught.value.hint == (
        "lower train.learning_rate (now 0.01) in the stage file, or add on_divergence: halve "
        "next to it"
    )
    folder = only(tmp_path / "run")
    (divergence,) = folder.divergences()
    assert (divergence.epoch, divergence.step, divergence.diverged) == (2, noticed, what)
    assert divergence.value in ("nan", "inf", "-inf")
    assert divergence.learning_rate == 0.01
    assert [one.epoch for one in folder.history()] == [1]


@pytest.mark.parametrize(("rate", "diverges"), [(1e36, True), (1.0, False)])
def test_without_validation_the_last_step_is_looked_at_too(
    rate: float, diverges: bool, tmp_path: Path, blow_up: Blow
) -> None:
    blow_up(3, 3, rate=rate)  # the weights are finite, and no step computes with them any more
    stages = text(optimizer="rmsprop").replace("validation: 8", "validation: 0")
    stages = stages.replace("epochs: 3", "epochs: 3, best: last")
    # No rectifier that may happen to give zeros for all pictures, whatever the weights.
    stages = stages.replace("batch_norm: true, dropout: 0.1", "activation: linear")
    stages = stages.replace("dense: [6], dropout: 0.3", "dense: []")
    if not diverges:
        assert len(of(EpochDone, carry_out(stages, tmp_path / "run"))) == 3
        return
    with pytest.raises(DivergedError, match="diverged in epoch 3, step 3: the loss is "):
        carry_out(stages, tmp_path / "run")
    folder = only(tmp_path / "run")
    assert folder.done() is None
    assert len(folder.history()) == 2


def test_outputs_that_are_no_numbers_at_the_end_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evaluate.probabilities
    monkeypatch.setattr(evaluate, "probabilities", lambda *told: whole(*told) * np.nan)
    told = of(Warned, carry_out(text(), tmp_path / "run"))
    assert [one.text for one in told] == [
        "stage small: the model's outputs for some validation pictures are no numbers (NaN), "
        "since its weights are too large; a lower learning rate helps"
    ]


def test_no_checkpoint_holds_what_is_no_number(tmp_path: Path, blow_up: Blow) -> None:
    blow_up(2, 3, rate=1e300)  # checkpoints are written after each step, also after this one
    with pytest.raises(DivergedError):
        carry_out(text(), tmp_path / "run")
    folder = only(tmp_path / "run")
    assert 5 not in checkpoint.numbers(folder.checkpoints)  # those of the attempt are gone
    for path in checkpoint.newest_first(folder.checkpoints):
        assert checkpoint.not_finite(checkpoint.read(path).tensors) is None


def test_run_again_a_stage_that_diverged_says_so_at_once_and_touches_nothing(
    tmp_path: Path, blow_up: Blow
) -> None:
    blow_up(2, 2)
    said = []
    states = []
    for _ in range(2):
        with pytest.raises(DivergedError) as caught:
            carry_out(text(), tmp_path / "run", no_steps if said else None)
        said.append((caught.value.message, caught.value.hint))
        files = [path for path in only(tmp_path / "run").path.rglob("*") if path.is_file()]
        states.append({path: path.read_bytes() for path in files})
    assert said[0] == said[1]
    assert states[0] == states[1]


def no_steps(event: Event, _switch: StopSwitch) -> None:
    assert not isinstance(event, StepDone)


def test_another_rate_is_another_stage_and_another_remedy_goes_on(
    tmp_path: Path, blow_up: Blow
) -> None:
    blow_up(2, 2)
    with pytest.raises(DivergedError):
        carry_out(text(), tmp_path / "run")
    slower = text().replace("learning_rate: 0.01", "learning_rate: 0.001")
    with pytest.raises(DivergedError):  # at its own second epoch
        carry_out(slower, tmp_path / "run")
    assert len(list((tmp_path / "run").glob("01-*"))) == 2
    events = carry_out(text("halve"), tmp_path / "run")
    assert of(StageStarted, events)[0].history  # the good epoch is not trained again
    (done,) = of(StageDone, events)
    straight = carry_out(text("halve"), tmp_path / "straight")
    assert done.reason == "all 3 epochs trained"
    assert weights(events) == weights(straight)


def weights(events: list[Event]) -> list[tuple]:
    return [(r.loss, r.val_loss, r.learning_rate) for r in of(StageDone, events)[-1].history]


def test_halving_goes_back_one_epoch_and_on_with_half_the_rate(
    tmp_path: Path, blow_up: Blow
) -> None:
    blow_up(2, 2, times=2)
    events = carry_out(text("halve"), tmp_path / "run")
    told = of(Diverged, events)
    assert [(one.halvings, one.learning_rate) for one in told] == [(1, 0.005), (2, 0.0025)]
    (done,) = of(StageDone, events)
    assert [r.learning_rate for r in done.history] == [0.01, 0.0025, 0.0025]
    assert all(r.is_finite for r in done.history)
    lines = [json.loads(line) for line in read(only(tmp_path / "run").path / "history.jsonl")]
    assert [(line["epoch"], "diverged" in line) for line in lines] == [
        (1, False),
        (2, True),
        (2, True),
        (2, False),
        (3, False),
    ]
    result = runs.load(tmp_path / "run").stages[0]
    assert result.state == "done"
    assert [one["step"] for one in result.to_dict()["divergences"]] == [3, 3]


def read(path: Path) -> list[str]:
    return path.read_text().splitlines()


@pytest.mark.parametrize(("remedy", "times"), [("{halve: 1}", 2), ("stop", 1)])
def test_it_stops_when_it_may_not_halve_again(
    remedy: str, times: int, tmp_path: Path, blow_up: Blow
) -> None:
    blow_up(1, 1, times=9)
    with pytest.raises(DivergedError) as caught:
        carry_out(text(remedy), tmp_path / "run")
    folder = only(tmp_path / "run")
    assert len(folder.divergences()) == times
    assert folder.history() == ()
    assert folder.done() is None
    assert "back at its start" in caught.value.message
    if times == 2:
        assert caught.value.hint.endswith("on_divergence: {halve: 2}")


def test_a_grown_stage_goes_back_to_its_growth(tmp_path: Path, blow_up: Blow) -> None:
    blow_up(1, 1, stage=2, rate=1e300)
    events = carry_out(text("halve", grown=True), tmp_path / "run")
    assert [one.stage.number for one in of(Grown, events)] == [2]
    assert [(one.epoch, one.learning_rate) for one in only(tmp_path / "run", 2).divergences()] == [
        (1, 0.02)
    ]
    assert [r.learning_rate for r in of(StageDone, events)[1].history] == [0.01, 0.01]


def test_a_grown_stage_names_its_own_rate(tmp_path: Path, blow_up: Blow) -> None:
    blow_up(2, 1, stage=2)  # the first epoch of a phase in which the old layers are trained
    with pytest.raises(DivergedError) as caught:
        carry_out(text(grown=True), tmp_path / "run")
    assert caught.value.key == "stages.deeper.learning_rate"
    assert caught.value.learning_rate == 0.02
    assert only(tmp_path / "run", 1).done() is not None
    assert only(tmp_path / "run", 2).done() is None


def test_nothing_grows_from_weights_that_are_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine.adapt.carry_over

    def huge(*told: object) -> dict:
        kept = whole(*told)
        return {k: v + np.float32(1e30) if k.endswith("kernel") else v for k, v in kept.items()}

    monkeypatch.setattr(engine.grow.weights, "carry_over", huge)
    for _ in range(2):
        with pytest.raises(DivergedError) as caught:
            carry_out(text("halve", grown=True), tmp_path / "run")
        assert "stage 2 deeper diverged in its growth, before any step" in caught.value.message
        assert caught.value.key == "train.learning_rate"
        assert caught.value.halvings is None
    folder = only(tmp_path / "run", 2)
    assert folder.growth_shock() is None
    assert runs.load(tmp_path / "run").stages[1].state == "diverged"


# --- Interrupted anywhere, it decides the same.


def at(kind: type[Event], count: int, act: Callable[[StopSwitch], None]) -> Hear:
    left = [count]

    def hear(event: Event, switch: StopSwitch) -> None:
        if isinstance(event, kind):
            left[0] -= 1
            if left[0] == 0:
                act(switch)

    return hear


def stop(switch: StopSwitch) -> None:
    switch.request(15)


def kill(_switch: StopSwitch) -> None:
    raise Killed


def last(folder: Path, stages: int = 1) -> list[State]:
    places = [only(folder, number) for number in range(1, stages + 1)]
    return [checkpoint.read(next(checkpoint.newest_first(one.checkpoints))) for one in places]


def diverged(folder: Path, stages: int = 1) -> list[dict]:
    found = []
    for number in range(1, stages + 1):
        for one in only(folder, number).divergences():
            values = one.to_dict()
            del values["seconds"], values["cpu_seconds"]
            found.append(values)
    return found


def same(one: Path, other: Path, stages: int = 1) -> None:
    for left, right in zip(last(one, stages), last(other, stages), strict=True):
        assert differences(left, right) == []
    assert diverged(one, stages) == diverged(other, stages) != []


@pytest.mark.parametrize("act", [stop, kill])
@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (StepDone, 4),  # within the epoch that will diverge, its checkpoint on disk
        (Diverged, 1),
        (Diverged, 2),
        (StepDone, 6),  # within an attempt after a divergence
        (EpochDone, 2),  # after it
    ],
)
def test_interrupted_it_halves_as_if_it_had_not_been(
    kind: type[Event], count: int, act: Callable, tmp_path: Path, blow_up: Blow
) -> None:
    blow_up(2, 2, times=2)
    carry_out(text("halve"), tmp_path / "straight")
    with pytest.raises(Killed if act is kill else Stopped):
        carry_out(text("halve"), tmp_path / "run", at(kind, count, act))
    carry_out(text("halve"), tmp_path / "run")
    same(tmp_path / "run", tmp_path / "straight")


def test_a_run_that_forgets_a_divergence_ends_elsewhere(tmp_path: Path, blow_up: Blow) -> None:
    """The negative control: were the history not looked at, the tests above would fail."""
    blow_up(2, 2)
    carry_out(text("halve"), tmp_path / "straight")
    with pytest.raises(Killed):
        carry_out(text("halve"), tmp_path / "run", at(Diverged, 1, kill))
    folder = only(tmp_path / "run")
    folder.write_history(folder.history(), (*folder.divergences(), *folder.divergences()))
    carry_out(text("halve"), tmp_path / "run")
    assert differences(last(tmp_path / "run")[0], last(tmp_path / "straight")[0]) != []


@pytest.mark.slow
def test_interrupted_at_any_event_it_comes_to_the_same_weights(
    tmp_path: Path, blow_up: Blow
) -> None:
    blow_up(2, 2, times=2)
    blow_up(1, 2, stage=2, rate=1e300)
    stages = text("{halve: 9}", grown=True)
    events = carry_out(stages, tmp_path / "straight")
    kinds = (StepDone, Validating, CheckpointWritten, Diverged, EpochDone, StageDone, Grown)
    points = [place for place, event in enumerate(events) if isinstance(event, kinds)]
    for place in points[:: max(1, len(points) // 8)]:
        run = tmp_path / f"run-{place}"
        with pytest.raises(Killed):
            carry_out(stages, run, at(object, place + 1, kill))
        carry_out(stages, run)
        same(run, tmp_path / "straight", 2)


# --- What an earlier version called done.


@pytest.fixture
def left_behind(tmp_path: Path) -> Path:
    """A run that an earlier version finished with an epoch that had diverged."""
    carry_out(text(), tmp_path / "run")
    place = only(tmp_path / "run")
    done, history = place.done(), place.history()
    assert done is not None
    wrong = tuple(
        record(one.epoch, loss=math.nan, val_loss=math.nan, val_accuracy=0.5) for one in history
    )
    for number in checkpoint.numbers(place.checkpoints):
        state = checkpoint.read(place.checkpoints / f"{number:06d}")
        checkpoint.remove(place.checkpoints, number)
        tensors = {
            name: np.full_like(array, np.nan) if name.startswith("weights/") else array
            for name, array in state.tensors.items()
        }
        broken = State(
            number,
            state.step,
            wrong[: len(state.history)],
            state.tally,
            state.seconds,
            state.cpu_seconds,
            tensors,
        )
        checkpoint.write(place.checkpoints, broken, {})
    place.write_history(wrong)
    name = f"{number:06d}"
    digest = checkpoint.digest(broken.part("weights"))
    files = {**done.files, **place.seals()}
    place.write_done(type(done)(3, 3, name, digest, "all 3 epochs trained", files))
    return tmp_path / "run"


def test_what_an_earlier_version_finished_without_numbers_is_not_done(left_behind: Path) -> None:
    (stage,) = runs.load(left_behind).stages
    assert stage.state == "diverged"
    assert stage.best is None
    assert "had diverged" in stage.diverged
    events = carry_out(text(), left_behind)  # trained again, and here it comes to numbers
    assert not of(StageDone, events)[0].reused
    assert runs.load(left_behind).stages[0].state == "done"
    assert all(one.is_finite for one in only(left_behind).history())


def test_nothing_grows_from_what_an_earlier_version_left(left_behind: Path, blow_up: Blow) -> None:
    blow_up(1, 1)
    with pytest.raises(DivergedError, match="stage 1 small diverged in epoch 1"):
        carry_out(text(grown=True), left_behind)
    assert not list(left_behind.glob("02-*"))


# --- In a comparison.


@pytest.mark.slow
def test_a_trial_that_diverges_is_counted_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = loop.StageTrainer._warm_up

    def share(self: loop.StageTrainer, now: int) -> float:
        wild = (self._feed.seed, self._stage.name, now) == (4, "scratch", 0)
        return 1e300 if wild else calm(self, now)

    monkeypatch.setattr(loop.StageTrainer, "_warm_up", share)
    stages = text(grown=True).replace("    carried: {freeze: 1, learning_rate: 0.5x}\n", "")
    spec = validate.parse(stages, "tiny.yaml")
    tasks = [Task(spec, tmp_path, tmp_path / f"seed-{seed}", seed) for seed in (3, 4)]
    for task in tasks:
        trial.run_trial(task, lambda told: None, StopSwitch())
    found = comparing._weighed_up(tmp_path, tasks, 1, "")
    assert found.setting.seeds == (3,)
    assert {(one.seed, one.variant) for one in found.setting.diverged} == {
        (4, "scratch_flops"),
        (4, "scratch_epochs"),
    }
    assert "Training diverged: scratch_flops in 1 of 2 repeats (seed 4)" in found.verdict.sentence
    assert {len(one.trials) for one in found.summaries} == {1}
