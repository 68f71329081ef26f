"""Keeps a stage's checkpoints: writes them beside the training, not in its way.

The training thread hands over a state, whose arrays are its own, and goes on; a worker writes,
reads back what it wrote, and deletes what is superseded. At most one is being written; the next
waits for it. Whatever happens is told on the training thread. Knows no Keras.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from grow.config.schema import Training
from grow.errors import FULL, GrowError
from grow.planning import schedule
from grow.planning.history import Divergences, History
from grow.runs import checkpoint
from grow.runs.checkpoint import State
from grow.runs.conditions import UNKNOWN, Conditions
from grow.runs.stage_folder import StageFolder
from grow.train.events import CheckpointWritten, Listener, Warned


@dataclass(frozen=True)
class _Written:
    path: Path
    seconds: float


class Keeper:
    """Writes the checkpoints of one stage; a context manager that waits for the last one."""

    def __init__(
        self,
        folder: StageFolder,
        training: Training,
        versions: Mapping[str, str],
        emit: Listener,
        every_seconds: float,
        conditions: Conditions = UNKNOWN,
    ) -> None:
        self._folder = folder
        self._training = training
        self._versions = versions
        self._conditions = conditions
        self._emit = emit
        self._every_seconds = every_seconds
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._running: Future[_Written] | None = None
        self._owed: tuple[State, ...] = ()
        self._held_seconds = 0.0
        self._last = time.monotonic()
        self._of = folder.expected_training()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._worker.shutdown(wait=True)

    @property
    def due(self) -> bool:
        """Whether training has gone on without a checkpoint for long enough."""
        return time.monotonic() - self._last >= self._every_seconds

    def keep(self, state: State, began: float) -> None:
        """Has a state written, after the one that is being written; never one with a NaN in it.

        Args:
            state: what is written; nobody changes its arrays any more.
            began: when the training thread turned to it, on the monotonic clock.
        """
        self._collect()
        if checkpoint.not_finite(state.tensors):
            self._last = time.monotonic()  # training has diverged, and finds that out soon
            return
        # Those that failed go first, so that a later one never stands without its best.
        self._owed = (*self._still_needed(state), state)
        self._running = self._worker.submit(self._write, self._owed)
        self._last = time.monotonic()
        self._held_seconds = self._last - began

    def settle(self) -> None:
        """Waits until what was handed over is on disk, and tells of it."""
        began = time.monotonic()
        self._collect()
        self._held_seconds += time.monotonic() - began

    def finish(self) -> None:
        """As `settle`, and what failed before is tried once more.

        Raises:
            GrowError: it fails again.
        """
        self.settle()
        if not self._owed:
            return
        try:
            self._write(self._owed)
        except OSError as error:
            first = "free some space" if error.errno in FULL else "fix the cause"
            raise GrowError(
                f"{self._folder.checkpoints}: the checkpoint of a finished epoch cannot be "
                f"written: {error.strerror or error}",
                hint=f"{first} and run again: training resumes from the last good checkpoint",
            ) from error
        self._owed = ()

    def go_back(self, number: int, history: History, divergences: Divergences) -> None:
        """Forgets what is newer than a checkpoint, and records the divergence that led back to it.

        In this order: a process that ends in between comes to the same divergence again, while a
        checkpoint of the attempt that diverged must not be taken for one of the next attempt.

        Args:
            number: of the checkpoint at the end of the last good epoch; 0 for the stage's start.
            history: the good epochs.
            divergences: all of the stage, the one at hand included.

        Raises:
            GrowError: that checkpoint cannot be written.
        """
        self.finish()
        for later in checkpoint.numbers(self._folder.checkpoints):
            if later > number:
                checkpoint.remove(self._folder.checkpoints, later)
        self._folder.write_history(history, divergences)

    def _still_needed(self, state: State) -> tuple[State, ...]:
        """Of the states that could not be written those that may be needed yet: the best one."""
        best = schedule.best_epoch(self._training, state.history)
        return tuple(
            owed
            for owed in self._owed
            if owed.step == 0 and len(owed.history) == best and owed.number < state.number
        )

    def _collect(self) -> None:
        """Waits for the one that is being written, and tells what became of it."""
        if self._running is None:
            return
        running, self._running = self._running, None
        try:
            written = running.result()
        except OSError as error:
            why = error.strerror or error
            self._emit(Warned(f"checkpoint not written, training continues: {why}"))
        else:
            self._owed = ()
            self._emit(CheckpointWritten(written.path, written.seconds, self._held_seconds))

    def _write(self, states: tuple[State, ...]) -> _Written:
        """Writes states, the newest last; runs in the worker."""
        began = time.monotonic()
        computed, folder = (self._versions, self._conditions), self._folder.checkpoints
        for state in states:
            path = checkpoint.write(
                folder, state, *computed, training=self._of, guard=self._folder.guard
            )
        if state.step == 0:
            self._folder.write_history(state.history, state.divergences)
        self._prune(state)
        return _Written(path, time.monotonic() - began)

    def _prune(self, state: State) -> None:
        best = schedule.best_epoch(self._training, state.history)
        # The last epoch's too: that is where a divergence leads back to.
        keep = {checkpoint.number_of_epoch(state, one) for one in (best, len(state.history)) if one}
        folder = self._folder.checkpoints
        gone = checkpoint.superseded(checkpoint.numbers(folder), keep)
        if gone and checkpoint.is_good(folder / f"{state.number:06d}"):
            for number in gone:
                checkpoint.remove(folder, number, self._folder.guard)
