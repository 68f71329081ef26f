"""What the page shows of a model's errors: the confusion matrix and the worst mistakes.

Up to `MOST_NUMBERS` classes the matrix is a table with a number in each cell; beyond, a heat map
with the most frequent confusions in words beside it.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grow.report.confusion import ClassResult, Confusion, by_class, dense, frequent
from grow.report.drawing import heat_map
from grow.report.words import probability
from grow.runs.findings import Findings, Mistake

MOST_NUMBERS = 20
"""Up to how many classes the matrix has numbers."""

MOST_DRAWN = 400
"""Up to how many classes it is drawn at all."""

_MOST_CONFUSIONS = 20


@dataclass(frozen=True)
class Cell:
    """A number of the matrix; ``shade`` is its share of its row in percent."""

    count: int
    shade: int
    right: bool


@dataclass(frozen=True)
class WorstView:
    """A mistake as the page shows it."""

    key: str
    label: str
    probability: str
    guesses: tuple[tuple[str, str, int], ...]
    source: str


@dataclass(frozen=True)
class Errors:
    """The part of the page about errors.

    Attributes:
        findings: what it is made from.
        classes: how each class fares.
        cells: the matrix in numbers; empty where there are too many classes.
        map: the matrix as a drawing; None where it has numbers, or far too many classes.
        confusions: the most frequent confusions.
        worst: the pictures classed most wrongly.
    """

    findings: Findings
    classes: tuple[ClassResult, ...]
    cells: tuple[tuple[Cell, ...], ...]
    map: Markup | None
    confusions: tuple[Confusion, ...]
    worst: tuple[WorstView, ...]


def errors(findings: Findings, classes: Sequence[str], *, pictures: bool) -> Errors:
    """What is shown of ``findings``; with ``pictures`` the mistakes have theirs."""
    few = len(classes) <= MOST_NUMBERS
    return Errors(
        findings=findings,
        classes=by_class(findings, classes),
        cells=_cells(findings, len(classes)) if few else (),
        map=None if few or len(classes) > MOST_DRAWN else _map(findings, classes),
        confusions=frequent(findings, classes, _MOST_CONFUSIONS),
        worst=tuple(_worst(one, classes, pictures=pictures) for one in findings.mistakes),
    )


def _cells(findings: Findings, classes: int) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        tuple(
            Cell(count, round(100 * count / max(sum(row), 1)), at == label)
            for at, count in enumerate(row)
        )
        for label, row in enumerate(dense(findings, classes))
    )


def _map(findings: Findings, classes: Sequence[str]) -> Markup:
    description = (
        f"{len(classes)} classes; rows are true classes, columns are predicted classes. "
        f"{findings.right:,} of {findings.pictures:,} images lie on the diagonal. The most "
        "frequent confusions and the figures of each class are listed below."
    )
    drawn = heat_map(findings.confusions, len(classes), "confusion", description)
    return Markup(drawn)  # noqa: S704  (escaped where it was drawn)


def _worst(mistake: Mistake, classes: Sequence[str], *, pictures: bool) -> WorstView:
    source = ""
    if pictures and mistake.png is not None:
        source = f"data:image/png;base64,{b64encode(mistake.png).decode()}"
    return WorstView(
        key=mistake.key,
        label=classes[mistake.label],
        probability=probability(mistake.probability),
        guesses=tuple(
            (classes[one.label], probability(one.probability), _bar(one.probability))
            for one in mistake.guesses
        ),
        source=source,
    )


def _bar(share: float) -> int:
    return round(100 * share) if math.isfinite(share) else 0
