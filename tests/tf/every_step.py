"""Resumes a run before each of its steps, and compares every state with the undisturbed run's.

A resumption here is in this process: the engine makes new models, and so new traces, each time.
Two kinds of it:

- `in_single_steps` stops after every step, so each step of the run is the first of its process;
- `from_each_step` resumes before each step and goes on to the end, so each step also follows
  every other one.

Each state that is written, at whatever step, must be the undisturbed run's state of that number.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from grow.data.cache import cache_folder
from grow.errors import Stopped
from grow.planning import validate
from grow.runs import checkpoint
from grow.runs.checkpoint import State
from grow.runs.folder import RunFolder
from grow.signals import StopSwitch
from grow.train import engine
from grow.train.events import EpochDone, Event, Grown, StageDone, StepDone, Validating
from tests.tf.conftest import differences

States = dict[tuple[str, int], State]
"""By stage folder and number of the checkpoint."""

PLACES = (StepDone, Validating, EpochDone, Grown, StageDone)
"""Where a run is stopped: after each of these events."""


@dataclass
class Harness:
    """One stage file, run without a stop and with many."""

    folder: Path
    text: str
    straight: States = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _last: tuple[str, int] = ("", 0)
    _stops: set[object] = field(default_factory=set)

    def undisturbed(self) -> None:
        """Runs the stage file from start to end, and keeps the state after each step."""
        with _recorded(self._keep):
            self._run(self.folder / "straight", lambda _: False)

    def in_single_steps(self) -> list[Path]:
        """Stops after every event; returns a copy of the run folder at each stop."""
        copies = []
        with _recorded(self._compare):
            while self._run(run := self.folder / "single", self._first_time):
                copies.append(self.folder / f"stopped-{len(copies)}")
                shutil.copytree(run, copies[-1])
        self._compare_results(run)
        return copies

    def from_each_step(self, copies: list[Path]) -> None:
        """Resumes each stopped copy, and goes on to the end."""
        with _recorded(self._compare):
            for copy in copies:
                assert not self._run(copy, lambda _: False)
                self._compare_results(copy)
                shutil.rmtree(copy)

    def _first_time(self, event: Event) -> bool:
        """Whether to stop: not a second time where a stop earns no progress."""
        place = (type(event), getattr(event, "done", 0), self._last)
        new = place not in self._stops
        self._stops.add(place)
        return new

    def _run(self, run: Path, stop_at: Callable[[Event], bool]) -> bool:
        """Whether it was stopped."""
        switch = StopSwitch()

        def emit(event: Event) -> None:
            if isinstance(event, PLACES) and not getattr(event, "reused", False) and stop_at(event):
                switch.request(15)

        file = self.folder / "stages.yaml"
        file.write_text(self.text)
        try:
            engine.train_stages(
                validate.read(file), self.folder, RunFolder(run), cache_folder(), emit, switch
            )
        except Stopped:
            return True
        return False

    def _keep(self, stage: str, state: State) -> None:
        self.straight[stage, state.number] = state

    def _compare(self, stage: str, state: State) -> None:
        self._last = (stage, state.number)
        found = differences(state, self.straight[stage, state.number])
        self.wrong += [f"{stage} {state.number}: {name}" for name in found]

    def _compare_results(self, run: Path) -> None:
        """What a finished stage leaves besides: its model, its growth shock, its findings."""
        ours, theirs = (RunFolder(path).stage_folders() for path in (run, self.folder / "straight"))
        assert [one.path.name for one in ours] == [one.path.name for one in theirs]
        for one, other in zip(ours, theirs, strict=True):
            for name in ("model.keras", "growth.json", "findings.json"):
                left, right = (_bytes(stage.path / name) for stage in (one, other))
                if left != right:
                    self.wrong.append(f"{one.path.name} {name}")


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


@contextmanager
def _recorded(take: Callable[[str, State], None]) -> Iterator[None]:
    """Calls ``take`` with each state that is written."""
    whole = checkpoint.write

    def write(folder: Path, state: State, *rest: Any, **named: Any) -> Path:
        take(folder.parent.name, state)
        return whole(folder, state, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "write", write)
        yield
