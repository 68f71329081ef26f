"""A transfer plan as a value: decisions, reasons, adaptations, verdict, and its JSON form.

Decides nothing itself (`decide` does) and touches no array (`adapt` does).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from grow.config.schema import OptimizerState, Policy, ShrinkPerturb
from grow.nets.architecture import Pair, Shape, count_numbers

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
    FOLDED = "folded"
    SPREAD = "spread"
    SPLIT = "split"
    PADDED = "padded"
    CLASSES = "classes"
    NEW = "new"
    NEW_IDENTITY = "new_identity"
    NO_WEIGHTS = "no_weights"
    SHAPE_DIFFERS = "shape_differs"
    INPUTS_DIFFER = "inputs_differ"
    KIND_DIFFERS = "kind_differs"
    GONE = "gone"


class Verdict(StrEnum):
    """Whether the function survives the growth, from the mathematics alone."""

    EXACT = "exact"
    APPROXIMATE = "approximate"
    BROKEN = "broken"


Carried = tuple[int | None, ...]
"""For each new channel the old one it carries; None for one that carries nothing."""


@dataclass(frozen=True)
class Adaptation:
    """How an old layer's weights become the new layer's.

    Attributes:
        inputs: for each new input channel the old one that it carries.
        outputs: for each new output channel the old one that it repeats.
        maps: for the first dense layer after a flatten, the maps before it: the old and the
            new ``(height, width, channels)``; None otherwise.
        measured: whether the kernel is scaled by a factor that the run measures.
        classes: for a last layer that knows more classes than before, for each class the old
            one that it is, None for a new one; None for any other layer.
    """

    inputs: Carried
    outputs: Carried
    maps: tuple[Shape, Shape] | None = None
    measured: bool = False
    classes: Carried | None = None

    @property
    def fold(self) -> Pair:
        """Height and width of the windows that are summed; 1 where none are."""
        if self.maps is None:
            return (1, 1)
        old, new = self.maps
        return (max(old[0] // new[0], 1), max(old[1] // new[1], 1))

    @property
    def spread(self) -> Pair:
        """Height and width of the windows that a weight is spread over; 1 where it is not."""
        if self.maps is None:
            return (1, 1)
        old, new = self.maps
        return (max(new[0] // old[0], 1), max(new[1] // old[1], 1))


@dataclass(frozen=True)
class MoreClasses:
    """The classes that a model knew before a growth, and those it knows now, in label order."""

    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def carried(self) -> Carried:
        """For each class now its place among those before; None for a new one."""
        places = {name: place for place, name in enumerate(self.before)}
        return tuple(places.get(name) for name in self.after)

    @property
    def new(self) -> tuple[str, ...]:
        """The classes that are new."""
        return tuple(name for name in self.after if name not in self.before)

    def to_dict(self) -> dict[str, list[str]]:
        """Both lists as plain JSON values."""
        return {"before": list(self.before), "after": list(self.after)}


def more_classes(before: Sequence[str], after: Sequence[str]) -> MoreClasses | None:
    """What a growth from classes ``before`` to ``after`` is; None where they are the same."""
    return None if tuple(before) == tuple(after) else MoreClasses(tuple(before), tuple(after))


_NAMED = 5


def named(classes: Sequence[str]) -> str:
    """Names of classes in words, of many only the first."""
    more = f" and {len(classes) - _NAMED} more" if len(classes) > _NAMED else ""
    return ", ".join(classes[:_NAMED]) + more


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
        adaptation: how, where the decision is to adapt.
    """

    name: str
    kind: str
    old: dict[str, Shape] | None
    new: dict[str, Shape] | None
    decision: Decision
    reason: Reason
    words: str
    adaptation: Adaptation | None = None

    @property
    def parameters(self) -> int:
        """How many numbers the weights hold: the new ones, or the old ones of a layer gone."""
        return count_numbers((self.old if self.new is None else self.new) or {})

    @property
    def carried(self) -> int:
        """How many of the new numbers come from the old model; padding does not count."""
        return count_carried(self)


def count_carried(line: LayerPlan) -> int:
    """How many of a layer's new numbers come from the old model; padding does not count."""
    if line.decision is Decision.COPY:
        return line.parameters
    if line.adaptation is None or line.new is None:
        return 0
    how = line.adaptation
    total = 0
    for weight, shape in line.new.items():
        count = math.prod(shape)
        if weight != "kernel" or how.classes is not None:
            count = count * sum(c is not None for c in how.outputs) // len(how.outputs)
        if weight == "kernel":
            count = count * sum(c is not None for c in how.inputs) // len(how.inputs)
        total += count
    return total


@dataclass(frozen=True)
class TransferPlan:
    """What is carried over from one architecture to the next.

    Attributes:
        policy: which decisions were allowed.
        layers: one line per layer of the new model, in its order.
        gone: one line per layer of the old model that the new one lacks.
        optimizer: what becomes of the optimizer's state: ``carry`` or ``reset``.
        verdict: whether the function survives.
        why: what stands between the plan and ``exact``, in words; empty when nothing does.
        exceptions: layers with another policy, by name.
        shrink_perturb: how what is carried over is shrunk and perturbed; None when it is not.
        classes: the classes before and after, where there are more after; the verdict is then
            about the old ones, see `scope`.
    """

    policy: Policy
    layers: tuple[LayerPlan, ...]
    gone: tuple[LayerPlan, ...]
    optimizer: OptimizerState
    verdict: Verdict
    why: tuple[str, ...]
    exceptions: Mapping[str, Policy] = field(default_factory=dict, hash=False)
    shrink_perturb: ShrinkPerturb | None = None
    classes: MoreClasses | None = None

    @property
    def scope(self) -> str:
        """Of which classes the verdict speaks, in words; empty where it speaks of all.

        A new class takes a share of every picture, so no probability stays what it was; what can
        stay are the probabilities of the old classes relative to each other.
        """
        if self.classes is None:
            return ""
        return f"for the old classes ({named(self.classes.before)}) relative to each other"

    @property
    def parameters(self) -> int:
        """How many numbers the new model's weights hold."""
        return sum(count_numbers(line.new or {}) for line in self.layers)

    @property
    def carried(self) -> int:
        """How many of them come from the old model."""
        return sum(count_carried(line) for line in self.layers)

    def totals(self) -> str:
        """The plan in one line: ``x of y parameters (z%) carried over``."""
        share = self.carried / max(self.parameters, 1)
        if self.carried < self.parameters:
            share = min(share, 0.9999)  # 100% is said only when nothing is missing
        return f"{self.carried:,} of {self.parameters:,} parameters ({share:.2%}) carried over"

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain JSON values, in the form that ``SCHEMA`` names."""
        return {
            "schema": SCHEMA,
            "policy": self.policy,
            "exceptions": dict(self.exceptions),
            "optimizer": self.optimizer,
            "shrink_perturb": change.model_dump() if (change := self.shrink_perturb) else None,
            "verdict": self.verdict,
            "why": list(self.why),
            "parameters": self.parameters,
            "carried": self.carried,
            "layers": [self._line_to_dict(line) for line in self.layers],
            "gone": [self._line_to_dict(line) for line in self.gone],
            # Only where there are more classes: other plans stay what they were, to the byte.
            **({"classes": self.classes.to_dict(), "scope": self.scope} if self.classes else {}),
        }

    def optimizer_of(self, line: LayerPlan) -> OptimizerState:
        """What becomes of the optimizer's state of one layer."""
        return self.optimizer if line.carried else "reset"

    def _line_to_dict(self, line: LayerPlan) -> dict[str, Any]:
        values = asdict(line)
        if line.adaptation is not None and line.adaptation.classes is None:
            del values["adaptation"]["classes"]
        return {
            **values,
            "parameters": line.parameters,
            "carried": line.carried,
            "optimizer": self.optimizer_of(line),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TransferPlan:
        """The plan that `to_dict` gave.

        Raises:
            ValueError: the values are of another schema, or a decision or reason is unknown.
        """
        if values.get("schema") != SCHEMA:
            raise ValueError(f"expected schema {SCHEMA}, found {values.get('schema')!r}")
        change = values.get("shrink_perturb")  # earlier plans know of none
        more = values.get("classes")  # nor of these
        plan = cls(
            policy=values["policy"],
            layers=tuple(_line_from_dict(line) for line in values["layers"]),
            gone=tuple(_line_from_dict(line) for line in values["gone"]),
            optimizer=values["optimizer"],
            verdict=Verdict(values["verdict"]),
            why=tuple(values["why"]),
            exceptions=values["exceptions"],
            shrink_perturb=None if change is None else ShrinkPerturb(**change),
            classes=more and MoreClasses(tuple(more["before"]), tuple(more["after"])),
        )
        if values.get("scope", "") != plan.scope:
            raise ValueError(f"expected the scope {plan.scope!r}, found {values.get('scope')!r}")
        return plan


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
        adaptation=_adaptation_from_dict(values["adaptation"]),
    )


def _adaptation_from_dict(values: dict[str, Any] | None) -> Adaptation | None:
    if values is None:
        return None
    maps = values["maps"]
    return Adaptation(
        inputs=tuple(values["inputs"]),
        outputs=tuple(values["outputs"]),
        maps=None if maps is None else (tuple(maps[0]), tuple(maps[1])),
        measured=values["measured"],
        classes=None if values.get("classes") is None else tuple(values["classes"]),
    )
