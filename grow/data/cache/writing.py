"""Writing a file of a cache entry: a disk that will not have it becomes a message."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from grow.errors import GrowError


@contextmanager
def writing_entry(place: Path) -> Iterator[None]:
    """Around what writes in the entry ``place``.

    Raises:
        GrowError: the system refused.
    """
    try:
        yield
    except OSError as error:
        raise GrowError(
            f"{place}: expected to write the prepared pictures, found: {error.strerror or error}.",
            hint="Free some disk space or choose another cache folder; nothing was lost.",
        ) from error


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that is written from its start, and may be read meanwhile; closed when left.

    Raises:
        GrowError: it cannot be opened, or not be written to its end.
    """
    with writing_entry(path.parent):
        file = path.open("w+b")
    try:
        yield file
    except BaseException:
        with suppress(OSError):  # closing writes what is left: on a full disk it fails again
            file.close()
        raise
    with writing_entry(path.parent):
        file.close()


def flush(file: BinaryIO) -> None:
    """Have on disk what was written so far; an ``OSError`` where that cannot be."""
    file.flush()
    os.fsync(file.fileno())


def remove_file(path: Path) -> None:
    """Remove a file; where it is gone or still mapped (Windows), a later sweep sees to it."""
    with suppress(OSError):
        path.unlink()
