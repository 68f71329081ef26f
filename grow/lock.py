"""One process at a time in a run folder: a lock file that says who holds it.

Made by an exclusive create, which is atomic on local disks and on NFS from version 3 on; it
needs no advisory locks. The lock of a process that no longer runs is taken over. Standard
library and floor 0 only.
"""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grow.errors import RunFolderError

Holder = dict[str, Any]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds the lock of ``folder`` while the block runs.

    Raises:
        RunFolderError: another process holds it; the message says who and since when.
    """
    path = folder / "lock"
    mine = _acquire(path)
    try:
        yield
    finally:
        if holder(folder) == mine:
            with suppress(OSError):
                path.unlink()


def holder(folder: Path) -> Holder | None:
    """Who holds the lock of ``folder``: host, process, since; None when nobody does."""
    return _read(folder / "lock")


def _read(path: Path) -> Holder | None:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _acquire(path: Path) -> Holder:
    me: Holder = {
        "host": socket.gethostname(),
        "process": os.getpid(),
        "started": _start_of(os.getpid()),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    # Written whole beside it, then linked into place: nobody reads half a lock.
    beside = path.with_name(f".lock-{uuid.uuid4().hex[:8]}")
    try:
        beside.write_text(json.dumps(me))
        if _link(beside, path):
            return me
        _clear_if_dead(path)
        if _link(beside, path):
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


def _clear_if_dead(path: Path) -> None:
    """Removes the lock of a process of this host that no longer runs.

    It is renamed first, so that of two processes that find it dead only one removes it, and
    it is looked at again once renamed, in case a living one had just taken it.
    """
    found = holder(path.parent)
    if not _is_dead(found):
        return
    aside = path.with_name(f".lock-{uuid.uuid4().hex[:8]}")
    with suppress(OSError):
        path.rename(aside)
        if _read(aside) != found:
            _link(aside, path)
        aside.unlink()


def _is_dead(found: Holder | None) -> bool:
    if found is None:
        return True  # empty or garbled: it was never a whole lock
    if found.get("host") != socket.gethostname():
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
    """When a process began, in the kernel's own count, so that a reused number is told apart."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]


def _refusal(path: Path) -> RunFolderError:
    found = holder(path.parent) or {}
    return RunFolderError(
        f"{path.parent} is in use by process {found.get('process')} on {found.get('host')} "
        f"since {found.get('since')}",
        hint=f"wait for it, stop it, or use another --run-dir; if it is gone, delete {path}",
    )
