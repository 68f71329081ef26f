"""Pictures seen through affine maps: the arithmetic of a distortion that `augment` drew.

One bilinear resampling for everything that moves pixels. Rows stay level under the maps that
are drawn (no output place depends on x in its height), so a batch is mixed down its columns
first and along its rows then, which is the same mean of four pixels for less work. Only single
additions and multiplications of NumPy, which round alike on every machine. Imports numpy only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

_PIXELS_AT_ONCE = 1 << 14
"""What is worked on at a time stays in the processor's cache."""


def resample(pictures: Floats, affine: Floats) -> Floats:
    """Pictures seen through affine maps, bilinearly; what lies outside repeats the edge.

    Args:
        pictures: shape ``(batch, height, width, channels)``.
        affine: shape ``(batch, 6)``, from output pixel to input place, as `augment` draws it;
            its fourth column is zero.

    Returns:
        shape ``(batch, height, width, channels)``.

    Raises:
        ValueError: a map does not keep rows level.
    """
    if affine[:, 3].any():
        raise ValueError("expected maps that keep rows level: a fourth column of zeros")
    number, height, width, _ = pictures.shape
    result = np.empty(pictures.shape, np.float32)
    some = max(1, _PIXELS_AT_ONCE // (height * width))
    for start in range(0, number, some):
        part = slice(start, start + some)
        result[part] = _resample(pictures[part], affine[part])
    return result


def _resample(pictures: Floats, affine: Floats) -> Floats:
    number, height, width, channels = pictures.shape
    a, b, c, _, e, f = (affine[:, column, None] for column in range(6))
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)

    first, share = _neighbours(e * y + f, height)
    rows = pictures.reshape(number * height, width * channels)
    rows = _mix(rows, first, share[..., None], axis=0)

    places = (a * x)[:, None, :] + (b * y + c)[:, :, None]
    first, share = _neighbours(places.reshape(number * height, width), width)
    planes = np.ascontiguousarray(rows.reshape(-1, channels).T)
    planes = _mix(planes, first.reshape(-1), share.reshape(-1), axis=1)
    return planes.T.reshape(pictures.shape)


def _neighbours(places: Floats, size: int) -> tuple[Places, Floats]:
    """For places on lines of ``size`` pixels: the pixel before, and the share of the next one.

    Args:
        places: shape ``(lines, places)``; overwritten.
        size: pixels of a line.

    Returns:
        Pixels counted through all lines, and shares in [0, 1); both of that shape. The last
        pixel of a line has a share of 0 in whatever comes after it.
    """
    np.clip(places, np.float32(0), np.float32(size - 1), out=places)
    first = places.astype(np.intp)
    places -= first
    first += (np.arange(len(first)) * size)[:, None]
    return first, places


def _mix(values: Floats, first: Places, share: Floats, axis: int) -> Floats:
    """Means of neighbours along an axis: ``1 - share`` of the first, ``share`` of the next."""
    before = values.take(first, axis)
    mixed = values.take(first + 1, axis, mode="clip")
    mixed -= before
    mixed *= share
    mixed += before
    return mixed
