"""The command that tells the class of pictures: `grow predict`."""

from __future__ import annotations

from typing import Annotated

import typer

import grow
from grow import report
from grow.cli import completing, console
from grow.cli.app import app
from grow.cli.live import live_view
from grow.cli.options import AsJson, StageName
from grow.errors import DataError, UsageError

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="The run folder, or a model.keras that grow saved.",
        autocompletion=completing.run_folders,
    ),
]


@app.command("predict")
def predict_command(
    run: ModelArgument,
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE|FOLDER", help="Folders with all below.")
    ],
    stage: StageName = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a heading.")] = False,
) -> None:
    """Tell the class of pictures, each with its probability.

    Pictures are prepared exactly as in training. Those that cannot be used are named with the
    reason, on standard error, and the exit code is then 3; the others are told all the same.

    Example: grow predict runs/quickstart holiday.jpg pictures/
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv: expected one of them, found both")
    switch = grow.StopSwitch()
    with live_view(stderr=True) as view, switch.listening(view.announce_stop):
        found = grow.predict(run, *pictures, stage=stage, listeners=[view], stop=switch)
    if as_json:
        console.print_json(found.to_dict())
    elif as_csv:
        console.put_text(report.predictions_csv(found), None)
    else:
        console.say(f"model: {found.model}", stderr=True)
        console.put_text("".join(f"{line}\n" for line in report.prediction_lines(found)), None)
    for line in report.left_out_lines(found):
        console.warn(line)
    raise typer.Exit(DataError.exit_code if found.unusable else 0)
