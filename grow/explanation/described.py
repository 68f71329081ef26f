"""A saved model as a small frozen value: layers, settings, weights, addresses, connections.

Knows nothing of files or of Keras; `grow.saved` makes these values. Standard library and
floor 0 only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grow.architecture import Shape

Settings = tuple[tuple[str, str], ...]
"""What a layer does beside its weights: names and values in JSON, sorted by name."""

Stored = Mapping[str, Mapping[str, Shape]]
"""The shape of each array in a weights file, by Keras's address and key."""


@dataclass(frozen=True)
class Weight:
    """One array of a layer.

    Attributes:
        key: its key in the weights file, such as ``0``.
        name: what it is called, such as ``kernel`` or ``cell/kernel``.
        shape: its shape.
    """

    key: str
    name: str
    shape: Shape


@dataclass(frozen=True)
class Group:
    """The weights that Keras saves and loads together.

    Attributes:
        address: where Keras saves them, such as ``layers/lstm_1/cell``.
        weights: in the order in which Keras assigns them.
        counted: whether Keras refuses them when their number is another one.
        also: where Keras looks next when they could not be loaded, for a shared layer.
    """

    address: str
    weights: tuple[Weight, ...]
    counted: bool = True
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where one input comes from.

    Attributes:
        layer: path of the layer that gives it.
        call: which call of that layer, counted from 0.
        output: which of that call's outputs, counted from 0.
    """

    layer: str
    call: int = 0
    output: int = 0


@dataclass(frozen=True)
class Call:
    """One use of a layer.

    Attributes:
        inputs: what it is given, in order; empty where the model begins.
        arguments: everything else it is given, in JSON.
    """

    inputs: tuple[Source, ...] = ()
    arguments: str = ""


@dataclass(frozen=True)
class Layer:
    """One layer, those inside nested models included.

    Attributes:
        path: its name, behind those of the models it is nested in: ``encoder/conv2d_3``.
        kind: its class.
        own: the names in the path that a person gave; empty where Keras made up its name.
        unknown: why nothing is known of what it computes, in words; empty where it is known.
        foreign: whether its class may load weights in its own way.
        settings: what it does beside its weights; None where the file does not say.
        groups: its weights.
        calls: how it is used, in order.
        input_shape: shape of its first input without the batch; None where the file does not
            say. A side may be -1: any length.
        address: where Keras saves it; empty for what it does not save.
    """

    path: str
    kind: str
    own: tuple[str, ...] = ()
    unknown: str = ""
    foreign: bool = False
    settings: Settings | None = ()
    groups: tuple[Group, ...] = ()
    calls: tuple[Call, ...] = ()
    input_shape: Shape | None = None
    address: str = ""

    @property
    def weights(self) -> tuple[Weight, ...]:
        """All weights, in order."""
        return tuple(weight for group in self.groups for weight in group.weights)

    @property
    def shapes(self) -> dict[str, Shape]:
        """Shape of each weight, by name."""
        return {weight.name: weight.shape for weight in self.weights}

    def setting(self, name: str) -> str | None:
        """One setting in JSON; None where there is none."""
        return dict(self.settings or ()).get(name)


@dataclass(frozen=True)
class Model:
    """A saved model.

    Attributes:
        file: what it was read from.
        layers: its layers in the order in which they are saved.
        stored: what its weights file holds.
        outputs: where its outputs come from.
        notes: what could not be told from the files, in words.
    """

    file: str
    layers: tuple[Layer, ...]
    stored: Stored = field(default_factory=dict, hash=False)
    outputs: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()

    def by_path(self) -> dict[str, Layer]:
        """The layers by path."""
        return {layer.path: layer for layer in self.layers}
