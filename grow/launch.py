"""Starts runs: finds the stage file, the run folder and the cache, and calls the engine.

The Python face of `grow run` and `grow resume`.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from grow import engine, lock, stagefile
from grow.boardlog import BoardLog
from grow.commit import Guard
from grow.errors import FULL, DivergedError, GrowError, GrowthError, RunFolderError
from grow.eventlog import EventLog
from grow.events import (
    Diverged,
    Event,
    Listener,
    Preparing,
    StageDone,
    StepDone,
    Validating,
    Warned,
    to_all,
)
from grow.planning import cache_folder, run_folder
from grow.runs import Run, load, noted
from grow.spec import RunSpec
from grow.stopping import StopSwitch
from grow.store import RunFolder

_OFTEN = (StepDone, Validating, Preparing)
_CHECK_SECONDS = 0.1
"""How often the lock is looked at while only steps and progress are told."""


def run(
    stage_file: str | PathLike[str],
    *,
    run_dir: str | PathLike[str] | None = None,
    overrides: Sequence[str] = (),
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
    tensorboard: bool = False,
    verify: bool = False,
) -> Run:
    """Trains every stage of a stage file, or goes on where an earlier run of it left off.

    Args:
        stage_file: path of the stage file.
        run_dir: the run folder; ``runs/NAME`` unless said.
        overrides: values in place of the file's, such as ``train.epochs=3``.
        listeners: called with each event, in order (see `grow.events`); a
            `grow.console.RunView` shows them in a terminal.
        stop: asks the run to stop at the next step, with a checkpoint written.
        tensorboard: whether to keep TensorBoard event files in the run folder too.
        verify: whether every picture is read again; one whose size and time of change are as
            they were counts as unchanged otherwise.

    Returns:
        The finished run.

    Raises:
        StageFileError: the stage file cannot be used; carries all its problems.
        DataError: the pictures cannot be used.
        RunFolderError: the run folder is in use, or damaged.
        Stopped: stopped as asked; the same call goes on.
        DivergedError: training diverged, and goes on with no lower learning rate.
        UsageError: ``tensorboard`` is asked for and not installed.
    """
    file = Path(stage_file)
    spec = stagefile.read(file, overrides)
    folder = RunFolder(run_folder(spec, run_dir))
    where = [] if run_dir is None else ["--run-dir", str(run_dir)]
    where += [word for one in overrides for word in ("--set", one)]
    command = _words("run", str(stage_file), *where, tensorboard=tensorboard)
    ears = _Ears(to_all(listeners), stop, tensorboard)
    try:
        return _launch(spec, file.parent.resolve(), folder, command, ears, verify=verify)
    except DivergedError as error:
        error.advise(str(stage_file))
        raise
    except GrowthError as error:
        raise stagefile.located(file, error, overrides) from None


def resume(
    run_dir: str | PathLike[str],
    *,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
    tensorboard: bool = False,
    verify: bool = False,
) -> Run:
    """Goes on with a run from its folder alone; otherwise as `run`.

    Raises:
        RunFolderError: it is not a run folder, is in use, or is damaged.
    """
    folder = RunFolder(Path(run_dir))
    found = noted(folder)
    command = _words("resume", str(run_dir), tensorboard=tensorboard)
    ears = _Ears(to_all(listeners), stop, tensorboard)
    try:
        return _launch(found.spec, found.base, folder, command, ears, verify=verify)
    except GrowthError as error:
        raise stagefile.located(folder.stage_file, error) from None


def _words(*arguments: str, tensorboard: bool) -> str:
    """The command line that does the same."""
    return shlex.join(["grow", *arguments, *(["--tensorboard"] if tensorboard else [])])


@dataclass(frozen=True)
class _Ears:
    """Who hears of a run besides its logs, and what stops it."""

    tell: Listener
    stop: StopSwitch | None
    tensorboard: bool


def _launch(
    spec: RunSpec, base: Path, folder: RunFolder, command: str, ears: _Ears, *, verify: bool
) -> Run:
    board = BoardLog(folder.path / "tensorboard") if ears.tensorboard else None
    logs: list[Listener] = [EventLog(folder.path / "events.jsonl", command)]
    logs += [board] if board is not None else []
    with at_work(folder.path) as (locked, aside):

        def report(event: Event) -> None:
            done = isinstance(event, StageDone) and not event.reused
            if done or (isinstance(event, Diverged) and event.learning_rate is None):
                _write_reports(load(folder.path), locked.guard, ears.tell)

        emit = _emitter(ears.tell, [*logs, report], locked)
        try:
            for warned in told_of_lock(aside):
                emit(warned)
            engine.run(
                spec, base, locked, cache_folder(), emit, ears.stop or StopSwitch(), verify=verify
            )
        finally:
            if board is not None:
                with suppress(OSError):  # its last words only; a full disk was told of before
                    board.close()
        result = replace(load(folder.path), running=None)
        _write_reports(result, locked.guard, emit)
    return result


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
        first = "free some space" if error.errno in FULL else "mend that"
        raise GrowError(
            f"{error.filename} cannot be read or written: {error.strerror or error}",
            hint=f"{first} and run again, or name another folder with --run-dir; "
            "what was earned is kept",
        ) from error


def carry_out(
    spec: RunSpec,
    base: Path,
    folder: RunFolder,
    listeners: Iterable[Listener],
    stop: StopSwitch,
    *,
    noted: RunSpec | None = None,
) -> None:
    """Carries a stage file out in a run folder, with its log kept.

    Args:
        spec: the stage file.
        base: the folder that its relative paths start from.
        folder: the run folder, as `at_work` gave it.
        listeners: called with each event.
        stop: asks to stop.
        noted: the stage file that the folder says was run in it, where that is another: a
            comparison's controls leave the notes of the growth they are controls of.

    Raises:
        DataError: the pictures cannot be used.
        RunFolderError: something in the run folder is damaged, or its lock is lost.
        Stopped: stopped as asked.
    """
    logs: list[Listener] = [EventLog(folder.path / "events.jsonl", "")]
    emit = _emitter(to_all(listeners), logs, folder)
    engine.run(spec, base, folder, cache_folder(), emit, stop, noted=noted)


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

    def emit(event: Event) -> None:
        nonlocal checked
        if not isinstance(event, _OFTEN) or time.monotonic() - checked > _CHECK_SECONDS:
            folder.guard()
            checked = time.monotonic()
        tell(event)
        if isinstance(event, Validating | Preparing):
            return
        for log in tuple(kept):
            try:
                log(event)
            except OSError as error:
                kept.remove(log)
                why = error.strerror or error
                emit(Warned(f"{folder.path}: the log is not kept any longer: {why}"))

    return emit


def _write_reports(result: Run, guard: Guard, emit: Listener) -> None:
    """Writes the reports into the run folder; one that fails costs no training."""

    def write() -> None:
        from grow.report.files import write_reports  # noqa: PLC0415  (loads Jinja)

        write_reports(result, guard)

    try_reports(result.path, write, emit)


def try_reports(folder: Path, write: Callable[[], None], emit: Listener) -> None:
    """Has reports written; where that fails, for whatever reason, all it costs is a warning."""
    try:
        write()
    except RunFolderError:  # the lock is lost
        raise
    except Exception as error:  # noqa: BLE001  (not even a defect of a report may)
        why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        emit(Warned(f"{folder}: the reports could not be written: {why}"))


def _is_within(folder: Path, error: OSError) -> bool:
    """Whether it is the run folder that failed, something in it, or what it stands in."""
    if not error.filename:
        return False
    path = Path(str(error.filename))
    return path in folder.parents or folder in (path, *path.parents, *path.absolute().parents)
