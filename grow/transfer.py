"""The transfer planner: for each layer of a grown model one decision, and why.

Pure: it compares two architectures under a policy and touches no array (`adapt` carries a plan
out). Layers are matched by their lifelong names, never by position. Standard library and floor 0
only.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from grow.architecture import Architecture, Conv, Layer, Norm, Placed, Shape
from grow.spec import Policy

SCHEMA = "grow.transfer-plan/1"
"""Name and version of the JSON form of a plan; a change of meaning raises the number."""


class Decision(StrEnum):
    """What becomes of a layer of the new model; the list is closed."""

    COPY = "copy"
    ADAPT = "adapt"
    INITIALISE = "initialise"
    SKIP = "skip"


class Reason(StrEnum):
    """Why a decision was taken; the list is closed."""

    SAME = "same"
    SHAPE_FITS = "shape_fits"
    NEW = "new"
    NEW_IDENTITY = "new_identity"
    NO_WEIGHTS = "no_weights"
    SHAPE_DIFFERS = "shape_differs"
    INPUTS_DIFFER = "inputs_differ"
    KIND_DIFFERS = "kind_differs"
    GONE = "gone"


@dataclass(frozen=True)
class LayerPlan:
    """One line of a transfer plan.

    Attributes:
        name: the layer's lifelong name.
        kind: what kind of layer it is.
        old: shapes of the old weights by name; None where the old model has no such layer.
        new: shapes of the new weights by name; None where the new model has no such layer.
        decision: what is done.
        reason: why, from the closed list.
        words: why, for people.
    """

    name: str
    kind: str
    old: dict[str, Shape] | None
    new: dict[str, Shape] | None
    decision: Decision
    reason: Reason
    words: str

    @property
    def parameters(self) -> int:
        """How many numbers the weights hold: the new ones, or the old ones of a layer gone."""
        shapes = self.old if self.new is None else self.new
        return sum(math.prod(shape) for shape in (shapes or {}).values())

    @property
    def carried(self) -> int:
        """How many of the new numbers come from the old model."""
        return self.parameters if self.decision in (Decision.COPY, Decision.ADAPT) else 0


@dataclass(frozen=True)
class TransferPlan:
    """What is carried over from one architecture to the next.

    Attributes:
        policy: which decisions were allowed.
        layers: one line per layer of the new model, in its order.
        gone: one line per layer of the old model that the new one lacks.
        optimizer: what becomes of the optimizer's state.
    """

    policy: Policy
    layers: tuple[LayerPlan, ...]
    gone: tuple[LayerPlan, ...]
    optimizer: str = "reset"

    @property
    def parameters(self) -> int:
        """How many numbers the new model's weights hold."""
        return sum(line.parameters for line in self.layers)

    @property
    def carried(self) -> int:
        """How many of them come from the old model."""
        return sum(line.carried for line in self.layers)

    def totals(self) -> str:
        """The plan in one line: ``x of y parameters (z%) carried over``."""
        share = self.carried / self.parameters if self.parameters else 0.0
        return f"{self.carried:,} of {self.parameters:,} parameters ({share:.2%}) carried over"

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain JSON values, in the form that ``SCHEMA`` names."""
        return {
            "schema": SCHEMA,
            "policy": self.policy,
            "optimizer": self.optimizer,
            "parameters": self.parameters,
            "carried": self.carried,
            "layers": [_line_to_dict(line) for line in self.layers],
            "gone": [_line_to_dict(line) for line in self.gone],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TransferPlan:
        """The plan that `to_dict` gave.

        Raises:
            ValueError: the values are of another schema, or a decision or reason is unknown.
        """
        if values.get("schema") != SCHEMA:
            raise ValueError(f"expected schema {SCHEMA}, found {values.get('schema')!r}")
        return cls(
            policy=values["policy"],
            layers=tuple(_line_from_dict(line) for line in values["layers"]),
            gone=tuple(_line_from_dict(line) for line in values["gone"]),
            optimizer=values["optimizer"],
        )


def plan(old: Architecture, new: Architecture, policy: Policy) -> TransferPlan:
    """The transfer plan from ``old`` to ``new``: exactly one line for each layer of both."""
    before = {row.name: row for row in old.placed()}
    upstream = _Upstream(old, new)
    lines = []
    for row in new.placed():
        upstream.meet(row)
        line = _decide(row, before.get(row.name), policy, upstream)
        upstream.pass_by(row, line.decision)
        lines.append(line)
    kept = {row.name for row in new.placed()}
    gone = tuple(_gone(row) for row in old.placed() if row.name not in kept)
    return TransferPlan(policy, tuple(lines), gone)


class _Upstream:
    """Follows what reaches a layer: why it is not what it was, and whether it can be negative."""

    def __init__(self, old: Architecture, new: Architecture) -> None:
        self._old = [row.layer for row in old.placed()]
        self._passed: list[Layer] = []
        self.negative = False
        self.change = ""
        if old.image != new.image:
            self.change = f"the pictures are {_size(new)}, were {_size(old)}"

    def meet(self, row: Placed) -> None:
        """Takes note where layers that came before ``row`` do so no longer."""
        names = [layer.name for layer in self._old]
        place = len(self._passed)
        if not self.change and row.name in names and names[place] != row.name:
            self.change = f"{names[place]} no longer comes before it"

    def pass_by(self, row: Placed, decision: Decision) -> None:
        """Moves on behind ``row``, which was decided so."""
        self._passed.append(row.layer)
        self.negative = _may_be_negative(row.layer, self.negative)
        if self.change:
            return
        if self._passed != self._old[: len(self._passed)]:
            self.change = f"{row.name} is not where, or not what, it was"
            if row.name not in {layer.name for layer in self._old}:
                self.change = f"{row.name} is new before it"
        elif row.weights and decision is not Decision.COPY:
            self.change = f"{row.name} before it is not carried over"


def _decide(row: Placed, old: Placed | None, policy: Policy, upstream: _Upstream) -> LayerPlan:
    def line(decision: Decision, reason: Reason, words: str) -> LayerPlan:
        shapes = None if old is None else old.weights
        return LayerPlan(row.name, row.layer.kind, shapes, row.weights, decision, reason, words)

    if not row.weights:
        return line(Decision.SKIP, Reason.NO_WEIGHTS, "has no weights: nothing to copy")
    if old is None:
        return line(*_initialise(row, policy, upstream.negative))
    if old.layer.kind != row.layer.kind:
        words = f"is a {row.layer.kind}, was a {old.layer.kind}: starts from random weights"
        return line(Decision.SKIP, Reason.KIND_DIFFERS, words)
    if old.weights != row.weights:
        words = f"{_misfit(old, row)}: starts from random weights"
        return line(Decision.SKIP, Reason.SHAPE_DIFFERS, words)
    if not upstream.change:
        return line(Decision.COPY, Reason.SAME, "same shape, same inputs")
    if policy == "strict":
        words = f"fits, but its inputs are not what they were ({upstream.change})"
        return line(Decision.SKIP, Reason.INPUTS_DIFFER, words)
    return line(Decision.COPY, Reason.SHAPE_FITS, f"same shape ({upstream.change})")


def _initialise(row: Placed, policy: Policy, negative: bool) -> tuple[Decision, Reason, str]:
    """How a newly born layer starts; only ``preserve`` asks for the identity."""
    if policy != "preserve":
        return Decision.INITIALISE, Reason.NEW, "new: starts from random weights"
    obstacle = _no_identity(row, negative)
    if obstacle:
        words = f"new: starts from random weights ({obstacle})"
        return Decision.INITIALISE, Reason.NEW, words
    words = "new: starts as the identity"
    extra = row.output[-1] - row.input[-1]
    if extra:
        words += f" on {row.input[-1]} channels, random weights for the other {extra}"
    return Decision.INITIALISE, Reason.NEW_IDENTITY, words


def _no_identity(row: Placed, negative: bool) -> str:
    """Why a new layer cannot start as the identity; empty when it can."""
    layer = row.layer
    if isinstance(layer, Norm):
        return ""
    if not isinstance(layer, Conv):
        return f"a {layer.kind} layer has no identity start"
    if layer.filters < row.input[-1]:
        return f"{layer.filters} filters cannot pass {row.input[-1]} channels on"
    if not all(side % 2 for side in layer.kernel):
        return "an even kernel has no centre"
    if layer.activation not in IDENTITY_ON_POSITIVE and layer.activation != "linear":
        return f"{layer.activation} changes what passes through it"
    if negative and layer.activation != "linear":
        return f"what reaches it can be negative, and {layer.activation} would cut it off"
    return ""


IDENTITY_ON_POSITIVE = frozenset({"relu", "leaky_relu", "elu"})
"""Activations f with f(x) = x for every x >= 0."""

_NEVER_NEGATIVE = frozenset({"relu", "sigmoid", "softmax"})


def _may_be_negative(layer: Layer, before: bool) -> bool:
    """Whether outputs of ``layer`` can be negative, where its inputs can be (``before``)."""
    if isinstance(layer, Norm):
        return True
    activation = getattr(layer, "activation", None)
    return before if activation is None else activation not in _NEVER_NEGATIVE


def _gone(row: Placed) -> LayerPlan:
    words = "not in the new model"
    return LayerPlan(row.name, row.layer.kind, row.weights, None, Decision.SKIP, Reason.GONE, words)


def _misfit(old: Placed, new: Placed) -> str:
    """The first weight whose shape differs, in words."""
    for name, shape in new.weights.items():
        before = old.weights.get(name)
        if before != shape:
            return f"{name} {before} does not fit {shape}"
    return f"{len(old.weights)} weights do not fit {len(new.weights)}"


def _size(architecture: Architecture) -> str:
    return f"{architecture.image[0]}x{architecture.image[1]}"


def _line_to_dict(line: LayerPlan) -> dict[str, Any]:
    return {**asdict(line), "parameters": line.parameters, "carried": line.carried}


def _line_from_dict(values: dict[str, Any]) -> LayerPlan:
    def shapes(side: dict[str, list[int]] | None) -> dict[str, Shape] | None:
        return None if side is None else {name: tuple(shape) for name, shape in side.items()}

    return LayerPlan(
        name=values["name"],
        kind=values["kind"],
        old=shapes(values["old"]),
        new=shapes(values["new"]),
        decision=Decision(values["decision"]),
        reason=Reason(values["reason"]),
        words=values["words"],
    )
