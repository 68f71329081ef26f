"""The command line itself: the app that commands join, and its page of help."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

import grow
from grow.cli import helping, manners

_EVERYWHERE = frozenset({"quiet", "verbose", "log_file"})
"""The parameters of `_everywhere` that every command has too."""


ORDER = (
    *("init", "run", "resume", "plan", "status", "report", "compare", "predict", "export", "card"),
    *("explain", "data", "clean", "schema"),
)
"""How help lists the commands."""


class Command(TyperCommand):
    """A command whose help is laid out by `helping`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the page of help."""
        formatter.write(_page(self, ctx, ()))


class Group(TyperGroup):
    """A group of commands; the outermost one shares its options with all commands below."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        shared = [one for one in self.params if one.name in _EVERYWHERE]
        for command in _below(self):
            command.params.extend(shared)

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order in which people come to need them."""
        last = len(ORDER)
        found = super().list_commands(ctx)
        return sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else last)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the page of help."""
        commands = [self.commands[name] for name in self.list_commands(ctx)]
        rows = [(one.name or "", _first_line(one.help)) for one in commands if not one.hidden]
        formatter.write(_page(self, ctx, rows))


class App(typer.Typer):
    """Typer, with this package's manners for every command that joins."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            cls=Group,
            no_args_is_help=True,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
            **settings,
        )

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """As Typer's, for a `Command`."""
        return super().command(name, **{"cls": Command, **settings})


def _below(group: TyperGroup) -> list[Any]:
    """All commands and groups of a group, and those in them."""
    found: list[Any] = []
    for command in group.commands.values():
        found += [command, *(_below(command) if isinstance(command, TyperGroup) else ())]
    return found


def _without_types(term: str) -> str:
    """``--count <int range>`` as people say it: ``--count N``."""
    return re.sub(r"<int( range)?>", "N", term).replace("<str>", "TEXT")


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _page(command: Any, ctx: Any, commands: Sequence[tuple[str, str]]) -> str:
    """A command's page of help."""
    pieces = [re.sub("[{}]", "", piece) for piece in command.collect_usage_pieces(ctx)]
    usage = " ".join([ctx.command_path, *pieces])
    rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": [], "everywhere": []}
    for param in command.get_params(ctx):
        kind = "everywhere" if param.name in _EVERYWHERE else param.param_type_name
        record = param.get_help_record(ctx)
        if record is not None:
            argument = (str(param.metavar), str(param.help)) if kind == "argument" else None
            rows[kind].append(argument or (_without_types(record[0]), record[1]))
    sections = (
        ("Arguments", rows["argument"]),
        ("Commands", commands),
        ("Options", rows["option"]),
        ("Before or after any command", rows["everywhere"]),
    )
    return helping.page(usage, command.help or "", sections, helping.width())


app = App(
    name="grow",
    help="Train a small convolutional network, grow it deeper, carry over its weights.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"grow {grow.__version__}\n")
        raise typer.Exit


@app.callback()
def _everywhere(
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Print only results, warnings and errors.",
            callback=manners.be_quiet,
            expose_value=False,
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            help="Show TensorFlow's own messages too.",
            callback=manners.be_verbose,
            expose_value=False,
        ),
    ] = False,
    log_file: Annotated[
        Path | None,
        typer.Option(
            "--log-file",
            metavar="FILE",
            help="Write what happens to a file too, at its end, each line with its time.",
            callback=manners.keep_log,
            expose_value=False,
        ),
    ] = None,
    _version_option: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say which version."),
    ] = False,
) -> None:
    """Options that stand before the command."""
