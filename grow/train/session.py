"""A run at work: its folder locked, its log kept, and what a failing log or disk means.

`grow run` and every trial of a comparison go through here, so that both leave the same log.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grow.config.schema import RunSpec
from grow.data.cache import cache_folder
from grow.errors import FULL, GrowError
from grow.runs import lock
from grow.runs.folder import RunFolder
from grow.signals import StopSwitch
from grow.train import engine
from grow.train.events import Event, Listener, Preparing, StepDone, Validating, Warned, to_all
from grow.train.loggers.jsonl import EventLog

_OFTEN = (StepDone, Validating, Preparing)
_CHECK_SECONDS = 0.1
"""How often the lock is looked at while only steps and progress are told."""


@contextmanager
def at_work(path: Path) -> Iterator[tuple[RunFolder, Path | None]]:
    """Works in a run folder, made when it is not there, while nobody else does.

    Returns:
        The folder, which asks for its lock before each write; and where something is now that
        stood in the lock's place and was none.

    Raises:
        RunFolderError: it is in use by another process.
        GrowError: something in it cannot be read or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with lock.held(path) as hold:
            yield RunFolder(path, hold.check), hold.put_aside
    except OSError as error:
        if not _is_within(path, error):
            raise
        first = "free some space" if error.errno in FULL else "fix the cause"
        raise GrowError(
            f"{error.filename} cannot be read or written: {error.strerror or error}",
            hint=f"{first} and run again, or name another folder with --run-dir; "
            "finished work is kept",
        ) from error


def train_in_folder(  # noqa: PLR0913  (all but the first five are options, by name)
    spec: RunSpec,
    base: Path,
    folder: RunFolder,
    listeners: Iterable[Listener],
    stop: StopSwitch,
    *,
    command: str = "",
    loggers: Iterable[Listener] = (),
    noted: RunSpec | None = None,
    verify: bool = False,
) -> None:
    """Carries a stage file out in a run folder, with its log kept.

    Args:
        spec: the stage file.
        base: the folder that its relative paths start from.
        folder: the run folder, as `at_work` gave it.
        listeners: called with each event.
        stop: asks to stop.
        command: the command line that does the same; empty where there is none.
        loggers: called with each event after the listeners; one that fails stops no run.
        noted: the stage file that the folder says was run in it, where that is another: a
            comparison's controls leave the notes of the growth they are controls of.
        verify: whether every picture is read again, whatever its size and time of change say.

    Raises:
        DataError: the pictures cannot be used.
        RunFolderError: something in the run folder is damaged, or its lock is lost.
        Stopped: stopped as asked.
    """
    logs: list[Listener] = [EventLog(folder.path / "events.jsonl", command), *loggers]
    emit = _emitter(to_all(listeners), logs, folder)
    engine.train_stages(spec, base, folder, cache_folder(), emit, stop, noted=noted, verify=verify)


def told_of_lock(aside: Path | None) -> tuple[Warned, ...]:
    """The warning that something stood in a lock's place, where something did."""
    if aside is None:
        return ()
    place = aside.parent / "lock"
    return (Warned(f"{place} was no lock of a process; put aside as {aside.name}"),)


def _emitter(tell: Listener, logs: list[Listener], folder: RunFolder) -> Listener:
    """Tells the listeners of an event, then the logs; a log that fails stops no run.

    The logs are files of the run folder: nothing is written there once its lock is lost.
    """
    kept = list(logs)
    checked = 0.0

    def check_lock(event: Event) -> None:
        nonlocal checked
        if not isinstance(event, _OFTEN) or time.monotonic() - checked > _CHECK_SECONDS:
            folder.guard()
            checked = time.monotonic()

    def emit_logged(event: Event) -> None:
        check_lock(event)
        tell(event)
        if isinstance(event, Validating | Preparing):
            return
        check_lock(event)  # listeners may have taken their time
        for log in tuple(kept):
            try:
                log(event)
            except OSError as error:
                kept.remove(log)
                why = error.strerror or error
                emit_logged(Warned(f"{folder.path}: the log is not kept any longer: {why}"))

    return emit_logged


def _is_within(folder: Path, error: OSError) -> bool:
    """Whether it is the run folder that failed, something in it, or what it stands in."""
    if not error.filename:
        return False
    path = Path(str(error.filename))
    return path in folder.parents or folder in (path, *path.parents, *path.absolute().parents)
