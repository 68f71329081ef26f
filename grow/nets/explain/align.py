"""Which layer of the new model is which of the old one, and how that is known.

A name that a person gave is an identity, also where the layer went into a nested model or came
out of one. One that Keras made up (``conv2d_3``) carries none:
such layers are aligned by structure, in four steps, each deterministic. First the best chain
of layers equal in class, settings and weight shapes, through what the names have fixed, with
points for equal surroundings. Then equal layers out of that order whose neighbours are already
aligned (branches that changed places), and those of which only one is left on each side. Then
the best chain of layers of one class that differ, through all that is fixed, and again those
beside aligned neighbours. A layer that has a name of its own is aligned with one that has none
only after those without names, and with one of another name only where the models share no
name at all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

from grow.nets.explain.chain import best_chain
from grow.nets.explain.described import Layer, Model
from grow.nets.explain.passing import is_identity
from grow.nets.explain.surroundings import RADIUS, Fingerprints, Graph, graph_of

_FIXED = 1_000_000
"""Points of a pair that is fixed already: more than a chain of all others."""


class How(StrEnum):
    """How it is known that two layers are the same one; the list is closed."""

    NAME = "name"
    STRUCTURE = "structure"
    NEIGHBOURS = "neighbours"
    LEFT = "left"
    CLASS = "class"


_WORDS = {
    How.NAME: "the same name",
    How.STRUCTURE: "the same class, settings and shapes in the same order",
    How.NEIGHBOURS: "the same class, settings and shapes beside aligned layers",
    How.LEFT: "the only one left of its class, settings and shapes",
    How.CLASS: "the same class in the same place",
}


@dataclass(frozen=True)
class Pair:
    """Two layers that are taken for the same one.

    Attributes:
        old: path in the old model.
        new: path in the new model.
        how: how that is known.
        words: the same for people.
        others: new layers that would have done as well, by path.
    """

    old: str
    new: str
    how: How
    words: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alignment:
    """The pairs, in the new model's order."""

    pairs: tuple[Pair, ...]

    def by_new(self) -> dict[str, Pair]:
        """The pairs by the new layer's path."""
        return {pair.new: pair for pair in self.pairs}

    def by_old(self) -> dict[str, Pair]:
        """The pairs by the old layer's path."""
        return {pair.old: pair for pair in self.pairs}


def align(old: Model, new: Model) -> Alignment:
    """Which layer of ``new`` is which of ``old``."""
    work = _Work(old, new)
    work.by_name()
    work.number_surroundings()
    for work.mixed in (False, True):
        work.by_chain(How.STRUCTURE)
        work.beside_neighbours(exactly=True)
    work.single_left()
    work.by_chain(How.CLASS)
    work.beside_neighbours(exactly=False)
    order = {layer.path: place for place, layer in enumerate(new.layers)}
    pairs = sorted(work.pairs.values(), key=lambda pair: order[pair.new])
    return Alignment(tuple(work.with_others(pair) for pair in pairs))


class _Work:
    """The two models while they are aligned; ``pairs`` by new path grows step by step."""

    def __init__(self, old: Model, new: Model) -> None:
        self.old, self.new = old, new
        self._olds, self._news = old.by_path(), new.by_path()
        self.pairs: dict[str, Pair] = {}
        self.mixed = False
        self._names_tell = False
        self._taken: dict[str, str] = {}
        self._graphs: tuple[Graph, Graph] = (graph_of(old), graph_of(new))
        self._numbers = Fingerprints()
        self._tokens: tuple[dict[str, int], dict[str, int]] = ({}, {})
        self._circles: tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]] = ({}, {})

    def _pair(self, old: Layer, new: Layer, how: How) -> None:
        self.pairs[new.path] = Pair(old.path, new.path, how, _WORDS[how])
        self._taken[old.path] = new.path

    def _left(self) -> tuple[list[Layer], list[Layer]]:
        """The layers of both models that are not aligned yet."""
        return (
            [layer for layer in self.old.layers if layer.path not in self._taken],
            [layer for layer in self.new.layers if layer.path not in self.pairs],
        )

    def by_name(self) -> None:
        """Pairs layers whose own name exists once in each model, nested or not.

        Full names first (``encoder/out``), then the last parts of them: ``backbone/c1`` is
        ``c1`` where neither model has another layer of that name.
        """
        for last_only in (False, True):
            olds, news = (_named_once(left, last_only) for left in self._left())
            for name, layer in news.items():
                old = olds.get(name)
                if old is None or (last_only and old.kind != layer.kind):
                    continue
                self._pair(old, layer, How.NAME)
                self._names_tell |= bool(layer.weights)

    def number_surroundings(self) -> None:
        """Gives every layer numbers for what it is and for what stands around it."""
        for place, model in enumerate((self.old, self.new)):
            named = self._taken if place == 0 else self.pairs
            self._tokens[place].update(
                {layer.path: self._token(layer, layer.path in named) for layer in model.layers}
            )
        self._circles = (self._circles_of(0), self._circles_of(1))

    def _token(self, layer: Layer, named: bool) -> int:
        """A number for what a layer is: its name where that is fixed, else what it does."""
        if named:
            return self._numbers.number(("own", layer.own[-1]))
        shapes = tuple((weight.name, weight.shape) for weight in layer.weights)
        arguments = tuple(call.arguments for call in layer.calls if not is_identity(layer))
        return self._numbers.number((layer.kind, layer.settings, shapes, arguments))

    def _circles_of(self, place: int) -> dict[str, tuple[int, ...]]:
        graph, tokens = self._graphs[place], self._tokens[place]
        before = self._numbers.circles(tokens, graph.before)
        behind = self._numbers.circles(tokens, graph.behind)
        return {path: before[path] + behind[path] for path in tokens}

    def _alike(self, old: Layer, new: Layer) -> bool:
        """Whether two layers are of one class, and their names do not speak against it."""
        if old.own and new.own and self._names_tell and old.own[-1] != new.own[-1]:
            return False
        return old.kind == new.kind and (self.mixed or bool(old.own) == bool(new.own))

    def _equal(self, old: Layer, new: Layer) -> bool:
        if not self._alike(old, new):
            return False
        if old.settings is None or new.settings is None:
            return old.shapes == new.shapes
        return self._tokens[0][old.path] == self._tokens[1][new.path]

    def _context(self, old: Layer, new: Layer) -> int:
        """Points for circles in which the surroundings are equal, wider ones for more.

        What comes before counts more: a layer is what it is by its inputs.
        """
        circles = zip(self._circles[0][old.path], self._circles[1][new.path], strict=True)
        equal = [one == other for one, other in circles]
        return 3 * sum(equal[:RADIUS]) ** 2 + 2 * sum(equal[RADIUS:]) ** 2

    def _score(self, old: Layer, new: Layer, how: How) -> int:
        """Points of a pair in the chain of this step; 0 where it may not be."""
        pair = self.pairs.get(new.path)
        if pair is not None or old.path in self._taken:
            return _FIXED if pair is not None and pair.old == old.path else 0
        if how is How.STRUCTURE:
            if not self._equal(old, new):
                return 0
            return (10 if new.weights else 2) * (10 + self._context(old, new))
        if not self._alike(old, new):
            return 0
        beside = 4 * self._is_beside(old, new, 0) + 4 * self._is_beside(old, new, 1)
        return (100 if new.weights else 10) + beside + _likeness(old, new)

    def by_chain(self, how: How) -> None:
        """Pairs along the best chain through everything that is fixed."""
        olds, news = self.old.layers, self.new.layers
        chain = best_chain(len(olds), len(news), lambda i, j: self._score(olds[i], news[j], how))
        for i, j in chain:
            if news[j].path not in self.pairs:
                self._pair(olds[i], news[j], how)

    def beside_neighbours(self, *, exactly: bool) -> None:
        """Pairs layers all of whose neighbours on one side are aligned with each other."""
        found = True
        while found:
            found = False
            olds, news = self._left()
            for new in news:
                for old in olds:
                    fits = self._equal(old, new) if exactly else self._alike(old, new)
                    if fits and (self._is_beside(old, new, 0) or self._is_beside(old, new, 1)):
                        self._pair(old, new, How.NEIGHBOURS if exactly else How.CLASS)
                        olds.remove(old)
                        found = True
                        break

    def _is_beside(self, old: Layer, new: Layer, side: int) -> bool:
        """Whether all neighbours before (0) or behind (1) are aligned with each other."""
        ways = [(graph.before, graph.behind)[side] for graph in self._graphs]
        here = Counter(self._taken.get(path) for path in ways[0][old.path])
        there = Counter[str | None](ways[1][new.path])
        return bool(there) and here == there

    def single_left(self) -> None:
        """Pairs layers with weights of which each side has one left."""
        olds, news = self._left()
        for new in news:
            if not new.weights:
                continue
            there = [old for old in olds if self._equal(old, new)]
            here = [other for other in news if there and self._equal(there[0], other)]
            if len(there) == 1 and len(here) == 1:
                self._pair(there[0], new, How.LEFT)

    def with_others(self, pair: Pair) -> Pair:
        """The pair, and the new layers that are as equal in as many circles."""
        if pair.how is not How.STRUCTURE:
            return pair
        old, new = self._olds[pair.old], self._news[pair.new]
        least = self._context(old, new)
        others = tuple(
            other.path
            for other in self._left()[1]
            if new.weights and self._equal(old, other) and self._context(old, other) >= least
        )
        if not others:
            return pair
        words = f"{pair.words}; {' and '.join(others)} would do as well, the first is taken"
        return replace(pair, words=words, others=others)


def _named_once(layers: list[Layer], last_only: bool) -> dict[tuple[str, ...], Layer]:
    """The layers by the names that people gave them, where no other has the same."""
    by_name: dict[tuple[str, ...], list[Layer]] = {}
    for layer in layers:
        if layer.own:
            by_name.setdefault(layer.own[-1:] if last_only else layer.own, []).append(layer)
    return {name: there[0] for name, there in by_name.items() if len(there) == 1}


def _likeness(old: Layer, new: Layer) -> int:
    """How much two layers of one class agree: up to four points."""
    ranks = [len(w.shape) for w in old.weights] == [len(w.shape) for w in new.weights]
    shared = any(a.shape == b.shape for a, b in zip(old.weights, new.weights, strict=False))
    return 2 * (old.settings == new.settings) + ranks + shared
