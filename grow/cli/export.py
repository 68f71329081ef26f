"""The command that writes a model for other programs: `grow export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

import grow
from grow import report
from grow.cli import console
from grow.cli.app import app
from grow.cli.live import live_view
from grow.cli.options import AsJson, RunArgument, StageName


@app.command("export")
def export_command(
    run: RunArgument,
    to: Annotated[
        Literal["saved_model", "onnx", "litert"], typer.Option("--to", help="The format.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="In RUN/exports unless said."),
    ] = None,
    stage: StageName = None,
    pictures: Annotated[
        list[str] | None,
        typer.Option(
            "--pictures",
            metavar="PICTURE|FOLDER",
            help="What to compare on (again for more); validation pictures unless said.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the model for other programs, compared with Keras first.

    A folder with the model, its classes (model.json) and its card (README.md). It appears only
    when that program gives the probabilities that Keras gives.

    Example: grow export runs/quickstart --to onnx
    """
    switch = grow.StopSwitch()
    with live_view(stderr=True) as view, switch.listening(view.announce_stop):
        made = grow.export(
            run,
            to,
            out=out,
            stage=stage,
            pictures=pictures or (),
            force=force,
            listeners=[view],
            stop=switch,
        )
    if as_json:
        console.print_json(made.to_dict())
        return
    for line in report.export_lines(made):
        console.say(line)
