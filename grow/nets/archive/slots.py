"""The arrays of outermost layers in the order in which the older HDF5 format keeps them.

There, a nested model is one flat list: what is trained of every layer inside, then what is not;
of a frozen model simply layer by layer. Each class of Keras's tells from its settings which
arrays it has, so the list of a file can be dealt out to the layers inside, and the list that
Keras will expect of a model is known without building it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grow.nets.archive.settings import is_foreign, settings_of
from grow.nets.explain.addresses import Numbering
from grow.nets.explain.kinds import NOT_TRAINED, expected_weights

_RECURRENT = frozenset({"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "SimpleRNN"})
_ATTENTION = ("query_dense", "key_dense", "value_dense", "output_dense")


@dataclass(frozen=True)
class Place:
    """One array of a layer, where Keras 3 saves it.

    Attributes:
        part: the part of the layer that has it, such as ``cell``; empty for the layer itself.
        key: of the array in its group.
        name: what it is called there.
        trained: whether training changes it.
    """

    part: str
    key: str
    name: str
    trained: bool = True


@dataclass(frozen=True)
class Member:
    """A layer inside an outermost one.

    Attributes:
        path: of the layer.
        name: its own name.
        thing: its configuration.
        address: where Keras 3 saves it.
    """

    path: str
    name: str
    thing: Mapping[str, Any]
    address: str


@dataclass(frozen=True)
class Outermost:
    """An outermost layer, or nested model, with every layer inside.

    Attributes:
        name: its name, which is that of its list in the file.
        members: the layers inside, in order; the layer itself where it is no model.
        is_frozen: whether it is not trained as a whole.
    """

    name: str
    members: tuple[Member, ...]
    is_frozen: bool


def places_of(thing: Mapping[str, Any]) -> tuple[Place, ...] | None:
    """The arrays of a layer in order, from its class and settings; None where not known."""
    if is_foreign(dict(thing)):
        return None
    found: list[Place] = []
    for part, inside in _parts(thing):
        config = _config(inside)
        names = expected_weights(str(inside.get("class_name")), dict(settings_of(config)))
        if names is None:
            return None
        trained = _is_trained(thing) and _is_trained(inside)
        found += [
            Place(part, str(key), name, trained and name not in NOT_TRAINED)
            for key, name in enumerate(names)
        ]
    return tuple(found)


def _config(thing: Mapping[str, Any]) -> dict[str, Any]:
    config = thing.get("config")
    return config if isinstance(config, dict) else {}


def _is_trained(thing: Mapping[str, Any]) -> bool:
    return _config(thing).get("trainable") is not False


def _parts(thing: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The parts of a layer that have arrays of their own, with their configuration."""
    kind, config = str(thing.get("class_name")), _config(thing)
    if kind in _RECURRENT:
        cell = kind if kind.startswith("Conv") else f"{kind}Cell"
        yield "cell", {"class_name": cell, "config": config}
    elif kind == "RNN":
        yield from _prefixed("cell", config.get("cell"))
    elif kind == "StackedRNNCells":
        numbering = Numbering()
        for cell in config.get("cells") or ():
            yield from _prefixed(f"cells/{numbering.next(str(cell.get('class_name')))}", cell)
    elif kind == "Bidirectional":
        yield from _prefixed("forward_layer", config.get("layer"))
        yield from _prefixed("backward_layer", config.get("backward_layer") or config.get("layer"))
    elif kind == "TimeDistributed":
        yield from _prefixed("layer", config.get("layer"))
    elif kind in ("MultiHeadAttention", "GroupQueryAttention") and not config.get("use_gate"):
        bias = {"bias_axes": "d"} if config.get("use_bias") is not False else {}
        for part in _ATTENTION:
            yield part, {"class_name": "EinsumDense", "config": bias}
    else:
        yield "", thing


def _prefixed(part: str, thing: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(thing, dict):
        for inside, found in _parts(thing):
            yield f"{part}/{inside}".rstrip("/"), found


def expected_order(outer: Outermost) -> list[tuple[Member, Place]] | None:
    """The arrays of an outermost layer as Keras lists them; None where that is not known."""
    found: list[tuple[Member, Place]] = []
    for member in _once(outer.members):
        places = places_of(member.thing)
        if places is None:
            return None
        found += [(member, place) for place in places]
    return _listed(found, outer.is_frozen)


def _once(members: Iterable[Member]) -> Iterator[Member]:
    """Without the second and later mentions of a shared layer."""
    seen: set[str] = set()
    for member in members:
        if member.path not in seen:
            seen.add(member.path)
            yield member


def _listed(found: list[tuple[Member, Place]], is_frozen: bool) -> list[tuple[Member, Place]]:
    if is_frozen:
        return found
    return sorted(found, key=lambda one: not one[1].trained)


def dealt_out(outer: Outermost, names: Sequence[str]) -> list[tuple[Member, Place] | None]:
    """Which layer each array of a file's list belongs to; None where no layer is known.

    Args:
        outer: the outermost layer that the list is of.
        names: of the arrays, such as ``conv2d/kernel:0``.
    """
    expected = expected_order(outer)
    if expected is not None and len(expected) == len(names):
        by_name = _by_names(expected, names)
        return [*(by_name or expected)]
    members = list(_once(outer.members))
    if len(members) == 1:
        whole = [(members[0], _unnamed(number, name)) for number, name in enumerate(names)]
        return [*whole]
    return _by_prefix(members, names)


def _by_names(
    expected: list[tuple[Member, Place]], names: Sequence[str]
) -> list[tuple[Member, Place]] | None:
    """The order that the names in the file tell, where they tell each array apart."""
    there = {(member.name, place.name): (member, place) for member, place in expected}
    told = [there.get((_owner(name), _last(name))) for name in names]
    found = [one for one in told if one is not None]
    all_apart = len({id(one) for one in found}) == len(names) == len(there)
    return found if all_apart else None


def _by_prefix(members: list[Member], names: Sequence[str]) -> list[tuple[Member, Place] | None]:
    """Arrays by the name of the layer before theirs, as far as that is unique."""
    counts: dict[str, int] = {}
    found: list[tuple[Member, Place] | None] = []
    for name in names:
        parts = name.split("/")[:-1]
        there = [member for member in members if member.name in parts]
        if len(there) != 1:
            found.append(None)
            continue
        number = counts.get(there[0].path, 0)
        counts[there[0].path] = number + 1
        found.append((there[0], _known_or_unnamed(there[0], number, name)))
    return found


def _known_or_unnamed(member: Member, number: int, name: str) -> Place:
    places = places_of(member.thing) or ()
    by_name = {place.name: place for place in places}
    return by_name.get(_last(name)) or _unnamed(number, name)


def _unnamed(number: int, name: str) -> Place:
    """An array of a layer whose arrays are not known: numbered in the order of the file."""
    return Place("", str(number), _last(name))


def _last(name: str) -> str:
    return name.rpartition("/")[2].partition(":")[0]


def _owner(name: str) -> str:
    return name.rpartition("/")[0].rpartition("/")[2]
