"""The command that writes a model card: `grow card`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import grow
from grow import atomic, report
from grow.cli import console
from grow.cli.app import app
from grow.cli.live import live_view
from grow.cli.options import AsJson, RunArgument, StageName


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
        console.print_json(found.to_dict())
    elif out is None:
        console.put_text(report.card_markdown(found), None)
    else:
        atomic.write_file(out, report.card_markdown(found).encode("utf-8", "backslashreplace"))
        console.say(f"model card in {out}")
