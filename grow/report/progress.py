"""The live picture of a run: where it is, how fast, how good, how long still.

Collects events, renders lines; prints nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from grow.events import (
    EpochDone,
    Event,
    Prepared,
    Preparing,
    RunStarted,
    StageDone,
    StageStarted,
    StepDone,
    Validating,
)
from grow.history import EpochRecord
from grow.lineup import Action, StagePlan
from grow.report.words import duration, percent, plural, size

_WINDOW = 50
"""Over how many steps the speed is measured."""

_SIGN_OF_LIFE_SECONDS = 60.0


class Progress:
    """What is known of a run from its events so far."""

    def __init__(self) -> None:
        self._waiting: list[StagePlan] = []
        self._stages = 0
        self._stage: StageStarted | None = None
        self._best: EpochRecord | None = None
        self._step: StepDone | None = None
        self._times: deque[tuple[float, int]] = deque(maxlen=_WINDOW)
        self._preparing: Preparing | None = None
        self._validating: Validating | None = None
        self._told = time.monotonic()

    def notice(self, event: Event) -> None:
        """Takes one event in."""
        match event:
            case Preparing():
                self._preparing = event
            case Prepared():
                self._preparing = None
            case RunStarted():
                self._stages = len(event.entries)
                self._waiting = [e.stage for e in event.entries if e.action is not Action.REUSE]
            case StageStarted():
                self._begin(event)
            case StepDone():
                self._step, self._validating = event, None
                self._times.append((time.monotonic(), event.pictures))
            case Validating():
                self._validating = event
            case EpochDone():
                self._end_epoch(event)
            case StageDone():
                self._stage, self._step = None, None

    def due(self) -> bool:
        """Whether it is time for a sign of life; asked before each is given."""
        if time.monotonic() - self._told < _SIGN_OF_LIFE_SECONDS:
            return False
        self._told = time.monotonic()
        return True

    def render(self) -> RenderableType:
        """The live lines; nothing when nothing is going on."""
        if self._preparing is not None:
            share = (self._preparing.done, self._preparing.total)
            return _line("pictures", share, f"{share[0]:,} of {share[1]:,} prepared")
        if self._stage is None:
            return Text()
        return Group(self._headline(), self._epoch_line(), self._figures())

    def _begin(self, event: StageStarted) -> None:
        self._stage, self._step, self._validating = event, None, None
        self._waiting = [s for s in self._waiting if s.number > event.stage.number]
        self._times.clear()
        records = sorted(event.history, key=lambda record: record.val_accuracy)
        self._best = records[-1] if records else None

    def _end_epoch(self, event: EpochDone) -> None:
        self._told = time.monotonic()
        self._times.clear()  # the validation in between would count as a slow step
        self._validating = None
        if self._best is None or event.best == event.record.epoch:
            self._best = event.record

    def _headline(self) -> Text:
        assert self._stage is not None  # noqa: S101  (render asked)
        stage = self._stage.stage
        blocks = plural(len(stage.architecture.blocks), "block")
        return Text(
            f"stage {stage.number} of {self._stages}  {stage.name}  "
            f"{size(stage.architecture.image)}  {blocks}",
            style="bold",
        )

    def _epoch_line(self) -> RenderableType:
        assert self._stage is not None  # noqa: S101
        if self._validating is not None:
            share = (self._validating.done, self._validating.total)
            return _line("validation", share, "")
        steps, epochs = self._stage.steps, self._stage.stage.training.epochs
        epoch = self._step.epoch if self._step else len(self._stage.history) + 1
        done = self._step.step if self._step else self._stage.step
        right = f"step {done}/{steps}"
        speed = self.pictures_per_second()
        if speed:
            right += f"  {speed:,.0f} pictures/s  {self._time_left(speed)}"
        return _line(f"epoch {epoch}/{epochs}", (done, steps), right)

    def _figures(self) -> Text:
        line = Text()
        if self._step is not None:
            line.append(f"loss {self._step.loss:.4f}  accuracy {percent(self._step.accuracy)}")
        if self._best is not None:
            best = self._best
            line.append(
                f"   best: validation accuracy {percent(best.val_accuracy)}, "
                f"loss {best.val_loss:.4f} (epoch {best.epoch})"
            )
        return line

    def pictures_per_second(self) -> float:
        """Training speed over the last steps; 0 while unknown."""
        if len(self._times) < 3:
            return 0.0
        seconds = self._times[-1][0] - self._times[0][0]
        pictures = sum(count for _, count in list(self._times)[1:])
        return pictures / seconds if seconds > 0 else 0.0

    def _time_left(self, speed: float) -> str:
        """Time left for the stage and, by FLOPs, for the stages after it."""
        assert self._stage is not None  # noqa: S101
        assert self._step is not None  # noqa: S101
        stage, steps = self._stage.stage, self._stage.steps
        batch = stage.training.batch
        left = steps * (stage.training.epochs - self._step.epoch + 1) - self._step.step
        seconds = left * batch / speed
        text = f"{duration(seconds)} left"
        later = _later_pictures(stage, self._waiting, steps * batch)
        return text if not later else f"{text}, run {duration(seconds + later / speed)}"


def _later_pictures(stage: StagePlan, waiting: Sequence[StagePlan], pictures: int) -> float:
    """How many pictures of ``stage`` cost as much as all training of the stages waiting."""
    unit = stage.architecture.training_flops
    flops = sum(s.architecture.training_flops * s.training.epochs for s in waiting)
    return flops * pictures / unit


def _line(left: str, share: tuple[int, int], right: str) -> Table:
    grid = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=max(share[1], 1), completed=share[0], width=24)
    grid.add_row(left, bar, right)
    return grid
