"""Filled outlines: the few shapes of which drawn pictures consist.

This module owns the value `Patch` and the pure functions that make the points of
ellipses, limbs and ribbons. It knows nothing of cats, dogs or canvases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Corners of shape `(n, 2)`: x to the right, y downwards."""

Colour = tuple[float, float, float]
"""Red, green and blue from 0 to 255; rounded only when painted."""

_TURN = np.linspace(0.0, 2.0 * np.pi, 25)[:-1]
_CIRCLE: Points = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


@dataclass(frozen=True)
class Patch:
    """One outline of shape `(n, 2)` filled with one colour; `edged` asks for a contour."""

    points: Points
    colour: Colour
    edged: bool = False


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """Return `first` mixed with `share` (0 to 1) of `second`."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def ellipse(x: float, y: float, across: float, down: float, tilt: float = 0.0) -> Points:
    """Return an ellipse of shape `(24, 2)`: centre, half axes, clockwise tilt in radians."""
    points: Points = _CIRCLE * (across, down)
    if tilt:
        points = points @ _rotation(tilt)
    points += np.array([x, y])
    return points


def limb(x0: float, y0: float, r0: float, x1: float, y1: float, r1: float) -> Points:
    """Return the outline of shape `(26, 2)` around two circles, as a leg or a snout has."""
    along = np.arctan2(y1 - y0, x1 - x0)
    sweep = along + np.linspace(-0.5 * np.pi, 0.5 * np.pi, 13)
    arc = np.stack([np.cos(sweep), np.sin(sweep)], axis=1)
    return np.concatenate([arc * r1 + (x1, y1), arc * -r0 + (x0, y0)])


def ribbon(spine: Points, widths: NDArray[np.float64]) -> Points:
    """Return the band of shape `(2n, 2)` along a spine `(n, 2)` with half widths `(n,)`."""
    step = np.gradient(spine, axis=0)
    length = np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)
    normal = np.stack([-step[:, 1], step[:, 0]], axis=1) * (widths / length)[:, None]
    return np.concatenate([spine + normal, (spine - normal)[::-1]])


def curve(start: Points, control: Points, end: Points, count: int = 9) -> Points:
    """Return `count` points of shape `(count, 2)` on the quadratic Bezier curve of three `(2,)`."""
    t = np.linspace(0.0, 1.0, count)[:, None]
    return (1.0 - t) ** 2 * start + 2.0 * t * (1.0 - t) * control + t**2 * end


def place(points: Points, x: float, y: float, scale: float, tilt: float, *, mirror: bool) -> Points:
    """Return points `(n, 2)` mirrored, tilted by radians, scaled and moved to (x, y)."""
    turned = (points * (-1.0 if mirror else 1.0, 1.0)) @ _rotation(tilt)
    return turned * scale + (x, y)


def _rotation(tilt: float) -> Points:
    cosine, sine = np.cos(tilt), np.sin(tilt)
    return np.array([[cosine, sine], [-sine, cosine]])
