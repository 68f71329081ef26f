"""From a model's configuration to its layers, nested models opened, and their connections.

A nested model is no layer of its own here: its layers stand in its place, with its name before
theirs, and are called as often as it is. Pure; floors 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from grow.explanation.addresses import Numbering, is_automatic
from grow.explanation.described import Call, Layer, Source
from grow.saved.archive import Weights
from grow.saved.groups import groups_of
from grow.saved.nodes import Child, Node, children_of, input_shape, is_model, outputs_of
from grow.saved.settings import is_foreign, is_operation, kind_of, settings_of, unknown_in


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
        return tuple(self._layer(draft) for draft in self._drafts.values())

    def _layer(self, draft: _Draft) -> Layer:
        config = draft.thing.get("config")
        return Layer(
            path=draft.path,
            kind=kind_of(draft.thing),
            own=draft.own,
            unknown=unknown_in(draft.thing),
            foreign=is_foreign(draft.thing),
            settings=settings_of(config if isinstance(config, dict) else {}),
            groups=groups_of(draft.thing, draft.address, tuple(draft.also), self._weights),
            calls=tuple(draft.calls[number] for number in sorted(draft.calls)),
            input_shape=input_shape(draft.thing),
            address="" if is_operation(draft.thing) else draft.address,
        )


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two configurations can be of one shared layer."""
    configs = one.get("config") or {}, other.get("config") or {}
    if one.get("class_name") != other.get("class_name"):
        return False
    named = configs[0].get("name") == configs[1].get("name")
    return named and settings_of(configs[0]) == settings_of(configs[1])


def read_graph(
    config: dict[str, Any], weights: Weights
) -> tuple[tuple[Layer, ...], tuple[Source, ...]]:
    """The layers of a model, and where its outputs come from.

    Args:
        config: what ``config.json`` holds, of a functional or sequential model.
        weights: what its weights file holds.
    """
    graph = Graph(weights)
    whole = graph.place(config, 1, "", (), "")
    graph.wire(whole, [[]])
    found = [whole.source(node, 0) for node in outputs_of(config)]
    return graph.layers(), tuple(source for source in found if source is not None)
