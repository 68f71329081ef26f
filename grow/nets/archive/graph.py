"""From a model's configuration to its layers, nested models opened, and their connections.

A nested model is no layer of its own here: its layers stand in its place, with its name before
theirs, and are called as often as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from grow.nets.architecture import Shape
from grow.nets.archive.archive import Weights
from grow.nets.archive.groups import groups_of
from grow.nets.archive.nodes import Child, Node, children_of, input_shape, is_model, outputs_of
from grow.nets.archive.settings import is_foreign, is_operation, kind_of, settings_of, unknown_in
from grow.nets.archive.shapes import with_input_shapes
from grow.nets.archive.slots import Member, Outermost
from grow.nets.explain.addresses import Numbering, is_automatic
from grow.nets.explain.described import Call, Layer, Source


@dataclass
class _Draft:
    """A layer while its calls are still being collected."""

    thing: dict[str, Any]
    path: str
    own: tuple[str, ...]
    address: str
    also: list[str] = field(default_factory=list)
    uses: int = 0
    calls: dict[int, Call] = field(default_factory=dict)


@dataclass
class _Place:
    """Where a child of a container is found: a layer, or a nested model.

    Attributes:
        uses: how often the container calls it, each time that it is called itself.
        first: number of the first of those calls.
        path: of the layer; empty for a nested model.
        inside: the nested model; None for a layer.
    """

    uses: int
    first: int = 0
    path: str = ""
    inside: _Container | None = None


@dataclass
class _Container:
    """A model, the whole one or a nested one."""

    thing: dict[str, Any]
    uses: int
    children: tuple[Child, ...]
    places: dict[str, _Place] = field(default_factory=dict)

    def source(self, node: Node, use: int) -> Source | None:
        """The layer behind a tensor of this container, while it is called the ``use``-th time."""
        place = self.places.get(node.layer)
        if place is None:
            return None
        call = use * place.uses + min(node.call, max(place.uses - 1, 0))
        if place.inside is None:
            return Source(place.path, place.first + call, node.output)
        outputs = outputs_of(place.inside.thing)
        if node.output >= len(outputs):
            return None
        return place.inside.source(outputs[node.output], call)


class Graph:
    """The layers of a model; made by `read_graph`."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._drafts: dict[str, _Draft] = {}

    def outermost(self, whole: _Container) -> tuple[Outermost, ...]:
        """The children of the whole model, each with every layer inside."""
        return tuple(
            Outermost(child.name, tuple(self._members(child, whole)), _is_frozen(child.thing))
            for child in whole.children
            if child.saved and not (child.is_input and _is_sequence(whole.thing))
        )

    def _members(self, child: Child, here: _Container) -> Iterator[Member]:
        place = here.places[child.name]
        if place.inside is None:
            draft = self._drafts[place.path]
            if child.saved:
                yield Member(draft.path, child.name, draft.thing, draft.address)
            return
        for other in place.inside.children:
            yield from self._members(other, place.inside)

    def place(
        self, thing: dict[str, Any], uses: int, path: str, own: tuple[str, ...], address: str
    ) -> _Container:
        """Finds a path and an address for every layer inside a model."""
        here = _Container(thing, uses, children_of(thing))
        numbering = Numbering()
        for child in here.children:
            total = uses * len(child.calls)
            where = f"{address}layers/{numbering.next(child.class_name)}" if child.saved else ""
            names = (*own, child.name)
            full = f"{path}{child.name}"
            if is_model(child.thing):
                mine = own if is_automatic(child.name, child.class_name) else names
                inside = self.place(child.thing, total, f"{full}/", mine, f"{where}/")
                here.places[child.name] = _Place(len(child.calls), inside=inside)
                continue
            automatic = is_automatic(child.name, child.class_name)
            draft = self._draft(child, full, () if automatic else names, where)
            here.places[child.name] = _Place(len(child.calls), draft.uses, draft.path)
            draft.uses += total
        return here

    def _draft(self, child: Child, path: str, own: tuple[str, ...], address: str) -> _Draft:
        """A new layer, or one that was met before under another model's name for it."""
        if "shared_object_id" in child.thing and address and address not in self._weights.stored:
            for other in self._drafts.values():
                if _is_same(other.thing, child.thing):
                    other.also.append(address)
                    return other
        while path in self._drafts:
            path += "'"
        self._drafts[path] = _Draft(child.thing, path, own, address)
        return self._drafts[path]

    def wire(self, here: _Container, given: list[list[Source]]) -> None:
        """Connects the layers inside a model.

        Args:
            here: the model.
            given: the inputs of each of its calls.
        """
        inputs = [child.name for child in here.children if child.is_input]
        for child in here.children:
            place = here.places[child.name]
            calls: list[Call] = []
            for use in range(here.uses):
                if child.is_input and given[use]:
                    position = min(inputs.index(child.name), len(given[use]) - 1)
                    calls.append(Call((given[use][position],)))
                for made in child.calls if not child.is_input else ():
                    sources = [here.source(node, use) for node in made.nodes]
                    if made.from_outside:
                        sources = list(given[use])
                    known = tuple(source for source in sources if source is not None)
                    calls.append(Call(known, made.arguments))
            if place.inside is not None:
                self.wire(place.inside, [list(call.inputs) for call in calls])
            else:
                draft = self._drafts[place.path]
                draft.calls.update({place.first + n: call for n, call in enumerate(calls)})

    def layers(self) -> tuple[Layer, ...]:
        """The layers in the order in which they are saved."""
        layers = [self._layer(draft) for draft in self._drafts.values()]
        told = with_input_shapes(layers)
        return tuple(
            self._in_full(layer, layer.input_shape or told.get(layer.path)) for layer in layers
        )

    def _layer(self, draft: _Draft) -> Layer:
        return Layer(
            path=draft.path,
            kind=kind_of(draft.thing),
            own=draft.own,
            unknown=unknown_in(draft.thing),
            foreign=is_foreign(draft.thing),
            settings=settings_of(_config(draft.thing)),
            groups=groups_of(draft.thing, draft.address, tuple(draft.also), self._weights),
            calls=tuple(draft.calls[number] for number in sorted(draft.calls)),
            input_shape=input_shape(draft.thing),
            address="" if is_operation(draft.thing) else draft.address,
        )

    def _in_full(self, layer: Layer, shape: Shape | None) -> Layer:
        """With the shape that reaches it, so that its axes can be counted from the end."""
        rank = None if shape is None else len(shape) + 1
        settings = settings_of(_config(self._drafts[layer.path].thing), rank)
        return replace(layer, input_shape=shape, settings=settings)


def _config(thing: dict[str, Any]) -> dict[str, Any]:
    config = thing.get("config")
    return config if isinstance(config, dict) else {}


def _is_frozen(thing: dict[str, Any]) -> bool:
    return _config(thing).get("trainable") is False


def _is_sequence(thing: dict[str, Any]) -> bool:
    return thing.get("class_name") == "Sequential"


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two configurations can be of one shared layer."""
    configs = one.get("config") or {}, other.get("config") or {}
    if one.get("class_name") != other.get("class_name"):
        return False
    named = configs[0].get("name") == configs[1].get("name")
    numbers = {thing["shared_object_id"] for thing in (one, other) if "shared_object_id" in thing}
    return named and len(numbers) == 1 and settings_of(configs[0]) == settings_of(configs[1])


@dataclass(frozen=True)
class Read:
    """A model's configuration, read.

    Attributes:
        layers: its layers.
        outputs: where its outputs come from.
        outermost: its outermost layers and models.
    """

    layers: tuple[Layer, ...]
    outputs: tuple[Source, ...]
    outermost: tuple[Outermost, ...]


def read_graph(config: dict[str, Any], weights: Weights) -> Read:
    """The layers of a model, and where its outputs come from.

    Args:
        config: what ``config.json`` holds, of a functional or sequential model.
        weights: what its weights file holds.
    """
    graph = Graph(weights)
    whole = graph.place(config, 1, "", (), "")
    graph.wire(whole, [[]])
    found = [whole.source(node, 0) for node in outputs_of(config)]
    outputs = tuple(source for source in found if source is not None)
    return Read(graph.layers(), outputs, graph.outermost(whole))


def outermost_in(config: dict[str, Any]) -> tuple[Outermost, ...]:
    """The outermost layers of a model whose weights are still to be placed."""
    graph = Graph(Weights())
    return graph.outermost(graph.place(config, 1, "", (), ""))
