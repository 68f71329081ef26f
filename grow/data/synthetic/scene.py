"""The plan of one drawn picture: what animal, in which coat and pose, in what light.

This module owns the frozen values from which a picture is painted and the functions
that sample them. `Traits` is the only value that depends on the label, so nothing else
(colour, size, place, light, noise) can give the class away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from grow.data.synthetic.shapes import Colour, blend

Ear = Literal["pointed", "folded", "hanging"]
Stance = Literal["head", "sitting", "standing", "lying"]
Pattern = Literal["plain", "tabby", "patched", "bibbed"]

_STANCES: tuple[Stance, ...] = ("head", "sitting", "standing", "lying")
_STANCE_SHARES = (0.36, 0.28, 0.2, 0.16)
_PATTERNS: tuple[Pattern, ...] = ("plain", "tabby", "patched", "bibbed")
_FURS: tuple[Colour, ...] = (
    (46, 42, 44),
    (98, 98, 106),
    (158, 158, 164),
    (96, 64, 42),
    (146, 100, 62),
    (214, 138, 62),
    (226, 190, 140),
    (238, 232, 222),
)
_IRISES: tuple[Colour, ...] = ((120, 170, 70), (214, 168, 50), (128, 84, 44), (110, 160, 200))
_APART = 45.0
_WHITE: Colour = (250, 246, 238)
_BLACK: Colour = (24, 20, 22)


@dataclass(frozen=True)
class Traits:
    """What tells a cat from a dog. Lengths are in head radii."""

    ear: Ear
    ear_length: float
    ear_width: float
    snout: float
    snout_width: float
    nose: float
    eye: float
    slit: bool
    whiskers: float
    tail_length: float
    tail_width: float
    tail_curl: float


@dataclass(frozen=True)
class Coat:
    """Colours and markings of an animal."""

    fur: Colour
    light: Colour
    dark: Colour
    ear: Colour
    edge: Colour
    iris: Colour
    nose: Colour
    whisker: Colour
    collar: Colour | None
    tongue: bool
    pattern: Pattern
    edge_width: float


@dataclass(frozen=True)
class Pose:
    """How the animal holds itself: angles in radians, the rest as shares of a head radius."""

    stance: Stance
    yaw: float
    pitch: float
    tail: float
    stretch: float
    leg: float


@dataclass(frozen=True)
class Framing:
    """Where the animal stands in the unit square: its middle, its half size, tilt in radians."""

    x: float
    y: float
    half: float
    tilt: float
    mirror: bool


@dataclass(frozen=True)
class Light:
    """Brightness gain per channel, its slope over the picture, contrast, noise (0 to 255)."""

    gain: Colour
    slope: tuple[float, float]
    contrast: float
    noise: float


def sample_traits(rng: np.random.Generator, label: int) -> Traits:
    """Return the shape of a cat (label 0) or of a dog (label 1)."""
    return _cat(rng) if label == 0 else _dog(rng)


def _cat(rng: np.random.Generator) -> Traits:
    return Traits(
        ear="pointed" if rng.random() < 0.96 else "folded",
        ear_length=rng.uniform(0.55, 0.9),
        ear_width=rng.uniform(0.34, 0.46),
        snout=rng.uniform(0.08, 0.22),
        snout_width=rng.uniform(0.3, 0.38),
        nose=rng.uniform(0.09, 0.13),
        eye=rng.uniform(0.19, 0.25),
        slit=rng.random() < 0.8,
        whiskers=rng.uniform(0.35, 0.65) if rng.random() < 0.8 else 0.0,
        tail_length=rng.uniform(2.0, 3.0),
        tail_width=rng.uniform(0.12, 0.2),
        tail_curl=rng.uniform(0.6, 1.5),
    )


def _dog(rng: np.random.Generator) -> Traits:
    ears: tuple[Ear, ...] = ("hanging", "folded", "pointed")
    return Traits(
        ear=ears[rng.choice(3, p=(0.66, 0.24, 0.1))],
        ear_length=rng.uniform(0.65, 1.0),
        ear_width=rng.uniform(0.3, 0.42),
        snout=rng.uniform(0.45, 0.9),
        snout_width=rng.uniform(0.36, 0.48),
        nose=rng.uniform(0.16, 0.23),
        eye=rng.uniform(0.13, 0.18),
        slit=False,
        whiskers=rng.uniform(0.25, 0.5) if rng.random() < 0.65 else 0.0,
        tail_length=rng.uniform(0.8, 1.6),
        tail_width=rng.uniform(0.2, 0.36),
        tail_curl=rng.uniform(0.0, 0.8),
    )


def sample_coat(rng: np.random.Generator) -> Coat:
    """Return a coat; the same coats are worn by both classes."""
    fur = jitter(rng, _FURS[rng.integers(len(_FURS))], 16.0)
    dark = blend(fur, _BLACK, rng.uniform(0.3, 0.6))
    return Coat(
        fur=fur,
        light=blend(fur, _WHITE, rng.uniform(0.35, 0.85)),
        dark=dark,
        # Never quite the fur: an ear without a contour must still be seen on the head.
        ear=blend(fur, dark, 1.0 if rng.random() < 0.5 else 0.4),
        edge=blend(dark, _BLACK, rng.uniform(0.2, 0.7)),
        iris=jitter(rng, _IRISES[rng.integers(len(_IRISES))], 20.0),
        nose=blend(_BLACK, (214, 120, 120), rng.uniform(0.0, 0.6)),
        whisker=blend(fur, _WHITE if sum(fur) < 420.0 else _BLACK, rng.uniform(0.3, 0.8)),
        collar=random_colour(rng) if rng.random() < 0.3 else None,
        tongue=bool(rng.random() < 0.25),
        pattern=_PATTERNS[rng.integers(len(_PATTERNS))],
        edge_width=rng.choice((0.0, 0.05, 0.08)),
    )


def sample_pose(rng: np.random.Generator) -> Pose:
    """Return a pose; heads of whole animals may turn further aside than portraits."""
    stance = _STANCES[rng.choice(len(_STANCES), p=_STANCE_SHARES)]
    yaw = rng.uniform(0.35, 1.25) if stance == "standing" else rng.uniform(-0.75, 0.75)
    return Pose(
        stance=stance,
        yaw=yaw,
        pitch=rng.uniform(-0.12, 0.14),
        tail=rng.uniform(0.0, 1.0),
        stretch=rng.uniform(0.8, 1.2),
        leg=rng.uniform(0.75, 1.15),
    )


def sample_framing(rng: np.random.Generator, stance: Stance) -> Framing:
    """Return a place in the unit square, around which the animal may lean out of the picture."""
    low, high = (0.27, 0.47) if stance == "head" else (0.42, 0.55)
    half = rng.uniform(low, high)
    room = 0.06 + 0.6 * max(0.0, 0.5 - half)
    lean = 0.24 if stance == "head" else 0.1
    return Framing(
        x=0.5 + rng.uniform(-room, room),
        y=0.5 + rng.uniform(-room, room),
        half=half,
        tilt=float(np.clip(rng.normal(0.0, lean), -2.0 * lean, 2.0 * lean)),
        mirror=bool(rng.random() < 0.5),
    )


def sample_light(rng: np.random.Generator) -> Light:
    """Return a light: its level, its tint, which side it comes from, and the sensor's noise."""
    level = rng.uniform(0.75, 1.15)
    angle, fall = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(0.0, 0.3)
    red, green, blue = level * rng.uniform(0.93, 1.07, 3)
    return Light(
        gain=(red, green, blue),
        slope=(fall * float(np.cos(angle)), fall * float(np.sin(angle))),
        contrast=rng.uniform(0.75, 1.15),
        noise=rng.uniform(2.0, 9.0),
    )


def random_colour(rng: np.random.Generator, apart: Colour | None = None) -> Colour:
    """Return any colour, pale or dark; not of nearly the brightness of `apart`, if given."""
    grey = rng.uniform(40.0, 225.0)
    if apart is not None and abs(grey - sum(apart) / 3.0) < _APART:
        grey += 2.0 * _APART if grey < 130.0 else -2.0 * _APART
    red, green, blue = np.clip(grey + rng.normal(0.0, 34.0, 3), 8.0, 250.0)
    return float(red), float(green), float(blue)


def jitter(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    """Return `colour` lighter or darker by a normal `spread`, and a little off in hue."""
    shift = rng.normal(0.0, spread) + rng.normal(0.0, 0.4 * spread, 3)
    red, green, blue = np.clip(np.asarray(colour) + shift, 8.0, 250.0)
    return float(red), float(green), float(blue)
