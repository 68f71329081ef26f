"""The history of a stage: one record per epoch, as it is written to ``history.jsonl``.

Decisions (`schedule`) and reports are made from these records alone.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch of training came to.

    Attributes:
        epoch: counted from 1.
        loss: mean training loss over the epoch, dropout and augmentation on.
        accuracy: share of training pictures classed rightly, in [0, 1], likewise.
        val_loss: mean loss over the validation pictures after the epoch; NaN where there are none.
        val_accuracy: share of validation pictures classed rightly, in [0, 1]; likewise.
        learning_rate: the learning rate the epoch was trained with; where it rises
            within the epoch, that of its last step.
        seconds: wall-clock time of the epoch, validation included.
        cpu_seconds: processor time of this process over the epoch, all threads.
        training_flops: floating-point operations of the epoch's training steps.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    cpu_seconds: float
    training_flops: int

    @property
    def validated(self) -> bool:
        """Whether there were pictures to validate on: an accuracy is a number, whatever it is."""
        return not math.isnan(self.val_accuracy)

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON values; what is no number (divergence) becomes null."""
        return _finite(asdict(self))

    @property
    def is_finite(self) -> bool:
        """Whether all its figures are numbers; where one is not, training had diverged.

        False only in what earlier versions left behind: now an epoch that diverges is no
        epoch, but a `Divergence`.
        """
        validation = (self.val_loss, self.val_accuracy) if self.validated else ()
        return all(math.isfinite(figure) for figure in (self.loss, self.accuracy, *validation))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EpochRecord:
        """The record that `to_dict` gave.

        Raises:
            TypeError: a field is missing.
        """
        return cls(**_known(values, cls.__dataclass_fields__))


@dataclass(frozen=True)
class Divergence:
    """Where training met what is no finite number, and went back to the epoch before.

    Attributes:
        epoch: the epoch that was running, counted from 1.
        step: how many of its steps were done; all of them where it showed at their end, and
            none where it was what a growth had made.
        diverged: what is not finite: ``loss``, ``val_loss``, ``logits``, or an array by its name
            in a checkpoint, such as ``weights/conv_1/kernel``.
        value: what it is instead: ``nan``, ``inf`` or ``-inf``.
        learning_rate: the epoch's learning rate; the share that a warm-up takes of it aside.
        seconds: wall-clock time of the epoch up to there.
        cpu_seconds: processor time of this process up to there, all threads.
        training_flops: floating-point operations of its training steps up to there.
    """

    epoch: int
    step: int
    diverged: str
    value: str
    learning_rate: float
    seconds: float
    cpu_seconds: float
    training_flops: int

    @property
    def what(self) -> str:
        """What is not finite, in words: ``the loss is NaN``."""
        kind, _, name = self.diverged.partition("/")
        number = "NaN" if self.value == "nan" else "infinite"
        match kind:
            case "weights":
                return f"{name} holds a weight that is {number}"
            case "optimizer":
                return f"the optimizer's {name} holds a number that is {number}"
            case "logits":
                return f"a logit is {number}"
            case "val_loss":
                return f"the validation loss is {number}"
        return f"the {self.diverged} is {number}"

    @property
    def words(self) -> str:
        """Where and what, in words: ``epoch 3, step 4: the loss is NaN``."""
        if not self.step:
            return f"its growth, before any step: {self.what}"
        return f"epoch {self.epoch}, step {self.step}: {self.what}"

    def to_dict(self) -> dict[str, Any]:
        """The divergence as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Divergence:
        """The divergence that `to_dict` gave; what a newer version wrote beside it is left out.

        Raises:
            KeyError: a field is missing.
            TypeError: a field holds something else.
        """
        for key, kind in _OF_A_DIVERGENCE.items():
            if not isinstance(values[key], kind) or isinstance(values[key], bool):
                raise TypeError(f"{key}: expected {kind}, found {values[key]!r}")
        return cls(**{key: values[key] for key in cls.__dataclass_fields__})


_OF_A_DIVERGENCE = {
    **dict.fromkeys(("epoch", "step", "training_flops"), int),
    **dict.fromkeys(("diverged", "value"), str),
    **dict.fromkeys(("learning_rate", "seconds", "cpu_seconds"), int | float),
}


@dataclass(frozen=True)
class GrowthShock:
    """What a growth cost before any training: the models on both sides of it, compared.

    Attributes:
        loss_before: mean validation loss of the old model; NaN where nothing is validated on.
        loss_after: mean validation loss of the grown model; likewise.
        accuracy_before: validation accuracy of the old model, in [0, 1]; likewise.
        accuracy_after: validation accuracy of the grown model, in [0, 1]; likewise.
        logit_drift: largest difference of logits on a fixed batch.
        scales: measured factors of folded kernels, by layer.
    """

    loss_before: float
    loss_after: float
    accuracy_before: float
    accuracy_after: float
    logit_drift: float
    scales: dict[str, float] = field(default_factory=dict, hash=False)

    @property
    def validated(self) -> bool:
        """Whether there were pictures to validate on."""
        return not math.isnan(self.accuracy_before)

    @property
    def is_finite(self) -> bool:
        """Whether all that was measured are numbers."""
        losses = (self.loss_before, self.loss_after) if self.validated else ()
        figures = (*losses, self.logit_drift, *self.scales.values())
        return all(math.isfinite(figure) for figure in figures)

    def to_dict(self) -> dict[str, Any]:
        """The growth shock as plain JSON values; what is no number becomes null."""
        return _finite(asdict(self))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GrowthShock:
        """The growth shock that `to_dict` gave.

        Raises:
            TypeError: a field is missing.
        """
        return cls(**_known(values, cls.__dataclass_fields__))


@dataclass(frozen=True)
class Tally:
    """Sums over the pictures of an epoch so far.

    Attributes:
        pictures: how many there were.
        loss: sum of their losses.
        right: how many were classed rightly.
    """

    pictures: int = 0
    loss: float = 0.0
    right: int = 0

    def plus(self, pictures: int, loss: float, accuracy: float) -> Tally:
        """The sums with one more batch, given the batch's mean loss and accuracy."""
        return Tally(
            self.pictures + pictures,
            self.loss + loss * pictures,
            self.right + round(accuracy * pictures),
        )

    @property
    def mean_loss(self) -> float:
        """Mean loss per picture; 0 before the first."""
        return self.loss / self.pictures if self.pictures else 0.0

    @property
    def accuracy(self) -> float:
        """Share classed rightly, in [0, 1]; 0 before the first."""
        return self.right / self.pictures if self.pictures else 0.0

    @property
    def measured(self) -> tuple[float, float]:
        """Mean loss and accuracy of a finished validation; NaN where there were no pictures."""
        return (self.mean_loss, self.accuracy) if self.pictures else (math.nan, math.nan)


History = tuple[EpochRecord, ...]
"""The epochs of a stage that are good, in order."""

Divergences = tuple[Divergence, ...]
"""The attempts at an epoch that diverged, in order; the other half of a stage's history."""


def until(divergences: Iterable[Divergence], epoch: int) -> Divergences:
    """The divergences in epochs up to one."""
    return tuple(one for one in divergences if one.epoch <= epoch)


def in_order(history: History, divergences: Divergences) -> list[EpochRecord | Divergence]:
    """All that happened, as it happened: before an epoch the attempts at it that diverged."""
    both: list[EpochRecord | Divergence] = [*divergences, *history]
    return sorted(both, key=lambda one: (one.epoch, isinstance(one, EpochRecord)))


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no word for what is no number."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }


def _known(values: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """What this version knows; a newer one may have written more."""
    known = {key: value for key, value in values.items() if key in fields}
    for key, value in known.items():
        plain = value is None or isinstance(value, int | float | dict)
        if not plain or isinstance(value, bool):
            raise TypeError(f"{key}: expected a number, found {value!r}")
    return {key: math.nan if value is None else value for key, value in known.items()}
