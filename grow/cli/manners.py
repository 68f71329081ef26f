"""What every command can be told about its terminal: to be quiet, to be verbose, to keep a log.

The options stand before the command or after it, and mean the same. Imports nothing heavy.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path

from grow.cli import console
from grow.errors import GrowError, writing

_NOISE = "GROW_BACKEND_NOISE"


class _Visit:
    """One command line being carried out: what has to be undone when it ends."""

    def __init__(self, given: Sequence[str]) -> None:
        self.command = shlex.join(["grow", *given])
        self.undo = ExitStack()
        self.logged = False


_visit: ContextVar[_Visit | None] = ContextVar("visit", default=None)


@contextmanager
def kept(given: Sequence[str]) -> Iterator[None]:
    """What a command line says about manners holds until here, and not for the next one."""
    visit = _Visit(given)
    token = _visit.set(visit)
    try:
        with visit.undo:
            yield
    finally:
        _visit.reset(token)


def command() -> str:
    """The command line being carried out, as it can be given again."""
    visit = _visit.get()
    return visit.command if visit is not None else shlex.join(["grow", *sys.argv[1:]])


def be_quiet(wanted: bool) -> None:
    """From now on only what was asked for is printed, and warnings and errors."""
    visit = _visit.get()
    if wanted and visit is not None:
        visit.undo.enter_context(console.quietly())


def be_verbose(wanted: bool) -> None:
    """From now on TensorFlow's own messages are shown, also those of processes started here."""
    visit = _visit.get()
    if not wanted or visit is None:
        return
    before = os.environ.get(_NOISE)
    os.environ[_NOISE] = "1"
    visit.undo.callback(_put_back, before)


def _put_back(before: str | None) -> None:
    os.environ.pop(_NOISE, None)
    if before is not None:
        os.environ[_NOISE] = before


def keep_log(path: Path | None) -> None:
    """From now on what happens is also written to a file, each line with its time.

    Raises:
        UsageError: the file cannot be written.
    """
    visit = _visit.get()
    if path is None or visit is None:
        return
    from grow import log  # noqa: PLC0415  (logging takes a while to load)

    with writing(f"--log-file {path}", hint="name a file in an existing folder"):
        visit.undo.enter_context(log.kept(path))
    visit.logged = True
    log.note(visit.command)


def log_error(error: GrowError) -> None:
    """Writes a failure to the log, where one is kept."""
    if _is_logged():
        from grow import log  # noqa: PLC0415

        log.note(str(error), level=log.ERROR)


def log_end(code: int) -> None:
    """Writes to the log, where one is kept, how the command ended."""
    if _is_logged():
        from grow import log  # noqa: PLC0415

        log.note(f"ended with exit code {code}")


def _is_logged() -> bool:
    visit = _visit.get()
    return visit is not None and visit.logged
