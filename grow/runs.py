"""A run as it stands on disk, read back as one value; the Python face of a run folder.

Reads the stage file that was run and plans it again, so what it shows of architectures and
transfer plans is made by the same code as the run's own. No TensorFlow until a model is asked
for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from grow import stagefile
from grow.errors import RunFolderError
from grow.history import EpochRecord, GrowthShock, History
from grow.lineup import Pictures, StagePlan, plan_stages
from grow.lock import Holder, holder
from grow.schedule import best_epoch
from grow.spec import RunSpec
from grow.store import Done, RunFolder, StageFolder

SCHEMA = "grow.report/1"
"""Name and version of the JSON form of a run."""


@dataclass(frozen=True)
class StageResult:
    """One stage of a run, as far as it has come.

    Attributes:
        plan: the stage as planned: architecture, transfer plan, training settings.
        path: its folder, there or not.
        history: the epochs on disk.
        done: how it ended; None while it is not complete.
        shock: what its growth cost; None for stage 1 and before the stage has grown.
    """

    plan: StagePlan
    path: Path
    history: History
    done: Done | None
    shock: GrowthShock | None = None

    @property
    def state(self) -> str:
        """``done``, ``begun`` or ``waiting``."""
        if self.done is not None:
            return "done"
        return "begun" if self.path.is_dir() else "waiting"

    @property
    def best(self) -> EpochRecord | None:
        """The record of the epoch whose weights the stage ends with, or would end with now."""
        number = best_epoch(self.plan.training, self.history)
        return self.history[number - 1] if number else None

    def model(self) -> Any:
        """The stage's trained ``keras.Model``, pixels in [0, 255] to probabilities.

        Raises:
            RunFolderError: the stage is not complete, or its model is damaged.
        """
        if self.done is None:
            raise RunFolderError(f"{self.path} is not complete: it has no model yet")
        from grow import network  # noqa: PLC0415  (only a model needs Keras)

        return network.load(self.path / "model.keras")

    def to_dict(self) -> dict[str, Any]:
        """The stage as plain JSON values."""
        stage = self.plan
        return {
            "number": stage.number,
            "name": stage.name,
            "fingerprint": stage.fingerprint,
            "state": self.state,
            "folder": self.path.name,
            "image": list(stage.architecture.image),
            "parameters": stage.architecture.parameters,
            "training_flops_per_picture": stage.architecture.training_flops,
            "epochs_planned": stage.training.epochs,
            "best_epoch": None if self.best is None else self.best.epoch,
            "end": None if self.done is None else self.done.reason,
            "weights_sha256": None if self.done is None else self.done.weights,
            "transfer_plan": None if stage.transfer is None else stage.transfer.to_dict(),
            "growth_shock": None if self.shock is None else self.shock.to_dict(),
            "history": [record.to_dict() for record in self.history],
        }


@dataclass(frozen=True)
class Run:
    """A run folder's contents.

    Attributes:
        path: the run folder.
        spec: the stage file as it was run.
        classes: names of the classes, in label order.
        stages: all stages of that file, trained or not.
    """

    path: Path
    spec: RunSpec
    classes: tuple[str, ...]
    stages: tuple[StageResult, ...]

    @property
    def name(self) -> str:
        """The run's name."""
        return self.spec.name

    @property
    def running(self) -> Holder | None:
        """Who is at work in the folder now; None when nobody is."""
        return holder(self.path)

    def model(self) -> Any:
        """The trained model of the last complete stage.

        Raises:
            RunFolderError: no stage is complete, or the model is damaged.
        """
        for stage in reversed(self.stages):
            if stage.done is not None:
                return stage.model()
        raise RunFolderError(f"{self.path}: no stage is complete yet")

    def to_dict(self) -> dict[str, Any]:
        """The run as plain JSON values, in the form that ``SCHEMA`` names."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "folder": str(self.path),
            "classes": list(self.classes),
            "seed": self.spec.seed,
            "stages": [stage.to_dict() for stage in self.stages],
        }


def load(run_dir: str | PathLike[str]) -> Run:
    """Reads a run folder.

    Raises:
        RunFolderError: it is not a run folder, or something in it is damaged.
    """
    folder = RunFolder(Path(run_dir))
    header = folder.header()
    spec = stagefile.read(folder.stage_file)
    known = Pictures(tuple(header["classes"]), header["pictures"])
    return Run(
        path=folder.path,
        spec=spec,
        classes=known.classes,
        stages=results(folder, plan_stages(spec, known)),
    )


def load_all(folder: str | PathLike[str]) -> list[Run]:
    """Reads every run folder in ``folder``, by name.

    Raises:
        RunFolderError: there is none, or one is damaged.
    """
    found = sorted(Path(folder).glob("*/run.json"))
    if not found:
        raise RunFolderError(
            f"{folder} holds no run folders", hint="`grow run STAGES.yaml` makes one"
        )
    return [load(path.parent) for path in found]


def results(folder: RunFolder, stages: Sequence[StagePlan]) -> tuple[StageResult, ...]:
    """What is on disk of each stage.

    Raises:
        RunFolderError: something is damaged.
    """
    return tuple(_result(folder.of(stage), stage) for stage in stages)


def _result(folder: StageFolder, stage: StagePlan) -> StageResult:
    return StageResult(stage, folder.path, folder.history(), folder.done(), folder.growth_shock())
