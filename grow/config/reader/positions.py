"""YAML as plain values, with the place in the file of every key and value.

Owns the walk from nodes to values: anchors, aliases and merge keys are followed, tags of one's own
are refused, a key said twice is a problem. Nothing but text, numbers, booleans, null, lists and
mappings can come out, and no input makes it work long: what aliases expand to is capped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.reader import ReaderError

from grow.config.reader import syntax
from grow.config.reader.nodes import SCALARS, TAG, Loader, RefusedError, refuse_excess
from grow.config.reader.words import Path, quote, spell
from grow.errors import Problem

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Place:
    """Where a value stands, counted from 1, and how it is written.

    Attributes:
        line: line of the value.
        column: column of the value.
        key_line: line of its key; of the value itself where it has no key.
        key_column: column of its key, likewise.
        written: a plain scalar as the file spells it; empty for everything else.
        source: where it stands if not in the file: ``--set train.epochs=3``.
    """

    line: int
    column: int
    key_line: int
    key_column: int
    written: str = ""
    source: str = ""


@dataclass(frozen=True)
class Document:
    """What a YAML text holds.

    Attributes:
        value: plain values; None when the text holds nothing.
        places: where everything stands, by path from the top; keys merged in by ``<<`` and
            aliased values stand where they were written.
        problems: what could not be taken as it is.
        spoilt: paths of values that are lost; what is said of them elsewhere is noise.
    """

    value: Any
    places: dict[Path, Place]
    problems: tuple[Problem, ...]
    spoilt: frozenset[str] = frozenset()

    def problem(self, path: Path, text: str, *, at_key: bool = False) -> Problem:
        """A problem at a path: at its value or key, or else at what should hold the path."""
        held = path
        while held and held not in self.places:
            held = held[:-1]
        place = self.places[held]
        line, column = place.line, place.column
        if at_key or held != path:
            line, column = place.key_line, place.key_column
        return Problem(spell(path), line, column, text, place.source)


def load_yaml(text: str) -> Document:
    """Read one YAML document; whatever is wrong with it comes back among its problems."""
    try:
        node = _compose(text)
        reading = _Reading()
        value = reading.value(node, (), None) if node is not None else None
    except RefusedError as refused:
        return Document(None, {}, (refused.problem,))
    except ReaderError as error:
        return Document(None, {}, (syntax.unreadable(error, text),))
    except yaml.MarkedYAMLError as error:
        return Document(None, {}, (syntax.explain(error, text),))
    return Document(value, reading.places, tuple(reading.problems), frozenset(reading.spoilt))


def _compose(text: str) -> yaml.Node | None:
    loader = Loader(text)
    try:
        return loader.get_single_node()
    except (OverflowError, ValueError):
        # PyYAML lets these through: an escape beyond Unicode, a version of thousands of digits.
        mark = loader.get_mark()
        words = "expected the code of a character that exists, found one too large"
        raise RefusedError(Problem("", mark.line + 1, mark.column + 1, words)) from None


@dataclass
class _Reading:
    """One walk over the nodes, taking down values, places and problems."""

    places: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    spoilt: list[str] = field(default_factory=list)
    _visited: int = 0
    _open: list[yaml.Node] = field(default_factory=list)

    def value(self, node: yaml.Node, path: Path, key: yaml.Mark | None) -> Any:
        """The plain value of ``node``, which stands at ``path`` behind ``key``."""
        mark, key = node.start_mark, key or node.start_mark
        written = node.value if isinstance(node, yaml.ScalarNode) and not node.style else ""
        self.places[path] = Place(
            mark.line + 1, mark.column + 1, key.line + 1, key.column + 1, written
        )
        with self._inside(node, path):
            if isinstance(node, yaml.ScalarNode):
                return self._scalar(node, path)
            if isinstance(node, yaml.SequenceNode):
                self._refuse_tag(node, "seq", path)
                return [self.value(item, (*path, i), None) for i, item in enumerate(node.value)]
            self._refuse_tag(node, "map", path)
            pairs = self._pairs(node, path)
            return {
                name: self.value(item, (*path, name), start)
                for name, (start, item) in pairs.items()
            }

    @contextmanager
    def _inside(self, node: yaml.Node, path: Path) -> Iterator[None]:
        self._visited += 1
        refuse_excess(self._visited, len(self._open), node.start_mark)
        if any(node is other for other in self._open):
            text = "expected a value of its own, found an alias to what it stands in; remove it"
            raise RefusedError(self._problem(node.start_mark, path, text))
        self._open.append(node)
        yield
        self._open.pop()

    def _pairs(self, node: yaml.Node, path: Path) -> dict[str, tuple[yaml.Mark, yaml.Node]]:
        """Key to place and value; own keys go before merged ones, earlier merges before later."""
        pairs: dict[str, tuple[yaml.Mark, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key, item in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == "<<" and not key.style:
                merged.append(item)
                continue
            name = self._key(key, path)
            if name in pairs:
                self._refuse_again(name, key.start_mark, pairs[name][0], path)
            elif name is not None:
                pairs[name] = (key.start_mark, item)
        for source in merged:
            for name, pair in self._merged(source, path).items():
                pairs.setdefault(name, pair)
        return pairs

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, tuple[yaml.Mark, yaml.Node]]:
        with self._inside(node, path):
            if isinstance(node, yaml.MappingNode):
                return self._pairs(node, path)
            pairs: dict[str, tuple[yaml.Mark, yaml.Node]] = {}
            if not isinstance(node, yaml.SequenceNode):
                text = 'expected an alias to a group of keys after "<<", found something else'
                self.problems.append(self._problem(node.start_mark, (*path, "<<"), text))
                return pairs
            for item in node.value:
                for name, pair in self._merged(item, path).items():
                    pairs.setdefault(name, pair)
            return pairs

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if isinstance(node, yaml.ScalarNode) and not _UNSTORABLE.search(node.value):
            return str(node.value)
        self.spoilt.append(spell(path))
        text = (
            "expected a name before the colon, found a list or a group; put text that begins "
            "with [ or { in quotes"
        )
        if isinstance(node, yaml.ScalarNode):
            text = f"expected a name before the colon, found {quote(node.value)}"
        self.problems.append(self._problem(node.start_mark, path, text))
        return None

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        if _UNSTORABLE.search(node.value):
            text = f"expected text that can be stored, found {quote(node.value)}"
            return self._lose(node, path, text)
        kind = node.tag.removeprefix(TAG)
        if kind not in SCALARS:
            self._refuse_tag(node, "str", path)
            return node.value
        pattern, convert = SCALARS[kind]
        if pattern.fullmatch(node.value):
            return convert(node.value)
        text = f"expected what its tag !!{kind} announces, found {quote(node.value)}"
        return self._lose(node, path, f"{text}; remove the tag")

    def _lose(self, node: yaml.Node, path: Path, text: str) -> None:
        self.problems.append(self._problem(node.start_mark, path, text))
        self.spoilt.append(spell(path))

    def _refuse_tag(self, node: yaml.Node, kind: str, path: Path) -> None:
        if node.tag == TAG + kind:
            return
        tag = node.tag
        tag = "!!" + tag.removeprefix(TAG) if tag.startswith(TAG) else tag
        text = f"expected plain values, found the tag {quote(tag)}; remove the tag"
        self._lose(node, path, text)

    def _refuse_again(self, name: str, mark: yaml.Mark, first: yaml.Mark, path: Path) -> None:
        place = f"line {first.line + 1}, column {first.column + 1}"
        text = f"expected every key once, found {quote(name)} again (first on {place})"
        problem = self._problem(mark, (*path, name), f"{text}; remove one of the two")
        self.problems.append(problem)

    def _problem(self, mark: yaml.Mark, path: Path, text: str) -> Problem:
        return Problem(spell(path), mark.line + 1, mark.column + 1, text)
