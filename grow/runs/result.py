"""A run as it stands on disk, read back as one value; the Python face of a run folder.

Reads the stage file that was run and plans it again, so what it shows of architectures and
transfer plans is made by the same code as the run's own. No TensorFlow until a model is asked
for.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from grow.config.schema import RunSpec
from grow.errors import RunFolderError
from grow.planning.history import (
    Divergence,
    Divergences,
    EpochRecord,
    GrowthShock,
    History,
    in_order,
)
from grow.planning.lineup import Complete, not_needed
from grow.planning.schedule import best_epoch, given_up
from grow.planning.stages import Pictures, StagePlan, plan_stages
from grow.runs import checkpoint, documents, logbook, verify
from grow.runs.checkpoint import DamagedError
from grow.runs.findings import Findings
from grow.runs.folder import RunFolder
from grow.runs.lock import Holder, living_holder
from grow.runs.logbook import Logged
from grow.runs.stage_folder import Done, StageFolder, unlike

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
        step: steps of the running epoch that the newest checkpoint holds.
        not_needed: why growing ended before this stage, in words; empty where it comes.
        findings: what its model makes of pictures; None while the stage is not complete, and
            for stages completed by a version of grow that did not look.
        versions: of what computed the weights, by name; empty before the first checkpoint.
        divergences: the attempts at epochs that diverged.
        diverged: how the stage ended by diverging, in words; empty where it did not. Then it is
            not complete, whatever an earlier version wrote.
    """

    plan: StagePlan
    path: Path
    history: History
    done: Done | None
    shock: GrowthShock | None = None
    step: int = 0
    not_needed: str = ""
    findings: Findings | None = None
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)
    divergences: Divergences = ()
    diverged: str = ""

    @property
    def state(self) -> str:
        """``done``, ``begun``, ``waiting``, ``diverged`` or ``not needed``."""
        if self.not_needed:
            return "not needed"
        if self.diverged:
            return "diverged"
        if self.done is not None:
            return "done"
        return "begun" if self.path.is_dir() else "waiting"

    @property
    def best(self) -> EpochRecord | None:
        """The record of the epoch whose weights the stage ends with, or would end with now."""
        number = best_epoch(self.plan.training, self.history)
        return self.history[number - 1] if number else None

    @property
    def happened(self) -> list[EpochRecord | Divergence]:
        """Its epochs and the attempts at them that diverged, as it went."""
        return in_order(self.history, self.divergences)

    def model(self) -> Any:
        """The stage's trained ``keras.Model``, pixels in [0, 255] to probabilities.

        Raises:
            RunFolderError: the stage is not complete, or its model is damaged.
        """
        if self.diverged:
            raise RunFolderError(
                f"{self.path} has no model that can be used: {self.diverged}",
                hint="lower its learning rate, and run it again",
            )
        if self.done is None:
            raise RunFolderError(f"{self.path} is not complete: it has no model yet")
        from grow.runs import model_file  # noqa: PLC0415  (only a model needs Keras)

        path = self.path / "model.keras"
        seal = self.done.files.get(path.name)
        if seal is not None and (why := unlike(path, seal, thorough=True)):
            hint = f"{_resume(self.path.parent)} puts it aside and makes it again; nothing is lost"
            raise RunFolderError(f"{path} is damaged: {why}", hint=hint)
        return model_file.load(path)

    def __repr__(self) -> str:
        epochs = f"{len(self.history)}/{self.plan.training.epochs} epochs"
        return f"<stage {self.plan.number} {self.plan.name}: {self.state}, {epochs}>"

    def to_dict(self) -> dict[str, Any]:
        """The stage as plain JSON values."""
        stage, found = self.plan, self.findings
        return {
            "number": stage.number,
            "name": stage.name,
            "classes": list(stage.classes),
            "fingerprint": stage.fingerprint,
            "state": self.state,
            "folder": self.path.name,
            "image": list(stage.architecture.image),
            "parameters": stage.architecture.parameters,
            "training_flops_per_picture": stage.architecture.training_flops,
            "epochs_planned": stage.training.epochs,
            "carried": stage.groups.to_dict(),
            "step": self.step,
            "best_epoch": None if self.best is None else self.best.epoch,
            "end": self.not_needed or (None if self.done is None else self.done.reason),
            "weights_sha256": None if self.done is None else self.done.weights,
            "transfer_plan": None if stage.transfer is None else stage.transfer.to_dict(),
            "growth_shock": None if self.shock is None else self.shock.to_dict(),
            "findings": found and found.to_dict(pictures=False),
            "versions": dict(self.versions),
            "history": [record.to_dict() for record in self.history],
            "divergences": [one.to_dict() for one in self.divergences],
            "diverged": self.diverged or None,
        }


@dataclass(frozen=True)
class Run:
    """A run folder's contents.

    Attributes:
        path: the run folder.
        spec: the stage file as it was run.
        classes: names of the classes, in label order.
        stages: all stages of that file, trained or not.
        log: what the run's log tells: its command, its pictures.
        running: who was at work in the folder when it was read; None when nobody was.
    """

    path: Path
    spec: RunSpec
    classes: tuple[str, ...]
    stages: tuple[StageResult, ...]
    log: Logged = field(default_factory=Logged)
    running: Holder | None = field(default=None, hash=False)

    @property
    def name(self) -> str:
        """The run's name."""
        return self.spec.name

    def __repr__(self) -> str:
        return f"<run {self.name} in {self.path}: {list(self.stages)}>"

    def model(self) -> Any:
        """The trained model of the last complete stage.

        Raises:
            RunFolderError: no stage is complete, or the model is damaged.
        """
        for stage in reversed(self.stages):
            if stage.state == "done":
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
            "running": self.running,
            "command": self.log.command,
            "pictures": {split: dict(counts) for split, counts in self.log.counts.items()},
            "unusable": [list(pair) for pair in self.log.unusable],
            "stages": [stage.to_dict() for stage in self.stages],
        }


@dataclass(frozen=True)
class Noted:
    """What a run folder says was run in it.

    Attributes:
        spec: the stage file.
        base: the folder that its relative paths start from.
        pictures: the pictures it was run on.
    """

    spec: RunSpec
    base: Path
    pictures: Pictures


def load(run_dir: str | PathLike[str]) -> Run:
    """Reads a run folder.

    Raises:
        RunFolderError: it is not a run folder, or something in it is damaged.
    """
    folder = RunFolder(Path(run_dir))
    found = noted(folder)
    try:
        stages = results(folder, plan_stages(found.spec, found.pictures))
    except RunFolderError as error:
        hint = (
            f"{_resume(folder.path)} puts it aside, and trains again from the newest good "
            "checkpoint what is then missing"
        )
        raise RunFolderError(error.message, hint=hint) from error
    return Run(
        path=folder.path,
        spec=found.spec,
        classes=found.pictures.classes,
        stages=stages,
        log=logbook.recall(folder.path / "events.jsonl"),
        running=living_holder(folder.path),
    )


def _resume(run_dir: Path) -> str:
    return f"`grow resume {shlex.quote(str(run_dir))}`"


def load_all(folder: str | PathLike[str]) -> list[Run | RunFolderError]:
    """Reads every run folder in ``folder``, by name; in place of a damaged one what is wrong.

    Raises:
        RunFolderError: there is none.
    """
    found = sorted(Path(folder).glob("*/run.json"))
    if not found:
        raise RunFolderError(
            f"{folder} holds no run folders", hint="`grow run STAGES.yaml` makes one"
        )
    return [_load_or_explain(path.parent) for path in found]


def _load_or_explain(folder: Path) -> Run | RunFolderError:
    try:
        return load(folder)
    except RunFolderError as error:
        return error


def noted(folder: RunFolder) -> Noted:
    """What was run in a folder.

    Raises:
        RunFolderError: it is not a run folder, or its notes are damaged.
    """
    try:
        values, spec = folder.header(), folder.spec()
    except RunFolderError as error:
        command = logbook.last_run_command(folder.path / "events.jsonl")
        command = _leading_to(command, folder.path)
        hint = f"`{command}` puts it aside and writes it anew; trained stages stay"
        there = os.path.lexists(folder.run_file)
        raise RunFolderError(error.message, hint=hint if there else error.hint) from error
    earlier = tuple(
        Pictures(tuple(one["classes"]), one["pictures"]) for one in values.get("earlier", ())
    )
    known = Pictures(tuple(values["classes"]), values["pictures"], earlier)
    return Noted(spec, Path(values["base"]), known)


def _leading_to(command: str, path: Path) -> str:
    """A command line of `grow run` for this folder, which may have been moved since it was run."""
    words: list[str] = []
    with suppress(ValueError):  # an open quotation mark
        words = shlex.split(command)
    kept, there = [], ""
    rest = iter(words)
    for word in rest:
        if word == "--run-dir":
            there = next(rest, "")
        elif word.startswith("--run-dir="):
            there = word.partition("=")[2]
        else:
            kept.append(word)
    if not words:
        return f"grow run STAGES.yaml --run-dir {shlex.quote(str(path))}"
    leads_here = Path(there).absolute() == path.absolute() if there else path.parent.name == "runs"
    return command if leads_here else shlex.join([*kept, "--run-dir", str(path)])


def results(folder: RunFolder, stages: Sequence[StagePlan]) -> tuple[StageResult, ...]:
    """What is on disk of each stage.

    Raises:
        RunFolderError: something is damaged.
    """
    found: list[StageResult] = []
    complete: list[Complete] = []
    why = ""
    for stage in stages:
        if len(complete) == len(found):
            why = not_needed(stage, complete)
        result = replace(_result(folder.of(stage), stage), not_needed=why)
        if result.state == "done":
            complete.append((stage, result.history))
        found.append(result)
    return tuple(found)


def _result(folder: StageFolder, stage: StagePlan) -> StageResult:
    done, history = folder.done(), folder.history()
    if done is not None and done.epochs != len(history):
        why = f"expected {done.epochs} epochs, as done.json has them, found {len(history)}"
        raise documents.damaged(folder.path / "history.jsonl", why)
    diverged, divergences = "", folder.divergences()
    if done is not None:
        diverged = verify.ended_diverged(done, history)
    elif end := given_up(stage.training, history, divergences):
        diverged = f"its training diverged in {end.words}"
    if diverged:
        done = None
    return StageResult(
        plan=stage,
        path=folder.path,
        history=history,
        done=done,
        shock=folder.growth_shock(),
        step=0 if done else _step(folder.checkpoints),
        findings=folder.findings() if done else None,
        versions=_versions(folder.checkpoints),
        divergences=divergences,
        diverged=diverged,
    )


def _step(checkpoints: Path) -> int:
    """The step that the newest readable checkpoint says it holds; 0 where there is none."""
    for path in checkpoint.newest_first(checkpoints):
        with suppress(DamagedError):  # or replaced just now, by a process at work
            return checkpoint.look(path)[1]
    return 0


def _versions(checkpoints: Path) -> dict[str, str]:
    """The versions that wrote the newest readable checkpoint; none where there is none."""
    for path in checkpoint.newest_first(checkpoints):
        with suppress(DamagedError):
            return checkpoint.versions(path)
    return {}
