"""Axes: where the ticks stand, and how numbers become places."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_NOTHING = 1e-200


@dataclass(frozen=True)
class Axis:
    """A straight scale.

    Attributes:
        low: the value at ``start``.
        high: the value at ``end``.
        start: a coordinate of the drawing.
        end: the other.
        ticks: the values that are marked, ascending.
    """

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where a value stands; beyond the axis at its end."""
        share = (value - self.low) / ((self.high - self.low) or 1)
        return self.start + min(max(share, 0), 1) * (self.end - self.start)


def axis(values: Iterable[float], start: float, end: float, most: int) -> Axis:
    """An axis that holds all finite values, its ends on round numbers.

    Steps are 1, 2 or 5 times a power of ten, after Heckbert, "Nice numbers for graph labels"
    (Graphics Gems, 1990).

    Args:
        values: what it has to hold; 0 to 1 where there are none.
        start: where it starts.
        end: where it ends.
        most: how many ticks there is room for, about.
    """
    # What is next to nothing is nothing: steps of it would vanish.
    finite = [v if abs(v) > _NOTHING else 0.0 for v in values if math.isfinite(v)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        spread = abs(low) / 10 or 1.0
        low, high = low - (spread if low else 0), high + spread
    step = _nice((high - low) / max(most - 1, 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{number * step:.12g}") for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], start, end, ticks)


def _nice(step: float) -> float:
    """The next round number, not less than nine tenths of ``step``."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= 0.9 * step)
