"""Which stages to reuse, resume, extend and run, and why.

A stage is addressed by the fingerprint of its recipe: everything that could change its weights,
as plain JSON values. Pure: `store` says which stage folders there are, this room decides what
they are worth. Floors 0 and 1 only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from grow import growth, transfer
from grow.architecture import Architecture
from grow.errors import GrowthError
from grow.groups import Groups, group
from grow.history import History
from grow.recipes import Recipe, differences, fingerprint
from grow.schedule import best_epoch, end_of_growth, gain_of
from grow.spec import Augment, Carried, Round, RunSpec, Stop, Training, Transfer
from grow.transfer import TransferPlan

RECIPE = 1
"""Version of the recipe: raised when grow itself would train other weights from it."""


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
        stop: what decides, from the stages before it, whether it comes; None where it comes
            anyway. Changes no weight, so it is not in the recipe.
        groups: which of its layers are trained when, and how fast.
    """

    number: int
    name: str
    architecture: Architecture
    transfer: TransferPlan | None
    training: Training
    recipe: Recipe
    fingerprint: str
    stop: Stop | None = None
    groups: Groups = field(default_factory=Groups)

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
    EXTEND = "extend"
    RUN = "run"
    SKIP = "skip"


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
        flaws: what is damaged of it, in words.
        history: the epochs on disk.
        saved: epochs and steps of its checkpoints.
    """

    number: int
    name: str
    fingerprint: str
    recipe: Recipe
    epochs: int
    done: bool
    flaws: tuple[str, ...] = ()
    history: History = ()
    saved: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Entry:
    """One line of the lineup: a stage, what is done with it, and why in words.

    Attributes:
        stage: the stage as planned.
        action: what a run does with it.
        reason: why, in words.
        source: fingerprint of the stage that an extended one goes on from.
    """

    stage: StagePlan
    action: Action
    reason: str
    source: str | None = None


def master_size(run: RunSpec) -> tuple[int, int]:
    """Height and width of the prepared copy of which all stages' pictures are area means."""
    if run.data.master is not None:
        return run.data.master
    height, width = run.model.image[:2]
    size = (height, width)
    for later in run.rounds:
        for operator in later.stage.grow:
            if operator.resize is not None:
                size = growth.resized(size, operator.resize)
                height, width = max(height, size[0]), max(width, size[1])
    return height, width


def plan_stages(run: RunSpec, pictures: Pictures) -> tuple[StagePlan, ...]:
    """All stages that may come in a run, with their transfer plans and addresses.

    Raises:
        GrowthError: a stage cannot be built.
    """
    architectures = growth.lineage(run, len(pictures.classes))
    stages: list[StagePlan] = []
    for index, (later, architecture) in enumerate(zip(run.rounds, architectures, strict=True)):
        stage = later.stage
        parent = stages[-1] if stages else None
        plan = None if parent is None else _transfer(parent, architecture, stage.transfer)
        training = run.training(stage)
        recipe = {
            "version": RECIPE,
            "stage": index + 1,
            "seed": run.seed,
            "architecture": architecture.describe(),
            "pictures": _pictures(run, pictures),
            "training": _said(training),
            "transfer": None if plan is None else _said(stage.transfer),
            "parent": None if parent is None else parent.fingerprint,
        }
        if plan is not None and stage.carried != Carried():
            recipe["carried"] = stage.carried.model_dump(mode="json")
        stages.append(
            StagePlan(
                number=index + 1,
                name=stage.name,
                architecture=architecture,
                transfer=plan,
                training=training,
                recipe=recipe,
                fingerprint=fingerprint(recipe),
                stop=later.stop,
                groups=Groups() if plan is None else _groups(run, later, architecture, plan),
            )
        )
    return tuple(stages)


def _transfer(parent: StagePlan, architecture: Architecture, said: Transfer) -> TransferPlan:
    return transfer.plan(
        parent.architecture,
        architecture,
        said.weights,
        layers=said.layers,
        optimizer=said.optimizer,
        shrink_perturb=said.shrink_perturb,
    )


def _groups(run: RunSpec, later: Round, architecture: Architecture, plan: TransferPlan) -> Groups:
    """The groups of a grown stage.

    Raises:
        GrowthError: they cannot be what the stage asks for; says where.
    """
    augmented = run.data.augment != Augment()
    try:
        return group(architecture, plan, later.stage.carried, augmented=augmented)
    except GrowthError as error:
        error.path = ("stages", later.entry, "carried")
        raise


def _said(settings: Training | Transfer) -> Recipe:
    """Settings for a recipe: what is off says nothing, so that later keys change no address."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return {key: value for key, value in values.items() if key != "warm_up" or value}


def _pictures(run: RunSpec, pictures: Pictures) -> Recipe:
    recipe: Recipe = {
        "digest": pictures.digest,
        "classes": list(pictures.classes),
        "master": list(master_size(run)),
        "fit": run.data.fit,
        "augment": run.data.augment.model_dump(mode="json"),
    }
    # Only where it is asked for: stages trained before there was such a key keep their addresses.
    return recipe if run.data.balance == "none" else {**recipe, "balance": run.data.balance}


def line_up(stages: Sequence[StagePlan], found: Sequence[Found]) -> tuple[Entry, ...]:
    """What a run does with each stage, given the folders that are there."""
    by_address = {folder.fingerprint[:8]: folder for folder in found}
    entries: list[Entry] = []
    complete: list[Complete] = []
    why = ""
    for stage in stages:
        same = by_address.get(stage.fingerprint[:8])
        known = len(complete) == len(entries)
        why = why or (not_needed(stage, complete) if known else "")
        entry = Entry(stage, Action.SKIP, why) if why else _entry(stage, same, found)
        if stage.stop is not None and not known and not why:
            entry = replace(entry, reason=f"{_condition(stage.stop, entries)}; {entry.reason}")
        if same is not None and entry.action is Action.REUSE:
            complete.append((stage, same.history))
        entries.append(entry)
    return tuple(entries)


Complete = tuple[StagePlan, History]
"""A complete stage and its epochs."""


def not_needed(stage: StagePlan, before: Sequence[Complete]) -> str:
    """Why a stage that may come does not, in words; empty where it comes.

    Args:
        stage: the stage.
        before: the stages before it, all complete, with their epochs, in order.
    """
    if stage.stop is None:
        return ""
    (old, old_history), (new, new_history) = before[-2:]
    bests = (best_epoch(old.training, old_history), best_epoch(new.training, new_history))
    if 0 in bests:
        return ""  # a damaged history: whoever reads it says so
    words = end_of_growth(stage.stop, old_history[bests[0] - 1], new_history[bests[1] - 1])
    return f"growing does not pay any more: {old.name} to {new.name}, {words}" if words else ""


def _condition(stop: Stop, before: Sequence[Entry]) -> str:
    return f"only if {before[-1].stage.name} gains {gain_of(stop)} of {stop.monitor}"


def _entry(stage: StagePlan, same: Found | None, found: Sequence[Found]) -> Entry:
    if stage.recipe["pictures"]["digest"] is None:
        return Entry(stage, Action.RUN, "the pictures have not been looked at yet")
    if same is not None:
        return _known(stage, same)
    relatives = [folder for folder in found if folder.number == stage.number and folder.recipe]
    if not relatives:
        return Entry(stage, Action.RUN, "not trained yet")
    longest = max(relatives, key=lambda folder: _start(stage, folder))
    if _start(stage, longest) > _NOTHING:
        return _extended(stage, longest)
    changes = min((tuple(differences(r.recipe, stage.recipe)) for r in relatives), key=len)
    return Entry(stage, Action.RUN, ", ".join(changes) or "the recipe changed")


def _known(stage: StagePlan, same: Found) -> Entry:
    """What is done with a stage that has a folder."""
    if same.flaws:
        words = f"{'; '.join(same.flaws)}; it goes on from its newest good checkpoint"
        return Entry(stage, Action.RESUME, words)
    if same.done:
        return Entry(stage, Action.REUSE, "finished before with the same settings and pictures")
    if same.epochs:
        words = f"{same.epochs} of {stage.training.epochs} epochs are on disk"
        return Entry(stage, Action.RESUME, words)
    return Entry(stage, Action.RESUME, "begun before")


def _extended(stage: StagePlan, old: Found) -> Entry:
    before, now = old.recipe["training"]["epochs"], stage.training.epochs
    epochs, step = _start(stage, old)
    words = f"goes on from epoch {epochs}" + (f", step {step}" if step else "")
    if (epochs, step) == (now, 0):
        words = f"epoch {epochs} is on disk"
    return Entry(stage, Action.EXTEND, f"epochs {before} → {now}, {words}", old.fingerprint)


_NOTHING = (0, 0)


def _start(stage: StagePlan, old: Found) -> tuple[int, int]:
    """Epochs and steps of the checkpoint of ``old`` that ``stage`` can go on from.

    Only where the number of epochs is all that differs: every decision of `schedule` depends on
    the epochs so far, none on how many there will be, so the way is the same as far as both go.
    """
    if _all_but_epochs(old.recipe) != _all_but_epochs(stage.recipe):
        return _NOTHING
    training = stage.training
    usable = [
        (epochs, step)
        for epochs, step in old.saved
        if lies_within(training, epochs, step)
        and epochs <= len(old.history)
        and _best_is_saved(training, old, epochs)
    ]
    return max(usable, default=_NOTHING)


def _best_is_saved(training: Training, old: Found, epochs: int) -> bool:
    best = best_epoch(training, old.history[:epochs])
    return best == 0 or (best, 0) in old.saved


def lies_within(training: Training, epochs: int, step: int) -> bool:
    """Whether a training comes through the state after so many epochs and steps."""
    return epochs < training.epochs or (epochs, step) == (training.epochs, 0)


def _all_but_epochs(recipe: Recipe) -> Recipe:
    training = recipe.get("training") or {}
    return {**recipe, "training": {k: v for k, v in training.items() if k != "epochs"}}
