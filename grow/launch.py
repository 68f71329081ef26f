"""Starts runs: finds the stage file, the run folder and the cache, and calls the engine.

The Python face of `grow run` and `grow resume`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
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
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Run:
    """Trains every stage of a stage file, or goes on where an earlier run of it left off.

    Args:
        stage_file: path of the stage file.
        run_dir: the run folder; ``runs/NAME`` unless said.
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
    spec = stagefile.read(file)
    folder = RunFolder(run_folder(spec, run_dir))
    where = [] if run_dir is None else ["--run-dir", str(run_dir)]
    command = shlex.join(["grow", "run", str(stage_file), *where])
    return _launch(spec, file.parent.resolve(), folder, command, listeners, stop)


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
    command = shlex.join(["grow", "resume", str(run_dir)])
    return _launch(found.spec, found.base, folder, command, listeners, stop)


def _launch(
    spec: RunSpec,
    base: Path,
    folder: RunFolder,
    command: str,
    listeners: Iterable[Listener],
    stop: StopSwitch | None,
) -> Run:
    emit = _emitter(tuple(listeners), folder.path, command)
    try:
        engine.run(spec, base, folder, cache_folder(), emit, stop or StopSwitch())
    except OSError as error:
        if not _is_within(folder.path, error):
            raise
        raise RunFolderError(
            f"{error.filename} cannot be read or written: {error.strerror}",
            hint="mend that, or name another folder with --run-dir; what was earned is kept",
        ) from error
    return load(folder.path)


def _emitter(listeners: tuple[Listener, ...], folder: Path, command: str) -> Listener:
    """Tells every listener of an event, then the log; a log that fails stops no run."""
    log = EventLog(folder / "events.jsonl", command)
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
