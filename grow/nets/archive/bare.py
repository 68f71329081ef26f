"""A weights file without its model: layers as far as their addresses tell.

The addresses tell the class of every layer in a container, the file their names; settings and
connections it does not hold.
"""

from __future__ import annotations

import re

from grow.nets.archive.archive import Weights
from grow.nets.archive.groups import groups_of
from grow.nets.explain.addresses import is_automatic, kind_of
from grow.nets.explain.described import Group, Layer

_NO_LAYERS = re.compile(r"_|optimizer(/|$)")
"""What Keras saves beside layers."""


def bare_layers(weights: Weights) -> tuple[Layer, ...]:
    """The layers that a weights file tells of, sorted by address."""
    addresses = {_layer_of(place) for place in weights.stored if place}
    containers = {place.rpartition("/layers/")[0] for place in addresses if "/layers/" in place}
    found = [
        place for place in addresses if place not in containers and not _NO_LAYERS.match(place)
    ]
    used: set[str] = set()
    layers = []
    for place in sorted(found, key=_natural):
        path = _path(place, weights)
        if path in used:
            path = place
        used.add(path)
        layers.append(_layer(place, path, weights))
    return tuple(layers)


def _layer(address: str, path: str, weights: Weights) -> Layer:
    kind = kind_of(address)
    name = path.rpartition("/")[2]
    given = address in weights.names and not (kind and is_automatic(name, kind))
    unknown = "" if kind else "the weights file does not tell its class"
    groups: tuple[Group, ...] = groups_of({"class_name": kind}, address, (), weights)
    own = (name,) if given and kind else ()
    return Layer(path, kind or "?", own, unknown, not kind, None, groups, address=address)


def _layer_of(place: str) -> str:
    """The layer that an address inside it belongs to."""
    parts = place.split("/")
    length = 2 if parts[0] == "layers" else 1
    while len(parts) > length and parts[length] == "layers":
        length += 2
    return "/".join(parts[:length])


def _path(address: str, weights: Weights) -> str:
    """The names on the way to an address; the address's own words where there are none."""
    names, parts, so_far = [], address.split("/"), ""
    for part in parts:
        so_far = f"{so_far}/{part}" if so_far else part
        if part != "layers":
            names.append(weights.names.get(so_far, part))
    return "/".join(names)


def _natural(address: str) -> list[tuple[int, str]]:
    """An address whose counters sort as numbers."""
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", address)
    ]
