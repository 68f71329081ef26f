"""One process at a time in a run folder: a lock file that says who holds it.

Made by an exclusive create, which is atomic on local disks and on NFS from version 3 on; it
needs no advisory locks. The lock of a process that no longer runs is taken over. Whoever holds
one asks before each write whether it is still there: a folder can be moved away, and another
process be at work in its place.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grow import atomic, plainfile
from grow.errors import RunFolderError

Holder = dict[str, Any]

_BESIDE = ".lock-"
_CLAIM = ".dead-lock-"
_LOOKS, _LOOK_SECONDS = 3, 0.1
_OLD_SECONDS = 60.0
_MOST_BYTES = 1 << 16
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.EFBIG, errno.ESTALE)


@dataclass(frozen=True)
class Hold:
    """The lock of a folder as long as this process has it.

    Attributes:
        put_aside: what stood in the lock's place and was none, where it is now; None for nothing.
    """

    folder: Path
    mine: Holder
    put_aside: Path | None = None

    def check(self) -> None:
        """Returns while the lock is this one.

        Raises:
            RunFolderError: the folder was moved or removed, or another process has its lock.
        """
        try:
            found = _parsed(plainfile.read_bytes(self.folder / "lock", _MOST_BYTES))
        except OSError as error:
            if error.errno not in _GONE:
                return  # too many open files, say: that it is another's is not known
            found = None
        if found != self.mine:
            raise _lost(self.folder, found)


@contextmanager
def held(folder: Path) -> Iterator[Hold]:
    """Holds the lock of ``folder`` while the block runs.

    Raises:
        RunFolderError: another process holds it; the message says who and since when.
    """
    path = folder / "lock"
    put_aside = _put_aside(path)
    mine = _acquire(path)
    try:
        _sweep(folder)
        yield Hold(folder, mine, put_aside)
    finally:
        if holder(folder) == mine:
            with suppress(OSError):
                path.unlink()


def _put_aside(path: Path) -> Path | None:
    """Moves what no process can have made as its lock out of the way; returns where to."""
    with suppress(OSError):
        if plainfile.misplaced(path) or path.stat().st_size > _MOST_BYTES:
            return atomic.set_aside(path)
    return None


def holder(folder: Path) -> Holder | None:
    """Who holds the lock of ``folder``: host, process, since; None when nobody does."""
    return _read(folder / "lock")


def _read(path: Path) -> Holder | None:
    return _parsed(_bytes(path) or b"")


def living_holder(folder: Path) -> Holder | None:
    """Who is at work in ``folder``; None when nobody is, or whoever was no longer runs."""
    found = holder(folder)
    return None if _is_dead(found) else found


def _acquire(path: Path) -> Holder:
    me: Holder = {
        "host": socket.gethostname(),
        "process": os.getpid(),
        "started": _start_of(os.getpid()),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "token": uuid.uuid4().hex,
    }
    # Written whole beside it, then linked into place: nobody reads half a lock.
    beside = path.with_name(f"{_BESIDE}{uuid.uuid4().hex[:8]}")
    try:
        beside.write_text(json.dumps(me))
        if _link(beside, path):
            return me
        if _clear_if_dead(path, beside) and _link(beside, path):
            return me
    finally:
        with suppress(OSError):
            beside.unlink()
    raise _refusal(path)


def _link(beside: Path, path: Path) -> bool:
    """Puts the lock in place unless there is one already."""
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: create it exclusively instead
        return _create(path, beside.read_bytes())
    return True


def _create(path: Path, content: bytes) -> bool:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _clear_if_dead(path: Path, beside: Path, deep: int = 3) -> bool:
    """Removes the lock of a process of this host that no longer runs.

    Whoever removes a dead lock must first have claimed it: a file named for that very lock, made
    as a lock is made. So only one process ever removes it, and none can remove, between looking
    and removing, a lock that a living one has just taken in its place. The claim of a process
    that died is cleared in the same way.

    Returns:
        Whether the place is free now, or was a moment ago.
    """
    found = _settled(path)
    if found is None:
        return True
    if not _is_dead(_parsed(found)):
        return False
    claim = path.with_name(f"{_CLAIM}{hashlib.sha256(found).hexdigest()[:16]}")
    claimed = _link(beside, claim)
    if not claimed and deep and _clear_if_dead(claim, beside, deep - 1):
        claimed = _link(beside, claim)
    if not claimed:
        return False
    try:
        if _bytes(path) == found:
            with suppress(OSError):
                path.unlink()
    finally:
        with suppress(OSError):
            claim.unlink()
    return True


def _settled(path: Path) -> bytes | None:
    """A lock's content; one that makes no sense is looked at again, it may be half written."""
    for _ in range(_LOOKS):
        found = _bytes(path)
        if found is None or _parsed(found) is not None:
            return found
        time.sleep(_LOOK_SECONDS)
    return found


def _bytes(path: Path) -> bytes | None:
    try:
        return plainfile.read_bytes(path, _MOST_BYTES)
    except OSError:
        return None


def _parsed(content: bytes) -> Holder | None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _sweep(folder: Path) -> None:
    """Deletes what processes that died left beside the lock; only under the lock."""
    for left in (*folder.glob(f"{_BESIDE}*"), *folder.glob(f"{_CLAIM}*")):
        content = _bytes(left)
        with suppress(OSError):
            aged = time.time() - left.stat().st_mtime > _OLD_SECONDS
            found = _parsed(content or b"")
            if _is_dead(found) and (found is not None or aged):
                left.unlink()


def _is_dead(found: Holder | None) -> bool:
    if found is None or not isinstance(found.get("host"), str):
        return True  # empty or garbled: it was never a whole lock
    if found["host"] != socket.gethostname():
        return False
    process = found.get("process")
    if not isinstance(process, int) or process < 1 or not _runs(process):
        return True
    return found.get("started") != _start_of(process)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # gone, or a number that no process can have
        return False
    except OSError:
        return True
    return True


def _start_of(process: int) -> str | None:
    """When a process began, in the kernel's own count, so that a reused number is told apart.

    A process that has ended and whose parent has not asked for its exit code yet keeps its number,
    in some containers for ever: it says ``ended``.
    """
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    state, *rest = text.rpartition(")")[2].split()
    return "ended" if state in ("Z", "X") else rest[18]


def _lost(folder: Path, found: Holder | None) -> RunFolderError:
    if found is None:
        words = f"{folder} was moved or removed, or its lock was, while this process was at work"
    else:
        words = (
            f"{folder} was moved away, or its lock was deleted, while this process was at work; "
            f"process {found.get('process')} on {found.get('host')} has it now"
        )
    return RunFolderError(
        f"{words}: nothing more is written",
        hint="the same command goes on from the checkpoints that are in its run folder",
    )


def _refusal(path: Path) -> RunFolderError:
    found = holder(path.parent)
    if found is None:
        return RunFolderError(
            f"{path} cannot be read, so nobody knows whether a process is at work there",
            hint=f"if none is, delete {path}; or use another --run-dir",
        )
    return RunFolderError(
        f"{path.parent} is in use by process {found.get('process')} on {found.get('host')} "
        f"since {found.get('since')}",
        hint=f"wait for it, stop it, or use another --run-dir; if it is gone, delete {path}",
    )
