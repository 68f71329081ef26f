"""A heat map of a confusion matrix with too many classes for numbers in its cells."""

from __future__ import annotations

from collections.abc import Sequence

from grow.report.drawing import svg

_SIDE = 320
_LEFT, _TOP = 34, 20


def heat_map(
    confusions: Sequence[tuple[int, int, int]], classes: int, name: str, description: str
) -> str:
    """The matrix as SVG text: rows are classes, columns what they were taken for.

    Args:
        confusions: each ``(label, predicted label, how many)``.
        classes: how many classes there are.
        name: unique in the page.
        description: what can be seen, for those who cannot see it.
    """
    root = svg.drawing(_LEFT + _SIDE + 6, _TOP + _SIDE + 6, name, "Confusion matrix", description)
    cell = _SIDE / classes
    totals: dict[int, int] = {}
    for label, _, count in confusions:
        totals[label] = totals.get(label, 0) + count
    svg.box(root, (_LEFT, _TOP), (_SIDE, _SIDE), "matrix-ground")
    svg.line(root, (_LEFT, _TOP), (_LEFT + _SIDE, _TOP + _SIDE), "diagonal")
    for label, predicted, count in confusions:
        corner = (_LEFT + predicted * cell, _TOP + label * cell)
        kind = "right" if label == predicted else "wrong"
        opacity = 0.25 + 0.75 * count / totals[label]
        svg.box(root, corner, (max(cell, 1), max(cell, 1)), kind, opacity=opacity)
    step = next(s for s in (5, 10, 20, 25, 50, 100, 200, 500, 1000) if classes / s <= 10)
    for number in (1, *range(step, classes + 1, step)):
        middle = (number - 0.5) * cell
        svg.text(root, (_LEFT - 5, _TOP + middle + 4), str(number), "tick", "end")
        svg.text(root, (_LEFT + middle, _TOP - 6), str(number), "tick", "middle")
    return svg.render(root)
