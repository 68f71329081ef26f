"""What stands behind and before the animal of a drawn picture.

This module owns backdrops (rooms, meadows, wallpapers, blurs) and things in the way
(fences, blades of grass, balls, cushions), sampled as patches in the unit square and
without any knowledge of the label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grow.data.synthetic.scene import jitter, random_colour
from grow.data.synthetic.shapes import Colour, Patch, Points, blend, curve, ellipse, limb, ribbon


@dataclass(frozen=True)
class Backdrop:
    """Colours of the four corners, row by row, and the patches laid over their blend."""

    corners: tuple[Colour, Colour, Colour, Colour]
    patches: tuple[Patch, ...]


def sample_backdrop(rng: np.random.Generator, fur: Colour) -> Backdrop:
    """Return one of four kinds of backdrop, unlike `fur` in brightness, with clutter on it."""
    base, second = random_colour(rng, apart=fur), random_colour(rng, apart=fur)
    kinds = (_room, _meadow, _wallpaper, _blur)
    patches = kinds[rng.integers(len(kinds))](rng, base, second)
    clutter = [_thing(rng, rng.uniform(0.05, 0.2)) for _ in range(rng.integers(0, 6))]
    above = (jitter(rng, base, 22.0), jitter(rng, base, 22.0))
    below = (jitter(rng, base, 22.0), jitter(rng, base, 22.0))
    return Backdrop((*above, *below), (*patches, *clutter))


def sample_obstacles(rng: np.random.Generator) -> tuple[Patch, ...]:
    """Return what hides a part of the animal; nothing in four pictures of ten."""
    kind = rng.random()
    if kind < 0.4:
        return ()
    if kind < 0.5:
        return tuple(_slats(rng))
    if kind < 0.75:
        return tuple(_blades(rng, 10))
    if kind < 0.85:
        wide, high = rng.uniform(0.4, 0.8), rng.uniform(0.08, 0.25)
        return (Patch(ellipse(rng.uniform(0.2, 0.8), 1.0, wide, high), random_colour(rng)),)
    return tuple(_thing(rng, rng.uniform(0.06, 0.13)) for _ in range(rng.integers(1, 4)))


def _box(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _room(rng: np.random.Generator, wall: Colour, carpet: Colour) -> list[Patch]:
    floor = rng.uniform(0.5, 0.85)
    patches = [Patch(_box(-0.1, floor, 1.1, 1.1), carpet)]
    for _ in range(rng.integers(0, 3)):
        x, y = rng.uniform(0.0, 0.8), rng.uniform(0.0, 0.4)
        wide, high = rng.uniform(0.15, 0.4, 2)
        window = blend(wall, random_colour(rng), 0.4)
        patches.append(Patch(_box(x, y, x + wide, y + high), window))
    return patches


def _meadow(rng: np.random.Generator, sky: Colour, ground: Colour) -> list[Patch]:
    haze = blend(ground, sky, 0.15)
    patches = []
    for _ in range(3):
        x, wide, high = rng.uniform(0.0, 1.0), rng.uniform(0.4, 0.9), rng.uniform(0.2, 0.6)
        patches.append(Patch(ellipse(x, 1.0, wide, high), jitter(rng, haze, 14.0)))
    return patches + _blades(rng, 12)


def _wallpaper(rng: np.random.Generator, paper: Colour, motif: Colour) -> list[Patch]:
    ink, step = blend(paper, motif, 0.4), rng.uniform(0.12, 0.3)
    slant, start = rng.uniform(-0.5, 0.5), rng.uniform(-0.3, 0.0)
    places = np.arange(start, 1.3, step)
    if rng.random() < 0.5:
        return [Patch(limb(x, -0.1, step * 0.2, x + slant, 1.1, step * 0.2), ink) for x in places]
    return [Patch(ellipse(x, y, step * 0.25, step * 0.25), ink) for x in places for y in places]


def _blur(rng: np.random.Generator, base: Colour, second: Colour) -> list[Patch]:
    patches = []
    for _ in range(6):
        spot = ellipse(*rng.uniform(0.0, 1.0, 2), *rng.uniform(0.1, 0.4, 2))
        patches.append(Patch(spot, jitter(rng, blend(base, second, 0.2), 24.0)))
    return patches


def _thing(rng: np.random.Generator, size: float) -> Patch:
    # Triangles, drops and hairs are among the things so that no such shape alone means an ear
    # or a whisker.
    x, y = rng.uniform(0.0, 1.0, 2)
    tilt, kind = rng.uniform(0.0, 3.0), rng.integers(4)
    aside, down = size * np.cos(tilt), size * np.sin(tilt)
    if kind == 0:
        outline = ellipse(x, y, size, size * rng.uniform(0.4, 1.0), tilt)
    elif kind == 1:
        # Each sixth to eighth corner of an ellipse: a rhombus or a triangle.
        outline = ellipse(x, y, size, size * 0.8, tilt)[:: rng.integers(6, 9)]
    elif kind == 2:
        outline = limb(x, y, size * 0.6, x + aside, y + down, size * 0.2)
    else:
        outline = limb(x, y, 0.015, x + 2.0 * aside, y + 2.0 * down, 0.01)
    return Patch(outline, random_colour(rng))


def _slats(rng: np.random.Generator) -> list[Patch]:
    colour, step = random_colour(rng), rng.uniform(0.28, 0.45)
    wide, lean = rng.uniform(0.012, 0.03), rng.uniform(-0.2, 0.2)
    places = np.arange(rng.uniform(0.0, step), 1.0, step)
    return [Patch(limb(x, -0.1, wide, x + lean, 1.1, wide), colour) for x in places]


def _blades(rng: np.random.Generator, count: int) -> list[Patch]:
    green = random_colour(rng)
    patches = []
    for _ in range(count):
        x, high = rng.uniform(0.0, 1.0), rng.uniform(0.1, 0.4)
        foot, tip = np.array([x, 1.05]), np.array([x + rng.uniform(-0.15, 0.15), 1.0 - high])
        spine = curve(foot, np.array([x, 1.0 - 0.6 * high]), tip, 5)
        blade = ribbon(spine, np.linspace(0.02, 0.004, 5))
        patches.append(Patch(blade, jitter(rng, green, 12.0)))
    return patches
