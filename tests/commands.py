"""Command lines carried out here or in a terminal, and a walk through all commands there are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import typer

from grow.cli import app

ROOT = Path(__file__).resolve().parents[1]
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


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


def in_terminal(*command: str, **settings: str) -> tuple[int, bytes]:
    """The exit code of a command, and all that it wrote to the terminal it ran in."""
    import pty

    ours, theirs = pty.openpty()
    unset = {"NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    environment = {k: v for k, v in os.environ.items() if k not in unset}
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=theirs,
        stderr=theirs,
        env={**environment, "PYTHONPATH": str(ROOT), **settings},
    )
    os.close(theirs)
    said = b""
    with suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 4096):
            said += piece
    os.close(ours)
    return process.wait(), said
