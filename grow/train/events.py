"""What the engine tells its listeners: one frozen value per thing that happened.

The engine never prints; the terminal, the log file and reports listen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grow.data.manifest import Split
from grow.planning.history import Divergence, EpochRecord, GrowthShock, History
from grow.planning.lineup import Entry
from grow.planning.param_groups import Storage
from grow.planning.stages import StagePlan

Doing = Literal["prepared", "read", "compared", "drawn", "sizes timed"]
"""What is done to pictures one by one."""


@dataclass(frozen=True)
class Fetching:
    """A data set is fetched, because it is not on this machine yet.

    Attributes:
        source: who has it, ``keras`` or ``tfds``.
        name: what it is called there.
        place: where it is kept from now on.
    """

    source: str
    name: str
    place: Path


@dataclass(frozen=True)
class Preparing:
    """Pictures are being prepared: ``done`` of ``total``; or what else ``doing`` says."""

    done: int
    total: int
    doing: Doing = "prepared"


@dataclass(frozen=True)
class Prepared:
    """The pictures are ready.

    Attributes:
        classes: names of the classes, in label order.
        counts: pictures per split and class.
        unusable: pictures left out, each ``(key, reason)``.
    """

    classes: tuple[str, ...]
    counts: Mapping[Split, Mapping[str, int]]
    unusable: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RunStarted:
    """The lineup is decided."""

    name: str
    folder: Path
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class StageStarted:
    """A stage begins, or goes on after ``history`` and ``step`` steps of its next epoch.

    Attributes:
        stage: what is trained.
        steps: training steps per epoch.
        history: the epochs already on disk.
        step: steps of the running epoch already on disk.
        again: whether it is the same process that goes on, after a divergence.
    """

    stage: StagePlan
    steps: int
    history: History
    step: int
    again: bool = False


@dataclass(frozen=True)
class Grown:
    """A stage has the weights it starts with, and what the growth cost is measured."""

    stage: StagePlan
    shock: GrowthShock


@dataclass(frozen=True)
class FeaturesComputed:
    """The outputs of frozen layers are there, computed once for all epochs they are frozen in.

    Attributes:
        stage: what is trained.
        pictures: for how many pictures, training and validation together.
        size_bytes: how much room they take.
        storage: where they are kept.
        seconds: how long it took.
    """

    stage: StagePlan
    pictures: int
    size_bytes: int
    storage: Storage
    seconds: float


@dataclass(frozen=True)
class StepDone:
    """A training step is done; loss and accuracy are means over the epoch so far."""

    epoch: int
    step: int
    pictures: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class Validating:
    """Validation is under way: ``done`` of ``total`` batches."""

    done: int
    total: int


@dataclass(frozen=True)
class EpochDone:
    """An epoch, its validation included, is done; its checkpoint is on disk or on its way."""

    stage: StagePlan
    record: EpochRecord
    best: int


@dataclass(frozen=True)
class Diverged:
    """A loss or a weight is no finite number; the stage is back at its last good epoch.

    Attributes:
        stage: what is trained.
        divergence: where it showed, and in what.
        steps: training steps per epoch.
        halvings: how often the learning rate of the stage has been halved, this time included.
        learning_rate: the halved rate that it goes on with; None where it ends.
    """

    stage: StagePlan
    divergence: Divergence
    steps: int
    halvings: int
    learning_rate: float | None

    @property
    def words(self) -> str:
        """What happened, and what is done about it, in one line."""
        found, training = self.divergence, self.stage.training
        if not found.step:
            return f"diverged in its growth, before any step: {found.what}; ends here"
        words = f"diverged at step {found.step}/{self.steps}: {found.what}; "
        back = f"epoch {found.epoch - 1}" if found.epoch > 1 else "the stage's start"
        if self.learning_rate is None:
            return f"{words}ends here, back at {back}; learning rate {found.learning_rate:.3g}"
        most = training.on_divergence.halve
        return (
            f"{words}goes on from {back}, learning rate {found.learning_rate:.3g} -> "
            f"{self.learning_rate:.3g} (halved {self.halvings} of at most {most} times)"
        )


@dataclass(frozen=True)
class CheckpointWritten:
    """A checkpoint is on disk.

    Attributes:
        path: where.
        seconds: how long writing it took, beside the training.
        held_seconds: for how long training stood still for it.
    """

    path: Path
    seconds: float
    held_seconds: float = 0.0


@dataclass(frozen=True)
class Warned:
    """Something went wrong that did not stop the run; ``text`` says what was done about it."""

    text: str


@dataclass(frozen=True)
class Noted:
    """Something good to know, such as what was assumed of the pictures; nothing went wrong."""

    text: str


@dataclass(frozen=True)
class StageDone:
    """A stage is complete, trained now or before (``reused``)."""

    stage: StagePlan
    history: History
    best: int
    reason: str
    reused: bool


@dataclass(frozen=True)
class GrowthEnded:
    """A repeated growth is not repeated again: ``stage`` does not come, and ``reason`` says why."""

    stage: StagePlan
    reason: str


@dataclass(frozen=True)
class RunDone:
    """All stages are complete, or growing has ended."""

    name: str
    folder: Path


Event = (
    Fetching
    | Preparing
    | Prepared
    | RunStarted
    | StageStarted
    | Grown
    | FeaturesComputed
    | StepDone
    | Validating
    | EpochDone
    | Diverged
    | CheckpointWritten
    | Warned
    | Noted
    | StageDone
    | GrowthEnded
    | RunDone
)
Listener = Callable[[Event], None]


def to_all(listeners: Iterable[Listener]) -> Listener:
    """One listener that passes every event on to all of ``listeners``, in order."""
    heard = tuple(listeners)
    if len(heard) == 1:
        return heard[0]

    def emit_to_all(event: Event) -> None:
        for listener in heard:
            listener(event)

    return emit_to_all


@dataclass(frozen=True)
class Told:
    """Something happened in a trial of a comparison.

    Attributes:
        seed: which trial.
        variant: which variant of it is carried out.
        event: what happened; None when the variant is complete and judged.
    """

    seed: int
    variant: str
    event: Event | None


HearTrial = Callable[[Told], None]


def announcing(emit: Listener) -> Callable[[str, str, Path], None]:
    """What tells a listener that a data set is fetched."""
    return lambda source, name, place: emit(Fetching(source, name, place))


def warning(emit: Listener) -> Callable[[str], None]:
    """What tells a listener a warning in words."""
    return lambda words: emit(Warned(words))


def preparing(
    emit: Listener, check_stop: Callable[[], None], doing: Doing = "prepared"
) -> Callable[[int, int], None]:
    """What tells a listener how far something is, after asking whether to stop."""

    def tell(done: int, total: int) -> None:
        check_stop()
        emit(Preparing(done, total, doing))

    return tell
