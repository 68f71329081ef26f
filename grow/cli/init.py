"""The command to start with: `grow init`. Asks only where there is a terminal to ask at."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

import grow
from grow import report
from grow.cli import console
from grow.cli.app import app
from grow.cli.live import live_view
from grow.cli.options import AsJson
from grow.config import examples
from grow.errors import Stopped, UsageError


@app.command("init")
def init_command(  # noqa: PLR0913  (each is an option of the command line)
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="The folder of pictures.")
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The stage file to write.")
    ] = Path("stages.yaml"),
    name: Annotated[
        str | None, typer.Option("--name", help="Names the run; the folder's name unless said.")
    ] = None,
    stages: Annotated[
        int | None, typer.Option("--stages", min=1, help="How many; what pays unless said.")
    ] = None,
    example: Annotated[
        examples.Name | None,
        typer.Option("--example", help="Write a ready stage file, which looks at no pictures."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    no_measure: Annotated[
        bool, typer.Option("--no-measure", help="Time no training steps; much quicker.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a stage file for a folder of pictures.

    Reads classes, sizes, colours and counts, and chooses stages, validation, augmentation and
    epochs; a comment gives the reason for each choice. The file runs as it is. Times a few training
    steps to estimate the training time. With --example it writes one of the ready stage files;
    quickstart draws its own images.

    Example: grow init pictures
    """
    from grow.planning.draft.place import check_place, name_for  # noqa: PLC0415  (help needs no more)

    asks = not yes and not as_json and _at_terminal()
    if example is not None:
        if folder is not None:
            raise UsageError("--example: expected no FOLDER, which it does not look at; found both")
        check_place(out, force=force)
        _write_example(example, out, as_json=as_json)
        return
    if folder is None:
        folder = _ask_folder(asks=asks)
    replace = force or (asks and out.is_file() and _may_replace(out))
    check_place(out, force=replace)
    if asks and name is None and folder.is_dir():
        name = _ask_name(name_for(folder))
    switch = grow.StopSwitch()
    with live_view(stderr=as_json) as view, switch.listening(view.announce_stop):
        draft = grow.init(
            folder,
            out=out,
            name=name,
            stages=stages,
            measure=not no_measure,
            listeners=[view],
            stop=switch,
        )
    switch.check()
    draft.write(force=replace)
    if as_json:
        console.print_json(draft.to_dict())
    else:
        console.show(report.draft_page(draft))


def _write_example(name: examples.Name, out: Path, *, as_json: bool) -> None:
    made = examples.write(name, out)
    if as_json:
        console.print_json(made.to_dict())
    else:
        console.say(f"{name} in {out}; next: {shlex.join(['grow', 'run', str(out)])}")


def _at_terminal() -> bool:
    """Whether somebody is there who sees a question and can answer it."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask_folder(*, asks: bool) -> Path:
    if not asks:
        raise UsageError(
            "FOLDER: expected a folder of pictures, found none", hint="such as: grow init pictures"
        )
    while True:
        answer = Path(_ask("Folder of pictures")).expanduser()
        if answer.is_dir():
            return answer
        console.say(f"{answer}: no such folder")


def _ask_name(usual: str) -> str:
    from grow.planning.draft.place import checked_name  # noqa: PLC0415

    while True:
        try:
            return checked_name(_ask("Name of the run", usual))
        except UsageError as error:
            console.complain(error)


def _may_replace(out: Path) -> bool:
    """Whether a stage file that is there may be replaced.

    Raises:
        UsageError: it may not.
    """
    with _asking():
        if typer.confirm(f"{out} already exists. Replace it?", default=False):
            return True
    raise UsageError(f"{out} was not replaced", hint="--out names another file")


def _ask(question: str, usual: str | None = None) -> str:
    with _asking():
        answer: str = typer.prompt(question, default=usual)
    return answer


@contextmanager
def _asking() -> Iterator[None]:
    """Ctrl-C at a question is a stop, said as any other."""
    try:
        yield
    except (typer.Abort, KeyboardInterrupt):
        sys.stdout.write("\n")
        raise Stopped("Stopped. Nothing was written.", signal_number=signal.SIGINT) from None
