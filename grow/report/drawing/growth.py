"""Two architectures side by side, what was carried over joined: a transfer plan as a drawing.

A row for each layer of either model, in the order a picture meets them, so that what was
inserted leaves a gap on the left.
"""

from __future__ import annotations

from dataclasses import dataclass

from grow.nets.architecture import Architecture, Placed
from grow.nets.transfer import Decision, LayerPlan, Reason, TransferPlan
from grow.report.drawing import svg
from grow.report.drawing.svg import Element
from grow.report.words import size

_WIDTH = 372
_BOX = 128
_LEFT, _RIGHT = 2, _WIDTH - 2 - _BOX
_HIGH, _LOW = 38, 20
"""Heights of a layer with weights, and of one without."""
_GAP = 6
_TOP = 40


@dataclass(frozen=True)
class _Row:
    """A layer on both sides; None on a side that lacks it."""

    line: LayerPlan
    old: Placed | None
    new: Placed | None

    @property
    def height(self) -> int:
        weights = any(side is not None and side.weights for side in (self.old, self.new))
        return _HIGH if weights else _LOW


def growth(
    plan: TransferPlan, old: Architecture, new: Architecture, names: tuple[str, str], name: str
) -> str:
    """The drawing as SVG text.

    Args:
        plan: what is carried over from ``old`` to ``new``.
        old: the architecture before.
        new: the grown one.
        names: what both are called.
        name: unique in the page.
    """
    rows = _rows(plan, old, new)
    height = _TOP + sum(row.height + _GAP for row in rows) + 2
    title = f"What {names[1]} takes over from {names[0]}"
    root = svg.drawing(_WIDTH, height, name, title, _described(plan))
    for x, words, image in ((_LEFT, names[0], old.image), (_RIGHT, names[1], new.image)):
        svg.text(root, (x + _BOX / 2, 13), _short(words, 20), "stage-name", "middle")
        svg.text(root, (x + _BOX / 2, 28), f"{size(image)} pictures", "shape", "middle")
    y = float(_TOP)
    for row in rows:
        _draw(root, row, y)
        y += row.height + _GAP
    return svg.render(root)


def _rows(plan: TransferPlan, old: Architecture, new: Architecture) -> list[_Row]:
    """The layers of both models merged: those that are gone stand behind what was before them."""
    before = {placed.name: placed for placed in old.placed()}
    after = {placed.name: placed for placed in new.placed()}
    rows = [_Row(line, before.get(line.name), after[line.name]) for line in plan.layers]
    order = [layer.name for layer in old.layers]
    for line in plan.gone:
        earlier = set(order[: order.index(line.name)])
        place = max((at + 1 for at, row in enumerate(rows) if row.line.name in earlier), default=0)
        rows.insert(place, _Row(line, before[line.name], None))
    return rows


def _described(plan: TransferPlan) -> str:
    """What can be seen, in words."""
    parts = [
        (label, [line.name for line in plan.layers if line.decision is decision and line.new])
        for decision, label in (
            (Decision.COPY, "copied"),
            (Decision.ADAPT, "adapted"),
            (Decision.INITIALISE, "new"),
            (Decision.SKIP, "started anew"),
        )
    ]
    parts.append(("gone", [line.name for line in plan.gone if line.old]))
    words = "; ".join(f"{label}: {', '.join(names)}" for label, names in parts if names)
    return f"Two columns of layers, those that correspond joined. {words}. The table has each."


def _draw(root: Element, row: _Row, y: float) -> None:
    line, middle = row.line, y + row.height / 2
    if row.old is not None:
        _box(root, row.old, _LEFT, y, "plain" if row.new is not None else "gone")
    if row.new is not None:
        _box(root, row.new, _RIGHT, y, _kind(line))
    start, end = _LEFT + _BOX, _RIGHT
    centre = (start + end) / 2
    if line.reason is Reason.NO_WEIGHTS:
        if row.old is not None and row.new is not None:
            svg.line(root, (start + 3, middle), (end - 3, middle), "join thread")
        return
    label = _label(line)
    if line.decision in (Decision.COPY, Decision.ADAPT):
        svg.line(root, (start + 3, middle), (end - 9, middle), f"join {line.decision.value}")
        points = [(end - 9, middle - 4), (end - 3, middle), (end - 9, middle + 4)]
        svg.path(root, points, f"arrow {line.decision.value}")
        svg.text(root, (centre, middle - 6), label, "join-name halo", "middle")
        return
    if row.old is not None:  # what was learnt ends here
        svg.line(root, (start + 3, middle), (start + 20, middle), "join ends")
        svg.line(root, (start + 20, middle - 5), (start + 20, middle + 5), "join ends")
    if row.new is not None:
        svg.text(root, (end - 6, middle + 4), label, "join-name", "end")


def _kind(line: LayerPlan) -> str:
    if line.reason is Reason.NO_WEIGHTS:
        return "plain"
    return {
        Decision.COPY: "copy",
        Decision.ADAPT: "adapt",
        Decision.INITIALISE: "fresh",
        Decision.SKIP: "anew",
    }[line.decision]


_LABELS = {
    Reason.FOLDED: "folded",
    Reason.SPREAD: "spread",
    Reason.SPLIT: "split",
    Reason.PADDED: "padded",
    Reason.NEW_IDENTITY: "new, identity",
    Reason.NEW: "new",
}


def _label(line: LayerPlan) -> str:
    if line.decision is Decision.COPY:
        return "copied"
    if line.decision is Decision.SKIP:
        return "starts anew" if line.new is not None else "gone"
    return _LABELS.get(line.reason, line.decision.value)


def _box(root: Element, placed: Placed, x: float, y: float, kind: str) -> None:
    """A layer: its name, and below the shape of its kernel where it has weights."""
    slim = not placed.weights
    height = _LOW if slim else _HIGH
    svg.box(root, (x, y), (_BOX, height), f"layer {kind}{' slim' if slim else ''}")
    if slim:
        svg.text(root, (x + _BOX / 2, y + 14), _short(placed.name, 20), "slim-name", "middle")
        return
    svg.text(root, (x + _BOX / 2, y + 16), _short(placed.name, 18), "layer-name", "middle")
    shape = size(next(iter(placed.weights.values())))
    svg.text(root, (x + _BOX / 2, y + 30), shape, "shape", "middle")


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
