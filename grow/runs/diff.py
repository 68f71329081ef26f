"""How two plans differ: settings key by key, stages, layers, what is carried over, cost.

Compares what would be done, not how it was written: a key that says what holds anyway makes no
difference. Pure; needs neither TensorFlow nor any picture opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from grow.config.schema import RunSpec
from grow.nets.architecture import describe_layer
from grow.planning.cache_key import differences
from grow.planning.lineup import Entry
from grow.planning.stages import StagePlan
from grow.runs.planned import Plan

SCHEMA = "grow.plan-difference/1"
"""Name and version of the JSON form of a difference."""

_NO_SETTING = ("name", "kind")


class Weights(StrEnum):
    """Whether a stage of the new plan ends with the weights it has in the old one."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"
    ADDED = "added"
    GONE = "gone"


@dataclass(frozen=True)
class Setting:
    """A key of the stage file that says something else; None where it says nothing."""

    key: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Layer:
    """What a layer is in a plan, and what becomes of its weights at the growth.

    Attributes:
        kind: what kind of layer it is.
        settings: what makes it such a one, by name: filters, units, rate.
        output: shape of what it computes, without the batch.
        parameters: how many numbers its weights hold.
        decision: what is done with its weights; empty in a stage that starts from nothing.
        why: the reason, in words.
    """

    kind: str
    settings: dict[str, Any]
    output: tuple[int, ...]
    parameters: int
    decision: str
    why: str


@dataclass(frozen=True)
class LayerDifference:
    """A layer that differs; None where there is no such layer."""

    name: str
    old: Layer | None
    new: Layer | None


@dataclass(frozen=True)
class StageDifference:
    """A stage in both plans, found by its name.

    Attributes:
        name: the stage's name.
        old: what the old plan does with it; None where it has no such stage.
        new: likewise.
        weights: whether it ends with the same weights.
        why: what makes its weights differ, in words.
        layers: the layers that differ.
    """

    name: str
    old: Entry | None
    new: Entry | None
    weights: Weights
    why: tuple[str, ...]
    layers: tuple[LayerDifference, ...]


@dataclass(frozen=True)
class Difference:
    """How two plans differ.

    Attributes:
        old: the plan to compare with.
        new: the plan in question.
        settings: the keys that say something else.
        stages: every stage of either, those of the new plan first.
    """

    old: Plan
    new: Plan
    settings: tuple[Setting, ...]
    stages: tuple[StageDifference, ...]

    @property
    def flops(self) -> tuple[int | None, int | None]:
        """FLOPs of all stages' training, old and new; None where the pictures are not known."""
        return _total(self.old), _total(self.new)

    def to_dict(self) -> dict[str, Any]:
        """The difference as plain JSON values, in the form that ``SCHEMA`` names."""
        old_flops, new_flops = self.flops
        return {
            "schema": SCHEMA,
            "folders": {"old": str(self.old.folder), "new": str(self.new.folder)},
            "settings": [asdict(setting) for setting in self.settings],
            "stages": [self._stage(stage) for stage in self.stages],
            "training_flops": {"old": old_flops, "new": new_flops},
        }

    def _stage(self, stage: StageDifference) -> dict[str, Any]:
        return {
            "name": stage.name,
            "weights": stage.weights,
            "why": list(stage.why),
            "old": _brief(self.old, stage.old),
            "new": _brief(self.new, stage.new),
            "layers": [_plain(layer) for layer in stage.layers],
        }


def difference(old: Plan, new: Plan) -> Difference:
    """How ``new`` differs from ``old``."""
    before, after = ({e.stage.name: e for e in plan.entries} for plan in (old, new))
    names = list(dict.fromkeys([*after, *before]))
    pictures = _pictures(old, new)
    stages = tuple(_stage(name, before.get(name), after.get(name), pictures) for name in names)
    return Difference(old, new, tuple(_settings(old.spec, new.spec)), stages)


def _total(plan: Plan) -> int | None:
    costs = [plan.training_flops(entry) for entry in plan.entries]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _brief(plan: Plan, entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    transfer = entry.stage.transfer
    return {
        "number": entry.stage.number,
        "action": entry.action,
        "reason": entry.reason,
        "epochs": entry.stage.training.epochs,
        "parameters": entry.stage.architecture.parameters,
        "training_flops": plan.training_flops(entry),
        "verdict": None if transfer is None else transfer.verdict,
    }


def _plain(layer: LayerDifference) -> dict[str, Any]:
    old, new = (None if one is None else asdict(one) for one in (layer.old, layer.new))
    return {"name": layer.name, "old": old, "new": new}


def _settings(old: RunSpec, new: RunSpec) -> Iterator[Setting]:
    one, other = (dict(_leaves(_by_name(spec), "")) for spec in (old, new))
    for key in dict.fromkeys([*other, *one]):
        if one.get(key) != other.get(key):
            yield Setting(key, one.get(key), other.get(key))


def _by_name(spec: RunSpec) -> dict[str, Any]:
    """The settings, with stages found by their names, as ``--set`` finds them."""
    values = spec.model_dump(mode="json")
    return {**values, "stages": {stage["name"]: stage for stage in values["stages"]}}


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Every single value, with the key that ``--set`` takes for it."""
    if isinstance(value, Mapping):
        for name, inside in value.items():
            yield from _leaves(inside, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{key}[{place}]")
    elif value is not None:
        yield key, value


def _pictures(old: Plan, new: Plan) -> tuple[Weights, tuple[str, ...]]:
    """What other pictures do to weights, and why, while they have not been looked at."""
    if old.spec.data == new.spec.data:
        return Weights.SAME, ()
    if old.pictures and new.pictures and old.pictures != new.pictures:
        return Weights.OTHER, ("the pictures changed",)
    return Weights.UNKNOWN, ("the pictures have not been looked at yet",)


def _stage(
    name: str,
    old: Entry | None,
    new: Entry | None,
    pictures: tuple[Weights, tuple[str, ...]],
) -> StageDifference:
    if old is None or new is None:
        weights = Weights.ADDED if old is None else Weights.GONE
        return StageDifference(name, old, new, weights, (), ())
    why = tuple(differences(old.stage.recipe, new.stage.recipe))
    known = all(entry.stage.recipe["pictures"]["digest"] for entry in (old, new))
    weights = Weights.OTHER if why else Weights.SAME
    if not why and not known:
        weights, why = pictures
    return StageDifference(name, old, new, weights, why, tuple(_layers(old.stage, new.stage)))


def _layers(old: StagePlan, new: StagePlan) -> Iterator[LayerDifference]:
    one, other = _described(old), _described(new)
    for name in dict.fromkeys([*other, *one]):
        before, after = one.get(name), other.get(name)
        if before != after:
            yield LayerDifference(name, before, after)


def _described(stage: StagePlan) -> dict[str, Layer]:
    lines = {} if stage.transfer is None else {line.name: line for line in stage.transfer.layers}
    return {
        row.name: Layer(
            row.layer.kind,
            {
                key: said
                for key, said in describe_layer(row.layer).items()
                if key not in _NO_SETTING
            },
            tuple(row.output),
            row.parameters,
            lines[row.name].decision.value if row.name in lines else "",
            lines[row.name].words if row.name in lines else "",
        )
        for row in stage.architecture.placed()
    }
