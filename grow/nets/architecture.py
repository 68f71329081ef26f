"""Architectures as values: layers, lifelong names, shapes, parameters and FLOPs.

Pure arithmetic without Keras, so that planning is instant; the tests build every ready stage
file in Keras and compare. Shapes are channel-last and leave the batch out: a map is
``(height, width, channels)``, a vector ``(units,)``.

FLOPs count a multiplication and an addition as one each, for convolutions and dense layers
with their biases; pooling, activations and normalisation are left out, being below 1% here. A
training step costs the forward pass, as much again for the gradient of the weights and as
much again for the gradient of the inputs, which the first layer does not need (Kaplan et al.
2020, arXiv:2001.08361, section 2.1, with the first layer taken exactly).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Shape = tuple[int, ...]
Pair = tuple[int, int]
PoolMode = Literal["max", "average"]


@dataclass(frozen=True)
class Conv:
    """A 2-D convolution, stride 1, same padding, with bias and activation."""

    name: str
    filters: int
    kernel: Pair
    activation: str

    kind = "conv"


@dataclass(frozen=True)
class Norm:
    """Batch normalisation over the channels."""

    name: str

    kind = "norm"


@dataclass(frozen=True)
class Activation:
    """An activation that stands apart from its convolution, behind the normalisation."""

    name: str
    activation: str

    kind = "activation"


@dataclass(frozen=True)
class Pooling:
    """Pooling of windows that do not overlap; an incomplete window is dropped."""

    name: str
    mode: PoolMode
    size: Pair

    kind = "pool"


@dataclass(frozen=True)
class Dropout:
    """Dropout, active in training only."""

    name: str
    rate: float

    kind = "dropout"


@dataclass(frozen=True)
class Flatten:
    """Maps to one vector, in the order (height, width, channel)."""

    name: str

    kind = "flatten"


@dataclass(frozen=True)
class GlobalPooling:
    """The mean or the maximum of each map."""

    name: str
    mode: PoolMode

    kind = "global_pool"


@dataclass(frozen=True)
class Dense:
    """A dense layer with bias and activation."""

    name: str
    units: int
    activation: str

    kind = "dense"


Layer = Conv | Norm | Activation | Pooling | Dropout | Flatten | GlobalPooling | Dense


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """Shape of the outputs of ``layer`` for inputs of ``shape``."""
    match layer:
        case Conv():
            return (shape[0], shape[1], layer.filters)
        case Pooling():
            return (shape[0] // layer.size[0], shape[1] // layer.size[1], shape[2])
        case Flatten():
            return (math.prod(shape),)
        case GlobalPooling():
            return (shape[2],)
        case Dense():
            return (layer.units,)
        case Norm() | Activation() | Dropout():
            return shape


def weight_shapes(layer: Layer, shape: Shape) -> dict[str, Shape]:
    """Shape of each weight of ``layer``, by Keras's name for it, for inputs of ``shape``.

    A conv kernel is ``(kernel height, kernel width, in, out)``, a dense one ``(inputs, units)``.
    """
    match layer:
        case Conv():
            return {"kernel": (*layer.kernel, shape[2], layer.filters), "bias": (layer.filters,)}
        case Dense():
            return {"kernel": (shape[0], layer.units), "bias": (layer.units,)}
        case Norm():
            return dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), shape[-1:])
        case _:
            return {}


def forward_flops(layer: Layer, shape: Shape) -> int:
    """Floating-point operations of one picture's forward pass (see the module's head)."""
    match layer:
        case Conv():
            outputs = shape[0] * shape[1] * layer.filters
            return outputs * (2 * layer.kernel[0] * layer.kernel[1] * shape[2] + 1)
        case Dense():
            return layer.units * (2 * shape[0] + 1)
        case _:
            return 0


def describe_layer(layer: Layer) -> dict[str, Any]:
    """The layer as plain JSON values: its kind and every field."""
    fields = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(layer).items()
    }
    return {"kind": layer.kind, **fields}


def count_numbers(weights: Mapping[str, Shape]) -> int:
    """How many numbers arrays of these shapes hold together."""
    return sum(math.prod(shape) for shape in weights.values())


@dataclass(frozen=True)
class Block:
    """A named run of layers of the trunk: a convolution and what follows it."""

    name: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Placed:
    """A layer where it stands: with the shapes it meets.

    Attributes:
        layer: the layer.
        input: shape of its inputs, without the batch.
        output: shape of its outputs, without the batch.
        weights: shape of each of its weights, by name.
    """

    layer: Layer
    input: Shape
    output: Shape
    weights: dict[str, Shape] = field(hash=False)

    @property
    def name(self) -> str:
        """The layer's lifelong name."""
        return self.layer.name

    @property
    def parameters(self) -> int:
        """How many numbers its weights hold, trained or not."""
        return count_numbers(self.weights)


@dataclass(frozen=True)
class Architecture:
    """A trunk of blocks and a head, over pictures of one size.

    Attributes:
        image: ``(height, width, channels)`` of the pictures.
        blocks: the trunk, from the picture inwards.
        head: from the layer that makes a vector to the one for the classes.
    """

    image: tuple[int, int, int]
    blocks: tuple[Block, ...]
    head: tuple[Layer, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers in the order the picture meets them."""
        return tuple(layer for block in self.blocks for layer in block.layers) + self.head

    def placed(self) -> tuple[Placed, ...]:
        """All layers with the shapes they meet.

        The arithmetic only: a shape with a zero in it is what `growth` refuses.
        """
        shape: Shape = self.image
        rows = []
        for layer in self.layers:
            output = output_shape(layer, shape)
            rows.append(Placed(layer, shape, output, weight_shapes(layer, shape)))
            shape = output
        return tuple(rows)

    @property
    def parameters(self) -> int:
        """How many numbers all weights hold, trained or not."""
        return sum(count_numbers(row.weights) for row in self.placed())

    @property
    def training_flops(self) -> int:
        """Floating-point operations of training on one picture once (see the module's head)."""
        return self.flops_of_training(frozenset())

    def flops_of_training(self, frozen: Collection[str]) -> int:
        """The same, while some layers are frozen.

        The gradient of a layer's weights is computed unless it is frozen, that of its inputs
        only where a layer before it is trained.

        Args:
            frozen: names of the layers that are not trained.
        """
        total, trained_before = 0, False
        for row in self.placed():
            trained = bool(row.weights) and row.name not in frozen
            total += forward_flops(row.layer, row.input) * (1 + trained + trained_before)
            trained_before = trained_before or trained
        return total

    def describe(self) -> dict[str, Any]:
        """The architecture as plain JSON values, names included; equal values, equal models."""
        return {
            "image": list(self.image),
            "layers": [describe_layer(layer) for layer in self.layers],
        }
