"""Which stages to reuse, resume and run, and why.

A stage is addressed by the fingerprint of its recipe: everything that could change its weights,
as plain JSON values. Pure: `store` says which stage folders there are, this room decides what
they are worth. Floors 0 and 1 only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grow import growth, transfer
from grow.architecture import Architecture
from grow.spec import RunSpec, Training
from grow.transfer import TransferPlan

RECIPE = 1
"""Version of the recipe: raised when grow itself would train other weights from it."""

Recipe = dict[str, Any]


@dataclass(frozen=True)
class StagePlan:
    """One stage before it is trained: what, from what, how, and its address.

    Attributes:
        number: counted from 1.
        name: as the stage file calls it.
        architecture: what is trained.
        transfer: what is carried over from the stage before; None for stage 1.
        training: how it is trained.
        recipe: everything that could change its weights.
        fingerprint: hexadecimal SHA-256 of the recipe.
    """

    number: int
    name: str
    architecture: Architecture
    transfer: TransferPlan | None
    training: Training
    recipe: Recipe
    fingerprint: str

    @property
    def folder(self) -> str:
        """Name of the stage's folder: number, name, fingerprint."""
        return f"{self.number:02d}-{self.name}-{self.fingerprint[:8]}"


@dataclass(frozen=True)
class Pictures:
    """What a recipe holds of the pictures.

    Attributes:
        classes: names of the classes, in label order.
        digest: hexadecimal digest of the training and validation pictures; None while unknown.
    """

    classes: tuple[str, ...]
    digest: str | None


class Action(StrEnum):
    """What a run does with a stage."""

    REUSE = "reuse"
    RESUME = "resume"
    RUN = "run"


@dataclass(frozen=True)
class Found:
    """A stage folder that is there.

    Attributes:
        number: the stage's number when it was trained.
        name: the stage's name when it was trained.
        fingerprint: address of the stage.
        recipe: what made it.
        epochs: how many epochs are on disk.
        done: whether the stage is complete.
    """

    number: int
    name: str
    fingerprint: str
    recipe: Recipe
    epochs: int
    done: bool


@dataclass(frozen=True)
class Entry:
    """One line of the lineup: a stage, what is done with it, and why in words."""

    stage: StagePlan
    action: Action
    reason: str


def master_size(run: RunSpec) -> tuple[int, int]:
    """Height and width of the prepared copy of which all stages' pictures are area means."""
    if run.data.master is not None:
        return run.data.master
    height, width = run.model.image[:2]
    for stage in run.stages:
        for operator in stage.grow:
            if operator.resize is not None:
                height = max(height, operator.resize[0])
                width = max(width, operator.resize[1])
    return height, width


def plan_stages(run: RunSpec, pictures: Pictures) -> tuple[StagePlan, ...]:
    """All stages of a run with their transfer plans and addresses.

    Raises:
        GrowthError: a stage cannot be built.
    """
    architectures = growth.lineage(run, len(pictures.classes))
    stages: list[StagePlan] = []
    for index, (stage, architecture) in enumerate(zip(run.stages, architectures, strict=True)):
        parent = stages[-1] if stages else None
        plan = None
        if parent is not None:
            plan = transfer.plan(
                parent.architecture,
                architecture,
                stage.transfer.weights,
                layers=stage.transfer.layers,
                optimizer=stage.transfer.optimizer,
            )
        training = run.training(stage)
        recipe = {
            "version": RECIPE,
            "stage": index + 1,
            "seed": run.seed,
            "architecture": architecture.describe(),
            "pictures": _pictures(run, pictures),
            "training": training.model_dump(mode="json"),
            "transfer": None if plan is None else stage.transfer.model_dump(mode="json"),
            "parent": None if parent is None else parent.fingerprint,
        }
        stages.append(
            StagePlan(
                index + 1, stage.name, architecture, plan, training, recipe, fingerprint(recipe)
            )
        )
    return tuple(stages)


def _pictures(run: RunSpec, pictures: Pictures) -> Recipe:
    return {
        "digest": pictures.digest,
        "classes": list(pictures.classes),
        "master": list(master_size(run)),
        "fit": run.data.fit,
        "augment": run.data.augment.model_dump(mode="json"),
    }


def fingerprint(recipe: Recipe) -> str:
    """Hexadecimal SHA-256 of a recipe's canonical JSON form."""
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def line_up(stages: Sequence[StagePlan], found: Sequence[Found]) -> tuple[Entry, ...]:
    """What a run does with each stage, given the folders that are there."""
    by_address = {folder.fingerprint: folder for folder in found}
    return tuple(_entry(stage, by_address.get(stage.fingerprint), found) for stage in stages)


def _entry(stage: StagePlan, same: Found | None, found: Sequence[Found]) -> Entry:
    if stage.recipe["pictures"]["digest"] is None:
        return Entry(stage, Action.RUN, "the pictures have not been looked at yet")
    if same is not None and same.done:
        return Entry(stage, Action.REUSE, "finished before with the same settings and pictures")
    if same is not None and same.epochs:
        words = f"{same.epochs} of {stage.training.epochs} epochs are on disk"
        return Entry(stage, Action.RESUME, words)
    if same is not None:
        return Entry(stage, Action.RESUME, "begun before")
    relatives = [folder for folder in found if folder.number == stage.number]
    if not relatives:
        return Entry(stage, Action.RUN, "not trained yet")
    changes = min((tuple(differences(r.recipe, stage.recipe)) for r in relatives), key=len)
    return Entry(stage, Action.RUN, ", ".join(changes))


def differences(old: Recipe, new: Recipe) -> Iterator[str]:
    """What changed between two recipes, in words such as ``learning_rate 0.001 → 0.0005``."""
    for key in ("version", "seed", "stage"):
        if old[key] != new[key]:
            yield f"{key} {old[key]} → {new[key]}"
    yield from _changed_keys(old["training"], new["training"])
    if old["architecture"] != new["architecture"]:
        yield "the architecture changed"
    before, after = old["pictures"], new["pictures"]
    if before["digest"] != after["digest"]:
        yield "the pictures changed"
    rest = {key for key in before if key not in ("digest", "augment")}
    yield from _changed_keys({k: before[k] for k in rest}, {k: after[k] for k in rest})
    yield from _changed_keys(before["augment"], after["augment"])
    if old["transfer"] != new["transfer"]:
        yield from _changed_keys(old["transfer"] or {}, new["transfer"] or {})
    if old["parent"] != new["parent"]:
        yield "the stage before it changed"


def _changed_keys(old: Recipe, new: Recipe) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"{key} {_short(old.get(key))} → {_short(new.get(key))}"


def _short(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value)
