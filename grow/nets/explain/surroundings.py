"""What stands around each layer of a graph: neighbours, and fingerprints of wider circles.

The fingerprints are those of Weisfeiler and Leman (1968), apart for what comes before a layer
and what comes behind it, in whatever order, so that equal
numbers mean equal surroundings within a radius.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from grow.nets.explain.described import Model
from grow.nets.explain.passing import followed

RADIUS = 4
"""How far around a layer its surroundings are compared."""


@dataclass(frozen=True)
class Graph:
    """Neighbours of each layer by path, in order."""

    before: Mapping[str, tuple[str, ...]]
    behind: Mapping[str, tuple[str, ...]]


def graph_of(model: Model) -> Graph:
    """The neighbours of every layer of a model.

    Layers that pass their input on unchanged, the inputs of nested models among them, are
    nobody's neighbours: a model is the same one with and without them.
    """
    layers = model.by_path()
    before = {
        layer.path: tuple(
            followed(source, layers).layer for call in layer.calls for source in call.inputs
        )
        for layer in model.layers
    }
    behind: dict[str, list[str]] = {path: [] for path in before}
    for path, sources in before.items():
        for source in sources:
            if source in behind:
                behind[source].append(path)
    return Graph(before, {path: tuple(found) for path, found in behind.items()})


class Fingerprints:
    """Numbers for equal things, the same for both models that are compared."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def number(self, thing: Hashable) -> int:
        """The number of a thing: equal things, equal numbers."""
        return self._numbers.setdefault(thing, len(self._numbers))

    def circles(
        self, tokens: Mapping[str, int], neighbours: Mapping[str, tuple[str, ...]]
    ) -> dict[str, tuple[int, ...]]:
        """For each layer a number for every radius from 1 to `RADIUS`.

        Args:
            tokens: what each layer is, by path.
            neighbours: on one side of it, by path.
        """
        last = dict(tokens)
        found: dict[str, tuple[int, ...]] = dict.fromkeys(tokens, ())
        for _ in range(RADIUS):
            last = {
                path: self.number(
                    (tokens[path], *sorted(last.get(other, -1) for other in neighbours[path]))
                )
                for path in tokens
            }
            found = {path: (*found[path], last[path]) for path in tokens}
        return found
