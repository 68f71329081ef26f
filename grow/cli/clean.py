"""The command that deletes what a run folder does not need: `grow clean`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import grow
from grow import report
from grow.cli import console
from grow.cli.app import app
from grow.cli.options import AsJson, RunArgument


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
        console.print_json({**found.to_dict(), "deleted": [str(one.path) for one in gone]})
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
