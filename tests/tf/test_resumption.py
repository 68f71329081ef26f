"""Interrupted anywhere, a run ends with the state of one that never stopped, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grow import trainer
from grow.checkpoint import State
from grow.errors import Stopped
from grow.events import CheckpointWritten, EpochDone, Event, StageDone, StepDone, Validating
from grow.stopping import StopSwitch
from tests.tf.conftest import Killed, differences

pytestmark = pytest.mark.tf

Run = Callable[..., list[Event]]
States = Callable[[Path], list[State]]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("straight") / "run"


@pytest.fixture
def reference(straight: Path, carry_out: Run, last_states: States) -> list[State]:
    if not straight.exists():
        carry_out(straight)
    return last_states(straight)


def at(kind: type[Event], count: int, act: Callable[[StopSwitch], None]) -> Callable[..., None]:
    """Acts on the ``count``-th event of a kind."""
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


def same(one: list[State], other: list[State]) -> None:
    assert len(one) == len(other) == 2
    for left, right in zip(one, other, strict=True):
        assert differences(left, right) == []


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (StepDone, 1),
        (StepDone, 5),  # before the last, smaller batch of an epoch
        (StepDone, 6),  # after it
        (StepDone, 9),  # in the middle of the second epoch
        (Validating, 2),
        (EpochDone, 2),
        (StageDone, 1),
        (StepDone, 20),  # the grown stage
    ],
)
def test_a_stopped_run_goes_on_as_if_it_had_not_been(
    kind: type[Event],
    count: int,
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
) -> None:
    with pytest.raises(Stopped) as stopped:
        carry_out(tmp_path / "run", at(kind, count, stop))
    assert stopped.value.exit_code == 143
    carry_out(tmp_path / "run")
    same(last_states(tmp_path / "run"), reference)


@pytest.mark.parametrize(
    ("kind", "count"),
    [(StepDone, 8), (CheckpointWritten, 2), (Validating, 1), (StageDone, 1), (StepDone, 21)],
)
def test_a_killed_run_goes_on_as_if_it_had_not_been(
    kind: type[Event],
    count: int,
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
) -> None:
    with pytest.raises(Killed):
        carry_out(tmp_path / "run", at(kind, count, kill))
    carry_out(tmp_path / "run")
    same(last_states(tmp_path / "run"), reference)


def test_checkpoints_within_an_epoch_change_nothing(
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
    stage_file: Path,
) -> None:
    stage_file.write_text(stage_file.read_text() + "checkpoint: {every: 0s}\n")
    with pytest.raises(Killed):
        carry_out(tmp_path / "run", at(StepDone, 9, kill))
    carry_out(tmp_path / "run")
    same(last_states(tmp_path / "run"), reference)


@pytest.mark.parametrize("part", ["optimizer/", "random/", "weights/norm_1"])
def test_a_run_that_resumes_without_a_piece_of_its_state_ends_elsewhere(
    part: str,
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: were this to pass as equal, the tests above would show nothing."""
    with pytest.raises(Stopped):
        carry_out(tmp_path / "run", at(StepDone, 9, stop))
    whole = trainer.network.assign

    def forgetful(variables: dict, values: dict) -> None:
        blank = {k: np.zeros_like(v) if k.startswith(part) else v for k, v in values.items()}
        whole(variables, blank)

    monkeypatch.setattr(trainer.network, "assign", forgetful)
    carry_out(tmp_path / "run")
    assert differences(last_states(tmp_path / "run")[0], reference[0]) != []


def test_two_runs_of_one_file_are_the_same_byte_for_byte(
    straight: Path, tmp_path: Path, carry_out: Run, reference: list[State], last_states: States
) -> None:
    carry_out(tmp_path / "again")
    same(last_states(tmp_path / "again"), reference)
    one, other = sorted(straight.glob("*/model.keras")), sorted(tmp_path.glob("again/*/*.keras"))
    assert len(one) == len(other) == 2
    for left, right in zip(one, other, strict=True):
        assert left.read_bytes() == right.read_bytes()


def test_a_finished_run_is_reused_and_trains_nothing(straight: Path, carry_out: Run) -> None:
    if not straight.exists():
        carry_out(straight)
    before = {path: path.stat().st_mtime_ns for path in straight.rglob("*.safetensors")}
    events = carry_out(straight)
    assert [event.reused for event in events if isinstance(event, StageDone)] == [True, True]
    assert not any(isinstance(event, StepDone) for event in events)
    assert before == {path: path.stat().st_mtime_ns for path in straight.rglob("*.safetensors")}
