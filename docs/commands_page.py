"""Writes `docs/commands.md` from the command line itself: every command, option and exit code.

Read from the declarations in `grow/cli`, not from what Typer makes of them, so that the page
stays as it is when Typer words its help otherwise.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import typer

from grow.cli import app
from grow.cli.app import ORDER

HEAD = """\
<!-- Written by docs/commands_page.py from grow/cli. Change it there; CONTRIBUTING says how. -->

# Commands

Every command with all it takes; `grow --help` and `grow COMMAND --help` say the same. What
`--json` prints is described in [files and formats](formats.md#what-commands-print).
"""
EXIT_CODES = """\
## Exit codes

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed; the message says why and what to do |
| 2 | the stage file or the command line is wrong; nothing was done |
| 3 | the pictures are missing, cannot be read, or are not enough; or some could not be used |
| 4 | the run folder is locked by another process, damaged, or no run folder |
| 130, 143 | stopped by Ctrl-C or SIGTERM, with a checkpoint written |
| 141 | output pipe closed, as by `head` |
"""
BEFORE = """\
## Before any command

Options that every command has too: all but `--version` may stand after the command as well, and
mean the same there.
"""
COMPLETION = """\
`grow --install-completion` makes the Tab key complete commands, options, stage files, run
folders and names of stages in the shell it is given in, `grow --show-completion` prints what it
would install.
"""


NOT_RUN = {
    "grow compare": "docs/comparing.md has the same, and there it is run",
    "grow data draw": "its folder exists already; the tutorial draws into a new one",
}
"""Whose examples the tests of the pages leave out, and why."""
ADDED = {"grow init": "--force --no-measure --stages 1"}
"""What examples get in the tests only."""


class Parameter(NamedTuple):
    """An argument or option of a command, as it is declared."""

    names: tuple[str, ...]
    kind: Any
    info: Any
    default: Any

    @property
    def is_argument(self) -> bool:
        """Whether it is given by its place, not by its name."""
        return isinstance(self.info, typer.models.ArgumentInfo)


def page() -> str:
    """The page as text."""
    found = dict(sorted(commands(), key=lambda one: ORDER.index(one[0].split()[1])))
    rows = [
        f"| [`{name}`](#{name.replace(' ', '-')}) | {_first(one)} |" for name, one in found.items()
    ]
    parts = [HEAD, *_table("command | what it does", rows), EXIT_CODES]
    parts += [BEFORE, *_options(root()), COMPLETION]
    for name, command in found.items():
        parts += _command(name, command)
    return "\n".join(parts)


def commands(
    group: typer.Typer = app, before: str = "grow"
) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every command that can be given, by its words; those of groups too."""
    for one in group.registered_commands:
        if not one.hidden and one.callback:
            yield f"{before} {one.name}", one.callback
    for inner in group.registered_groups:
        if inner.typer_instance:
            yield from commands(inner.typer_instance, f"{before} {inner.name}")


def parameters(command: Callable[..., Any]) -> list[Parameter]:
    """What a command takes, in the order of its declaration."""
    hints = get_type_hints(command, include_extras=True)
    found = []
    for name, one in inspect.signature(command).parameters.items():
        kind, info = get_args(hints[name])[:2]
        # `Option("--out", "-o")` takes its first name for a default; Typer sorts it out likewise.
        first = [info.default] if str(info.default).startswith("-") else []
        names = (*first, *(info.param_decls or ())) or (name,)
        found += [] if info.hidden else [Parameter(names, kind, info, one.default)]
    return found


def examples(command: Callable[..., Any]) -> list[str]:
    """The command lines that a command's help gives as examples."""
    text = inspect.cleandoc(command.__doc__ or "")
    return re.findall(r"^Example: (grow .+)$", text, re.MULTILINE)


def root() -> Callable[..., Any]:
    """What holds the options that stand before a command."""
    return app.registered_callback.callback  # type: ignore[union-attr, return-value]


def _command(name: str, command: Callable[..., Any]) -> Iterator[str]:
    said, _, _ = inspect.cleandoc(command.__doc__ or "").partition("Example")
    arguments = [one for one in parameters(command) if one.is_argument]
    usage = " ".join([name, *(_in_usage(one) for one in arguments), "[OPTIONS]"])
    yield f"## {name}\n\n`{usage}`\n\n{said.replace(chr(8), '').strip()}\n"
    rows = [f"| `{_metavar(one)}` | {_meaning(one)} |" for one in arguments]
    yield from _table("argument | meaning", rows)
    yield from _options(command)
    mark = [f"<!-- not run: {NOT_RUN[name]} -->"] if name in NOT_RUN else []
    mark += [f"<!-- tests add: {ADDED[name]} -->"] if name in ADDED else []
    yield "\n".join([*mark, "```sh", *examples(command), "```\n"])


def _options(command: Callable[..., Any]) -> Iterator[str]:
    options = [one for one in parameters(command) if not one.is_argument]
    rows = [f"| {_named(one)} | {_meaning(one)} |" for one in options]
    yield from _table("option | meaning", rows)


def _table(head: str, rows: list[str]) -> Iterator[str]:
    if rows:
        yield "\n".join([f"| {head} |", "|---" * (head.count("|") + 1) + "|", *rows, ""])


def _in_usage(one: Parameter) -> str:
    word = _metavar(one) + ("..." if get_origin(one.kind) is list else "")
    return word if one.default is inspect.Parameter.empty else f"[{word}]"


def _metavar(one: Parameter) -> str:
    return str(one.info.metavar or one.names[0].lstrip("-").upper())


def _named(one: Parameter) -> str:
    """An option's names, the long one with what follows it where something does."""
    takes_value = one.kind is not bool
    words = [
        f"{name} {_placeholder(one)}" if takes_value and name.startswith("--") else name
        for name in one.names
    ]
    return ", ".join(f"`{_cell(word)}`" for word in words)


def _placeholder(one: Parameter) -> str:
    kinds = (one.kind, *get_args(one.kind))
    return str(one.info.metavar or ("N" if int in kinds else "NAME" if str in kinds else "WHICH"))


def _meaning(one: Parameter) -> str:
    """The help, what may be given, what is taken unless said, and how large it may be."""
    said = [one.info.help or ""]
    if get_origin(one.kind) is Literal:
        said.append(f"One of {', '.join(f'`{choice}`' for choice in get_args(one.kind))}.")
    low, high = one.info.min, one.info.max
    if low is not None:
        said.append(f"{low:,} to {high:,}." if high is not None else f"{low:,} or more.")
    if not one.is_argument and one.default is inspect.Parameter.empty:
        said.append("It must be given.")
    elif one.default is not inspect.Parameter.empty and _tells(one.default):
        said.append(f"`{one.default}` unless said.")
    return _cell(" ".join(said))


def _tells(default: Any) -> bool:
    return default is not None and default is not False


def _first(documented: object) -> str:
    return _cell((inspect.getdoc(documented) or "").partition("\n\n")[0])


def _cell(text: str) -> str:
    """Text for a cell of a table: one line, with nothing that would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")
