"""Data order and augmentation as pure functions of (seed, stage, epoch, step).

Draws which pictures make a batch and how each is distorted; the distortion itself is carried
out by `resample`. Only the raw output of NumPy's Philox generator is used, which
NumPy promises never to change (NEP 19), so the draws stay the same across its versions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grow.config.schema import Augment
from grow.seeds import derive_seed

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Distortion:
    """How a batch of pictures is changed.

    Attributes:
        affine: shape ``(batch, 6)``: rows ``a b c d e f`` that send the output pixel
            ``(x, y)`` to the input place ``(ax + by + c, dx + ey + f)``; in pixels.
        brightness: shape ``(batch,)``: factors on the pixel values.
    """

    affine: Floats
    brightness: Floats


def epoch_order(count: int, seed: int, stage: int, epoch: int) -> NDArray[np.int64]:
    """The order in which an epoch visits its pictures: a permutation of ``range(count)``."""
    raw = _raw(count, seed, "order", stage, epoch)
    return np.argsort(raw, kind="stable").astype(np.int64)


def distort(
    augment: Augment, size: tuple[int, int], count: int, address: tuple[int, int, int, int]
) -> Distortion:
    """Draws the distortion of one batch.

    Args:
        augment: what may change, and how far.
        size: height and width of the pictures, in pixels.
        count: pictures in the batch.
        address: seed, stage, epoch and step.
    """
    seed, stage, epoch, step = address
    uniform = _uniform(7 * count, seed, "augment", stage, epoch, step).reshape(7, count)
    symmetric = 2.0 * uniform - 1.0
    scale = 1.0 + augment.zoom * symmetric[0]
    shear = augment.shear * symmetric[1]
    height, width = size
    shift = (augment.shift * width * symmetric[2], augment.shift * height * symmetric[3])
    mirror_x = _mirror(uniform[4], on=augment.flip in ("horizontal", "both"))
    mirror_y = _mirror(uniform[5], on=augment.flip in ("vertical", "both"))
    affine = _about_centre(mirror_x / scale, shear / scale, mirror_y / scale, shift, size)
    brightness = 1.0 + augment.brightness * symmetric[6]
    return Distortion(affine.astype(np.float32), brightness.astype(np.float32))


def _about_centre(
    across: NDArray[np.float64],
    slant: NDArray[np.float64],
    down: NDArray[np.float64],
    shift: tuple[NDArray[np.float64], NDArray[np.float64]],
    size: tuple[int, int],
) -> NDArray[np.float64]:
    """The affine rows that scale, slant and mirror about the centre, then move."""
    centre_y, centre_x = (size[0] - 1) / 2, (size[1] - 1) / 2
    offset_x = centre_x - across * centre_x - slant * centre_y + shift[0]
    offset_y = centre_y - down * centre_y + shift[1]
    zero = np.zeros_like(across)
    return np.stack([across, slant, offset_x, zero, down, offset_y], axis=1)


def _mirror(uniform: NDArray[np.float64], *, on: bool) -> NDArray[np.float64]:
    return np.where(uniform < 0.5, -1.0, 1.0) if on else np.ones_like(uniform)


def _uniform(count: int, seed: int, *address: str | int) -> NDArray[np.float64]:
    """Numbers in [0, 1), from the upper 53 bits of the raw ones."""
    return (_raw(count, seed, *address) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _raw(count: int, seed: int, *address: str | int) -> NDArray[np.uint64]:
    generator = np.random.Philox(key=derive_seed(seed, *address, bits=128))
    return generator.random_raw(count)
