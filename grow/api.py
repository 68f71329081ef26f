"""What the command line and Python programs call: each function is one command.

Puts the rooms together: reads the stage file, finds the folders, attaches the listeners (logs and
reports) to what does the work. Whatever loads TensorFlow is loaded when it is needed.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from grow.config import reader
from grow.config.schema import FolderData, Policy, RunSpec
from grow.data import checks
from grow.data.cache import cache_folder
from grow.data.checks import Check, Wanted
from grow.errors import DivergedError, GrowthError, UsageError
from grow.planning import draft as drafting
from grow.planning import validate
from grow.planning.draft import Draft
from grow.planning.stages import StagePlan, master_shape
from grow.runs.folder import RunFolder, run_folder
from grow.runs.result import Run, noted
from grow.signals import StopSwitch
from grow.train.events import Event, HearTrial, Listener, Told, announcing, preparing, to_all

if TYPE_CHECKING:
    from grow.atomic import Guard
    from grow.comparison.result import Comparison
    from grow.data.synthetic.sketchbook import Drawn
    from grow.deploy.export import Export
    from grow.deploy.formats import Format
    from grow.planning.estimate import Timing


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
        listeners: called with each event, in order (see `grow.train.events`); a
            `grow.cli.live_run.RunView` shows them in a terminal.
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
    spec = validate.read(file, overrides)
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
        raise reader.located(file, error, overrides) from None


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
        raise reader.located(folder.stage_file, error) from None


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
    from grow.report.writer import ReportWriter  # noqa: PLC0415  (needed for runs only)
    from grow.train import session  # noqa: PLC0415  (loads the engine)

    board = None
    if ears.tensorboard:
        from grow.train.loggers.tensorboard import BoardLog  # noqa: PLC0415

        board = BoardLog(folder.path / "tensorboard")
    with session.at_work(folder.path) as (locked, aside):
        reports = ReportWriter(locked, ears.tell)
        loggers: list[Listener] = [*([board] if board is not None else []), reports]
        for warned in session.told_of_lock(aside):
            ears.tell(warned)
        try:
            session.train_in_folder(
                spec,
                base,
                locked,
                [ears.tell],
                ears.stop or StopSwitch(),
                command=command,
                loggers=loggers,
                verify=verify,
            )
        finally:
            if board is not None:
                with suppress(OSError):  # its last words only; a full disk was told of before
                    board.close()
        return reports.finish()


def compare(  # noqa: PLR0913  (all but the first are options, by name)
    stage_file: str | PathLike[str],
    *,
    repeats: int = 5,
    policies: Sequence[Policy] = (),
    overrides: Sequence[str] = (),
    jobs: int | None = None,
    threads: int = 1,
    run_dir: str | PathLike[str] | None = None,
    listeners: Iterable[HearTrial] = (),
    stop: StopSwitch | None = None,
) -> Comparison:
    """Trains growth and its controls with several seeds, and writes the comparison's reports.

    Arguments, result and errors are those of `grow.comparison.run.run_comparison`.
    """
    from grow.comparison import run as comparing  # noqa: PLC0415  (needed for comparisons only)
    from grow.report.writer import write_comparison  # noqa: PLC0415

    heard = tuple(listeners)

    def finished(found: Comparison, guard: Guard) -> None:
        def tell(event: Event) -> None:
            for listener in heard:
                listener(Told(found.setting.seeds[0], found.verdict.growth, event))

        write_comparison(found, guard, tell)

    return comparing.run_comparison(
        stage_file,
        repeats=repeats,
        policies=policies,
        overrides=overrides,
        jobs=jobs,
        threads=threads,
        run_dir=run_dir,
        listeners=heard,
        stop=stop,
        finished=finished,
    )


def init(
    folder: str | PathLike[str],
    *,
    out: str | PathLike[str] = "stages.yaml",
    name: str | None = None,
    stages: int | None = None,
    measure: bool = True,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Draft:
    """A stage file for a folder of pictures, which runs as it is. Writes nothing by itself.

    Args:
        folder: with a folder for each class, or train, val and test folders of those.
        out: where the stage file will stand; its ``path`` is relative to that.
        name: names the run; the folder's name unless said.
        stages: how many stages there are to be; what pays for such pictures unless said.
        measure: whether to time a few training steps, which loads TensorFlow.
        listeners: called with the progress, as `grow.train.events.Preparing`.
        stop: asks to stop in between.

    Returns:
        The stage file and its reasons; `Draft.write` writes it.

    Raises:
        UsageError: ``name``, ``out`` or ``stages`` cannot be used, or one is in the folder.
        DataError: no such folder, not laid out as expected, or too few pictures.
        Stopped: stopped as asked.
    """
    emit, check_stop = to_all(listeners), (stop or StopSwitch()).check

    def timed(spec: RunSpec, planned: tuple[StagePlan, ...], classes: int) -> Timing:
        from grow.train import timing  # noqa: PLC0415  (needs Keras, which nothing else here does)

        tell = preparing(emit, check_stop, "sizes timed")
        return timing.measure(spec, planned, classes, tell)

    return drafting.draft(
        folder,
        out=out,
        name=name,
        stages=stages,
        measure=timed if measure else None,
        read=preparing(emit, check_stop, "read"),
        check_stop=check_stop,
    )


def check(
    source: str | PathLike[str],
    *,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Check:
    """Tells what is to be known of pictures before training on them. Changes no file.

    Args:
        source: a folder of pictures, or a stage file.
        listeners: called with the progress of reading, as `grow.train.events.Preparing`.
        stop: asks to stop in between.

    Raises:
        UsageError: there is neither a file nor a folder.
        StageFileError: the stage file cannot be used.
        DataError: there is no such folder, or it is not laid out as expected.
        Stopped: stopped as asked.
    """
    emit, check_stop = to_all(listeners), (stop or StopSwitch()).check
    wanted = _wanted(Path(source), emit, check_stop)
    return checks.check(
        str(source), wanted, cache_folder(), lambda doing: preparing(emit, check_stop, doing)
    )


def _wanted(path: Path, emit: Listener, check_stop: Callable[[], None]) -> Wanted:
    if path.is_dir():
        return Wanted(FolderData(source="folder", path=str(path.resolve())), path, None)
    if not path.exists():
        raise UsageError(f"{path}: expected a stage file or a folder of pictures, found nothing")
    from grow.data.sources import fetching  # noqa: PLC0415  (reaches Keras)

    spec = validate.read(path)
    data = fetching.fetch(spec.data, cache_folder(), announcing(emit), check_stop)
    return Wanted(data, path.parent, master_shape(spec))


def draw_pictures(
    folder: str | PathLike[str],
    *,
    pictures: int = 600,
    test: int = 0,
    size: int = 64,
    seed: int = 0,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Drawn:
    """Draws cats and dogs into a folder that appears when all are there.

    Args:
        folder: where; it must not be there yet, or be empty.
        pictures: how many; half of each class. The first ones of ``source: drawn``.
        test: how many more in a test folder, beside a train folder then.
        size: rows and columns of each picture.
        seed: which pictures.
        listeners: called with the progress, as `grow.train.events.Preparing`.
        stop: asks to stop in between.

    Raises:
        UsageError: there is something in the folder, or a number cannot be used.
        Stopped: stopped as asked; nothing is left behind.
    """
    from grow.data.synthetic import sketchbook  # noqa: PLC0415  (loads Pillow)

    check_stop = (stop or StopSwitch()).check
    return sketchbook.draw_pictures(
        folder,
        pictures=pictures,
        test=test,
        size=size,
        seed=seed,
        progress=preparing(to_all(listeners), check_stop, "drawn"),
        check_stop=check_stop,
    )


def export(  # noqa: PLR0913  (each is one option of the command)
    run: str | PathLike[str],
    to: Format,
    *,
    out: str | PathLike[str] | None = None,
    stage: str | None = None,
    pictures: Sequence[str | PathLike[str]] = (),
    force: bool = False,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Export:
    """Writes the model of a run's last complete stage in another program's format, with its card.

    Arguments and errors are those of `grow.deploy.export.export`.
    """
    from grow.deploy import export as exporting  # noqa: PLC0415  (needed for exports only)
    from grow.report.card import card_markdown  # noqa: PLC0415

    return exporting.export(
        run,
        to,
        out=out,
        stage=stage,
        pictures=pictures,
        force=force,
        card_text=card_markdown,
        listeners=listeners,
        stop=stop,
    )
