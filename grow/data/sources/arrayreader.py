"""Pictures in arrays: one row becomes pixels and a digest.

Each file is opened once, and the scale of its values settled for all its arrays together. It
lists nothing.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grow.data.decode import MAX_PIXELS, Fit, Undecodable, fitted, opaque
from grow.data.manifest import Candidate, Shape
from grow.data.remark import Remark
from grow.data.sources import arrayfile
from grow.data.sources.arrays import parts_of, place
from grow.data.sources.arrayscale import BYTES, bounds, judge
from grow.data.sources.source import Loaded
from grow.data.values import Scale, to_bytes


@dataclass(frozen=True)
class _Opened:
    """The arrays of pictures of one file, by name, and on which scale their values are."""

    arrays: Mapping[str, NDArray[Any]]
    scale: Scale
    remarks: tuple[Remark, ...] = ()


class ArrayReader:
    """Reads rows of array files; a `Reader`. Each file is opened once, when first needed."""

    def __init__(self, fit: Fit, scale: Scale | None = None) -> None:
        self._fit, self._scale = fit, scale
        self._files: dict[str, _Opened] = {}
        self._lock = threading.Lock()

    def __call__(self, candidate: Candidate, shape: Shape) -> Loaded:
        """One picture at ``shape``; its digest is that of its pixels, as bytes, in the file.

        Raises:
            DataError: the file cannot be read, or its values are out of bounds.
        """
        file = self._file(candidate.path)
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

    def judged(self, path: str) -> tuple[Scale, tuple[Remark, ...]]:
        """The scale of a file's values, and what was assumed of them.

        Raises:
            DataError: as when a picture of it is read.
        """
        file = self._file(path)
        return file.scale, file.remarks

    def _file(self, path: str) -> _Opened:
        with self._lock:
            if path not in self._files:
                self._files[path] = _opened(Path(path), self._scale)
            return self._files[path]


def _opened(path: Path, scale: Scale | None = None) -> _Opened:
    """All arrays of pictures in a file; they share one scale."""
    if path.suffix.lower() == ".npy" or not _is_archive(path):
        arrays = {"": arrayfile.mapped(path, "")}
    else:
        parts = parts_of(path, arrayfile.names(path))
        arrays = {part.images: arrayfile.mapped(path, part.images) for part in parts}
    if scale is not None:
        return _Opened(arrays, scale)
    found = (bounds(name, array.dtype, _blocks(array)) for name, array in arrays.items())
    judged = judge(str(path), [one for one in found if one is not None])
    return _Opened(arrays, judged.scale, judged.remarks)


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The values in parts of bounded size, some pictures each."""
    rows = max(1, arrayfile.BLOCK_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]


def _bytes(values: NDArray[Any], scale: Scale) -> NDArray[np.uint8]:
    """Values of shape (height, width) or (height, width, channels) as bytes of that shape."""
    if values.dtype == np.uint8 and scale == BYTES:
        return np.ascontiguousarray(values)
    return to_bytes(values, scale)


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    """The picture in mode L or RGB; one channel less where it was for transparency."""
    if pixels.shape[0] * pixels.shape[1] > MAX_PIXELS:
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise Undecodable(f"too large: {size} is more than {MAX_PIXELS:,} pixels")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    return opaque(Image.fromarray(pixels))
