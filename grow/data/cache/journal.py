"""What was read so far, written down as it is read, so that a stop costs none of it.

A journal is two files: rows of pixels one after another, and a line for each file read. Each
line carries a checksum of itself and its row, so a power cut in between costs the rows that
had not reached the disk, and no torn one is ever believed.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from grow import plainfile
from grow.data.cache.index import Record
from grow.data.cache.writing import new_file, remove_file, writing_entry
from grow.data.manifest import Shape

Pixels = NDArray[np.uint8]

_MOST_BYTES = 1 << 33
_ROWS, _LINES = ".rows", ".jsonl"
_SUM = 8  # hexadecimal digits


class Journal:
    """A journal being written.

    Raises:
        GrowError: from every method, when it cannot be written.
    """

    def __init__(self, place: Path, token: str, shape: Shape) -> None:
        self._rows_path = place / f"read-{token}{_ROWS}"
        self._lines_path = place / f"read-{token}{_LINES}"
        self._shape, self._count = shape, 0
        self._rows: BinaryIO
        self._lines: BinaryIO

    @contextmanager
    def opened(self) -> Iterator[Self]:
        """Around all `add` and `array`; its files stay."""
        with new_file(self._rows_path) as rows, new_file(self._lines_path) as lines:
            self._rows, self._lines = rows, lines
            yield self

    def add(self, record: Record, pixels: Pixels | None) -> Record:
        """Note a file that was read; its row, where it has one, is said in the result.

        Args:
            record: what is known of the file.
            pixels: its row, uint8 of shape (height, width, channels); None for an unusable one.
        """
        raw = b""
        if pixels is not None:
            raw = pixels.tobytes()
            record = record._replace(row=self._count)
            self._count += 1
        body = json.dumps(record.written(), separators=(",", ":")).encode()
        # Plain writes: on a full disk they raise, where a mapped file would kill the process.
        # Flushed at once: what the system has survives a kill.
        with writing_entry(self._rows_path.parent):
            self._rows.write(raw)
            self._rows.flush()
            self._lines.write(b"%08x%s\n" % (_checksum(body, raw), body))
            self._lines.flush()
        return record

    def array(self) -> Pixels:
        """The rows so far, mapped read-only: `(rows, height, width, channels)`."""
        if not self._count:
            return np.empty((0, *self._shape), np.uint8)
        # By the open file, not its name: another process may have taken it over and removed it.
        return np.memmap(self._rows, np.uint8, "r", shape=(self._count, *self._shape))

    @property
    def holds_any(self) -> bool:
        """Whether it is worth keeping: it has a row."""
        return self._count > 0

    def remove(self) -> None:
        """Remove it, when it has served."""
        for path in journal_files(self._lines_path):
            remove_file(path)


def read_journals(
    place: Path, shape: Shape, check_stop: Callable[[], None]
) -> Iterator[tuple[Path, Pixels, list[Record]]]:
    """The journals in a cache entry: file of the lines, rows, and the records that hold.

    Args:
        place: the entry's folder.
        shape: height, width and channels of a row.
        check_stop: called between records; it raises to stop.
    """
    for lines in sorted(place.glob(f"read-*{_LINES}")):
        try:
            raw = plainfile.read_bytes(lines, _MOST_BYTES)
            array = _mapped(lines.with_suffix(_ROWS), shape)
        except (OSError, ValueError):
            continue  # somebody else's, who has just removed it
        records = []
        for line in raw.splitlines():
            check_stop()
            record = _believed(line, array)
            if record is not None:
                records.append(record)
        yield lines, array, records


def journal_files(lines: Path) -> tuple[Path, Path]:
    """Both files of a journal, by the one that `read_journals` names."""
    return lines, lines.with_suffix(_ROWS)


def _mapped(path: Path, shape: Shape) -> Pixels:
    if why := plainfile.misplaced(path):  # to map a named pipe would wait for a writer
        raise OSError(why)
    rows = path.stat().st_size // math.prod(shape)
    if not rows:
        return np.empty((0, *shape), np.uint8)
    return np.memmap(path, np.uint8, "r", shape=(rows, *shape))


def _believed(line: bytes, array: Pixels) -> Record | None:
    """The record of a line; None where the line or its row is not as it was written."""
    try:
        said, body = int(line[:_SUM], 16), line[_SUM:]
        record = Record(*json.loads(body))
        raw = b"" if record.row < 0 else array[record.row].tobytes()
    except plainfile.MALFORMED:
        return None
    return record if said == _checksum(body, raw) else None


def _checksum(body: bytes, raw: bytes) -> int:
    return zlib.crc32(raw, zlib.crc32(body))
