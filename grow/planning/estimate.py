"""How long a stage file takes on this machine, from what was timed, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grow.planning.stages import StagePlan

LONG_SECONDS = 3600.0
"""What takes longer is told, with what makes it shorter."""

_STAGE_SECONDS = 1.5  # findings, model, reports


@dataclass(frozen=True)
class StageTime:
    """How long a stage's parts take, in seconds.

    Attributes:
        ready: until the first step and the first batch of a validation are done.
        step: a training step.
        evaluation: a picture of a validation.
    """

    ready: float
    step: float
    evaluation: float


@dataclass(frozen=True)
class Timing:
    """What was timed.

    Attributes:
        start: seconds until Keras and TensorFlow are loaded; next to nothing where they were.
        stages: for each stage.
    """

    start: float
    stages: tuple[StageTime, ...]


@dataclass(frozen=True)
class Machine:
    """What steps were timed on.

    Attributes:
        processors: how many it has.
        load: how many processes wanted one in the minute before; 0 where that is not known.
    """

    processors: int
    load: float

    @property
    def busy(self) -> bool:
        """Whether others had so much to do that the time says little."""
        return self.load > self.processors / 2


@dataclass(frozen=True)
class Estimate:
    """How long a run would take.

    Attributes:
        reading_seconds: reading all pictures for the first time.
        stage_seconds: each stage, with all its epochs.
        machine: what it was timed on.
    """

    reading_seconds: float
    stage_seconds: tuple[float, ...]
    machine: Machine

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.reading_seconds + sum(self.stage_seconds)

    @property
    def words(self) -> str:
        """In a sentence."""
        machine = self.machine
        processors = f"{machine.processors} processor{'' if machine.processors == 1 else 's'}"
        words = (
            f"About {about(self.seconds)} on the machine that wrote this ({processors}), by a few "
            "timed steps: give or take half."
        )
        if machine.busy:
            words += (
                f" It was busy with other things (a load of {machine.load:.1f}); by itself it is "
                "quicker."
            )
        return words

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "seconds": round(self.seconds, 1),
            "reading_seconds": round(self.reading_seconds, 1),
            "stage_seconds": [round(seconds, 1) for seconds in self.stage_seconds],
            "processors": self.machine.processors,
            "load": round(self.machine.load, 2),
        }


def estimate(
    timing: Timing,
    stages: Sequence[StagePlan],
    pictures: tuple[int, int],
    reading_seconds: float,
    machine: Machine,
) -> Estimate:
    """How long it would take.

    Args:
        timing: of each stage.
        stages: of the stage file.
        pictures: how many there are to train on, and to validate on.
        reading_seconds: reading all pictures for the first time.
        machine: what it was timed on.
    """
    training, held = pictures
    found = []
    for stage, time in zip(stages, timing.stages, strict=True):
        steps = -(-training // stage.training.batch)
        validation = held * time.evaluation
        epochs = stage.training.epochs * (steps * time.step + validation)
        # A growth is validated on both sides, and so is the finished stage once more.
        grown = 2 * validation + time.ready if stage.transfer is not None else 0.0
        found.append(epochs + time.ready + validation + grown + _STAGE_SECONDS)
    found[0] += timing.start
    return Estimate(reading_seconds, tuple(found), machine)


def about(seconds: float) -> str:
    """A time as precisely as it is known: ``40 seconds``, ``7 minutes``, ``2.5 hours``."""
    if seconds < 90:
        return f"{max(round(seconds / 10), 1) * 10} seconds"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    if seconds < 48 * 3600:
        return f"{round(2 * seconds / 3600) / 2:g} hours"
    return f"{round(seconds / 86400)} days"
