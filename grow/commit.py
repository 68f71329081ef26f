"""Atomic commits: whatever must be whole is written beside its place, flushed, and renamed.

A reader sees the old one or the new one, never half of one (law 4). Standard library only.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY = ".writing-"
"""What names of things not yet committed start with; left over, they may be deleted."""


def write_file(path: Path, content: bytes) -> None:
    """Makes ``content`` the file at ``path`` in one step, flushed to disk.

    Raises:
        OSError: it could not be written; what was there before is still there.
    """
    write_through(path, lambda beside: beside.write_bytes(content))


def write_through(path: Path, write: Callable[[Path], object]) -> None:
    """Makes the file that ``write`` writes the one at ``path`` in one step, flushed to disk.

    Args:
        path: where it will stand.
        write: is given a path beside it, with the same ending.

    Raises:
        OSError: it could not be written; what was there before is still there.
    """
    beside = _beside(path)
    try:
        write(beside)
        _flush(beside)
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    flush_folder(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``path`` in one step when the block ends well.

    Raises:
        OSError: it could not be written, or ``path`` is there already.
    """
    beside = _beside(path)
    try:
        beside.mkdir(parents=True)
        yield beside
        for file in beside.rglob("*"):
            if file.is_file():
                _flush(file)
        flush_folder(beside)
        beside.rename(path)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    flush_folder(path.parent)


def remove_folder(path: Path) -> None:
    """Deletes a folder so that no reader meets half of it: it is renamed first."""
    doomed = _beside(path)
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Deletes what an interrupted commit left in ``folder``; only safe under the run's lock."""
    for left in folder.glob(f"{TEMPORARY}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with suppress(OSError):
                left.unlink()


def flush_folder(path: Path) -> None:
    """Makes renames inside ``path`` survive a power cut, where the system allows it."""
    with suppress(OSError):  # folders cannot be opened everywhere (Windows, some networks)
        _flush(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(path: Path) -> Path:
    return path.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:8]}-{path.name}")
