"""Writing a cache entry so that it is whole or absent, whatever happens meanwhile.

This module owns the files of an entry while they are made, and the one rename that commits
them. Every file has a name of its own, so two processes never write the same one. Imports
the standard library, numpy, `errors` and its neighbours `index` and `manifest` only.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from grow.errors import GrowError
from grow.pictures.index import INDEX, Index, Record, dumped, is_whole, read
from grow.pictures.manifest import Shape

_LEFTOVER_SECONDS = 24 * 3600


def open_images(place: Path, index: Index, shape: Shape) -> NDArray[np.uint8] | None:
    """The entry's array, mapped read-only; None where it is missing or not as recorded.

    Its shape is `(pictures, *shape)` with ``shape`` (height, width, channels).
    """
    if not is_whole(place, index):
        return None
    try:
        images: NDArray[np.uint8] = np.load(place / index.images, mmap_mode="r")
    except (OSError, ValueError):
        return None
    pictures = sum(record.row >= 0 for record in index.records.values())
    return images if images.shape == (pictures, *shape) and images.dtype == np.uint8 else None


class Workspace:
    """The files of one entry in the making; used as a context manager.

    Leaving it removes what was not committed, and what a killed process left a day ago.

    Raises:
        GrowError: on entering and from every method, when the folder cannot be written.
    """

    def __init__(self, place: Path, shape: Shape) -> None:
        token = secrets.token_hex(8)
        self._place, self._shape = place, shape
        self._fresh = place / f"fresh-{token}.tmp"
        self._images = place / f"images-{token}.npy"
        self._index = place / f"index-{token}.tmp"
        self._committed = False

    def __enter__(self) -> Self:
        with _writing(self._place):
            self._place.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        remove(self._fresh)
        remove(self._index)
        if not self._committed:
            remove(self._images)
        self._sweep()

    @contextmanager
    def fresh(self) -> Iterator[BinaryIO]:
        """A file to append rows to as they are decoded, in no final order."""
        with self._open(self._fresh) as file:
            yield file

    def append(self, file: BinaryIO, row: NDArray[np.uint8]) -> None:
        """Write one row of shape (height, width, channels)."""
        # Plain writes: on a full disk they raise, where a mapped file would kill the process.
        with _writing(self._place):
            file.write(row.tobytes())

    def fresh_rows(self, rows: int) -> NDArray[np.uint8]:
        """The appended rows, mapped read-only, `(rows, height, width, channels)`."""
        if not rows:
            return np.empty((0, *self._shape), np.uint8)
        return np.memmap(self._fresh, np.uint8, "r", shape=(rows, *self._shape))

    @contextmanager
    def images(self, rows: int) -> Iterator[BinaryIO]:
        """The array's file with its header for ``rows`` pictures; on disk when left."""
        with self._open(self._images) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (rows, *self._shape)}
            with _writing(self._place):
                np.lib.format.write_array_header_1_0(file, header)
            yield file
            with _writing(self._place):
                file.flush()
                os.fsync(file.fileno())

    @contextmanager
    def _open(self, path: Path) -> Iterator[BinaryIO]:
        with _writing(self._place):
            file = path.open("wb")
        try:
            yield file
        except BaseException:
            with suppress(OSError):  # closing writes what is left: on a full disk it fails again
                file.close()
            raise
        with _writing(self._place):
            file.close()

    def commit(self, records: Mapping[str, Record]) -> NDArray[np.uint8]:
        """Make the new array the entry's, and return it mapped read-only."""
        with _writing(self._place):
            # Mapped before it is named: another process may commit right after and remove it.
            images: NDArray[np.uint8] = np.load(self._images, mmap_mode="r")
            index = Index(self._images.name, self._images.stat().st_size, records)
            with self._index.open("wb") as file:
                file.write(dumped(index))
                file.flush()
                os.fsync(file.fileno())
            former = read(self._place)
            self._index.replace(self._place / INDEX)
            self._committed = True
            _flush_folder(self._place)
        if former is not None:
            remove(self._place / former.images)
        return images

    def _sweep(self) -> None:
        index = read(self._place)
        kept = {INDEX, index.images if index else INDEX}
        with suppress(OSError):
            for path in self._place.iterdir():
                if path.name not in kept and path.stat().st_mtime < time.time() - _LEFTOVER_SECONDS:
                    remove(path)


def remove(path: Path) -> None:
    """Remove a file; where it is gone or still mapped (Windows), a later sweep sees to it."""
    with suppress(OSError):
        path.unlink()


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise GrowError(
            f"{place}: expected to write the prepared pictures, found: {error.strerror or error}.",
            hint="Free some disk space or choose another cache folder; nothing was lost.",
        ) from error


def _flush_folder(place: Path) -> None:
    """Have the rename itself on disk, where the system can do that for folders."""
    if os.name != "posix":
        return
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
