"""Cats and dogs drawn with Pillow: the embedded pictures, made from a seed alone.

This module owns how a scene is planned, painted, lit and reduced to a picture. The class
shows in shapes only (ears, snout, whiskers, pupils, tail): everything else is sampled
without looking at the label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from grow.data.synthetic.animal import FRAMES, animal
from grow.data.synthetic.scene import (
    Coat,
    Framing,
    Light,
    Pose,
    Traits,
    sample_coat,
    sample_framing,
    sample_light,
    sample_pose,
    sample_traits,
)
from grow.data.synthetic.shapes import Patch, Points, place
from grow.data.synthetic.surroundings import Backdrop, sample_backdrop, sample_obstacles

CLASSES: tuple[str, str] = ("cat", "dog")

_SUPERSAMPLING = 3
# Small pictures are reduced from the canvas of a 64 x 64 one, so that they are its area mean.
_SMALLEST_CANVAS = 64 * _SUPERSAMPLING


@dataclass(frozen=True)
class Scene:
    """All that a picture shows, before any pixel exists."""

    pose: Pose
    coat: Coat
    framing: Framing
    backdrop: Backdrop
    obstacles: tuple[Patch, ...]
    light: Light
    traits: Traits


def draw(seed: int, index: int, label: int, size: int = 64) -> NDArray[np.uint8]:
    """Return picture `index` of class `label`: RGB of shape `(size, size, 3)`, 0 to 255.

    A pure function of its arguments. Randomness comes from two Philox generators keyed by
    `SeedSequence((seed, index, label))`, spawn key 0 for the scene and 1 for the noise; so
    another size shows the same scene, under other noise.
    """
    if label not in (0, 1):
        raise ValueError(f"label: expected 0 (cat) or 1 (dog), got {label!r}")
    if size < 8:
        raise ValueError(f"size: expected at least 8 pixels, got {size!r}")
    scene = plan(_generator(seed, index, label, 0), label)
    return _expose(_paint(scene, size), scene.light, _generator(seed, index, label, 1))


def plan(rng: np.random.Generator, label: int) -> Scene:
    """Return a scene; only its traits depend on the label."""
    pose, coat = sample_pose(rng), sample_coat(rng)
    return Scene(
        pose=pose,
        coat=coat,
        framing=sample_framing(rng, pose.stance),
        backdrop=sample_backdrop(rng, coat.fur),
        obstacles=sample_obstacles(rng),
        light=sample_light(rng),
        # Last, so that how many numbers a class takes from the generator moves nothing else.
        traits=sample_traits(rng, label),
    )


def _generator(seed: int, index: int, label: int, stream: int) -> np.random.Generator:
    key = np.random.SeedSequence((seed, index, label), spawn_key=(stream,))
    return np.random.Generator(np.random.Philox(key))


def _paint(scene: Scene, size: int) -> NDArray[np.float32]:
    """Return the unlit scene as RGB of shape `(size, size, 3)`, 0 to 255."""
    canvas = max(size * _SUPERSAMPLING, _SMALLEST_CANVAS)
    corners = np.asarray(scene.backdrop.corners).reshape(2, 2, 3).astype(np.uint8)
    image = Image.fromarray(corners).resize((canvas, canvas), Image.Resampling.BILINEAR)
    brush = ImageDraw.Draw(image)
    _fill(brush, scene.backdrop.patches, canvas)
    _fill_animal(brush, scene, canvas)
    _fill(brush, scene.obstacles, canvas)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX), dtype=np.float32)


def _fill(brush: ImageDraw.ImageDraw, patches: tuple[Patch, ...], canvas: int) -> None:
    for patch in patches:
        brush.polygon(_corners(patch.points * canvas), fill=_ink(patch.colour))


def _fill_animal(brush: ImageDraw.ImageDraw, scene: Scene, canvas: int) -> None:
    patches = animal(scene.traits, scene.coat, scene.pose)
    x, y, half = FRAMES[scene.pose.stance]
    framing = scene.framing
    scale = framing.half / half
    every = np.concatenate([patch.points for patch in patches]) - (x, y)
    placed = place(every, framing.x, framing.y, scale, framing.tilt, mirror=framing.mirror) * canvas
    contour = round(scene.coat.edge_width * scale * canvas)
    start = 0
    for patch in patches:
        corners = _corners(placed[start : start + len(patch.points)])
        start += len(patch.points)
        brush.polygon(corners, fill=_ink(patch.colour))
        if patch.edged and contour:
            brush.line(corners + corners[:2], fill=_ink(scene.coat.edge), width=contour)


def _corners(points: Points) -> list[float]:
    corners: list[float] = points.ravel().tolist()
    return corners


def _ink(colour: tuple[float, float, float]) -> tuple[int, int, int]:
    red, green, blue = colour
    return round(red), round(green), round(blue)


def _expose(
    paint: NDArray[np.float32], light: Light, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the lit and noisy picture, `(size, size, 3)` to the same shape."""
    size = len(paint)
    ramp = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    across, down = light.slope
    shade = 1.0 + across * ramp[None, :, None] + down * ramp[:, None, None]
    lit = (paint - 128.0) * light.contrast + 128.0
    lit *= shade * np.asarray(light.gain, dtype=np.float32)
    lit += rng.standard_normal(lit.shape, dtype=np.float32) * light.noise
    picture: NDArray[np.uint8] = np.clip(lit + 0.5, 0.0, 255.0).astype(np.uint8)
    return picture
