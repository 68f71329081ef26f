"""Carries a transfer plan out on real models and measures what the growth cost.

Folded kernels behind max pooling get a factor measured on training pictures; then the old and the
new model are held side by side on the same pictures. A plan that promises to be exact and is not,
is an error, with the layer where the drift begins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grow.backend import load_keras
from grow.config.schema import Training
from grow.data.feed import Feed
from grow.errors import GrowError
from grow.nets import network, transfer, weights
from grow.nets.architecture import Architecture
from grow.nets.network import Model
from grow.nets.transfer import Carried, Correspondence, LayerPlan, TransferPlan, Verdict
from grow.planning.history import Divergence, GrowthShock
from grow.runs import checkpoint
from grow.signals import StopSwitch
from grow.train.events import Listener
from grow.train.loop import evaluate
from grow.train.optimizer import optimizer_variables
from grow.train.step import predict_batch

Array = NDArray[np.float32]

DRIFT_PICTURES = 64
"""How many pictures the drift of logits is measured on: the first that are validated on, or else
trained on."""

SCALE_PICTURES = 256
"""How many training pictures a factor is measured on: the first ones, not augmented."""

TOLERANCE = 1e-3
"""Largest drift, relative to the largest logit (at least 1), that counts as rounding."""


@dataclass(frozen=True)
class Side:
    """One of the two models held side by side.

    Attributes:
        architecture: what it is.
        model: the Keras model, its weights set.
        feed: its pictures, at its size.
    """

    architecture: Architecture
    model: Model
    feed: Feed


def grow(
    plan: TransferPlan, old: Side, new: Side, emit: Listener, switch: StopSwitch
) -> GrowthShock:
    """Gives the new model the weights it starts with, and measures what that cost.

    Args:
        plan: what is done with each layer.
        old: the old model, compiled, with its final weights.
        new: the new model, compiled, freshly initialised; it is changed.
        emit: hears of the validation.
        switch: asks to stop.

    Raises:
        GrowError: the plan says exact and the outputs drift.
        Stopped: asked to stop; nothing was written.
    """
    before = evaluate(old.model, old.feed, emit, switch)
    # What overflows is no number then, and `diverged_at_start` tells the user; NumPy need not.
    with np.errstate(over="ignore", invalid="ignore"):
        scales = _carry_over(plan, old, new)
        after = evaluate(new.model, new.feed, emit, switch)
        drift = _logit_drift(plan, old, new)
    _refuse_false_promise(plan, drift, old, new)
    loss_before, accuracy_before = before.measured
    loss_after, accuracy_after = after.measured
    return GrowthShock(
        loss_before=loss_before,
        loss_after=loss_after,
        accuracy_before=accuracy_before,
        accuracy_after=accuracy_after,
        logit_drift=drift[0],
        scales=scales,
    )


def diverged_at_start(training: Training, model: Model, shock: GrowthShock) -> Divergence | None:
    """What of a grown model, or of what it computes, is no finite number; None for nothing.

    Args:
        training: how the stage would be trained.
        model: the grown model, compiled, with the weights and optimizer state it starts with.
        shock: what was measured of it.
    """
    held = {f"weights/{name}": array for name, array in network.read_weights(model).items()}
    for name, variable in optimizer_variables(model).items():
        held[f"optimizer/{name}"] = network.to_array(variable)
    found = checkpoint.not_finite(held)
    if found is None and shock.is_finite:
        return None
    if found is None:  # the weights are finite, and what they compute is not
        figures = (("val_loss", shock.loss_after), ("val_loss", shock.loss_before))
        wrong = (pair for pair in figures if not math.isfinite(pair[1]))
        what, figure = next(wrong, ("logits", shock.logit_drift))
        found = (what, str(float(figure)))
    return Divergence(1, 0, *found, training.learning_rate, 0.0, 0.0, 0)


def _carry_over(plan: TransferPlan, old: Side, new: Side) -> dict[str, float]:
    """Sets the new model's weights; returns the measured factors by layer."""
    before, fresh = network.read_weights(old.model), network.read_weights(new.model)
    scales: dict[str, float] = {}
    network.write_weights(new.model, weights.carry_over(plan, before, fresh, scales))
    for line in plan.layers:
        if line.adaptation is not None and line.adaptation.measured:
            scales[line.name] = _scale(line, old, new)
            network.write_weights(new.model, weights.carry_over(plan, before, fresh, scales))
    # Last, so that the factors are those of the weights as they were learnt.
    start = network.read_weights(new.model)
    network.write_weights(new.model, weights.shrink_and_perturb(plan, start, fresh))
    return scales


def _scale(line: LayerPlan, old: Side, new: Side) -> float:
    """The factor that brings what a dense layer computes closest to what it computed.

    Least squares over the first training pictures: with z the old and z' the new sums before
    bias and activation, the factor is the sum of z z' over the sum of z' z'.
    """
    wanted = _sums(line.name, old.model, old.feed.first_training(SCALE_PICTURES))
    found = _sums(line.name, new.model, new.feed.first_training(SCALE_PICTURES))
    if line.adaptation is not None and line.adaptation.classes is not None:
        wanted, found = _of_old_classes(wanted, found, line.adaptation.classes)
    power = float((found.astype(np.float64) ** 2).sum())
    return float((wanted.astype(np.float64) * found).sum() / power) if power else 1.0


def _sums(layer: str, model: Model, pictures: Array) -> Array:
    """Inputs times kernel of a dense layer, shape ``(batch, units)``."""
    kernel = network.to_array(model.get_layer(layer).kernel)
    product: Array = inputs_of(model, layer, pictures) @ kernel
    return product


def _of_old_classes(old: Array, new: Array, classes: Carried) -> tuple[Array, Array]:
    """Both sides' logits of the old classes, less their mean over these: ``(batch, old classes)``.

    What is added to all logits alike changes no probability, and a single output has no such
    thing; so only what they are relative to each other can be compared.

    Args:
        old: logits of the old model, ``(batch, outputs)``.
        new: logits of the new one, ``(batch, new classes)``.
        classes: for each new class the old one that it is, or None.
    """
    before = weights.per_class(old)
    places = {one: place for place, one in enumerate(classes) if one is not None}
    after = new[:, [places[one] for one in range(before.shape[1])]]
    return before - before.mean(1, keepdims=True), after - after.mean(1, keepdims=True)


def _logit_drift(plan: TransferPlan, old: Side, new: Side) -> tuple[float, bool]:
    """The largest difference of logits on the first pictures.

    Where there are more classes, of the logits of the old ones relative to each other.

    Returns:
        The difference, and whether it is more than rounding.
    """
    one, other = _logits(old), _logits(new)
    if plan.classes is not None:
        one, other = _of_old_classes(one, other, plan.classes.carried)
    drift = float(np.abs(one - other).max())
    # What is no number is no broken promise: training had diverged, which the caller says.
    return drift, np.isfinite(drift) and drift > TOLERANCE * max(1.0, float(np.abs(one).max()))


def _logits(side: Side) -> Array:
    last = side.architecture.layers[-1].name
    sums = _sums(last, side.model, side.feed.first(DRIFT_PICTURES))
    bias: Array = network.to_array(side.model.get_layer(last).bias)
    return sums + bias


def _refuse_false_promise(
    plan: TransferPlan, drift: tuple[float, bool], old: Side, new: Side
) -> None:
    """Does nothing unless the plan says exact and the outputs drift.

    Raises:
        GrowError: they do; names the layer at which it begins.
    """
    if plan.verdict is not Verdict.EXACT or not drift[1]:
        return
    layer = _first_drifting(plan, old, new)
    raise GrowError(
        f"the transfer plan says exact, yet the outputs moved by {drift[0]:.3g}; "
        f"the drift begins at {layer}",
        hint="this is a defect of grow, not yours: please report it with the stage file",
    )


def _first_drifting(plan: TransferPlan, old: Side, new: Side) -> str:
    """Name of the first layer of both models whose outputs do not correspond as planned."""
    names = {layer.name for layer in old.architecture.layers}
    steps = transfer.walk(
        old.architecture,
        new.architecture,
        plan.policy,
        layers=plan.exceptions,
        classes=plan.classes,
    )
    shared = [(line.name, behind) for line, behind in steps if line.name in names]
    if plan.classes is not None:
        shared = shared[:-1]  # probabilities of other classes; the drift has compared its logits
    one = _outputs(old, [name for name, _ in shared])
    other = _outputs(new, [name for name, _ in shared])
    for name, behind in shared:
        if _apart(one[name], _seen_from_old(other[name], behind), behind):
            return name
    return old.architecture.layers[-1].name


def _outputs(side: Side, layers: Sequence[str]) -> Mapping[str, Array]:
    pictures = side.feed.first(DRIFT_PICTURES)
    return {name: outputs_of(side.model, name, pictures) for name in layers}


def _seen_from_old(maps: Array, behind: Correspondence) -> Array:
    """New maps brought to the old size, where the new ones are the finer."""
    down, across = (max(int(side), 1) for side in behind.ratio)
    if maps.ndim < 4 or (down, across) == (1, 1):
        return maps
    batch, height, width, channels = maps.shape
    windows = maps.reshape(batch, height // down, down, width // across, across, channels)
    seen: Array = windows.max((2, 4)) if behind.by == "max" else windows.mean((2, 4))
    return seen


def _apart(old: Array, new: Array, behind: Correspondence) -> bool:
    carried = [(i, c) for i, c in enumerate(behind.channels) if c is not None]
    if old.ndim == 2 and old.shape[1] != len({c for _, c in carried}):
        return False  # flattened: told apart by the layers on both sides of it
    ours = new[..., [i for i, _ in carried]]
    theirs = old[..., [c for _, c in carried]]
    if ours.shape != theirs.shape:
        return False
    limit = TOLERANCE * max(1.0, float(np.abs(theirs).max()))
    return bool(np.abs(ours - theirs).max() > limit)


def inputs_of(model: Model, layer: str, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a layer is given for ``pictures``, shape ``(batch, height, width, channels)``."""
    return _partly(model, model.get_layer(layer).input, pictures)


def outputs_of(model: Model, layer: str, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a layer gives for ``pictures``, shape ``(batch, height, width, channels)``."""
    return _partly(model, model.get_layer(layer).output, pictures)


def _partly(model: Model, to: Any, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    part = load_keras().Model(model.inputs, to)
    return predict_batch(part, len(pictures), pictures)
