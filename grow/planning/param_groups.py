"""Which layers a stage trains when, how fast, and what of it need be computed only once.

Pure: it reads an architecture and a transfer plan and decides, for every epoch, which layers are
frozen, each layer's share of the learning rate, and how far in from the pictures outputs stay
the same while layers are frozen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grow.config.schema import Carried
from grow.errors import GrowthError
from grow.nets.architecture import Architecture, Dropout, forward_flops
from grow.nets.transfer import Decision, Reason, TransferPlan

IN_MEMORY_BYTES = 2**30
"""Outputs that are computed once are kept in memory up to this size, one gibibyte."""

IN_FILE_BYTES = 2**35
"""Beyond memory they are kept in a temporary file up to this size, 32 gibibytes.

Both are constants and not what the machine at hand has left: whether outputs are computed once
may change the last digits of the weights, so a resumed run has to decide as the first one did.
"""

_FLOAT_BYTES = 4


class Storage(StrEnum):
    """Where outputs that are computed once are kept."""

    MEMORY = "memory"
    FILE = "file"
    NONE = "none"


@dataclass(frozen=True)
class Groups:
    """The two groups of a stage's layers, carried over and new, and how the former are trained.

    Attributes:
        carried: layers with weights that were carried over, by name, in order.
        freeze: for how many epochs from the stage's start they are not trained.
        factor: their learning rate as a multiple of the stage's.
        prefix: the layers, from the picture inwards, whose outputs are the same in all those
            epochs; empty when there are none.
        obstacle: why there are none, in words; empty when there are or nothing is frozen.
    """

    carried: tuple[str, ...] = ()
    freeze: int = 0
    factor: float = 1.0
    prefix: tuple[str, ...] = ()
    obstacle: str = ""

    def frozen(self, epoch: int) -> frozenset[str]:
        """The layers that are not trained in an epoch, counted from 1."""
        return frozenset(self.carried) if epoch <= self.freeze else frozenset()

    def factor_of(self, layer: str) -> float:
        """What the learning rate of a layer is multiplied by."""
        return self.factor if layer in self.carried else 1.0

    def to_dict(self) -> dict[str, Any] | None:
        """The groups as plain JSON values; None where all layers are trained alike."""
        if not self.carried:
            return None
        return {
            "layers": list(self.carried),
            "freeze": self.freeze,
            "learning_rate": self.factor,
            "prefix": list(self.prefix),
            "obstacle": self.obstacle,
        }


def group(
    architecture: Architecture, plan: TransferPlan, said: Carried, *, augmented: bool
) -> Groups:
    """The groups of a grown stage.

    Args:
        architecture: what is trained.
        plan: what it is given by the stage before.
        said: how the stage file wants the layers carried over to be trained.
        augmented: whether training pictures change from epoch to epoch.

    Raises:
        GrowthError: nothing is carried over, or freezing it would leave nothing to train.
    """
    if said == Carried():
        return Groups()
    taken = (Decision.COPY, Decision.ADAPT)
    # A last layer for more classes counts as new: frozen, it could not learn the new ones.
    carried = tuple(
        line.name
        for line in plan.layers
        if line.new and line.decision in taken and line.reason is not Reason.CLASSES
    )
    if not carried:
        raise GrowthError(
            "expected no settings for layers carried over, since this stage carries none over",
            hint="remove them, or choose another transfer policy",
        )
    weighted = [row.name for row in architecture.placed() if row.weights]
    if said.freeze and len(carried) == len(weighted):
        raise GrowthError(
            "expected no freeze, since all layers of this stage are carried over "
            "and nothing would be left to train",
            hint="remove freeze, or give the stage a new layer",
        )
    prefix, obstacle = _prefix(architecture, carried, augmented) if said.freeze else ((), "")
    return Groups(carried, said.freeze, said.learning_rate, prefix, obstacle)


def _prefix(
    architecture: Architecture, frozen: tuple[str, ...], augmented: bool
) -> tuple[tuple[str, ...], str]:
    """How far in the outputs stay the same, and if nowhere, why."""
    if augmented:
        return (), "pictures are augmented anew in each epoch"
    passed: list[str] = []
    obstacle = ""
    for row in architecture.placed():
        if row.weights and row.name not in frozen:
            obstacle = f"{row.name} is trained and comes before them"
            break
        if isinstance(row.layer, Dropout):
            obstacle = f"{row.name} drops other values in each step and comes before them"
            break
        passed.append(row.name)
    if not set(passed) & set(frozen):
        return (), obstacle
    return tuple(passed), ""


def stored_bytes(architecture: Architecture, groups: Groups, pictures: int) -> int:
    """How much room the outputs of the prefix take for so many pictures; 0 without one."""
    if not groups.prefix:
        return 0
    row = architecture.placed()[len(groups.prefix) - 1]
    return math.prod(row.output) * _FLOAT_BYTES * pictures


def storage(architecture: Architecture, groups: Groups, pictures: int) -> Storage:
    """Where the outputs of the prefix are kept for so many pictures, if they are."""
    size = stored_bytes(architecture, groups, pictures)
    if not size or size > IN_FILE_BYTES:
        return Storage.NONE
    return Storage.MEMORY if size <= IN_MEMORY_BYTES else Storage.FILE


def epoch_flops(
    architecture: Architecture, groups: Groups, epoch: int, training: int, validation: int
) -> int:
    """Floating-point operations of the training of one epoch; those of validation do not count.

    A frozen layer costs its forward pass, and the gradient of its inputs only where something
    before it is trained. Outputs computed once count in the first epoch alone: a resumed run
    that computes them anew says what an uninterrupted one would.

    Args:
        architecture: what is trained.
        groups: its groups.
        epoch: counted from 1.
        training: how many pictures are trained on.
        validation: how many are validated on; their outputs are kept too.
    """
    frozen = groups.frozen(epoch)
    each = architecture.flops_of_training(frozen)
    if not frozen or storage(architecture, groups, training + validation) is Storage.NONE:
        return each * training
    rows = architecture.placed()[: len(groups.prefix)]
    once = sum(forward_flops(row.layer, row.input) for row in rows)
    return (each - once) * training + (once * training if epoch == 1 else 0)


def total_flops(
    architecture: Architecture, groups: Groups, epochs: int, training: int, validation: int
) -> int:
    """Floating-point operations of the training of all epochs of a stage."""
    first, later, last = (
        epoch_flops(architecture, groups, epoch, training, validation)
        for epoch in (1, 2, groups.freeze + 1)
    )
    frozen = min(groups.freeze, epochs)
    start = first + later * (frozen - 1) if frozen else 0
    return start + last * (epochs - frozen)
