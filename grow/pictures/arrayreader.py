"""Pictures in arrays: one row becomes pixels and a digest.

This module owns what the values of an array mean (0 to 1, or 0 to 255) and how they become
bytes. It lists nothing. Imports the standard library, numpy, Pillow, `errors`, and its
neighbours `arrayfile`, `arrays`, `decode`, `manifest` and `source` only.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grow.errors import DataError
from grow.pictures import arrayfile
from grow.pictures.arrays import parts_of, place
from grow.pictures.decode import MAX_PIXELS, Fit, Undecodable, fitted, opaque
from grow.pictures.manifest import Candidate, Shape
from grow.pictures.source import Loaded

_AT_ONCE_BYTES = 1 << 24


@dataclass(frozen=True)
class _Opened:
    """The arrays of pictures of one file, by name, and what makes their values bytes."""

    arrays: Mapping[str, NDArray[Any]]
    scale: float


class ArrayReader:
    """Reads rows of array files; a `Reader`. Each file is opened once, when first needed."""

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._files: dict[str, _Opened] = {}
        self._lock = threading.Lock()

    def __call__(self, candidate: Candidate, shape: Shape) -> Loaded:
        """One picture at ``shape``; its digest is that of its pixels, as bytes, in the file.

        Raises:
            DataError: the file cannot be read, or its values are out of bounds.
        """
        with self._lock:
            if candidate.path not in self._files:
                self._files[candidate.path] = _opened(Path(candidate.path))
            file = self._files[candidate.path]
        name, row = place(candidate.key)
        values = file.arrays[name][row]
        if not np.isfinite(values).all():
            digest = hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
            return Loaded(digest, "holds values that are no numbers", None)
        pixels = _bytes(values, file.scale)
        digest = hashlib.sha256(f"array {pixels.shape}\n".encode() + pixels.tobytes()).hexdigest()
        try:
            return Loaded(digest, "", fitted(_image(pixels), shape, self._fit))
        except Undecodable as error:
            return Loaded(digest, error.reason, None)


def _opened(path: Path) -> _Opened:
    """All arrays of pictures in a file; they share one scale."""
    if path.suffix.lower() == ".npy" or not _is_archive(path):
        arrays = {"": arrayfile.mapped(path, "")}
    else:
        parts = parts_of(path, arrayfile.names(path))
        arrays = {part.images: arrayfile.mapped(path, part.images) for part in parts}
    return _Opened(arrays, _scale(path, list(arrays.values())))


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _scale(path: Path, arrays: list[NDArray[Any]]) -> float:
    """255 where all values are from 0 to 1, 1 where they are from 0 to 255.

    Raises:
        DataError: there are others.
    """
    bounds = [_bounds(array) for array in arrays]
    low, high = min(low for low, _ in bounds), max(high for _, high in bounds)
    if low < 0 or high > 255:
        raise DataError(
            f"{path}: expected values from 0 to 255 or from 0 to 1, found {low:g} to {high:g}.",
            hint="Bring them there: images = 255 * (images - images.min()) / numpy.ptp(images).",
        )
    return 255.0 if high <= 1 else 1.0


def _bounds(array: NDArray[Any]) -> tuple[float, float]:
    """The smallest and the largest finite value; 0 and 255 of no values."""
    low, high = np.inf, -np.inf
    rows = max(1, _AT_ONCE_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        part = array[start : start + rows]
        if part.dtype.kind == "f":
            part = part[np.isfinite(part)]
        if part.size:
            low, high = min(low, float(part.min())), max(high, float(part.max()))
    return (low, high) if low <= high else (0.0, 255.0)


def _bytes(values: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """Values of shape (height, width) or (height, width, channels) as bytes of that shape."""
    if values.dtype == np.uint8 and scale == 1.0:
        return np.ascontiguousarray(values)
    return np.rint(np.asarray(values, np.float64) * scale).astype(np.uint8)


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    """The picture in mode L or RGB; one channel less where it was for transparency."""
    if pixels.shape[0] * pixels.shape[1] > MAX_PIXELS:
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise Undecodable(f"too large: {size} is more than {MAX_PIXELS:,} pixels")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    return opaque(Image.fromarray(pixels))
