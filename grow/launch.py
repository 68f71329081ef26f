"""Starts runs: finds the stage file, the run folder and the cache, and calls the engine.

The Python face of `grow run` and `grow resume`.
"""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from grow import engine, stagefile
from grow.eventlog import EventLog
from grow.events import Event, Listener
from grow.planning import cache_folder, run_folder
from grow.runs import Run, load
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
        listeners: called with each event, in order (see `grow.events`).
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
    base = Path(folder.header()["base"])
    return _launch(stagefile.read(folder.stage_file), base, folder, listeners, stop)


def _launch(
    spec: RunSpec,
    base: Path,
    folder: RunFolder,
    listeners: Iterable[Listener],
    stop: StopSwitch | None,
) -> Run:
    heard: tuple[Listener, ...] = (*listeners, EventLog(folder.path / "events.jsonl"))

    def emit(event: Event) -> None:
        for listener in heard:
            listener(event)

    engine.run(spec, base, folder, cache_folder(), emit, stop or StopSwitch())
    return load(folder.path)
