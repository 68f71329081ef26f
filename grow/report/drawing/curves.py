"""Curves over a common axis of cost: any number of series, growths marked, each one named.

Series differ by colour, dashes and markers, and the legend shows all three, so that none needs
its colour to be told from the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grow.report.drawing import svg
from grow.report.drawing.axis import Axis, axis
from grow.report.drawing.svg import Element, Point

__all__ = ["Chart", "Mark", "Point", "Series", "curves"]

LOOKS = 6
"""How many looks of series there are; a seventh series looks like the first."""

_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4", "12 4")
SHAPES = ("circle", "square", "triangle", "diamond", "circle", "square")
_MOST_MARKERS = 70
_MANY_MARKS = 12
_ROW = 17
"""Height of a row of the legend."""
_BESIDE = 2
"""How many rows of it stand beside the title."""
_LETTER = 6.2
"""Width of a letter of a label, in units of the drawing, on average."""


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        name: what it is called; stands in the legend, unless it is empty.
        points: ``(cost, figure)``, by cost; a figure that is no number breaks the curve.
        look: which colour, dashes and markers, from 0.
        faint: whether it stays in the background, thin and without markers.
        best: the place in ``points`` that is ringed and labelled; None for none.
        band: ``(cost, low, high)``, by cost: where repeats of the curve lie; empty for none.
    """

    name: str
    points: tuple[Point, ...]
    look: int = 0
    faint: bool = False
    best: int | None = None
    band: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Mark:
    """A place on the axis of cost, such as a growth: from here on it is another network."""

    at: float
    name: str


@dataclass(frozen=True)
class Chart:
    """Curves with what is said of them.

    Attributes:
        title: what is drawn.
        description: what can be seen, for those who cannot see it.
        across: what the axis of cost shows, with its unit.
        upward: what the other shows; stands above the plot.
        series: the curves; the first is drawn on top.
        marks: growths and the like.
        cost_label: a cost as words, such as ``1.5 TFLOP``.
        figure_label: a figure as words, such as ``82%``.
        ceiling: the largest figure there can be; infinite where there is none.
    """

    title: str
    description: str
    across: str
    upward: str
    series: tuple[Series, ...]
    marks: tuple[Mark, ...]
    cost_label: Callable[[float], str]
    figure_label: Callable[[float], str]
    ceiling: float = math.inf


@dataclass(frozen=True)
class _Plane:
    """Where things stand: both axes."""

    x: Axis
    y: Axis

    def locate(self, point: Point) -> Point:
        return self.x.place(point[0]), self.y.place(point[1])


def curves(chart: Chart, name: str, *, width: int, height: int) -> str:
    """The chart as SVG text.

    Args:
        chart: what to draw.
        name: unique in the page.
        width: of the drawing in its own units; letters are 11 to 12 of them high.
        height: likewise; it grows with a legend of many rows.
    """
    start, above = 24 + len(chart.upward) * 1.25 * _LETTER, 0
    rows = _legend_rows(chart.series, width, start)
    if len(rows) > _BESIDE:  # too many for beside the title: below it
        start, above = 4.0, 1
        rows = _legend_rows(chart.series, width, start)
    lines = len(rows) + above
    height += _ROW * max(lines - _BESIDE, 0)
    root = svg.drawing(width, height, name, chart.title, chart.description)
    plane = _plane(chart, width, height, 24 + _ROW * max(lines, 1))
    svg.text(root, (4, 13), chart.upward, "chart-name")
    _legend(root, rows, start, 13 + _ROW * above)
    _frame(root, chart, plane)
    for series in chart.series:
        _band(root, series, plane)
    _marks(root, chart.marks, plane)
    front = sorted(chart.series, key=lambda one: one.faint)
    for series in reversed(front):
        _curve(root, series, plane)
    _best(root, chart, plane)
    return svg.render(root)


def _plane(chart: Chart, width: int, height: int, top: float) -> _Plane:
    costs = [0.0, *(x for series in chart.series for x, _ in series.points)]
    figures = [y for series in chart.series for _, y in series.points]
    figures += [y for series in chart.series for _, *ends in series.band for y in ends]
    x = axis(costs, 46, width - 14, 5 if width > 500 else 4)
    x = Axis(0.0, max(costs) or 1.0, x.start, x.end, tuple(t for t in x.ticks if t <= max(costs)))
    y = axis(figures, height - 44, top, 6)
    if y.high > chart.ceiling:
        ticks = tuple(tick for tick in y.ticks if tick <= chart.ceiling)
        y = Axis(y.low, chart.ceiling, y.start, y.end, ticks)
    return _Plane(x, y)


def _frame(root: Element, chart: Chart, plane: _Plane) -> None:
    x, y = plane.x, plane.y
    frame = svg.group(root, "frame")
    for tick in y.ticks:
        at = y.place(tick)
        svg.line(frame, (x.start, at), (x.end, at), "grid")
        svg.text(frame, (x.start - 6, at + 4), chart.figure_label(tick), "tick", "end")
    for tick in x.ticks:
        at = x.place(tick)
        svg.line(frame, (at, y.start), (at, y.start + 4), "axis")
        anchor = "middle" if at < x.end - 24 else "end"
        at = at if anchor == "middle" else min(at + 14, x.end + 12)
        svg.text(frame, (at, y.start + 17), chart.cost_label(tick), "tick", anchor)
    svg.line(frame, (x.start, y.start), (x.end, y.start), "axis")
    svg.text(frame, (x.end + 12, y.start + 35), chart.across, "axis-name", "end")


def _marks(root: Element, marks: Sequence[Mark], plane: _Plane) -> None:
    """Lines from top to bottom; a name stands right of its line where there is room for it."""
    top, bottom = plane.y.end - 14, plane.y.start
    places = [plane.x.place(mark.at) for mark in marks]
    kind = "growth many" if len(marks) > _MANY_MARKS else "growth"
    free = 0.0
    for number, (mark, at) in enumerate(zip(marks, places, strict=True)):
        if number:
            svg.line(root, (at, top), (at, bottom), kind)
        follower = places[number + 1] if number + 1 < len(places) else plane.x.end + 12
        words = _fitting((mark.name, str(number + 1)), follower - max(at, free) - 4)
        if words:
            start = max(at, free)
            svg.text(root, (start + 3, top + 9), words, "growth-name")
            free = start + 3 + len(words) * _LETTER


def _fitting(choices: Sequence[str], room: float) -> str:
    return next((words for words in choices if len(words) * _LETTER <= room), "")


def _curve(root: Element, series: Series, plane: _Plane) -> None:
    look = series.look % LOOKS
    kind = f"curve s{look}" + (" faint" if series.faint else "")
    dashes = "2 3" if series.faint else _DASHES[look]
    for run in _unbroken(series.points):
        svg.path(root, [plane.locate(point) for point in run], kind, dashes)
        if series.faint and len(run) == 1:  # a line of one point cannot be seen
            svg.marker(root, SHAPES[look], plane.locate(run[0]), 2, f"dot s{look}")
    if series.faint or len(series.points) > _MOST_MARKERS:
        return
    for point in series.points:
        if math.isfinite(point[1]):
            svg.marker(root, SHAPES[look], plane.locate(point), 2.6, f"dot s{look}")


def _band(root: Element, series: Series, plane: _Plane) -> None:
    known = [ends for ends in series.band if all(map(math.isfinite, ends))]
    if len(known) > 1:
        upper = [plane.locate((x, high)) for x, _, high in known]
        lower = [plane.locate((x, low)) for x, low, _ in reversed(known)]
        svg.area(root, [*upper, *lower], f"band s{series.look % LOOKS}")


def _unbroken(points: Sequence[Point]) -> list[list[Point]]:
    """The runs of points between figures that are no numbers."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if math.isfinite(point[1]):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _best(root: Element, chart: Chart, plane: _Plane) -> None:
    """A ring around each best point, its figure above or below."""
    for series in chart.series:
        if series.best is None:
            continue
        point = series.points[series.best]
        if not math.isfinite(point[1]):
            continue
        x, y = plane.locate(point)
        svg.marker(root, "circle", (x, y), 6, f"ring s{series.look % LOOKS}")
        above = y - plane.y.end > 34
        anchor = "end" if x > plane.x.end - 40 else "middle"
        at = (min(x + 8, plane.x.end + 10) if anchor == "end" else x, y - 11 if above else y + 20)
        svg.text(root, at, chart.figure_label(point[1]), "figure halo", anchor)


def _legend(root: Element, rows: Sequence[Sequence[Series]], start: float, top: float) -> None:
    """The names of the curves, each behind a piece of its line."""
    for number, row in enumerate(rows):
        x, y = start, top + _ROW * number
        for one in row:
            look = one.look % LOOKS
            kind = f"curve s{look}" + (" faint" if one.faint else "")
            svg.path(
                root, [(x, y - 4), (x + 22, y - 4)], kind, "2 3" if one.faint else _DASHES[look]
            )
            if not one.faint:
                svg.marker(root, SHAPES[look], (x + 11, y - 4), 2.6, f"dot s{look}")
            svg.text(root, (x + 27, y), one.name, "legend")
            x += _legend_width(one)


def _legend_rows(series: Sequence[Series], width: float, start: float) -> list[list[Series]]:
    """The series in as many rows as they need; none where one curve needs no name."""
    rows: list[list[Series]] = []
    left = 0.0
    named = [one for one in series if one.name]
    for one in named if len(named) > 1 else ():
        if not rows or _legend_width(one) > left:
            rows.append([])
            left = width - start
        rows[-1].append(one)
        left -= _legend_width(one)
    return rows


def _legend_width(series: Series) -> float:
    return 27 + len(series.name) * _LETTER + 14
