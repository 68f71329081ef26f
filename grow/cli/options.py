"""The arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grow.cli import completing

StageFile = Annotated[
    Path,
    typer.Argument(
        metavar="STAGES.yaml", help="The stage file.", autocompletion=completing.stage_files
    ),
]
RunArgument = Annotated[
    Path,
    typer.Argument(metavar="RUN", help="The run folder.", autocompletion=completing.run_folders),
]
RunDir = Annotated[
    Path | None,
    typer.Option(
        "--run-dir",
        metavar="FOLDER",
        help="The run folder; runs/NAME unless said.",
        autocompletion=completing.run_folders,
    ),
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
StageName = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="NAME",
        help="Which stage; the last complete unless said.",
        autocompletion=completing.stages,
    ),
]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Keep TensorBoard event files in the run folder.")
]

Verify = Annotated[
    bool,
    typer.Option(
        "--verify", help="Read every image again, even if its size and time are unchanged."
    ),
]
