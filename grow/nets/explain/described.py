"""A saved model as a small frozen value: layers, settings, weights, addresses, connections.

Knows nothing of files or of Keras; `grow.nets.archive` makes these values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grow.nets.architecture import Shape

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
class Slot:
    """One array in the flat list that the older HDF5 format keeps for an outermost layer.

    Attributes:
        layer: path of the layer that it belongs to; empty where no layer is known to have it.
        weight: the weight's name there.
        address: where Keras 3 saves the weight's group.
        key: of the weight in that group.
        shape: its shape.
        place: where it stands in an HDF5 file; empty where the model was read from another one.
    """

    layer: str
    weight: str
    address: str
    key: str
    shape: Shape
    place: str = ""


@dataclass(frozen=True)
class Row:
    """An outermost layer as the older HDF5 format knows it: a name and a flat list of arrays.

    Attributes:
        name: of the layer, or of the nested model.
        slots: the arrays of all layers inside, in the order in which Keras assigns them.
        known: whether that order is known; not where a class of someone's own is inside.
    """

    name: str
    slots: tuple[Slot, ...] = ()
    known: bool = True


@dataclass(frozen=True)
class Model:
    """A saved model.

    Attributes:
        file: what it was read from.
        layers: its layers in the order in which they are saved.
        stored: what its weights file holds.
        outputs: where its outputs come from.
        notes: what could not be told from the files, in words.
        rows: its outermost layers for Keras's older loader, in order; empty where unknown.
        is_hdf5: whether the weights are in the older HDF5 format, which Keras loads by rows.
    """

    file: str
    layers: tuple[Layer, ...]
    stored: Stored = field(default_factory=dict, hash=False)
    outputs: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    is_hdf5: bool = False

    def by_path(self) -> dict[str, Layer]:
        """The layers by path."""
        return {layer.path: layer for layer in self.layers}
