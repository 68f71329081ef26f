"""Atomic commits: whatever must be whole is written beside its place, flushed, and renamed.

A reader sees the old one or the new one, never half of one (law 4).
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY = ".writing-"
"""What names of things not yet committed start with; left over, they may be deleted."""

DAMAGED = "damaged-"
"""What names of things put aside start with; only `grow clean` deletes them."""

Guard = Callable[[], None]
"""Returns while this process may write; raises once it may not, such as when its lock is gone."""


def unguarded() -> None:
    """The guard of what only one process ever writes."""


def write_file(path: Path, content: bytes, guard: Guard = unguarded) -> None:
    """Makes ``content`` the file at ``path`` in one step, flushed to disk.

    Raises:
        OSError: it could not be written; what was there before is still there.
    """
    write_through(path, lambda beside: beside.write_bytes(content), guard)


def write_through(path: Path, write: Callable[[Path], object], guard: Guard = unguarded) -> None:
    """Makes the file that ``write`` writes the one at ``path`` in one step, flushed to disk.

    Args:
        path: where it will stand.
        write: is given a path beside it, with the same ending.
        guard: asked before anything is written, and again before the rename.

    Raises:
        OSError: it could not be written; what was there before is still there.
    """
    guard()
    beside = beside_of(path)
    try:
        write(beside)
        _flush(beside)
        guard()
        beside.replace(path)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        _name(error, path)
        raise
    flush_folder(path.parent)


@contextmanager
def new_folder(path: Path, *, replace: bool = False, guard: Guard = unguarded) -> Iterator[Path]:
    """A folder to fill, which becomes ``path`` in one step when the block ends well.

    Args:
        path: where it will stand.
        replace: whether a folder that is there gives way, once the new one is on disk.
        guard: asked before anything is written, and again before the rename.

    Raises:
        OSError: it could not be written, or ``path`` is there already.
    """
    if os.path.lexists(path) and not replace:  # a rename would silently replace an empty folder
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    guard()
    beside = beside_of(path)
    try:
        beside.mkdir(parents=True)
        yield beside
        for inner in beside.rglob("*"):
            if inner.is_dir():
                flush_folder(inner)
            else:
                _flush(inner)
        flush_folder(beside)
        guard()
        if replace and path.is_dir():
            _exchange(path, beside)
        else:
            beside.rename(path)
    except BaseException as error:
        shutil.rmtree(beside, ignore_errors=True)
        _name(error, path)
        raise
    flush_folder(path.parent)


def _exchange(path: Path, beside: Path) -> None:
    """Puts the folder ``beside`` in the place of another, which is deleted last."""
    doomed = beside_of(path)
    path.rename(doomed)
    try:
        beside.rename(path)
    except BaseException:
        doomed.rename(path)
        raise
    shutil.rmtree(doomed, ignore_errors=True)


def remove_folder(path: Path, guard: Guard = unguarded) -> None:
    """Deletes a folder so that no reader meets half of it: it is renamed first."""
    guard()
    doomed = beside_of(path)
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def set_aside(path: Path, guard: Guard = unguarded) -> Path:
    """Moves something damaged out of the way, without deleting it; returns where to.

    Raises:
        OSError: it could not be moved.
    """
    guard()
    aside = path.with_name(f"{DAMAGED}{path.name}-{uuid.uuid4().hex[:8]}")
    path.rename(aside)
    flush_folder(path.parent)
    return aside


def sweep(folder: Path) -> None:
    """Deletes what an interrupted commit left in ``folder``; only safe under the run's lock."""
    for left in folder.glob(f"{TEMPORARY}*"):
        if left.is_dir() and not left.is_symlink():
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


def _name(error: BaseException, path: Path) -> None:
    """Says in an error that names no file (a full disk seldom does) what was being written."""
    if isinstance(error, OSError) and error.filename is None:
        error.filename = str(path)


def beside_of(path: Path) -> Path:
    """A name beside ``path`` for what is not committed yet, or no longer wanted."""
    return path.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:8]}-{path.name}")
