"""Pictures that look alike though their files differ: saved again, resized, lightly retouched.

This module owns what "alike" means and finds all of them among many. It opens no file.

Two pictures look alike when the differences between neighbouring pixels of their thumbs
correlate by `ALIKE` or more. Brightness and contrast do not matter then, and fine detail
little. Measured on 10,000 photographs of cats and dogs: seven pairs reach 0.996, all the same
photograph twice; the next pair, of different ones, has 0.83.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.98
"""Correlation from which on two pictures look alike."""

FAINT = 2.0
"""Root mean square of the differences, in grey levels, below which there is nothing to compare."""

MOST = 200_000
"""Among more pictures only equal thumbs are found: comparing all pairs would take hours."""

Floats = NDArray[np.float32]
Thumbs = NDArray[np.uint8]

_SAMPLE = 4096
_KEPT = 32
_ROWS, _COLUMNS = 1024, 8192
_VERIFIED_AT_ONCE = 4096


def alike(thumbs: Thumbs, progress: Callable[[int, int], None]) -> NDArray[np.int64]:
    """The group of each picture, shape `(pictures,)`: the place of the first one in it.

    Of a row of pictures each like the next all are in one group. Those with too little in them
    stay alone.

    Args:
        thumbs: grey pictures, uint8 of shape `(pictures, rows, columns)`.
        progress: told how many of how many are compared with all others; may raise to stop.
    """
    groups = np.arange(len(thumbs))
    if not len(thumbs):
        return groups
    flat = thumbs.reshape(len(thumbs), -1)
    _, first, same = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    told = np.sort(first[_strengths(thumbs[first]) >= FAINT])
    if len(told):
        # Equal thumbs are one picture here, or a thousand copies would be a million pairs.
        few = len(thumbs) <= MOST
        of_told = _joined(thumbs[told], progress) if few else np.arange(len(told))
        groups[told] = told[of_told]
        equal = first[same.reshape(-1)]
        strong = np.isin(equal, told)
        groups[strong] = groups[equal[strong]]
    return groups


def _joined(thumbs: Thumbs, progress: Callable[[int, int], None]) -> NDArray[np.int64]:
    """The groups of different thumbs, none of them faint."""
    left, right = _projected(thumbs)
    groups = np.arange(len(thumbs))
    for start in range(0, len(thumbs), _ROWS):
        for begin in range(start, len(thumbs), _COLUMNS):
            near = left[start : start + _ROWS] @ right[begin : begin + _COLUMNS].T
            # Half the squared distance of two unit vectors is 1 - their correlation; what is
            # added is for rounding.
            rows, columns = np.nonzero(near >= ALIKE - 1.0 - 1e-3)
            rows, columns = rows + start, columns + begin
            later = columns > rows
            _join(groups, thumbs, rows[later], columns[later])
        progress(min(start + _ROWS, len(thumbs)), len(thumbs))
    return groups


def _join(
    groups: NDArray[np.int64],
    thumbs: Thumbs,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> None:
    """Verify pairs that may be alike, and put those that are into one group."""
    while len(rows):
        some, others = rows[:_VERIFIED_AT_ONCE], columns[:_VERIFIED_AT_ONCE]
        correlation = (_features(thumbs[some]) * _features(thumbs[others])).sum(1)
        pairs = np.stack([some, others], axis=1)[correlation >= ALIKE]
        for one, other in pairs:
            kept, gone = sorted((groups[one], groups[other]))
            groups[groups == gone] = kept
        rows, columns = rows[_VERIFIED_AT_ONCE:], columns[_VERIFIED_AT_ONCE:]
        apart = groups[rows] != groups[columns]
        rows, columns = rows[apart], columns[apart]


def _projected(thumbs: Thumbs) -> tuple[Floats, Floats]:
    """Two factors whose product is minus half the squared distance of projected features.

    Projecting never lengthens a distance, so comparing in few dimensions loses no pair that
    is alike; the dimensions are those in which a sample of the pictures varies most.
    """
    sample = _features(thumbs[:: max(1, len(thumbs) // _SAMPLE)])
    _, directions = np.linalg.eigh(sample.T @ sample)
    basis = directions[:, -_KEPT:]
    places = np.concatenate(
        [_features(thumbs[i : i + _ROWS]) @ basis for i in range(0, len(thumbs), _ROWS)]
    )
    halves = (places**2).sum(1, keepdims=True) / 2.0
    ones = np.ones_like(halves)
    return np.hstack([places, -halves, ones]), np.hstack([places, ones, -halves])


def _features(thumbs: Thumbs) -> Floats:
    """Differences of neighbouring pixels as unit vectors, `(pictures, differences)`."""
    differences = _differences(thumbs)
    lengths = np.sqrt((differences**2).sum(1, keepdims=True))
    found: Floats = differences / np.maximum(lengths, 1e-6)
    return found


def _strengths(thumbs: Thumbs) -> Floats:
    """Root mean square of each picture's differences, `(pictures,)`."""
    parts = [thumbs[i : i + _ROWS] for i in range(0, len(thumbs), _ROWS)]
    found: Floats = np.concatenate([np.sqrt((_differences(part) ** 2).mean(1)) for part in parts])
    return found


def _differences(thumbs: Thumbs) -> Floats:
    grey = thumbs.astype(np.float32)
    down = np.diff(grey, axis=1).reshape(len(grey), -1)
    across = np.diff(grey, axis=2).reshape(len(grey), -1)
    return np.concatenate([down, across], axis=1)
