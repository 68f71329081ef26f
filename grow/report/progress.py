"""Where a run is, as one frozen value, advanced by each event.

A phase for each thing a run can be busy with; nothing is remembered that the phase at hand does
not need. Pure: the time comes in with the event. `live` draws it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import median_low

from grow.planning.history import EpochRecord
from grow.planning.lineup import Action
from grow.planning.schedule import best_epoch
from grow.planning.stages import StagePlan
from grow.train.events import (
    EpochDone,
    Event,
    GrowthEnded,
    Prepared,
    Preparing,
    RunStarted,
    StageDone,
    StageStarted,
    StepDone,
    Validating,
)

_WINDOW = 50
"""Over how many steps the speed is measured."""
_PAUSE = 20
"""What takes so many times as long as most steps do was no step: the process was suspended."""


@dataclass(frozen=True)
class Idle:
    """Nothing that takes time is going on."""


@dataclass(frozen=True)
class Loading:
    """A stage is being got ready: TensorFlow starts, the network is built and grown.

    Attributes:
        stage: the stage.
        validating: the validation that measures the growth shock; None before.
    """

    stage: StagePlan
    validating: Validating | None = None


@dataclass(frozen=True)
class Training:
    """A stage is being trained.

    Attributes:
        stage: what is trained.
        steps: steps per epoch.
        epoch: the epoch that is running.
        step: steps done in it.
        loss: training loss over the epoch so far; None before its first step in this process.
        accuracy: likewise.
        best: the epoch whose weights the stage would end with now; None before the first.
        validating: the validation under way; None between validations.
        ticks: the last steps of this epoch: when each was done, and how many pictures it took.
        speed_before: pictures per second when the epoch before ended; 0 while unknown.
    """

    stage: StagePlan
    steps: int
    epoch: int
    step: int
    loss: float | None = None
    accuracy: float | None = None
    best: EpochRecord | None = None
    validating: Validating | None = None
    ticks: tuple[tuple[float, int], ...] = ()
    speed_before: float = 0.0

    @cached_property  # asked for when it is drawn, which most steps are not
    def speed(self) -> float:
        """Pictures per second over the last steps; 0 while unknown."""
        return _speed(self.ticks) or self.speed_before

    @property
    def seconds_left(self) -> float | None:
        """Time to the end of the stage's last epoch, validations aside; None while unknown."""
        if not self.speed:
            return None
        steps = self.steps * (self.stage.training.epochs - self.epoch + 1) - self.step
        return steps * self.stage.training.batch / self.speed


Phase = Idle | Preparing | Loading | Training


@dataclass(frozen=True)
class Progress:
    """What is known of a run from its events so far.

    Attributes:
        stages: how many stages the run has; 0 before the lineup is decided.
        waiting: the stages still to be trained after the one at hand.
        phase: what the run is busy with.
    """

    stages: int = 0
    waiting: tuple[StagePlan, ...] = ()
    phase: Phase = Idle()

    @property
    def seconds_left(self) -> float | None:
        """Time to the end of the run, later stages by their FLOPs; None while unknown.

        Stages that come only if growing pays do not count.
        """
        phase = self.phase
        if not isinstance(phase, Training) or phase.seconds_left is None:
            return None
        flops = sum(s.architecture.training_flops * s.training.epochs for s in self._certain)
        epochs = flops / phase.stage.architecture.training_flops
        pictures = phase.steps * phase.stage.training.batch
        return phase.seconds_left + epochs * pictures / phase.speed

    @property
    def _certain(self) -> tuple[StagePlan, ...]:
        return tuple(stage for stage in self.waiting if stage.stop is None)


def advance(now: Progress, event: Event, seconds: float) -> Progress:
    """Where the run is after an event that came at ``seconds`` on a clock that only rises."""
    match event:
        case Preparing():
            return replace(now, phase=event)
        case Prepared():
            return replace(now, phase=Idle())
        case RunStarted(entries=entries):
            todo = tuple(e.stage for e in entries if e.action not in (Action.REUSE, Action.SKIP))
            return _next_stage(
                Progress(stages=sum(e.action is not Action.SKIP for e in entries), waiting=todo)
            )
        case GrowthEnded():
            return replace(now, waiting=(), phase=Idle())
        case StageDone(reused=False):
            return _next_stage(now)
        case StageStarted():
            later = tuple(s for s in now.waiting if s.number > event.stage.number)
            return replace(now, waiting=later, phase=_begun(event))
    return replace(now, phase=_within(now.phase, event, seconds))


def _next_stage(now: Progress) -> Progress:
    if not now.waiting:
        return replace(now, phase=Idle())
    return replace(now, waiting=now.waiting[1:], phase=Loading(now.waiting[0]))


def _begun(event: StageStarted) -> Training:
    best = best_epoch(event.stage.training, event.history)
    return Training(
        stage=event.stage,
        steps=event.steps,
        epoch=len(event.history) + 1,
        step=event.step,
        best=event.history[best - 1] if best else None,
    )


def _within(phase: Phase, event: Event, seconds: float) -> Phase:
    """The phase after an event that does not end it."""
    match phase, event:
        case Loading(), Validating():
            return replace(phase, validating=event)
        case Training(), StepDone():
            return _stepped(phase, event, seconds)
        case Training(), Validating():
            return replace(phase, validating=event)
        case Training(), EpochDone():
            return _epoch_ended(phase, event)
    return phase


def _stepped(phase: Training, event: StepDone, seconds: float) -> Training:
    return replace(
        phase,
        epoch=event.epoch,
        step=event.step,
        loss=event.loss,
        accuracy=event.accuracy,
        validating=None,
        ticks=(*phase.ticks, (seconds, event.pictures))[-_WINDOW:],
    )


def _epoch_ended(phase: Training, event: EpochDone) -> Training:
    improved = event.best == event.record.epoch
    return replace(
        phase,
        epoch=min(event.record.epoch + 1, phase.stage.training.epochs),
        step=0 if event.record.epoch < phase.stage.training.epochs else phase.steps,
        best=event.record if improved else phase.best,
        validating=None,
        ticks=(),  # the validation in between would count as a slow step
        speed_before=phase.speed,
    )


def _speed(ticks: tuple[tuple[float, int], ...]) -> float:
    """Pictures per second; 0 while there are too few steps to tell."""
    if len(ticks) < 3:
        return 0.0
    steps = [(later - earlier, count) for (earlier, _), (later, count) in pairwise(ticks)]
    usual = median_low(seconds for seconds, _ in steps)
    working = [step for step in steps if step[0] <= _PAUSE * usual]
    seconds = sum(seconds for seconds, _ in working)
    return sum(count for _, count in working) / seconds if seconds > 0 else 0.0
