"""The arrays of a transfer: what a plan says, done in NumPy.

Owns the arithmetic of carried-over and identity weights, on plain arrays named
``layer/weight``. The only room on its floor that may import NumPy; no Keras.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from grow.transfer import Decision, LayerPlan, Reason, TransferPlan

Array = NDArray[np.float32]
Weights = Mapping[str, Array]

NORM_EPSILON = 1e-3
"""Keras's epsilon in batch normalisation: its identity needs a variance of one minus this."""


def carry_over(plan: TransferPlan, old: Weights, fresh: Weights) -> dict[str, Array]:
    """The weights a grown model starts with.

    Args:
        plan: what is done with each layer.
        old: weights of the old model by ``layer/weight``.
        fresh: newly initialised weights of the new model by ``layer/weight``.

    Returns:
        One array for each entry of ``fresh``, of the same shape.

    Raises:
        KeyError: the plan speaks of a weight that the arrays lack.
        ValueError: an array has not the shape that the plan says.
    """
    start = {}
    for line in plan.layers:
        for name, shape in (line.new or {}).items():
            key = f"{line.name}/{name}"
            start[key] = _checked(key, _start(line, name, key, old, fresh), shape)
    return start


def _start(line: LayerPlan, weight: str, key: str, old: Weights, fresh: Weights) -> Array:
    if line.decision is Decision.COPY:
        return old[key]
    if line.reason is Reason.NEW_IDENTITY:
        return identity(line.kind, weight, fresh[key])
    return fresh[key]


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


def _checked(key: str, array: Array, shape: tuple[int, ...]) -> Array:
    if array.shape != shape:
        raise ValueError(f"{key}: expected shape {shape}, found {array.shape}")
    return array
