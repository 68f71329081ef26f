"""Writing a cache entry so that it is whole or absent, whatever happens meanwhile.

This module owns the files of an entry while they are made, and the one rename that commits
them. Every file has a name of its own, so two processes never write the same one.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO, Self

import numpy as np

from grow.data.cache.index import INDEX, Index, Record, dumped, is_whole, read
from grow.data.cache.journal import Journal, Pixels, journal_files, read_journals
from grow.data.cache.writing import flush, new_file, remove_file, writing_entry
from grow.data.manifest import Shape
from grow.errors import Stopped
from grow.plainfile import MALFORMED

_LEFTOVER_SECONDS = 24 * 3600


def open_images(place: Path, index: Index, shape: Shape) -> Pixels | None:
    """The entry's array, mapped read-only; None where it is missing or not as recorded.

    Its shape is `(pictures, *shape)` with ``shape`` (height, width, channels).
    """
    if not is_whole(place, index):
        return None
    try:
        # Not `np.load`, which takes what begins so for a ZIP file, and unpacks it.
        images: Pixels = np.lib.format.open_memmap(place / index.images, mode="r")
    except (OSError, SyntaxError, TokenError, *MALFORMED):  # numpy reads a header as Python
        return None
    pictures = sum(record.row >= 0 for record in index.records.values())
    return images if images.shape == (pictures, *shape) and images.dtype == np.uint8 else None


class Workspace:
    """The files of one entry in the making; used as a context manager.

    Leaving it removes what was not committed, and what a killed process left a day ago. The
    journal of what was read stays after a stop, and is found again by the next one.

    Raises:
        GrowError: on entering and from every method, when the folder cannot be written.
    """

    def __init__(self, place: Path, shape: Shape) -> None:
        token = secrets.token_hex(8)
        self._place, self._shape = place, shape
        self._images = place / f"images-{token}.npy"
        self._index = place / f"index-{token}.tmp"
        self._committed = False
        self._digest = hashlib.sha256()
        self._taken_over: list[Path] = []
        self.journal = Journal(place, token, shape)

    def __enter__(self) -> Self:
        with writing_entry(self._place):
            self._place.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, Stopped | KeyboardInterrupt) or not self.journal.holds_any:
            self.journal.remove()
        remove_file(self._index)
        if not self._committed:
            remove_file(self._images)
        self._sweep()

    def read_before(self, check_stop: Callable[[], None]) -> Iterator[tuple[Record, Pixels]]:
        """What others read who were stopped: records, each with the array that its row is in."""
        for lines, array, records in read_journals(self._place, self._shape, check_stop):
            self._taken_over += journal_files(lines)
            for record in records:
                yield record, array

    def append(self, file: BinaryIO, row: Pixels) -> None:
        """Write one row of shape (height, width, channels)."""
        self._add(file, row.tobytes())

    def _add(self, file: BinaryIO, raw: bytes) -> None:
        self._digest.update(raw)  # of what is meant, not of what the disk makes of it
        with writing_entry(self._place):
            file.write(raw)

    @contextmanager
    def images(self, rows: int) -> Iterator[BinaryIO]:
        """The array's file with its header for ``rows`` pictures; on disk when left."""
        with new_file(self._images) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (rows, *self._shape)}
            head = io.BytesIO()
            np.lib.format.write_array_header_1_0(head, header)
            self._digest = hashlib.sha256()
            self._add(file, head.getvalue())
            yield file
            with writing_entry(self._place):
                flush(file)

    def commit(self, records: Mapping[str, Record]) -> tuple[Pixels, Index]:
        """Make the new array the entry's; returns it, mapped read-only, and the index."""
        with writing_entry(self._place):
            # Mapped before it is named: another process may commit right after and remove it.
            images: Pixels = np.load(self._images, mmap_mode="r")
            size = self._images.stat().st_size
            index = Index(self._images.name, size, records, self._digest.hexdigest())
            with self._index.open("wb") as file:
                file.write(dumped(index))
                flush(file)
            former = read(self._place)
            self._index.replace(self._place / INDEX)
            self._committed = True
            _flush_folder(self._place)
        if former is not None:
            remove_file(self._place / former.images)
        for path in self._taken_over:
            remove_file(path)
        return images, index

    def note(self, index: Index) -> None:
        """Write the entry's index anew, its array as it was, unless another one is there now."""
        with writing_entry(self._place):
            with self._index.open("wb") as file:
                file.write(dumped(index))
                flush(file)
            there = read(self._place)
            if there is not None and there.images == index.images:
                self._index.replace(self._place / INDEX)

    def _sweep(self) -> None:
        index = read(self._place)
        kept = {self._place / INDEX, self._place / (index.images if index else INDEX)}
        if not self._committed:  # however old: the next one goes on with them
            kept |= set(self._taken_over)
        with suppress(OSError):
            for path in self._place.iterdir():
                if path not in kept and path.stat().st_mtime < time.time() - _LEFTOVER_SECONDS:
                    remove_file(path)


def _flush_folder(place: Path) -> None:
    """Have the rename itself on disk, where the system can do that for folders."""
    if os.name != "posix":
        return
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
