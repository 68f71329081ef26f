"""Command lines carried out in this process, and a walk through all commands there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import typer

from grow.cli import app


class Said(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Said]


def every(found: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group, with its words."""
    yield names, found
    for name, below in getattr(found, "commands", {}).items():
        yield from every(below, *names, name)


ALL = dict(every(typer.main.get_command(app)))
COMMANDS = {words: found for words, found in ALL.items() if not hasattr(found, "commands")}
