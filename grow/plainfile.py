"""Files of a run folder and of the picture cache, read so that no read hangs or fills the memory.

Damage may leave anything where a file belongs: a folder, a named pipe, a device, a link that
leads nowhere, a file of a terabyte. Only regular files of a bounded size are opened here; all
else is an `OSError` that says what stands there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal

DOCUMENT_BYTES = 1 << 28
"""The largest text or JSON file that is read: more than any that `grow` writes."""

MALFORMED = (AttributeError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What is raised where JSON is damaged, or something is made of values of another form."""

_CHUNK_BYTES = 1 << 22
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_bytes(path: Path, most_bytes: int = DOCUMENT_BYTES) -> bytes:
    """The content of a regular file.

    Raises:
        OSError: there is none, it cannot be read, or it is larger than ``most_bytes``.
    """
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise OSError(errno.EFBIG, f"more than {most_bytes:,} bytes", str(path))
        try:
            return file.read(size)  # no more: a file that grows meanwhile has no end
        except MemoryError as error:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), str(path)) from error


def sha256(path: Path, size: int, check_stop: Callable[[], None] = lambda: None) -> str:
    """The digest of a regular file's first ``size`` bytes, in hexadecimal.

    Args:
        path: the file.
        size: how much of it is read; a file that grows has no end of its own.
        check_stop: called every few megabytes; raises to stop.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    total = hashlib.sha256()
    with opened(path) as file:
        while size > 0 and (chunk := file.read(min(size, _CHUNK_BYTES))):
            check_stop()
            total.update(chunk)
            size -= len(chunk)
    return total.hexdigest()


def lines(path: Path, most_bytes: int) -> Iterator[bytes]:
    """The lines of a regular file without their ends, each cut after ``most_bytes``.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    with opened(path) as file:
        while line := file.readline(most_bytes):
            yield line.rstrip(b"\r\n")
            while line and not line.endswith(b"\n"):  # the rest of a line that is too long
                line = file.readline(_CHUNK_BYTES)


def opened(path: Path) -> BinaryIO:
    """A regular file opened for reading.

    Raises:
        OSError: there is none, or it cannot be opened.
    """
    _check_regular(path.stat(), path)
    # Without O_NONBLOCK, opening a pipe that has just come in its place waits for a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(path, flags), "rb")
    try:
        _check_regular(os.fstat(file.fileno()), path)
    except OSError:
        file.close()
        raise
    return file


def _check_regular(status: os.stat_result, path: Path) -> None:
    for is_kind, words in _KINDS:
        if is_kind(status.st_mode):
            raise OSError(errno.EINVAL, f"{words}, expected a file", str(path))


def misplaced(path: Path, expected: Literal["file", "folder"] = "file") -> str:
    """What stands at ``path`` in place of a file or a folder, in words; empty where nothing does.

    Links are followed: one that leads to what is expected is as good.
    """
    if not os.path.lexists(path):
        return ""
    try:
        mode = path.stat().st_mode
    except OSError:
        what = "a link that leads nowhere" if path.is_symlink() else "what cannot be looked at"
    else:
        wanted = stat.S_ISREG if expected == "file" else stat.S_ISDIR
        if wanted(mode):
            return ""
        what = next((words for is_kind, words in _KINDS if is_kind(mode)), "a file")
    return f"expected a {expected}, found {what}"
