"""Interrupted anywhere, a run ends with the state of one that never stopped, bit for bit."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grow.errors import Stopped
from grow.runs import conditions
from grow.runs.checkpoint import State
from grow.signals import StopSwitch
from grow.train import engine, loop
from grow.train.events import (
    CheckpointWritten,
    EpochDone,
    Event,
    Grown,
    StageDone,
    StepDone,
    Validating,
    Warned,
)
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
    whole = loop.network.assign

    def forgetful(variables: dict, values: dict) -> None:
        blank = {k: np.zeros_like(v) if k.startswith(part) else v for k, v in values.items()}
        whole(variables, blank)

    monkeypatch.setattr(loop.network, "assign", forgetful)
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


@pytest.fixture
def stopped(tmp_path: Path, carry_out: Run) -> Path:
    """A run stopped in the middle of its first stage."""
    with pytest.raises(Stopped):
        carry_out(tmp_path / "run", at(StepDone, 9, stop))
    return tmp_path / "run"


def elsewhere(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """From now on this process computes with something else, as far as it says."""
    here = replace(conditions.here(), **changes)  # type: ignore[arg-type]
    monkeypatch.setattr(conditions, "here", lambda: here)


def warnings(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Warned)]


def test_another_number_of_threads_is_said_before_the_stage_goes_on(
    stopped: Path, carry_out: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = conditions.here().threads
    elsewhere(monkeypatch, threads=99)
    events = carry_out(stopped)
    (text,) = warnings(events)
    assert text.startswith("stage small resumes: its checkpoint records ")
    assert "found 99 threads" in text
    assert text.endswith(f"GROW_THREADS={was}")
    kinds = [type(event) for event in events]
    assert kinds.index(Warned) < kinds.index(StepDone)


def test_all_else_that_changes_the_last_digits_is_said_too(
    stopped: Path, carry_out: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(monkeypatch, onednn=not conditions.here().onednn, processor="another")
    installed = engine.versions() | {"tensorflow": "0.1", "keras": "0.2", "numpy": "0.3"}
    monkeypatch.setattr(engine, "versions", lambda: installed)
    said = warnings(carry_out(stopped))
    words = ("oneDNN", "processor", "found 0.1", "found 0.2")
    assert all(word in text for word, text in zip(words, said, strict=True))


def test_nothing_is_said_where_all_is_as_it_was_or_was_not_recorded(
    stopped: Path, carry_out: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in stopped.glob("*/checkpoints/*/manifest.json"):
        manifest = json.loads(path.read_text())
        assert manifest["threads"] == conditions.here().threads
        old = {key: manifest[key] for key in ("schema", "files", "versions")}
        path.write_text(json.dumps(old))
    copy = stopped.with_name("copy")
    shutil.copytree(stopped, copy)
    assert warnings(carry_out(copy)) == []
    elsewhere(monkeypatch, threads=99)
    assert warnings(carry_out(stopped)) == []


def test_a_finished_stage_may_have_been_trained_with_other_threads(
    tmp_path: Path, carry_out: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Killed):
        carry_out(tmp_path / "run", at(Grown, 1, kill))
    elsewhere(monkeypatch, threads=99)
    assert warnings(carry_out(tmp_path / "run")) == []
    assert warnings(carry_out(tmp_path / "run")) == []


def test_a_stage_computed_with_two_numbers_of_threads_says_how_to_go_back(
    stopped: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither number would do: naming one would lead in a circle."""
    with monkeypatch.context() as patch:
        elsewhere(patch, threads=99)
        with pytest.raises(Stopped):
            carry_out(stopped, at(StepDone, 1, stop))
    copy = stopped.with_name("copy")
    shutil.copytree(stopped, copy)
    (text,) = warnings(carry_out(copy))
    assert "GROW_THREADS" not in text
    found = re.search(r"delete what is newer than (\d+) in (\S+) and", text)
    assert found is not None
    for path in Path(found[2].replace("copy", "run")).iterdir():
        if path.name > found[1]:
            shutil.rmtree(path)
    assert warnings(carry_out(stopped)) == []
    same(last_states(stopped), reference)
