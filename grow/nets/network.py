"""From architecture to Keras model, and weights in and out by lifelong names.

The model takes pixels in [0, 255] and rescales them itself, so that the saved one predicts the
same in plain Keras. Layers have the architecture's names: a weight's address is
``layer/weight``, never a position or one of Keras's counters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grow.backend import load_keras
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
from grow.nets.weights import NORM_EPSILON

Model = Any
"""A ``keras.Model``; Keras ships no types."""

Weights = dict[str, NDArray[Any]]
SeedOf = Callable[[str], int]


def build(architecture: Architecture, seed_of: SeedOf) -> Model:
    """A Keras model of ``architecture``, freshly initialised.

    Args:
        architecture: what to build.
        seed_of: the seed of a layer's initial weights and of its dropout, by layer name.

    Returns:
        A model from ``(batch, height, width, channels)`` pixels in [0, 255] to
        ``(batch, 1)`` (two classes) or ``(batch, classes)`` probabilities.
    """
    keras = load_keras()
    inputs = keras.Input(architecture.image, name="pixels")
    outputs = keras.layers.Rescaling(1 / 255, name="rescaling")(inputs)
    for layer in architecture.layers:
        outputs = _layer(keras.layers, layer, seed_of(layer.name))(outputs)
    return keras.Model(inputs, outputs, name="network")


def _layer(layers: Any, layer: Layer, seed: int) -> Any:
    """The Keras layer for ``layer``."""
    start = {"name": layer.name}
    match layer:
        case Conv():
            return layers.Conv2D(
                layer.filters,
                layer.kernel,
                padding="same",
                activation=layer.activation,
                kernel_initializer=_glorot(seed),
                **start,
            )
        case Dense():
            return layers.Dense(
                layer.units, activation=layer.activation, kernel_initializer=_glorot(seed), **start
            )
        case Norm():
            return layers.BatchNormalization(epsilon=NORM_EPSILON, **start)
        case Activation():
            return layers.Activation(layer.activation, **start)
        case Dropout():
            return layers.Dropout(layer.rate, seed=seed, **start)
        case Flatten():
            return layers.Flatten(**start)
        case Pooling():
            kind = layers.MaxPooling2D if layer.mode == "max" else layers.AveragePooling2D
            return kind(layer.size, **start)
        case GlobalPooling():
            maximum = layer.mode == "max"
            pooling = layers.GlobalMaxPooling2D if maximum else layers.GlobalAveragePooling2D
            return pooling(**start)


def _glorot(seed: int) -> Any:
    return load_keras().initializers.GlorotUniform(seed=seed)


def read_weights(model: Model) -> Weights:
    """All weights of a model by ``layer/weight``, trained or not, as new arrays."""
    return {weight.path: to_array(weight) for weight in model.weights}


def to_array(variable: Any) -> NDArray[Any]:
    """A Keras variable's value as an array of its own."""
    return np.array(load_keras().ops.convert_to_numpy(variable))


def up_to(model: Model, layer: str) -> Model:
    """The part of a model from its pictures to the outputs of a layer; weights are shared."""
    return load_keras().Model(model.inputs, model.get_layer(layer).output)


def behind(model: Model, layer: str) -> Model:
    """The part of a model from the outputs of a layer on; weights are shared."""
    return load_keras().Model(model.get_layer(layer).output, model.output)


def write_weights(model: Model, weights: Mapping[str, NDArray[Any]]) -> None:
    """Sets all weights of a model.

    Raises:
        ValueError: ``weights`` has another set of names, or a shape differs.
    """
    assign({weight.path: weight for weight in model.weights}, weights)


def random_state(model: Model) -> dict[str, Any]:
    """The variables behind a model's random numbers, by layer name."""
    generators = {layer.name: getattr(layer, "seed_generator", None) for layer in model.layers}
    return {name: found.state for name, found in generators.items() if found is not None}


def assign(variables: Mapping[str, Any], values: Mapping[str, NDArray[Any]]) -> None:
    """Sets Keras variables by name.

    Raises:
        ValueError: the names differ, or a shape does.
    """
    if variables.keys() != values.keys():
        apart = sorted(variables.keys() ^ values.keys())
        raise ValueError(f"expected the same names on both sides, found {apart} on one only")
    for name, variable in variables.items():
        if tuple(variable.shape) != values[name].shape:
            raise ValueError(
                f"{name}: expected shape {tuple(variable.shape)}, found {values[name].shape}"
            )
        variable.assign(values[name])
