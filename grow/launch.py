"""Starts runs: finds the stage file, the run folder and the cache, and calls the engine.

The Python face of `grow run` and `grow resume`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path

from grow import engine, stagefile
from grow.errors import RunFolderError
from grow.eventlog import EventLog
from grow.events import Event, Listener, Preparing, StepDone, Validating, Warned
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
) -> Run:
    """Trains every stage of a stage file, or goes on where an earlier run of it left off.

    Args:
        stage_file: path of the stage file.
        run_dir: the run folder; ``runs/NAME`` unless said.
        overrides: values in place of the file's, such as ``train.epochs=3``.
        listeners: called with each event, in order (see `grow.events`); a
            `grow.console.RunView` shows them in a terminal.
        stop: asks the run to stop at the next step, with a checkpoint written.

    Returns:
        The finished run.

    Raises:
        StageFileError: the stage file cannot be used; carries all its problems.
        DataError: the pictures cannot be used.
        RunFolderError: the run folder is in use, or damaged.
        Stopped: stopped as asked; the same call goes on.
    """
    file = Path(stage_file)
    spec = stagefile.read(file, overrides)
    folder = RunFolder(run_folder(spec, run_dir))
    return _launch(spec, file.parent.resolve(), folder, listeners, stop)


def resume(
    run_dir: str | PathLike[str],
    *,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Run:
    """Goes on with a run from its folder alone; otherwise as `run`.

    Raises:
        RunFolderError: it is not a run folder, is in use, or is damaged.
    """
    folder = RunFolder(Path(run_dir))
    found = noted(folder)
    return _launch(found.spec, found.base, folder, listeners, stop)


def _launch(
    spec: RunSpec,
    base: Path,
    folder: RunFolder,
    listeners: Iterable[Listener],
    stop: StopSwitch | None,
) -> Run:
    carry_out(spec, base, folder, listeners, stop or StopSwitch())
    return load(folder.path)


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
    emit = _emitter(tuple(listeners), folder.path)
    try:
        engine.run(spec, base, folder, cache_folder(), emit, stop, noted=noted)
    except OSError as error:
        if not _is_within(folder.path, error):
            raise
        raise RunFolderError(
            f"{error.filename} cannot be read or written: {error.strerror}",
            hint="mend that, or name another folder with --run-dir; what was earned is kept",
        ) from error


def _emitter(listeners: tuple[Listener, ...], folder: Path) -> Listener:
    """Tells every listener of an event, then the log; a log that fails stops no run."""
    log = EventLog(folder / "events.jsonl")
    broken = False

    def emit(event: Event) -> None:
        nonlocal broken
        for listener in listeners:
            listener(event)
        if broken or isinstance(event, StepDone | Validating | Preparing):
            return
        _check_still_there(folder)
        try:
            log(event)
        except OSError as error:
            broken = True
            emit(Warned(f"{folder}: the log is not kept any longer: {error.strerror}"))

    return emit


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
