"""The arrays of a transfer: what a plan says, done in NumPy.

Owns the arithmetic of carried-over, adapted and identity weights, and of the optimizer's
moments that go with them, on plain arrays named ``layer/weight``. The only room on its floor
that may import NumPy; no Keras.

Channel-last: a conv kernel is ``(kernel height, kernel width, in, out)``, a dense kernel
``(inputs, units)`` with inputs in the order (height, width, channel) behind a flatten.

An adaptation is a linear map L of the weights, w' = L w, chosen so that the function stays
(Chen, Goodfellow and Shlens 2016, Net2Net, arXiv:1511.05641, for wider layers). Gradients go the
other way: since the old function's gradient is the transpose of L applied to the new one's, a
mean of gradients is adapted by the transpose's inverse, and a mean of their squares by its
square: where weights are summed, moments are averaged; where a weight is divided, its moment is
repeated; where a filter is repeated, its moment is divided.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grow.nets.architecture import Pair
from grow.nets.transfer import Adaptation, Carried, Decision, LayerPlan, Reason, TransferPlan

Array = NDArray[np.float32]
Weights = Mapping[str, Array]

NORM_EPSILON = 1e-3
"""Keras's epsilon in batch normalisation: its identity needs a variance of one minus this."""

_NO_SCALES: Mapping[str, float] = MappingProxyType({})
_SECOND_MOMENTS = frozenset({"velocity", "velocity_hat"})
"""Keras's names for means of squared gradients."""

_MOVING_STATISTICS = frozenset({"moving_mean", "moving_variance"})
"""Keras's names for what a normalisation measures and does not train."""

_UNEVEN = 0.5
"""How far shares of a divided weight may differ from an even share."""


def carry_over(
    plan: TransferPlan, old: Weights, fresh: Weights, scales: Mapping[str, float] = _NO_SCALES
) -> dict[str, Array]:
    """The weights a grown model starts with.

    Args:
        plan: what is done with each layer.
        old: weights of the old model by ``layer/weight``.
        fresh: newly initialised weights of the new model by ``layer/weight``.
        scales: measured factors for the kernels of layers, by layer name; 1 unless given.

    Returns:
        One array for each entry of ``fresh``, of the same shape.

    Raises:
        KeyError: the plan speaks of a weight that the arrays lack.
        ValueError: an array has not the shape that the plan says.
    """
    start = {}
    for line in plan.layers:
        scale = scales.get(line.name, 1.0)
        for name, shape in (line.new or {}).items():
            key = f"{line.name}/{name}"
            start[key] = _checked(key, _start(line, name, old, fresh[key], scale), shape)
    return start


def shrink_and_perturb(plan: TransferPlan, start: Weights, fresh: Weights) -> dict[str, Array]:
    """The weights a grown model starts with, those carried over shrunk and perturbed.

    Ash and Adams 2020 (On Warm-Starting Neural Network Training, arXiv:1910.08475, section 4):
    each trained number becomes ``shrink`` times what it was, plus noise. The noise is
    ``perturb`` times a fresh initialisation of the same network, so that it has each layer's
    own scale. The moving statistics of a normalisation are not trained, and stay; new layers
    stay as they are.

    Args:
        plan: what was carried over, and how it is changed.
        start: what `carry_over` gave.
        fresh: newly initialised weights of the new model by ``layer/weight``.
    """
    change, changed = plan.shrink_perturb, dict(start)
    if change is None:
        return changed
    shrink, perturb = np.float32(change.shrink), np.float32(change.perturb)
    for line in plan.layers:
        for name in (line.new or {}) if line.carried else ():
            if name not in _MOVING_STATISTICS:
                key = f"{line.name}/{name}"
                changed[key] = shrink * start[key] + perturb * fresh[key]
    return changed


def _start(line: LayerPlan, weight: str, old: Weights, fresh: Array, scale: float) -> Array:
    if line.decision is Decision.COPY:
        return old[f"{line.name}/{weight}"]
    if line.adaptation is not None:
        adapted = adapt(weight, old[f"{line.name}/{weight}"], fresh, line.adaptation)
        return adapted * np.float32(scale) if weight == "kernel" else adapted
    if line.reason is Reason.NEW_IDENTITY:
        return identity(line.kind, weight, fresh)
    return fresh


def identity(kind: str, weight: str, fresh: Array) -> Array:
    """The weight with which a newly born layer passes its inputs on unchanged.

    Filters beyond the number of input channels keep their fresh kernels.

    Args:
        kind: ``conv`` or ``norm``.
        weight: which of its weights.
        fresh: the newly initialised weight; a conv kernel is
            ``(kernel height, kernel width, in, out)``.
    """
    if kind == "conv":
        return dirac(fresh) if weight == "kernel" else np.zeros_like(fresh)
    value = {"gamma": 1.0, "beta": 0.0, "moving_mean": 0.0, "moving_variance": 1 - NORM_EPSILON}
    return np.full_like(fresh, value[weight])


def dirac(fresh: Array) -> Array:
    """A conv kernel whose first filters each pass one input channel on.

    Args:
        fresh: a kernel ``(kernel height, kernel width, in, out)`` with odd sides and
            ``out >= in``; filters beyond the first ``in`` are taken from it.
    """
    height, width, channels, _ = fresh.shape
    kernel = fresh.copy()
    kernel[:, :, :, :channels] = 0.0
    kernel[height // 2, width // 2, :, :channels] = np.eye(channels, dtype=fresh.dtype)
    return kernel


def adapt(weight: str, old: Array, fresh: Array, how: Adaptation) -> Array:
    """One weight of a layer, adapted so that the layer computes what it did.

    Args:
        weight: its name: ``kernel``, or one that has a number per output channel.
        old: the old weight.
        fresh: the newly initialised one; it fills channels that carry nothing, and decides
            how a weight is divided among inputs that repeat.
        how: from the plan.
    """
    if weight != "kernel":
        return _gather_outputs(old, fresh, how)
    kernel = _as_maps(_outputs(old, how), how, new=False)
    kernel = fold(kernel, how.fold)
    kernel = spread(kernel, how.spread)
    blank = _as_maps(fresh, how, new=True)
    return _gather_inputs(kernel, blank, how).reshape(fresh.shape)


def fold(kernel: Array, window: Pair) -> Array:
    """Sums a kernel ``(height, width, channels, units)`` over windows of its maps.

    A dense layer that saw all values of a window and now sees their mean computes the same
    where they agree.
    """
    height, width, channels, units = kernel.shape
    down, across = window
    parts = kernel.reshape(height // down, down, width // across, across, channels, units)
    total: Array = parts.sum(axis=(1, 3), dtype=np.float32)
    return total


def spread(kernel: Array, window: Pair) -> Array:
    """Spreads a kernel ``(height, width, channels, units)`` evenly over windows of finer maps.

    A dense layer that saw the mean of a window and now sees all its values computes the same.
    """
    repeated = kernel.repeat(window[0], axis=0).repeat(window[1], axis=1)
    return repeated / np.float32(window[0] * window[1])


def _as_maps(kernel: Array, how: Adaptation, *, new: bool) -> Array:
    """A kernel with axes (rows, columns, channels, outputs), whatever layer it belongs to."""
    if kernel.ndim == 4:
        return kernel
    if how.maps is None:
        return kernel.reshape(1, 1, *kernel.shape)
    return kernel.reshape(*how.maps[1 if new else 0], kernel.shape[1])


def _outputs(kernel: Array, how: Adaptation) -> Array:
    """A kernel ``(..., old outputs)`` as ``(..., new outputs)``."""
    if how.classes is not None:
        return with_more_classes(kernel, how.classes)
    return kernel[..., np.array(how.outputs, dtype=np.intp)]


def with_more_classes(old: Array, classes: Carried) -> Array:
    """A weight of the last layer, or its logits, for more classes.

    Each old class keeps what it has. A new one gets the mean of the old: its logit is then the
    mean of theirs for every picture, so it tells nothing apart, and it never exceeds the largest
    of them.

    Args:
        old: shape ``(..., outputs)``, one output for two classes, else one for each.
        classes: for each new class the old one that it is, or None.

    Returns:
        Shape ``(..., new classes)``.
    """
    known = per_class(old)
    mean = known.mean(axis=-1, dtype=np.float32)
    columns = [mean if one is None else known[..., one] for one in classes]
    return np.stack(columns, axis=-1)


def per_class(outputs: Array) -> Array:
    """One number for each class, ``(..., classes)``; a single output z is that of 0 and z.

    Args:
        outputs: of a last layer before its activation, or its weights: ``(..., outputs)``.
    """
    if outputs.shape[-1] > 1:
        return outputs
    return np.concatenate([np.zeros_like(outputs), outputs], axis=-1)


def _gather_outputs(old: Array, fresh: Array, how: Adaptation) -> Array:
    """A number per output channel: the old one's, or the fresh one where nothing is carried."""
    if how.classes is not None:
        return with_more_classes(old, how.classes)
    source = _sources(how.outputs)
    return np.where(source < 0, fresh, old[source])


def _gather_inputs(kernel: Array, fresh: Array, how: Adaptation) -> Array:
    """Each new input channel takes its share of the old one it carries, or zeros."""
    return _arriving(kernel, how) * _shares(fresh, _sources(how.inputs))


def _arriving(kernel: Array, how: Adaptation) -> Array:
    """For each new input channel the whole of the old one it carries, or zeros."""
    source = _sources(how.inputs)
    gathered = kernel[:, :, source]
    gathered[:, :, source < 0] = 0.0
    return gathered


def _sources(channels: Carried) -> NDArray[np.intp]:
    """The old channels as an index; -1 where nothing is carried."""
    return np.array([-1 if channel is None else channel for channel in channels], np.intp)


def _shares(fresh: Array, source: NDArray[np.intp]) -> Array:
    """How a weight is divided among the inputs that repeat one old input; they add up to one.

    Uneven, and differently for each weight, or the repeated filters would get the same
    gradients and never part. The fresh weights decide, so nothing random is needed here.
    """
    shares = np.ones_like(fresh)
    largest = np.float32(np.abs(fresh).max() or 1.0)
    for channel in _repeated(source):
        places = np.flatnonzero(source == channel)
        uneven = 1 + _UNEVEN * fresh[:, :, places] / largest
        shares[:, :, places] = uneven / uneven.sum(axis=2, keepdims=True)
    return shares


def _repeated(source: NDArray[np.intp]) -> list[int]:
    channels, counts = np.unique(source[source >= 0], return_counts=True)
    return [int(channel) for channel in channels[counts > 1]]


def carry_optimizer(
    plan: TransferPlan, old: Mapping[str, NDArray[Any]], blank: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """The optimizer's state a grown model starts with, when it is carried over.

    Moments go with their weights; the count of steps is kept; what belongs to new layers
    starts blank.

    Args:
        plan: what was done with each layer.
        old: the old optimizer's variables by name: ``layer_weight_slot``, ``iteration``.
        blank: the new optimizer's variables, just made.
    """
    state = dict(blank)
    for name in blank.keys() & old.keys():
        if blank[name].shape == () and name != "learning_rate":
            state[name] = old[name]
    for line in plan.layers:
        for weight in line.new or {} if line.carried else {}:
            head = f"{line.name}_{weight}_"
            for name in [name for name in blank if name.startswith(head) and name in old]:
                power = 2 if name.removeprefix(head) in _SECOND_MOMENTS else 1
                state[name] = carry_moments(line, weight, old[name], blank[name], power)
    return state


def carry_moments(line: LayerPlan, weight: str, old: Array, blank: Array, power: int) -> Array:
    """An optimizer's moment of one weight of a layer that is carried over.

    Args:
        line: the layer's line of the plan.
        weight: which of its weights.
        old: the moment in the old optimizer, of the old weight's shape.
        blank: zeros of the new weight's shape.
        power: 1 for means of gradients, 2 for means of their squares.
    """
    how = line.adaptation
    if how is None:
        return old
    if how.classes is not None:
        outputs = _moments_of_classes(old, how.classes, power)
        if weight != "kernel":
            return outputs
    else:
        divided = _divide_repeats(how, power)
        if weight != "kernel":
            return _gather_outputs(old, blank, how) * divided
        outputs = _outputs(old, how) * divided
    moment = _as_maps(outputs, how, new=False)
    moment = fold(moment, how.fold) / np.float32(how.fold[0] * how.fold[1])
    moment = spread(moment, how.spread) * np.float32(how.spread[0] * how.spread[1])
    return _arriving(moment, how).reshape(blank.shape)


def _moments_of_classes(old: Array, classes: Carried, power: int) -> Array:
    """Moments of the last layer, ``(..., outputs)``, for more classes, ``(..., new classes)``.

    Cross-entropy's gradient of an output is its probability less one or less zero. Of two classes
    with the outputs 0 and z, that of the first is the negative of that of the second, which is
    what the single z had. New classes start blank.
    """
    sign = np.float32((-1) ** power)
    known = np.concatenate([sign * old, old], axis=-1) if old.shape[-1] == 1 else old
    blank = np.zeros_like(known[..., 0])
    return np.stack([blank if one is None else known[..., one] for one in classes], axis=-1)


def _divide_repeats(how: Adaptation, power: int) -> Array:
    """For each output channel, one over how often the old one is repeated, to a power."""
    counts = [how.outputs.count(channel) for channel in how.outputs]
    return (1.0 / np.array(counts, np.float32)) ** power


def _checked(key: str, array: Array, shape: tuple[int, ...]) -> Array:
    if array.shape != shape:
        raise ValueError(f"{key}: expected shape {shape}, found {array.shape}")
    return array
