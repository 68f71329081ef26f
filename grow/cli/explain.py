"""The command that compares two saved models: `grow explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import grow
from grow import report
from grow.cli import console
from grow.cli.app import app
from grow.cli.options import AsJson

ModelOfOld = Annotated[
    Path | None,
    typer.Option("--old-model", metavar="MODEL", help="The model of OLD's weights: .keras or .h5."),
]
ModelOfNew = Annotated[
    Path | None,
    typer.Option("--new-model", metavar="MODEL", help="The model of NEW's weights: .keras or .h5."),
]


@app.command("explain")
def explain_command(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A .keras, .h5 or .weights.h5 file.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Likewise.")],
    old_model: ModelOfOld = None,
    new_model: ModelOfNew = None,
    as_json: AsJson = False,
) -> None:
    """Show which weights can be carried over between two saved models.

    Also shows what Keras's load_weights(skip_mismatch=True) would load, and where that differs;
    for .h5 files by_name=True too. Needs no TensorFlow; nothing in the files is run.

    Example: grow explain old.keras new.keras
    """
    found = grow.explain(old, new, old_model=old_model, new_model=new_model)
    if as_json:
        console.print_json(found.to_dict())
    else:
        console.show(report.explanation_page(found))
