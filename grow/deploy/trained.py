"""Which trained model is meant: a stage of a run folder, or a model file that `grow` saved.

Knows how its pictures are prepared and how it came about; loads Keras only when the model
itself is asked for.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from grow.data.cache import cache_folder
from grow.data.prepare import Prepared, prepare
from grow.data.sources import exported
from grow.errors import RunFolderError, UsageError
from grow.nets.classes import later_sets
from grow.planning.stages import master_shape
from grow.runs import model_file
from grow.runs.folder import RunFolder
from grow.runs.model_file import Notes
from grow.runs.result import Run, StageResult, load, noted
from grow.signals import StopSwitch
from grow.train.events import Listener, Preparing


@dataclass(frozen=True)
class Origin:
    """Where a trained model comes from.

    Attributes:
        run: the run.
        stage: its stage, complete.
    """

    run: Run
    stage: StageResult


@dataclass(frozen=True)
class Trained:
    """A trained model, before it is loaded.

    Attributes:
        path: its ``.keras`` file.
        notes: its classes, and how a picture becomes what it is fed.
        origin: where it comes from; None for a file by itself.
    """

    path: Path
    notes: Notes
    origin: Origin | None = None

    @property
    def title(self) -> str:
        """Which model it is, in words."""
        if self.origin is None:
            return str(self.path)
        stage = self.origin.stage
        words = f"{self.origin.run.name}, stage {stage.plan.number} {stage.plan.name}"
        if stage.best is None:
            return words
        if not stage.best.validated:
            return f"{words}, epoch {stage.best.epoch}"
        figure = f"{stage.best.val_accuracy:.1%} of the validation pictures"
        return f"{words}, epoch {stage.best.epoch} ({figure})"

    def model(self) -> Any:
        """The ``keras.Model``, pixels in [0, 255] to probabilities.

        Raises:
            RunFolderError: the file is damaged, or its model is not fed what its notes say.
        """
        origin = self.origin
        model = model_file.load(self.path) if origin is None else origin.stage.model()
        self._check(model)
        return model

    def _check(self, model: Any) -> None:
        """That file and notes belong together; another program may have changed either."""
        count = len(self.notes.classes)
        expected = ((None, *self.notes.preprocessing.image), (None, 1 if count == 2 else count))
        found = (getattr(model, "input_shape", None), getattr(model, "output_shape", None))
        if found != expected:
            raise RunFolderError(
                f"{self.path}: expected a model from {expected[0]} to {expected[1]}, as its "
                f"notes say, found one from {found[0]} to {found[1]}"
            )


def find(source: str | PathLike[str], stage: str | None = None) -> Trained:
    """The model that is meant by a run folder or a model file.

    Args:
        source: a run folder, or a ``.keras`` file that `grow` saved.
        stage: name of a stage; the last complete one unless said.

    Raises:
        RunFolderError: it is neither, is damaged, or the stage is not complete.
        UsageError: there is no such stage.
    """
    path = Path(source)
    if path.is_file():
        if stage is not None:
            raise UsageError(
                f"{path} is one stage's model: it has no stage to choose",
                hint="leave --stage out, or name the run folder",
            )
        return Trained(path, model_file.read_notes(path))
    run = load(path)
    chosen = _last(run) if stage is None else _named(run, stage)
    return Trained(
        chosen.path / "model.keras", model_file.notes_of(chosen.plan), Origin(run, chosen)
    )


def _last(run: Run) -> StageResult:
    for stage in reversed(run.stages):
        if stage.done is not None:
            return stage
    for stage in run.stages:
        if stage.diverged:
            stage.model()  # says so
    hint = f"`grow status {run.path}` shows how far it is, `grow resume {run.path}` goes on"
    older = _older(run)
    if older is None:
        raise RunFolderError(
            f"{run.path}: no stage is complete yet, so there is no model", hint=hint
        )
    raise RunFolderError(
        f"{run.path}: no stage is complete as it was last run and by this version of grow; "
        f"{older.name} is, by another version or from other settings",
        hint=f"its model can be used by itself: name {older / 'model.keras'} in place of the run; "
        + hint,
    )


def _older(run: Run) -> Path | None:
    """The last complete stage in the folder that is none of the run's own."""
    own = {stage.path for stage in run.stages}
    complete = []
    for folder in RunFolder(run.path).stage_folders():
        with suppress(RunFolderError):  # damaged: no help then
            if folder.path not in own and folder.done() and folder.model.is_file():
                complete.append(folder.path)
    return max(complete, key=lambda path: (path.name[:2], path.stat().st_mtime), default=None)


def _named(run: Run, name: str) -> StageResult:
    for stage in run.stages:
        if stage.plan.name == name:
            if stage.diverged:
                stage.model()  # says so
            if stage.done is None:
                raise RunFolderError(
                    f"{run.path}: stage {name} is not complete, so it has no model yet",
                    hint=f"`grow resume {run.path}` goes on with it",
                )
            return stage
    names = ", ".join(stage.plan.name for stage in run.stages)
    raise UsageError(f"{run.path}: has no stage {name!r}", hint=f"its stages are {names}")


def of_run(source: str | PathLike[str], stage: str | None = None) -> tuple[Trained, Origin]:
    """As `find`, for what needs to know where the model comes from.

    Raises:
        RunFolderError: it is no run folder, is damaged, or the stage is not complete.
        UsageError: it is a file, or there is no such stage.
    """
    found = None if Path(source).is_file() else find(source, stage)
    if found is None or found.origin is None:
        raise UsageError(
            f"{source}: expected a run folder, found a file",
            hint="what is known of a model's pictures and training is in its run folder",
        )
    return found, found.origin


def prepared_pictures(run: Run, emit: Listener, switch: StopSwitch) -> Prepared:
    """The run's pictures as they are now, at the size of its prepared copy.

    Raises:
        DataError: they are gone, or cannot be used any longer.
        Stopped: stopped as asked.
    """
    return prepare(
        exported.local(run.spec.data, cache_folder()),
        noted(RunFolder(run.path)).base,
        master_shape(run.spec),
        cache_folder(),
        progress=lambda done, total: emit(Preparing(done, total)),
        check_stop=switch.check,
        later=later_sets(run.spec),
    )
