"""Smaller pictures as exact area means of the master.

This module owns the arithmetic that makes a stage's pictures from the master: whole numbers
are summed and divided once, so going through a size between changes nothing but the last
bit. Imports numpy only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def area_mean(images: NDArray[np.uint8], height: int, width: int) -> NDArray[np.float32]:
    """Mean over whole windows, in [0, 255].

    Args:
        images: uint8 of shape `(n, H, W, channels)`.
        height: rows of the result; must divide H.
        width: columns of the result; must divide W.

    Returns:
        float32 of shape `(n, height, width, channels)`, not rounded.

    Raises:
        ValueError: ``height`` does not divide H, or ``width`` does not divide W.
    """
    number, full_height, full_width, channels = images.shape
    if height < 1 or width < 1 or full_height % height or full_width % width:
        raise ValueError(
            f"area mean: expected a size that divides {full_height} x {full_width}, "
            f"found {height} x {width}"
        )
    down, across = full_height // height, full_width // width
    window = down * across
    # Sums of up to 257 bytes fit 16 bits, which is half the memory traffic.
    kind = np.uint16 if window <= 257 else np.uint32 if window < 2**24 else np.uint64
    rows = images.reshape(number, height, down, full_width * channels)
    total = _sum([rows[:, :, i] for i in range(down)], kind)
    columns = total.reshape(number, height, width, across, channels)
    total = _sum([columns[:, :, :, i] for i in range(across)], kind)
    means = total.astype(np.float32)
    means /= np.float32(window)
    return means


def _sum(
    parts: list[NDArray[np.unsignedinteger]], kind: type[np.unsignedinteger]
) -> NDArray[np.unsignedinteger]:
    if len(parts) == 1:
        return parts[0]
    total = parts[0].astype(kind)
    for part in parts[1:]:
        total += part
    return total
