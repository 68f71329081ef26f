"""Values of repeats as dots, their mean and interval below them: a strip for each of several rows.

Rows differ by colour and marker, and each has its name and its figure in words beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from grow.report.drawing import svg
from grow.report.drawing.axis import Axis, axis
from grow.report.drawing.curves import LOOKS, SHAPES
from grow.report.drawing.svg import Element

_SIDE = 14
_STRIP = 58
"""Height of a row: its words, its dots, its interval."""
_WORDS, _DOTS, _MEAN = 13, 27, 42
_LETTER = 6.5
"""Width of a letter, in units of the drawing, on average."""
_HALF = 60
"""Half the width of the words above the middle."""


@dataclass(frozen=True)
class Strip:
    """One row.

    Attributes:
        name: what it is called.
        figure: its mean and interval, in words.
        values: one per repeat.
        mean: their mean.
        ends: of the interval; None where there is none.
        look: which colour and marker, from 0.
    """

    name: str
    figure: str
    values: tuple[float, ...]
    mean: float
    ends: tuple[float, float] | None
    look: int = 0


@dataclass(frozen=True)
class Intervals:
    """Strips over one axis, with what is said of them.

    Attributes:
        title: what is drawn.
        description: what can be seen, for those who cannot see it.
        across: what the axis shows.
        strips: the rows, from the top.
        label: a value as words.
        nothing: values from here to there count as none, and zero has a line; None where there
            is no such thing.
    """

    title: str
    description: str
    across: str
    strips: tuple[Strip, ...]
    label: Callable[[float], str]
    nothing: tuple[float, float] | None = None


def intervals(found: Intervals, name: str, *, width: int) -> str:
    """The strips as SVG text; as high as they need.

    Args:
        found: what to draw.
        name: unique in the page.
        width: of the drawing in its own units; letters are 11 to 12 of them high.
    """
    top = 20 if found.nothing else 4
    bottom = top + _STRIP * len(found.strips)
    root = svg.drawing(width, bottom + 40, name, found.title, found.description)
    scale = _scale(found, width)
    _frame(root, found, scale, (top, bottom))
    for number, strip in enumerate(found.strips):
        _strip(root, strip, scale, top + _STRIP * number)
    return svg.render(root)


def _scale(found: Intervals, width: int) -> Axis:
    held = [value for strip in found.strips for value in (*strip.values, *(strip.ends or ()))]
    held += [*(found.nothing or ()), *([0.0] if found.nothing else [])]
    return axis(held, _SIDE, width - _SIDE, 8 if width > 500 else 5)


def _frame(root: Element, found: Intervals, scale: Axis, ends: tuple[float, float]) -> None:
    top, bottom = ends
    frame = svg.group(root, "frame")
    if found.nothing is not None:
        low, high = (scale.place(value) for value in found.nothing)
        svg.box(frame, (low, top), (high - low, bottom - top), "nothing")
        middle = min(max((low + high) / 2, scale.start + _HALF), scale.end - _HALF)
        svg.text(frame, (middle, top - 6), "within a point of zero", "tick", "middle")
    for tick in scale.ticks:
        at = scale.place(tick)
        zero = found.nothing is not None and tick == 0
        svg.line(frame, (at, top), (at, bottom), "zero" if zero else "grid")
        svg.text(frame, (at, bottom + 15), found.label(tick), "tick", "middle")
    svg.line(frame, (scale.start, bottom), (scale.end, bottom), "axis")
    svg.text(frame, (scale.end, bottom + 33), found.across, "axis-name", "end")


def _strip(root: Element, strip: Strip, scale: Axis, top: float) -> None:
    look = strip.look % LOOKS
    room = int((scale.end - scale.start - len(strip.figure) * _LETTER) / _LETTER)
    name = strip.name if len(strip.name) <= room else f"{strip.name[: room - 1]}…"
    svg.text(root, (scale.start, top + _WORDS), name, "strip-name halo")
    svg.text(root, (scale.end, top + _WORDS), strip.figure, "figure halo", "end")
    for value in strip.values:
        if math.isfinite(value):
            place = (scale.place(value), top + _DOTS)
            svg.marker(root, SHAPES[look], place, 4, f"repeat s{look}")
    if not math.isfinite(strip.mean):
        return
    y = top + _MEAN
    if strip.ends is not None:
        low, high = (scale.place(end) for end in strip.ends)
        svg.line(root, (low, y), (high, y), f"interval s{look}")
        for end in (low, high):
            svg.line(root, (end, y - 4), (end, y + 4), f"interval s{look}")
    svg.marker(root, SHAPES[look], (scale.place(strip.mean), y), 5, f"dot s{look}")
