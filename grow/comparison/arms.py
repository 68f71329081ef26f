"""What growth is compared with: stage files derived from a stage file, as plain values.

Owns the meaning of each variant: growth under one policy or another, and the controls, which
are derived from what the growth of the same seed really trained. Knows no disk and no Keras.

Controls are built by letting the first stage grow before it is trained, which a stage file
written by hand may not do: so layers keep the names that growth gave them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from grow.config.schema import Operator, Policy, RunSpec, Stage, Transfer
from grow.errors import GrowthError
from grow.nets import operators as growth
from grow.planning.history import History
from grow.planning.stages import master_size
from grow.seeds import derive_seed

GROWTH = "growth"
SCRATCH_EPOCHS = "scratch_epochs"
SCRATCH_FLOPS = "scratch_flops"
RESIZE_ONLY = "resize_only"

CONTROLS = (SCRATCH_FLOPS, SCRATCH_EPOCHS, RESIZE_ONLY)
"""The controls by name, in the order in which they are shown."""


@dataclass(frozen=True)
class Variant:
    """One way to train the final architecture.

    Attributes:
        name: ``growth`` (``growth:strict`` where policies are compared) or a control's name.
        spec: the stage file that carries it out.
    """

    name: str
    spec: RunSpec

    @property
    def is_growth(self) -> bool:
        """Whether it grows, as opposed to a control."""
        return self.name.partition(":")[0] == GROWTH


@dataclass(frozen=True)
class Controls:
    """The controls of one growth.

    Attributes:
        variants: those that can be carried out, in the order that trains least: what one control
            has trained, a longer one goes on from.
        missing: the others by name, and why in words.
    """

    variants: tuple[Variant, ...]
    missing: tuple[tuple[str, str], ...]


def seeds(first: int, repeats: int) -> tuple[int, ...]:
    """The seeds of the repeats: the stage file's own, then others derived from it."""
    found = [first]
    number = 0
    while len(found) < repeats:
        number += 1
        derived = derive_seed(first, "repeat", number, bits=31)
        if derived not in found:
            found.append(derived)
    return tuple(found)


def growths(spec: RunSpec, policies: Sequence[Policy], seed: int) -> tuple[Variant, ...]:
    """Growth as the stage file has it, or once per policy, with this seed.

    A policy given here replaces that of every stage, single layers included.
    """
    seeded = spec.model_copy(update={"seed": seed})
    if not policies:
        return (Variant(GROWTH, seeded),)
    return tuple(Variant(f"{GROWTH}:{policy}", _under(seeded, policy)) for policy in policies)


def _under(spec: RunSpec, policy: Policy) -> RunSpec:
    first, *later = spec.stages
    stages = (first, *(_carrying(stage, policy, stage.grow) for stage in later))
    return spec.model_copy(update={"stages": stages})


def _carrying(stage: Stage, policy: Policy, operators: Sequence[Operator]) -> Stage:
    transfer = Transfer(weights=policy, optimizer=stage.transfer.optimizer)
    return stage.model_copy(update={"grow": tuple(operators), "transfer": transfer})


def controls(
    grown: RunSpec, histories: Sequence[History], classes: int, diverged_flops: int = 0
) -> Controls:
    """The controls of a growth that is complete.

    Args:
        grown: the stage file of the growth.
        histories: what each of its stages trained; stages that did not come have none.
        classes: how many classes there are.
        diverged_flops: what it spent beside on attempts at epochs that diverged.

    Returns:
        ``scratch_epochs``: the final architecture from scratch, for as many epochs as growth
        trained in all its stages. ``scratch_flops``: likewise, for as many epochs as cost at
        least growth's training FLOPs, so at most one epoch more than those. ``resize_only``: the
        final depth from the start, on growth's pictures and epochs, resized as growth was, its
        weights spread (``preserve``) whatever policy growth had.
    """
    grown = _as_it_came(grown, len(histories))
    scratch = _scratch_variants(grown, histories, diverged_flops)
    why = _no_resize_only(grown)
    if not why:
        variant = Variant(RESIZE_ONLY, _resize_only(grown, histories))
        try:
            growth.lineage(variant.spec, classes)
        except GrowthError as error:
            why = f"the final depth does not fit the first image size: {error.message}"
        else:
            return Controls((*scratch, variant), ())
    return Controls(scratch, ((RESIZE_ONLY, why),))


def _as_it_came(grown: RunSpec, stages: int) -> RunSpec:
    """The stage file with the stages that came, one by one, on the pictures prepared for all."""
    # All variants see means of the same prepared pictures.
    data = grown.data.model_copy(update={"master": master_size(grown)})
    once = {"repeat": None, "stop": None}
    came = tuple(later.stage.model_copy(update=once) for later in grown.rounds[:stages])
    return grown.model_copy(update={"stages": came, "data": data})


def _scratch_variants(
    grown: RunSpec, histories: Sequence[History], diverged_flops: int
) -> tuple[Variant, ...]:
    spent = diverged_flops + sum(
        record.training_flops for history in histories for record in history
    )
    an_epoch = histories[-1][-1].training_flops
    epochs = {
        SCRATCH_FLOPS: math.ceil(spent / an_epoch),
        SCRATCH_EPOCHS: sum(len(history) for history in histories),
    }
    shorter_first = sorted(epochs, key=lambda name: epochs[name])
    return tuple(Variant(name, _scratch(grown, epochs[name])) for name in shorter_first)


def _scratch(grown: RunSpec, epochs: int) -> RunSpec:
    """The final architecture as one stage, trained as the last stage is."""
    operators = tuple(operator for stage in grown.stages for operator in stage.grow)
    only = _trained(grown.stages[-1], epochs).model_copy(
        update={"name": "scratch", "grow": operators, "transfer": Transfer()}
    )
    return grown.model_copy(update={"stages": (only,)})


def _no_resize_only(grown: RunSpec) -> str:
    operators = [operator for stage in grown.stages for operator in stage.grow]
    if not any(operator.resize for operator in operators):
        return "all stages have the same image size: it would be training from scratch"
    if all(_of_pictures(operator) for operator in operators):
        return "the stage file grows by resizing alone: it would be growth itself"
    return ""


def _resize_only(grown: RunSpec, histories: Sequence[History]) -> RunSpec:
    rest = [op for stage in grown.stages for op in stage.grow if not _of_pictures(op)]
    stages = []
    for number, (stage, history) in enumerate(zip(grown.stages, histories, strict=True)):
        trained = _trained(stage, len(history))
        if number == 0:
            stages.append(trained.model_copy(update={"grow": tuple(rest)}))
        else:
            resizes = [operator for operator in stage.grow if _of_pictures(operator)]
            # All its layers are carried over: with them frozen nothing would be trained.
            thawed = stage.carried.model_copy(update={"freeze": 0})
            trained = trained.model_copy(update={"carried": thawed})
            stages.append(_carrying(trained, "preserve", resizes))
    return grown.model_copy(update={"stages": tuple(stages)})


def _of_pictures(operator: Operator) -> bool:
    """Whether an operator says on which pictures is trained: of which size, of which classes."""
    return operator.resize is not None or operator.head is not None


def _trained(stage: Stage, epochs: int) -> Stage:
    """The stage for just so many epochs."""
    return stage.model_copy(update={"epochs": epochs, "until": None})
