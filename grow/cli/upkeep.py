"""Commands about run folders: `grow status` and `grow clean`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import grow
from grow import report
from grow.cli import completing, console
from grow.cli.app import AsJson, RunArgument, app, print_json
from grow.errors import RunFolderError, UsageError


@app.command("status")
def status_command(
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN",
            help="The run folder; all in runs/ if unsaid.",
            autocompletion=completing.run_folders,
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every file of the run folder.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the state of each stage of a run.

    Example: grow status runs/quickstart --verify
    """
    if verify:
        _verify(run, as_json=as_json)
    found = grow.load_all("runs") if run is None else [grow.load(run)]
    if as_json:
        values = [one.to_dict() for one in found]
        print_json(values if run is None else values[0])
    else:
        for one in found:
            _show_status(one)
    damaged = [one.exit_code for one in found if isinstance(one, RunFolderError)]
    raise typer.Exit(max(damaged, default=0))


def _verify(run: Path | None, *, as_json: bool) -> None:
    if run is None:
        raise UsageError("--verify needs a run folder", hint="such as runs/quickstart")
    found = grow.verify(run)
    if as_json:
        print_json(found.to_dict())
    else:
        console.show(report.verification_page(found))
    raise typer.Exit(RunFolderError.exit_code if found.flaws else 0)


@app.command("clean")
def clean_command(
    run: RunArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what a run folder does not need, ask, and delete it.

    Stage folders that the stage file does not use, damaged files put aside, and superseded
    checkpoints.

    Example: grow clean runs/quickstart
    """
    found = grow.clean(run)
    if as_json:
        gone = found.apply() if yes else ()
        print_json({**found.to_dict(), "deleted": [str(one.path) for one in gone]})
        return
    console.show(report.cleaning_page(found))
    if not found.leftovers:
        return
    if not yes and not sys.stdin.isatty():
        console.warn(
            "nothing was deleted: there is no terminal to ask; --yes deletes without asking"
        )
        return
    if yes or typer.confirm("Delete all of it?", default=False):
        console.say(f"{len(found.apply())} deleted")


def _show_status(found: grow.Run | RunFolderError) -> None:
    if isinstance(found, RunFolderError):
        console.complain(found)
    else:
        console.show(report.status_page(found))
