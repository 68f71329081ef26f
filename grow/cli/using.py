"""Commands that use a trained model: `grow predict`, `grow card` and `grow export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

import grow
from grow import atomic, report
from grow.cli import completing, console
from grow.cli.app import AsJson, RunArgument, app, print_json
from grow.cli.running import live_view
from grow.errors import DataError, UsageError

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="The run folder, or a model.keras that grow saved.",
        autocompletion=completing.run_folders,
    ),
]
StageName = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="NAME",
        help="Which stage; the last complete unless said.",
        autocompletion=completing.stages,
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
        print_json(found.to_dict())
    elif as_csv:
        _write(report.predictions_csv(found))
    else:
        console.say(f"model: {found.model}", stderr=True)
        _write("".join(f"{line}\n" for line in report.prediction_lines(found)))
    for line in report.left_out_lines(found):
        console.warn(line)
    raise typer.Exit(DataError.exit_code if found.unusable else 0)


def _write(text: str) -> None:
    """Prints text as it is, whatever a file name in it holds."""
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode())


@app.command("card")
def card_command(
    run: RunArgument,
    stage: StageName = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Where it goes; printed unless said."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a model card: data, figures, limits, how it was made.

    Markdown. The model is measured again on the validation pictures and, where there are any,
    on the test pictures.

    Example: grow card runs/quickstart --out card.md
    """
    switch = grow.StopSwitch()
    with live_view(stderr=True) as view, switch.listening(view.announce_stop):
        found = grow.card(run, stage=stage, listeners=[view], stop=switch)
    if as_json:
        print_json(found.to_dict())
    elif out is None:
        _write(report.card_markdown(found))
    else:
        atomic.write_file(out, report.card_markdown(found).encode("utf-8", "backslashreplace"))
        console.say(f"model card in {out}")


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
        print_json(made.to_dict())
        return
    for line in report.export_lines(made):
        console.say(line)
