"""The bytes of one picture file, or why there are none to be had: no read that never ends.

This module owns which files are read at all. It decodes nothing.
"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from grow.data.decode import Undecodable

MAX_BYTES = 500_000_000
"""The largest file that is read: more than `decode.MAX_PIXELS` of four bytes take."""


def contents(path: str | Path, *, pipes: bool = False) -> bytes:
    """What is in a picture file. Safe to call from several threads.

    Args:
        path: the file.
        pipes: whether to read a pipe to its end: what somebody names, not what is found.

    Raises:
        Undecodable: it cannot be read, is no file to read (a pipe, a device), or too large.
    """
    try:
        status = Path(path).stat()
        # Opening a pipe waits for a writer, and a device such as /dev/zero has no end.
        kinds = (stat.S_ISREG, stat.S_ISDIR, *((stat.S_ISFIFO,) if pipes else ()))
        if not any(kind(status.st_mode) for kind in kinds):
            raise Undecodable("neither a file nor a folder")
        if status.st_size > MAX_BYTES:
            size = f"a file of {status.st_size:,} bytes"
            raise Undecodable(f"too large: {size} is more than {MAX_BYTES:,}")
        return Path(path).read_bytes()
    except OSError as error:
        raise Undecodable(f"cannot be read: {error.strerror or error}", passing=True) from error
    except ValueError as error:  # a NUL in the name
        raise Undecodable(f"cannot be read: {error}") from error
    except MemoryError as error:
        raise Undecodable("too large: not enough memory", passing=True) from error


def digest_of(path: str) -> str:
    """The digest of a picture file's bytes; empty where they cannot be had."""
    try:
        return hashlib.sha256(contents(path)).hexdigest()
    except Undecodable:
        return ""


def verdict(why: Undecodable, data: bytes | None) -> str:
    """The digest that an unusable file is remembered by; empty where it is to be tried again.

    Args:
        why: what is wrong with it.
        data: its bytes; None where they were not read.
    """
    if why.passing:
        return ""
    return hashlib.sha256(why.reason.encode() if data is None else data).hexdigest()
