"""The command that shows where runs stand: `grow status`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import grow
from grow import report
from grow.cli import completing, console
from grow.cli.app import app
from grow.cli.options import AsJson
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
        console.print_json(values if run is None else values[0])
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
        console.print_json(found.to_dict())
    else:
        console.show(report.verification_page(found))
    raise typer.Exit(RunFolderError.exit_code if found.flaws else 0)


def _show_status(found: grow.Run | RunFolderError) -> None:
    if isinstance(found, RunFolderError):
        console.complain(found)
    else:
        console.show(report.status_page(found))
