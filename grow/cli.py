"""The command line: parse, call, show, exit code. Everything it does, the Python API does.

Nothing heavy is imported here: `grow --help` and `grow plan` do without TensorFlow.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import grow
from grow import console
from grow.errors import GrowError, Stopped

app = typer.Typer(
    name="grow",
    help="Train a small convolutional network, grow it deeper, carry over what it has learnt.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Look at pictures.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(data_app, name="data")

StageFile = Annotated[Path, typer.Argument(metavar="STAGES.yaml", help="The stage file.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")]
RunDir = Annotated[
    Path | None,
    typer.Option("--run-dir", metavar="FOLDER", help="The run folder; runs/NAME unless said."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs, errors included.")]


@contextmanager
def _explained(*, as_json: bool = False) -> Iterator[None]:
    """Turns a failure that has words into those words and its exit code."""
    try:
        yield
    except GrowError as error:
        if as_json:
            _print_json(error.to_dict())
        else:
            console.complain(error)
        raise typer.Exit(error.exit_code) from None


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"grow {grow.__version__}\n")
        raise typer.Exit


@app.callback()
def _main(
    _version_option: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say which version."),
    ] = False,
) -> None:
    """Options that stand before the command."""


@app.command("run")
def run_command(stage_file: StageFile, run_dir: RunDir = None) -> None:
    """Train every stage, or go on where it stopped; the same command always.

    Example: grow run stages/quickstart.yaml
    """
    again = f"grow run {stage_file}" + (f" --run-dir {run_dir}" if run_dir else "")
    with _explained(), _stoppable(again) as (listener, switch):
        result = grow.run(stage_file, run_dir=run_dir, listeners=[listener], stop=switch)
    console.show_result(result)


@app.command("resume")
def resume_command(run: RunArgument) -> None:
    """Go on with a run, from its folder alone.

    Example: grow resume runs/quickstart
    """
    with _explained(), _stoppable(f"grow resume {run}") as (listener, switch):
        result = grow.resume(run, listeners=[listener], stop=switch)
    console.show_result(result)


@contextmanager
def _stoppable(again: str) -> Iterator[tuple[console.RunView, grow.StopSwitch]]:
    """A live view and a switch that Ctrl-C flips; says which command goes on."""
    switch = grow.StopSwitch()
    with console.RunView() as view, switch.listening(view.announce_stop):
        try:
            yield view, switch
        except Stopped as stopped:
            raise Stopped(
                stopped.message, signal_number=stopped.signal_number, hint=f"go on with: {again}"
            ) from None


@app.command("plan")
def plan_command(stage_file: StageFile, run_dir: RunDir = None, as_json: AsJson = False) -> None:
    """Show what would happen: architectures, transfer plans, cost, what is reused and why.

    Example: grow plan stages/cats-dogs.yaml
    """
    with _explained(as_json=as_json):
        plan = grow.plan(stage_file, run_dir=run_dir)
        if as_json:
            _print_json(plan.to_dict())
        else:
            console.show_plan(plan)


@app.command("status")
def status_command(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="The run folder; all in runs/ if unsaid.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where each stage of a run stands.

    Example: grow status runs/quickstart
    """
    with _explained(as_json=as_json):
        found = grow.load_all("runs") if run is None else [grow.load(run)]
        if as_json:
            _print_json([one.to_dict() for one in found] if run is None else found[0].to_dict())
        else:
            console.show_status(found)


@app.command("report")
def report_command(run: RunArgument, as_json: AsJson = False) -> None:
    """Show the transfer plans and epochs of a run.

    Example: grow report runs/quickstart --json
    """
    with _explained(as_json=as_json):
        found = grow.load(run)
        if as_json:
            _print_json(found.to_dict())
        else:
            console.show_report(found)


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of stage files, for editors.

    Example: grow schema > stages.schema.json
    """
    _print_json(grow.schema())


@data_app.command("show")
def data_show_command(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A stage file, or a folder of pictures.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where the picture goes.")
    ] = Path("contact-sheet.png"),
    count: Annotated[int, typer.Option("--count", min=1, max=10_000, help="How many.")] = 48,
    split: Annotated[
        Literal["train", "validation", "test"], typer.Option("--split", help="Which pictures.")
    ] = "train",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which of them.")] = 0,
) -> None:
    """Make a contact sheet: one picture that shows many.

    Example: grow data show stages/quickstart.yaml --out sheet.png
    """
    with _explained(), _stoppable("the same command") as (view, switch):
        sheet = grow.contact_sheet(
            source,
            count=count,
            split=split,
            seed=seed,
            progress=view.preparing,
            check_stop=switch.check,
        )
    with _explained():
        console.save_picture(sheet, out)


def main() -> None:
    """Runs the command line."""
    app()
