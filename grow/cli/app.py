"""The command line itself: the app that commands join, and the options they share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import grow

app = typer.Typer(
    name="grow",
    help="Train a small convolutional network, grow it deeper, carry over what it has learnt.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
StageFile = Annotated[Path, typer.Argument(metavar="STAGES.yaml", help="The stage file.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")]
RunDir = Annotated[
    Path | None,
    typer.Option("--run-dir", metavar="FOLDER", help="The run folder; runs/NAME unless said."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A value in place of the file's, such as train.epochs=3 or "
        "stages.deeper.transfer=strict; as often as needed.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs, errors included.")]


def print_json(value: Any) -> None:
    """Prints a value for programs."""
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    # A file name may hold bytes that are no text: as \udcff it is JSON, and can be printed.
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode())


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
