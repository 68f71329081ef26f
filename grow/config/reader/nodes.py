"""YAML text as nodes: which scalars are understood, and how much of anything.

Scalars are as YAML 1.2 has them: only true and false are booleans, `1e-3` is a number; no dates,
no sexagesimals, no octals. Nothing here can build an object: there are no constructors.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from grow.errors import Problem

MAX_NODES = 10_000
MAX_DEPTH = 50

TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?[0-9]{1,4000}")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_DOTTED = re.compile(r"\.([iInN])")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_NULL = re.compile(r"~|null|Null|NULL|")


SCALARS: dict[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "str": (re.compile(r"(?s).*"), str),
    "int": (_INT, int),
    "float": (_FLOAT, lambda text: float(_DOTTED.sub(r"\1", text))),
    "bool": (_BOOL, lambda text: text.lower() == "true"),
    "null": (_NULL, lambda _: None),
}


class RefusedError(Exception):
    """Reading cannot go on; carries the problem that says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


class Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML without constructors: text to nodes, capped."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._composed = 0
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node, unless there are too many or it stands too deep."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self._composed += 1
        refuse_excess(self._composed, self._depth, mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


for _kind, _pattern, _first in (
    ("null", _NULL, ["~", "n", "N", ""]),
    ("bool", _BOOL, list("tTfF")),
    ("int", _INT, list("-+0123456789")),
    ("float", _FLOAT, list("-+.0123456789")),
):
    _anchored = re.compile(f"(?:{_pattern.pattern})\\Z")
    Loader.add_implicit_resolver(TAG + _kind, _anchored, _first)


def refuse_excess(nodes: int, depth: int, mark: yaml.Mark) -> None:
    """Stop at a text that is made to be endless.

    Raises:
        RefusedError: more nodes, or deeper ones, than any stage file has.
    """
    found = ""
    if nodes > MAX_NODES:
        found = f"expected at most {MAX_NODES:,} values, aliases expanded, found more"
    elif depth >= MAX_DEPTH:
        found = f"expected values nested at most {MAX_DEPTH} deep, found deeper"
    if found:
        text = f"{found}; this is no stage file"
        raise RefusedError(Problem("", mark.line + 1, mark.column + 1, text))
