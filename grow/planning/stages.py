"""Every stage that may come in a run, before any is trained: what it is, and its address.

A stage is addressed by the fingerprint of its recipe: everything that could change its weights,
as plain JSON values.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from grow.config.schema import (
    Augment,
    Carried,
    KerasData,
    NpyData,
    NpzData,
    Round,
    RunSpec,
    Stop,
    Training,
    Transfer,
    scale_of,
)
from grow.errors import GrowthError
from grow.nets import classes, operators, transfer
from grow.nets.architecture import Architecture
from grow.nets.transfer import TransferPlan
from grow.planning.cache_key import Recipe, fingerprint
from grow.planning.param_groups import Groups, group

RECIPE = 3
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
    def classes(self) -> tuple[str, ...]:
        """Names of the classes it knows, in label order."""
        return tuple(self.recipe["pictures"]["classes"])

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
        earlier: the same without the classes that only later stages know, once for each set.
    """

    classes: tuple[str, ...]
    digest: str | None
    earlier: tuple[Pictures, ...] = ()

    def among(self, classes: tuple[str, ...]) -> Pictures:
        """Those of some of the classes, in label order: what a stage that knows only these sees."""
        known = (replace(self, earlier=()), *self.earlier)
        return next((one for one in known if one.classes == classes), Pictures(classes, None))


def master_size(run: RunSpec) -> tuple[int, int]:
    """Height and width of the prepared copy of which all stages' pictures are area means."""
    if run.data.master is not None:
        return run.data.master
    height, width = run.model.image[:2]
    size = (height, width)
    for later in run.rounds:
        for operator in later.stage.grow:
            if operator.resize is not None:
                size = operators.resized(size, operator.resize)
                height, width = max(height, size[0]), max(width, size[1])
    return height, width


def master_shape(run: RunSpec) -> tuple[int, int, int]:
    """Height, width and channels of the prepared copy."""
    return (*master_size(run), run.model.image[2])


def plan_stages(run: RunSpec, pictures: Pictures) -> tuple[StagePlan, ...]:
    """All stages that may come in a run, with their transfer plans and addresses.

    Raises:
        GrowthError: a stage cannot be built, or the pictures lack a class that it names.
    """
    known = classes.by_stage(run, pictures.classes)
    architectures = operators.lineage(run, len(known[-1]))
    stages: list[StagePlan] = []
    for index, (later, architecture) in enumerate(zip(run.rounds, architectures, strict=True)):
        stage = later.stage
        parent = stages[-1] if stages else None
        plan = None
        if parent is not None:
            plan = _transfer(parent, architecture, known[index], stage.transfer)
        training = run.training(stage)
        recipe = {
            "version": RECIPE,
            "stage": index + 1,
            "seed": run.seed,
            "architecture": architecture.describe(),
            "pictures": _pictures(run, pictures.among(known[index])),
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


def _transfer(
    parent: StagePlan, architecture: Architecture, known: tuple[str, ...], said: Transfer
) -> TransferPlan:
    return transfer.plan(
        parent.architecture,
        architecture,
        said.weights,
        layers=said.layers,
        optimizer=said.optimizer,
        shrink_perturb=said.shrink_perturb,
        classes=transfer.more_classes(parent.classes, known),
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
    off = {"warm_up": 0.0, "on_divergence": {"halve": 0}}
    return {key: value for key, value in values.items() if key not in off or value != off[key]}


def _pictures(run: RunSpec, pictures: Pictures) -> Recipe:
    recipe: Recipe = {
        "digest": pictures.digest,
        "classes": list(pictures.classes),
        "master": list(master_size(run)),
        "fit": run.data.fit,
        "augment": run.data.augment.model_dump(mode="json"),
    }
    # Only where it is asked for: stages trained before there was such a key keep their addresses.
    if run.data.balance != "none":
        recipe["balance"] = run.data.balance
    if (scale := scale_of(run.data)) is not None:
        arrays = isinstance(run.data, NpzData | NpyData | KerasData)
        recipe["array_range" if arrays else "range"] = list(scale)
    return recipe
