"""The command line: parse, call, show, exit code. Everything it does, the Python API does.

Nothing heavy is imported here: `grow --help` and `grow plan` do without TensorFlow.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import typer

from grow.cli import (
    card,
    clean,
    compare,
    console,
    data,
    explain,
    export,
    init,
    manners,
    plan,
    predict,
    report,
    resume,
    run,
    schema,
    status,
)
from grow.cli.app import app
from grow.errors import FULL, GrowError, Stopped, UsageError

__all__ = [
    "app",
    "card",
    "clean",
    "compare",
    "data",
    "explain",
    "export",
    "init",
    "main",
    "plan",
    "predict",
    "report",
    "resume",
    "run",
    "schema",
    "status",
]

# Typer carries a Click of its own, or uses the one installed: its errors are found by relation.
_RefusedLine: type[Exception] = typer.BadParameter.__bases__[0]

_PIPE_CLOSED = 141
"""The exit code of programs that a closed output pipe ends: 128 and the number of SIGPIPE."""

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns the exit code.

    Args:
        arguments: what stands after ``grow``; the process's own unless given.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with manners.kept(given):
            code = _call_app(given)
            manners.log_end(code)
        sys.stdout.flush()
    except BrokenPipeError:
        return _fall_silent()
    except OSError as error:  # what is printed goes to a disk that is full
        _fall_silent()
        return _fail(_unprinted(error), as_json=False)
    except SystemExit as end:
        # Rich and Typer end the program where nobody reads what it prints: so does `head`.
        if isinstance(end.__context__, BrokenPipeError):
            return _fall_silent()
        raise
    return code


def _call_app(given: list[str]) -> int:
    as_json = "--json" in given
    try:
        code = app(given, prog_name="grow", standalone_mode=False)
    except GrowError as error:
        return _fail(error, as_json=as_json)
    except typer.Abort as error:
        sys.stdout.write("\n")  # the question stands in the line
        return _fail(_unanswered(error), as_json=as_json)
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        hint = "free some space and run again" if error.errno in FULL else ""
        if hint and not where:  # what has no name is most often what is printed
            hint = "free some space where the output goes, and run again"
        return _fail(GrowError(f"{where}{error.strerror or error}", hint=hint), as_json=as_json)
    except _RefusedLine as error:
        return _refuse(error, as_json=as_json)
    if code == _INTERRUPTED:  # Typer keeps Ctrl-C to itself; commands that train hear of it first
        return _fail(Stopped("Stopped.", signal_number=signal.SIGINT), as_json=as_json)
    return code if isinstance(code, int) else 0


def _unprinted(error: OSError) -> GrowError:
    hint = "the output is incomplete; free some space, or write it somewhere else"
    return GrowError(f"standard output: {error.strerror or error}", hint=hint)


def _unanswered(error: BaseException) -> GrowError:
    """The failure that a question without an answer is: stopped there, or nobody to ask."""
    if isinstance(error.__context__, KeyboardInterrupt):
        return Stopped("Stopped. Nothing was changed.", signal_number=signal.SIGINT)
    hint = "answer it, or use the option that skips the question"
    return UsageError("expected an answer to the question, found none", hint=hint)


def _fail(error: GrowError, *, as_json: bool) -> int:
    manners.log_error(error)
    if as_json:
        console.print_json(error.to_dict())
    else:
        console.complain(error)
    return error.exit_code


def _refuse(error: Any, *, as_json: bool) -> int:
    """Says what is wrong with the command line, in Typer's words."""
    if type(error).__name__ == "NoArgsIsHelpError":  # what it says is the whole page of help
        error.show()
        return int(error.exit_code)
    command = error.ctx.command_path if error.ctx else "grow"
    message = " ".join(error.format_message().split()).replace(": Value error, ", ": ")
    refused = UsageError(message, hint=f"see `{command} --help`")
    return _fail(refused, as_json=as_json)


def _fall_silent() -> int:
    """The output pipe is closed: discards what is still in buffers, without an error."""
    with suppress(OSError, ValueError):  # a standard output that is no file, or none
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    return _PIPE_CLOSED
