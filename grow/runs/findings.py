"""What a stage's model makes of pictures it was not trained on: counts, confusions, mistakes.

A frozen value and its JSON form, so that reports read files and need no model. `assessment`
makes it.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Confusions = tuple[tuple[int, int, int], ...]
"""Each ``(label, predicted label, how many pictures)``; pairs that never met are left out."""


@dataclass(frozen=True)
class Guess:
    """A class and how probable the model holds it to be, in [0, 1]."""

    label: int
    probability: float


@dataclass(frozen=True)
class Mistake:
    """A picture that was classed wrongly.

    Attributes:
        key: which picture, as in a manifest.
        label: the class it is of.
        probability: what the model gave that class, in [0, 1].
        guesses: the most probable classes, the most probable first.
        png: the picture as the network's pictures are made from it, small; None where pictures
            are not kept.
    """

    key: str
    label: int
    probability: float
    guesses: tuple[Guess, ...]
    png: bytes | None = None


@dataclass(frozen=True)
class Findings:
    """How a stage's final model classes the pictures of one split.

    Attributes:
        split: ``test`` where there are test pictures, else ``validation``.
        pictures: how many there are.
        right: how many of them are classed rightly.
        loss: mean cross-entropy over them, natural logarithm; no number after a divergence.
        confusions: how many pictures of each class were taken for which.
        mistakes: the pictures that were classed most wrongly, worst first.
    """

    split: str
    pictures: int
    right: int
    loss: float
    confusions: Confusions
    mistakes: tuple[Mistake, ...]

    @property
    def accuracy(self) -> float:
        """Share classed rightly, in [0, 1]; 0 of none."""
        return self.right / self.pictures if self.pictures else 0.0

    def to_dict(self, *, pictures: bool = True) -> dict[str, Any]:
        """The findings as plain JSON values; what is no number becomes null.

        Args:
            pictures: whether mistakes have their pictures with them.
        """
        return {
            "split": self.split,
            "pictures": self.pictures,
            "right": self.right,
            "loss": _or_null(self.loss),
            "confusions": [list(one) for one in self.confusions],
            "mistakes": [_mistake_to_dict(one, pictures=pictures) for one in self.mistakes],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Findings:
        """The findings that `to_dict` gave.

        Raises:
            KeyError: a field is missing.
            TypeError: a field holds something else.
            ValueError: likewise.
        """
        return cls(
            split=str(values["split"]),
            pictures=int(values["pictures"]),
            right=int(values["right"]),
            loss=_or_nan(values["loss"]),
            confusions=tuple((int(a), int(b), int(n)) for a, b, n in values["confusions"]),
            mistakes=tuple(_mistake_from_dict(one) for one in values["mistakes"]),
        )


def _mistake_to_dict(mistake: Mistake, *, pictures: bool) -> dict[str, Any]:
    values: dict[str, Any] = {
        "key": mistake.key,
        "label": mistake.label,
        "probability": _or_null(mistake.probability),
        "guesses": [[one.label, _or_null(one.probability)] for one in mistake.guesses],
    }
    if pictures:
        values["png"] = None if mistake.png is None else b64encode(mistake.png).decode()
    return values


def _mistake_from_dict(values: Mapping[str, Any]) -> Mistake:
    png = values["png"]
    return Mistake(
        key=str(values["key"]),
        label=int(values["label"]),
        probability=_or_nan(values["probability"]),
        guesses=tuple(Guess(int(label), _or_nan(share)) for label, share in values["guesses"]),
        png=None if png is None else b64decode(png, validate=True),
    )


def _or_null(value: float) -> float | None:
    """JSON has no word for what is no number."""
    return value if math.isfinite(value) else None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)
