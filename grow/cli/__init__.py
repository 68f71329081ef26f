"""The command line: parse, call, show, exit code. Everything it does, the Python API does.

Nothing heavy is imported here: `grow --help` and `grow plan` do without TensorFlow.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer

from grow import console
from grow.cli import (
    comparing,
    looking,
    reporting,
    running,  # first, so that help begins with it
    starting,
    upkeep,
    using,
)
from grow.cli.app import app, print_json
from grow.errors import GrowError

__all__ = [
    "app",
    "comparing",
    "looking",
    "main",
    "reporting",
    "running",
    "starting",
    "upkeep",
    "using",
]

# Typer carries a Click of its own, or uses the one installed: its errors are found by relation.
_RefusedLine: type[Exception] = typer.BadParameter.__bases__[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns the exit code.

    Args:
        arguments: what stands after ``grow``; the process's own unless given.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        code = app(given, prog_name="grow", standalone_mode=False)
    except GrowError as error:
        return _fail(error, as_json=as_json)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(GrowError(f"{where}{error.strerror or error}"), as_json=as_json)
    except _RefusedLine as error:
        return _refuse(error, as_json=as_json)
    return code if isinstance(code, int) else 0


def _fail(error: GrowError, *, as_json: bool) -> int:
    if as_json:
        print_json(error.to_dict())
    else:
        console.complain(error)
    return error.exit_code


def _refuse(error: Any, *, as_json: bool) -> int:
    """Says what is wrong with the command line, as Typer words it."""
    if as_json:
        command = error.ctx.command_path if error.ctx else "grow"
        hint = f"`{command} --help` says what it takes"
        print_json({"error": error.format_message(), "hint": hint, "exit_code": error.exit_code})
    else:
        error.show()
    code: int = error.exit_code
    return code
