"""Files in the older HDF5 format: a whole model (``model.save("x.h5")``), or weights alone.

The configuration is text in the attribute ``model_config``; the group ``model_weights`` has a
group for each outermost layer, whose attribute ``weight_names`` lists its arrays in order. Of
arrays only shapes are read. Links to other files are not followed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py

from grow.nets.architecture import Shape
from grow.nets.archive.archive import LARGEST_CONFIG_BYTES, Weights
from grow.nets.archive.slots import Member, Outermost, Place, dealt_out, expected_order
from grow.nets.explain.described import Row, Slot

_MOST_NAMES = 1_000_000
"""A file with more layers or arrays than this is no model's."""


@dataclass(frozen=True)
class Stored:
    """One array of the file.

    Attributes:
        name: such as ``conv2d/kernel:0``.
        shape: its shape.
        place: where it stands in the file.
    """

    name: str
    shape: Shape
    place: str


Lists = dict[str, tuple[Stored, ...]]
"""The arrays of each outermost layer by the layer's name, in the file's order."""


def is_older(file: h5py.File) -> bool:
    """Whether a file is in this format."""
    whole = "model_config" in file.attrs or _has_list(file.attrs, "layer_names")
    return whole or isinstance(file.get("model_weights"), h5py.Group)


def config_in(file: h5py.File) -> dict[str, Any] | None:
    """The configuration of the model; None where the file holds weights only.

    Raises:
        ValueError: it is too large or no JSON object.
    """
    text = file.attrs.get("model_config")
    if text is None:
        return None
    if len(text) > LARGEST_CONFIG_BYTES:
        raise ValueError("its model_config is too large for a model's")
    found = json.loads(text.decode("utf-8") if isinstance(text, bytes) else str(text))
    if not isinstance(found, dict):
        raise ValueError("its model_config describes no model")
    return found


def lists_in(file: h5py.File) -> Lists:
    """The arrays of the file, layer by layer.

    Raises:
        ValueError: a list names what is not there.
    """
    group, prefix = file, ""
    if not _has_list(file.attrs, "layer_names"):
        group, prefix = _inside(file, "model_weights", h5py.Group), "model_weights/"
    lists: Lists = {}
    for layer in _list(group.attrs, "layer_names"):
        inside = _inside(group, layer, h5py.Group)
        found = []
        for name in _list(inside.attrs, "weight_names"):
            array = _inside(inside, name, h5py.Dataset)
            shape = tuple(int(side) for side in array.shape)
            found.append(Stored(name, shape, f"{prefix}{layer}/{name}"))
        lists[layer] = tuple(found)
    return lists


def _has_list(attributes: Any, name: str) -> bool:
    return name in attributes or f"{name}0" in attributes


def _list(attributes: Any, name: str) -> list[str]:
    """A list of names; a long one is kept in pieces, numbered from 0."""
    pieces = [attributes[name]] if name in attributes else []
    while name not in attributes and f"{name}{len(pieces)}" in attributes:
        pieces.append(attributes[f"{name}{len(pieces)}"])
    names = [_text(one) for piece in pieces for one in piece]
    if len(names) > _MOST_NAMES:
        raise ValueError(f"its {name} lists {len(names)} names")
    return names


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _inside(group: h5py.Group, path: str, kind: type) -> Any:
    """A group or an array by its path; only what is in this very file."""
    at: Any = group
    for part in filter(None, path.split("/")):
        link = at.get(part, getlink=True) if isinstance(at, h5py.Group) else None
        at = at[part] if isinstance(link, h5py.HardLink) else None
    if not isinstance(at, kind):
        what = "group" if kind is h5py.Group else "array"
        raise ValueError(f"it names the {what} {path!r} in {group.name}, which is not there")
    return at


def placed(
    outermost: Sequence[Outermost], lists: Lists
) -> tuple[Weights, tuple[Row, ...], tuple[str, ...]]:
    """The arrays of a file as Keras 3 would address them, and as they are listed.

    Args:
        outermost: the model's outermost layers.
        lists: the arrays of the file.

    Returns:
        The weights by address, the rows of the file, and notes on what could not be placed.
    """
    by_name = {outer.name: outer for outer in outermost}
    weights, rows, notes = Weights(), [], []
    for name, arrays in lists.items():
        outer = by_name.get(name, Outermost(name, (), is_frozen=False))
        found = dealt_out(outer, [one.name for one in arrays])
        slots = [_slot(one, array) for one, array in zip(found, arrays, strict=True)]
        for slot, array in zip(slots, arrays, strict=True):
            if slot.layer:
                weights.stored.setdefault(slot.address, {}).setdefault(slot.key, array.shape)
        lost = sum(not slot.layer for slot in slots)
        if lost:
            notes.append(f"which layers in {name} have {lost} of its weights is not known")
        rows.append(Row(name, tuple(slots), known=not lost))
    return weights, tuple(rows), tuple(notes)


def _slot(found: tuple[Member, Place] | None, array: Stored) -> Slot:
    if found is None:
        return Slot("", array.name, "", "", array.shape, array.place)
    member, place = found
    address = f"{member.address}/{place.part}".rstrip("/")
    weight = f"{place.part}/{place.name}" if place.part else place.name
    return Slot(member.path, weight, address, place.key, array.shape, array.place)


def expected_rows(outermost: Sequence[Outermost], weights: Weights) -> tuple[Row, ...]:
    """A model's outermost layers as Keras's older loader will see them.

    Args:
        outermost: those of the model.
        weights: its weights by address.
    """
    return tuple(_expected_row(outer, weights) for outer in outermost)


def _expected_row(outer: Outermost, weights: Weights) -> Row:
    there = {
        (place, key): shape
        for member in outer.members
        if member.address
        for place, arrays in weights.stored.items()
        if place == member.address or place.startswith(f"{member.address}/")
        for key, shape in arrays.items()
    }
    slots = []
    for member, place in expected_order(outer) or ():
        address = f"{member.address}/{place.part}".rstrip("/")
        if (address, place.key) not in there:
            break
        shape = there[address, place.key]
        slots.append(Slot(member.path, place.name, address, place.key, shape))
    if len(slots) == len(there):
        return Row(outer.name, tuple(slots))
    # Of a layer whose arrays are not known: all of them, in an order that only a single group
    # tells.
    single = len(outer.members) == 1 and len({address for address, _ in there}) == 1
    slots = [
        Slot(_owner(outer, address), key, address, key, shape)
        for (address, key), shape in there.items()
    ]
    return Row(outer.name, tuple(slots), known=single)


def _owner(outer: Outermost, address: str) -> str:
    for member in outer.members:
        if address == member.address or address.startswith(f"{member.address}/"):
            return member.path
    return ""
