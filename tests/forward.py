"""A network's forward pass in plain NumPy, in double precision: what Keras computes, by hand.

Independent of `grow.nets.network` and `grow.nets.weights`; a test compares it with Keras.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from grow.nets.architecture import (
    Activation,
    Architecture,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    Norm,
    Pooling,
)

Maps = NDArray[np.float64]

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
}


def logits(
    architecture: Architecture, weights: Mapping[str, NDArray[np.float32]], pictures: Maps
) -> Maps:
    """What the last layer computes before its activation.

    Args:
        architecture: the network.
        weights: by ``layer/weight``.
        pictures: shape ``(batch, height, width, channels)``, in [0, 1].
    """
    maps = pictures
    for layer in architecture.layers:
        own = {
            key.partition("/")[2]: value.astype(np.float64)
            for key, value in weights.items()
            if key.startswith(f"{layer.name}/")
        }
        last = layer is architecture.layers[-1]
        maps = _layer(layer, own, maps, "linear" if last else None)
    return maps


def _layer(layer: Layer, own: dict[str, Maps], x: Maps, instead: str | None) -> Maps:
    match layer:
        case Conv():
            return ACTIVATIONS[layer.activation](_conv(x, own["kernel"]) + own["bias"])
        case Dense():
            return ACTIVATIONS[instead or layer.activation](x @ own["kernel"] + own["bias"])
        case Norm():
            deviation = np.sqrt(own["moving_variance"] + 1e-3)
            return (x - own["moving_mean"]) / deviation * own["gamma"] + own["beta"]
        case Activation():
            return ACTIVATIONS[layer.activation](x)
        case Dropout():
            return x
        case Flatten():
            return x.reshape(len(x), -1)
        case GlobalPooling():
            return x.max((1, 2)) if layer.mode == "max" else x.mean((1, 2))
        case Pooling():
            return _pool(x, layer)


def _conv(x: Maps, kernel: Maps) -> Maps:
    """Same padding: an even kernel has its extra zero behind, as in Keras."""
    height, width = kernel.shape[:2]
    before = ((height - 1) // 2, (width - 1) // 2)
    padded = np.pad(
        x,
        (
            (0, 0),
            (before[0], height - 1 - before[0]),
            (before[1], width - 1 - before[1]),
            (0, 0),
        ),
    )
    rows, columns = x.shape[1:3]
    return sum(
        padded[:, i : i + rows, j : j + columns] @ kernel[i, j]
        for i in range(height)
        for j in range(width)
    )


def _pool(x: Maps, layer: Pooling) -> Maps:
    down, across = layer.size
    rows, columns = x.shape[1] // down, x.shape[2] // across
    windows = x[:, : rows * down, : columns * across].reshape(
        len(x), rows, down, columns, across, x.shape[3]
    )
    return windows.max((2, 4)) if layer.mode == "max" else windows.mean((2, 4))
