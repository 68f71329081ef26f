"""A confusion matrix read: which classes are found, which are taken for which. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grow.runs.findings import Findings


@dataclass(frozen=True)
class ClassResult:
    """How one class fares.

    Attributes:
        number: its number, from 1.
        name: its name.
        pictures: how many pictures of it there are.
        right: how many of them are classed rightly.
        predicted: how many pictures, of whatever class, are taken for it.
    """

    number: int
    name: str
    pictures: int
    right: int
    predicted: int

    @property
    def recall(self) -> float | None:
        """Share of its pictures that are classed rightly; None where it has none."""
        return self.right / self.pictures if self.pictures else None

    @property
    def precision(self) -> float | None:
        """Share of rightly classed among the pictures taken for it; None where none is."""
        return self.right / self.predicted if self.predicted else None


@dataclass(frozen=True)
class Confusion:
    """Pictures of one class that were taken for another."""

    name: str
    taken_for: str
    count: int
    share: float


def by_class(findings: Findings, classes: Sequence[str]) -> tuple[ClassResult, ...]:
    """How each class fares, in label order."""
    of, into, right = ([0] * len(classes) for _ in range(3))
    for label, predicted, count in findings.confusions:
        of[label] += count
        into[predicted] += count
        if label == predicted:
            right[label] += count
    return tuple(
        ClassResult(at + 1, name, of[at], right[at], into[at]) for at, name in enumerate(classes)
    )


def frequent(findings: Findings, classes: Sequence[str], most: int) -> tuple[Confusion, ...]:
    """The most frequent confusions, the most frequent first."""
    of = [one.pictures for one in by_class(findings, classes)]
    wrong = [one for one in findings.confusions if one[0] != one[1]]
    wrong.sort(key=lambda one: (-one[2], one[0], one[1]))
    return tuple(
        Confusion(classes[label], classes[predicted], count, count / of[label])
        for label, predicted, count in wrong[:most]
    )


def dense(findings: Findings, classes: int) -> list[list[int]]:
    """The whole matrix: a row for each class, a column for what it was taken for."""
    rows = [[0] * classes for _ in range(classes)]
    for label, predicted, count in findings.confusions:
        rows[label][predicted] = count
    return rows
