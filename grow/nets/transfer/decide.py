"""The planner itself: one line for each layer, decided from the picture to the output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from grow.config.schema import OptimizerState, Policy, ShrinkPerturb
from grow.nets.architecture import Architecture, Conv, Norm, Placed, Shape, describe_layer
from grow.nets.transfer import correspondence
from grow.nets.transfer.correspondence import IDENTITY_ON_POSITIVE, Correspondence
from grow.nets.transfer.fitting import adaptation_of, for_classes, in_words, is_plain
from grow.nets.transfer.plan import (
    Adaptation,
    Decision,
    LayerPlan,
    MoreClasses,
    Reason,
    TransferPlan,
    Verdict,
)

Choice = tuple[Decision, Reason, str, Adaptation | None]
_HARMLESS = frozenset({"dropout"})
"""Kinds of layers that may come and go: they do nothing outside training."""

_NO_LAYERS: Mapping[str, Policy] = MappingProxyType({})


def plan(
    old: Architecture,
    new: Architecture,
    policy: Policy,
    *,
    layers: Mapping[str, Policy] = _NO_LAYERS,
    optimizer: OptimizerState = "reset",
    shrink_perturb: ShrinkPerturb | None = None,
    classes: MoreClasses | None = None,
) -> TransferPlan:
    """The transfer plan from ``old`` to ``new``: exactly one line for each layer of both.

    Args:
        old: what was trained.
        new: what it grew into.
        policy: which decisions may be taken.
        layers: another policy for single layers, by name.
        optimizer: what becomes of the optimizer's state of layers carried over.
        shrink_perturb: how weights carried over are shrunk and perturbed; None for not at all.
        classes: the classes of both, where ``new`` knows more; None where they are the same.
    """
    steps = list(walk(old, new, policy, layers=layers, classes=classes))
    lines = [line for line, _ in steps]
    at = steps[-1][1]
    kept = {line.name for line in lines}
    gone = tuple(_gone(row) for row in old.placed() if row.name not in kept)
    missed = [line.name for line in gone if line.kind not in _HARMLESS]
    if missed:
        at = at.gone(f"{missed[0]} is gone", f"{missed[0]} is gone")
    verdict = Verdict.BROKEN if at.lost else Verdict.APPROXIMATE if at.why else Verdict.EXACT
    why = (at.lost,) if at.lost else at.why
    made = TransferPlan(
        policy, tuple(lines), gone, optimizer, verdict, why, dict(layers), classes=classes
    )
    return made if shrink_perturb is None else _shaken(made, shrink_perturb)


def _shaken(plan: TransferPlan, change: ShrinkPerturb) -> TransferPlan:
    """The plan with its weights shrunk and perturbed: no longer exact, unless nothing changes."""
    plan = replace(plan, shrink_perturb=change)
    if not plan.carried or (change.shrink, change.perturb) == (1.0, 0.0):
        return plan
    words = (
        f"what is carried over is multiplied by {change.shrink:g}, "
        f"and fresh weights times {change.perturb:g} are added"
    )
    verdict = Verdict.APPROXIMATE if plan.verdict is Verdict.EXACT else plan.verdict
    return replace(plan, verdict=verdict, why=(*plan.why, words))


def walk(
    old: Architecture,
    new: Architecture,
    policy: Policy,
    *,
    layers: Mapping[str, Policy] = _NO_LAYERS,
    classes: MoreClasses | None = None,
) -> Iterator[tuple[LayerPlan, Correspondence]]:
    """Each layer's line of the plan, and what behind it corresponds to the old model."""
    before = {row.name: row for row in old.placed()}
    left = [row.name for row in old.placed() if row.layer.kind not in _HARMLESS]
    at = correspondence.of_pictures(old, new)
    last = new.layers[-1].name
    for row in new.placed():
        same = before.get(row.name)
        if same is not None and row.layer.kind not in _HARMLESS:
            at = _behind_what_left(row.name, left, at)
        of_row = classes if row.name == last else None
        line, at = _step(row, same, layers.get(row.name, policy), at, of_row)
        yield line, at


def _behind_what_left(name: str, left: list[str], at: Correspondence) -> Correspondence:
    """Where a kept layer stands: behind the old layers it stood behind, or behind others.

    Takes out of ``left``, the old layers not yet met, all up to the one of this name.
    """
    if name not in left:
        return at.gone(f"{name} has moved", f"{name} has moved")
    passed = left[: left.index(name)]
    del left[: len(passed) + 1]
    if not passed:
        return at
    return at.gone(f"{passed[0]} was removed", f"{passed[0]} before it was removed")


def _step(
    row: Placed,
    old: Placed | None,
    policy: Policy,
    at: Correspondence,
    classes: MoreClasses | None,
) -> tuple[LayerPlan, Correspondence]:
    """The line of one layer, and what corresponds behind it."""
    if not row.weights:
        choice: Choice = (Decision.SKIP, Reason.NO_WEIGHTS, "has no weights: nothing to copy", None)
        behind = correspondence.behind_weightless(at, row, old)
    elif old is None:
        choice = _born(row, policy, at)
        behind = _behind_born(row, choice, at)
    else:
        choice = _kept(row, old, policy, at, classes)
        behind = _behind_kept(row, old, choice, at)
    # The last layer for more classes may go from sigmoid to softmax: its adaptation allows for it.
    if old is not None and classes is None and _settings(old) != _settings(row):
        changed = f"{row.name} has other settings"
        behind = behind.gone(changed, changed)
    shapes = None if old is None else old.weights
    return LayerPlan(row.name, row.layer.kind, shapes, row.weights, *choice), behind


def _settings(row: Placed) -> dict[str, object]:
    """What a layer does beside its weights; how wide it is and dropout do not count."""
    passing = {"name", "filters", "units", "rate"}
    return {key: value for key, value in describe_layer(row.layer).items() if key not in passing}


def _born(row: Placed, policy: Policy, at: Correspondence) -> Choice:
    """How a newly born layer starts; only ``preserve`` asks for the identity."""
    if policy != "preserve":
        return Decision.INITIALISE, Reason.NEW, "new: starts from random weights", None
    obstacle = _no_identity(row, at.negative)
    if obstacle:
        words = f"new: starts from random weights ({obstacle})"
        return Decision.INITIALISE, Reason.NEW, words, None
    words = "new: starts as the identity"
    extra = row.output[-1] - row.input[-1]
    if extra:
        words += f" on {row.input[-1]} channels, random weights for the other {extra}"
    return Decision.INITIALISE, Reason.NEW_IDENTITY, words, None


def _no_identity(row: Placed, negative: bool) -> str:
    """Why a new layer cannot start as the identity; empty when it can."""
    layer = row.layer
    if isinstance(layer, Norm):
        return ""
    if not isinstance(layer, Conv):
        return f"a {layer.kind} layer cannot start as the identity"
    if layer.filters < row.input[-1]:
        return f"{layer.filters} filters are fewer than the {row.input[-1]} input channels"
    if not all(side % 2 for side in layer.kernel):
        return "an even kernel has no centre"
    if layer.activation == "linear":
        return ""
    if layer.activation not in IDENTITY_ON_POSITIVE:
        return f"{layer.activation} is not the identity on positive inputs"
    if negative:
        return f"its inputs can be negative, and {layer.activation} would clip them"
    return ""


def _behind_born(row: Placed, choice: Choice, at: Correspondence) -> Correspondence:
    if choice[1] is Reason.NEW_IDENTITY:
        return correspondence.behind_identity(at, row)
    return at.gone(f"{row.name} starts from random weights", f"{row.name} was added before it")


def _kept(
    row: Placed, old: Placed, policy: Policy, at: Correspondence, classes: MoreClasses | None
) -> Choice:
    """What becomes of a layer that the old model had."""
    if old.layer.kind != row.layer.kind:
        words = f"was a {old.layer.kind}, now a {row.layer.kind}: starts from random weights"
        return Decision.SKIP, Reason.KIND_DIFFERS, words, None
    if classes is not None:
        return _for_more_classes(row, old, policy, at, classes)
    if policy == "preserve" and not at.lost:
        return _preserved(row, old, at)
    if old.weights != row.weights:
        return _misfit(old, row)
    if not at.change:
        return Decision.COPY, Reason.SAME, "same shape, same inputs", None
    if policy == "strict":
        words = f"shape fits, but its inputs changed ({at.change})"
        return Decision.SKIP, Reason.INPUTS_DIFFER, words, None
    return Decision.COPY, Reason.SHAPE_FITS, f"same shape ({at.change})", None


def _preserved(row: Placed, old: Placed, at: Correspondence) -> Choice:
    """A copy where the layer meets what it met before, else an adaptation where one exists."""
    adaptation = adaptation_of(row, old, at)
    if adaptation is None:
        return _misfit(old, row)
    if is_plain(adaptation, old, row):
        if not at.change:
            return Decision.COPY, Reason.SAME, "same shape, same inputs", None
        return Decision.COPY, Reason.SHAPE_FITS, f"same shape ({at.change})", None
    reason, words = in_words(adaptation)
    return Decision.ADAPT, reason, words, adaptation


def _for_more_classes(
    row: Placed, old: Placed, policy: Policy, at: Correspondence, classes: MoreClasses
) -> Choice:
    """The last layer, which has another shape, and whose outputs are told apart by class name."""
    if policy != "preserve":
        decision, reason, words, _ = _misfit(old, row)
        return decision, reason, f"{words} (transfer: preserve keeps the old classes)", None
    adaptation = None if at.lost else adaptation_of(row, old, at)
    if at.lost and old.input == row.input:
        # As good as a copy of a layer that fits, where its inputs are others.
        adaptation = Adaptation(inputs=tuple(range(row.input[0])), outputs=())
    if adaptation is None:
        return _misfit(old, row)
    adaptation, words = for_classes(adaptation, old, classes)
    return Decision.ADAPT, Reason.CLASSES, words, adaptation


def _behind_kept(row: Placed, old: Placed, choice: Choice, at: Correspondence) -> Correspondence:
    decision, _, _, adaptation = choice
    if decision is Decision.SKIP:
        reason = f"{row.name} starts from random weights"
        return at.gone(reason, f"{row.name} before it was not carried over")
    if at.lost:
        return at
    if adaptation is None and not _is_met_as_before(row, old, at):
        reason = f"{row.name} was copied although its inputs changed"
        return at.gone(reason, reason)
    behind = correspondence.behind_carried(at, row, old)
    if adaptation is not None and adaptation.classes is not None:
        behind = replace(behind, channels=adaptation.outputs)
    return behind.changed(f"{row.name} before it was adapted") if adaptation else behind


def _is_met_as_before(row: Placed, old: Placed, at: Correspondence) -> bool:
    """Whether a plain copy is what `preserve` would have done."""
    adaptation = adaptation_of(row, old, at)
    return adaptation is not None and is_plain(adaptation, old, row)


def _misfit(old: Placed, new: Placed) -> Choice:
    """A skip; names the first weight whose shape differs, and for which there is no rule."""
    for name, shape in new.weights.items():
        before: Shape | None = old.weights.get(name)
        if before != shape:
            words = f"{name} {before} does not fit {shape}: starts from random weights"
            return Decision.SKIP, Reason.SHAPE_DIFFERS, words, None
    words = "shape fits, but no rule covers its changed inputs: starts from random weights"
    return Decision.SKIP, Reason.INPUTS_DIFFER, words, None


def _gone(row: Placed) -> LayerPlan:
    words = "not in the new model"
    return LayerPlan(row.name, row.layer.kind, row.weights, None, Decision.SKIP, Reason.GONE, words)
