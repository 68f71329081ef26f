"""Starts runs: finds the stage file, the run folder and the cache, and calls the engine.

The Python face of `grow run` and `grow resume`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from grow import engine, stagefile
from grow.boardlog import BoardLog
from grow.errors import GrowthError, RunFolderError
from grow.eventlog import EventLog
from grow.events import Event, Listener, Preparing, StageDone, StepDone, Validating, Warned, to_all
from grow.planning import cache_folder, run_folder
from grow.runs import Run, load, noted
from grow.spec import RunSpec
from grow.stopping import StopSwitch
from grow.store import RunFolder


def run(
    stage_file: str | PathLike[str],
    *,
    run_dir: str | PathLike[str] | None = None,
    overrides: Sequence[str] = (),
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
    tensorboard: bool = False,
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

    Returns:
        The finished run.

    Raises:
        StageFileError: the stage file cannot be used; carries all its problems.
        DataError: the pictures cannot be used.
        RunFolderError: the run folder is in use, or damaged.
        Stopped: stopped as asked; the same call goes on.
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
        return _launch(spec, file.parent.resolve(), folder, command, ears)
    except GrowthError as error:
        raise stagefile.located(file, error, overrides) from None


def resume(
    run_dir: str | PathLike[str],
    *,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
    tensorboard: bool = False,
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
        return _launch(found.spec, found.base, folder, command, ears)
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


def _launch(spec: RunSpec, base: Path, folder: RunFolder, command: str, ears: _Ears) -> Run:
    board = BoardLog(folder.path / "tensorboard") if ears.tensorboard else None
    logs: list[Listener] = [EventLog(folder.path / "events.jsonl", command)]
    logs += [board] if board is not None else []

    def report(event: Event) -> None:
        if isinstance(event, StageDone) and not event.reused:
            _write_reports(folder.path, ears.tell)

    emit = _emitter(ears.tell, [*logs, report], folder.path)
    try:
        _carry_out(spec, base, folder, emit, ears.stop)
    finally:
        if board is not None:
            with suppress(OSError):  # its last words only; a full disk was told of before
                board.close()
    result = load(folder.path)
    _write_reports(folder.path, ears.tell)
    return result


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
        folder: the run folder.
        listeners: called with each event.
        stop: asks to stop.
        noted: the stage file that the folder says was run in it, where that is another: a
            comparison's controls leave the notes of the growth they are controls of.

    Raises:
        DataError: the pictures cannot be used.
        RunFolderError: the run folder is in use, or damaged.
        Stopped: stopped as asked.
    """
    logs: list[Listener] = [EventLog(folder.path / "events.jsonl", "")]
    _carry_out(spec, base, folder, _emitter(to_all(listeners), logs, folder.path), stop, noted)


def _carry_out(
    spec: RunSpec,
    base: Path,
    folder: RunFolder,
    emit: Listener,
    stop: StopSwitch | None,
    noted: RunSpec | None = None,
) -> None:
    try:
        engine.run(spec, base, folder, cache_folder(), emit, stop or StopSwitch(), noted=noted)
    except OSError as error:
        if not _is_within(folder.path, error):
            raise
        raise RunFolderError(
            f"{error.filename} cannot be read or written: {error.strerror}",
            hint="mend that, or name another folder with --run-dir; what was earned is kept",
        ) from error


def _emitter(tell: Listener, logs: list[Listener], folder: Path) -> Listener:
    """Tells the listeners of an event, then the logs; a log that fails stops no run."""
    kept = list(logs)

    def emit(event: Event) -> None:
        tell(event)
        if isinstance(event, Validating | Preparing):
            return
        if not isinstance(event, StepDone):
            _check_still_there(folder)
        for log in tuple(kept):
            try:
                log(event)
            except OSError as error:
                kept.remove(log)
                emit(Warned(f"{folder}: the log is not kept any longer: {error.strerror or error}"))

    return emit


def _write_reports(folder: Path, emit: Listener) -> None:
    """Writes the reports into the run folder; one that fails costs no training."""

    def write() -> None:
        from grow.report.files import write_reports  # noqa: PLC0415  (loads Jinja)

        write_reports(load(folder))

    try_reports(folder, write, emit)


def try_reports(folder: Path, write: Callable[[], None], emit: Listener) -> None:
    """Has reports written; where that fails, for whatever reason, all it costs is a warning."""
    try:
        write()
    except Exception as error:  # noqa: BLE001  (not even a defect of a report may)
        why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        emit(Warned(f"{folder}: the reports could not be written: {why}"))


def _check_still_there(folder: Path) -> None:
    if not (folder / "lock").exists():
        raise RunFolderError(
            f"{folder} was removed, or its lock was, while the run was at work",
            hint="the same command starts again from what is left",
        )


def _is_within(folder: Path, error: OSError) -> bool:
    """Whether it is the run folder that failed, something in it, or what it stands in."""
    if not error.filename:
        return False
    path = Path(str(error.filename))
    return path in folder.parents or folder in (path, *path.parents, *path.absolute().parents)
