"""The command that tells what would happen: `grow plan`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import grow
from grow import report
from grow.cli import completing, console
from grow.cli.app import app
from grow.cli.options import AsJson, Overrides, RunDir, StageFile


@app.command("plan")
def plan_command(
    stage_file: StageFile,
    run_dir: RunDir = None,
    overrides: Overrides = None,
    other: Annotated[
        Path | None,
        typer.Option(
            "--diff",
            metavar="OTHER.yaml",
            help="Show the differences from OTHER.yaml; --set does not apply to OTHER.yaml.",
            autocompletion=completing.stage_files,
        ),
    ] = None,
    classes: Annotated[
        int | None,
        typer.Option(
            "--classes",
            metavar="N",
            min=2,
            help="Assume this many classes, without reading the images.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what `grow run` would do, without doing it.

    Architectures, transfer plans, cost, what is reused and why. With --diff, how that differs
    from another stage file: settings, stages, layers, cost, and what would be trained again. Fails
    where `grow run` would fail before it opens an image; --classes plans without images.

    Example: grow plan stages/quickstart.yaml
    """
    plan = grow.plan(stage_file, run_dir=run_dir, overrides=overrides or (), classes=classes)
    if other is not None:
        found = grow.difference(grow.plan(other, run_dir=run_dir, classes=classes), plan)
        if as_json:
            console.print_json(found.to_dict())
        else:
            console.show(report.difference_page(found, str(other), _called(stage_file, overrides)))
    elif as_json:
        console.print_json(plan.to_dict())
    else:
        console.show(report.plan_page(plan))


def _called(stage_file: Path, overrides: Sequence[str] | None) -> str:
    """What a stage file with other values in it is called."""
    return " ".join([str(stage_file), *(f"--set {one}" for one in overrides or ())])
