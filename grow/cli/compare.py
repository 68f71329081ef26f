"""The command that asks whether growing helped: `grow compare`."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated, cast

import typer

import grow
from grow.cli import forms
from grow.cli.app import app
from grow.cli.options import AsJson, Overrides, RunDir, StageFile
from grow.cli.report import show_comparison
from grow.cli.stoppable import stoppable

if TYPE_CHECKING:
    from grow.cli.live_comparison import TrialsView
    from grow.config.schema import Policy  # loads pydantic, which no help needs


@app.command("compare")
def compare_command(  # noqa: PLR0913, PLR0917  (the options of a command)
    stage_file: StageFile,
    repeats: Annotated[int, typer.Option("--repeats", min=1, max=1000, help="How many seeds.")] = 5,
    policies: Annotated[
        str | None,
        typer.Option("--policies", metavar="A,B", help="Transfer policies to compare, in turn."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="Repeats at a time; default: by the number of cores."),
    ] = None,
    threads: Annotated[
        int, typer.Option("--threads", min=1, help="Threads per repeat; changes the results.")
    ] = 1,
    run_dir: RunDir = None,
    overrides: Overrides = None,
    markdown: forms.Markdown = False,
    html: Annotated[bool, typer.Option("--html", help="Say just where the page is.")] = False,
    csv: forms.Csv = False,
    as_json: AsJson = False,
    out: forms.Out = None,
    show: forms.Open = False,
) -> None:
    """Test over several seeds whether growing helped.

    Trains growth and its controls: the final architecture from scratch at equal epochs and at
    equal FLOPs, and the final depth from the start on the same small images. Run the same command
    to resume, or to add --repeats. Writes a page, report.html.

    Example: grow compare stages/quickstart.yaml --repeats 3
    """
    options = {"--markdown": markdown, "--html": html, "--csv": csv, "--json": as_json}
    form = forms.chosen(options, out, show=show)
    wanted = _policies(policies)
    view = _view(stderr=form.name not in ("", "--html"))
    with stoppable(view, "Each trial keeps its newest checkpoint.") as switch:
        found = grow.compare(
            stage_file,
            repeats=repeats,
            policies=wanted,
            overrides=overrides or (),
            jobs=jobs,
            threads=threads,
            run_dir=run_dir,
            listeners=[view],
            stop=switch,
        )
    show_comparison(found, form)


def _policies(text: str | None) -> tuple[Policy, ...]:
    """The names between commas; whether they are policies is checked where all options are."""
    names = () if text is None else tuple(name.strip() for name in text.split(","))
    return cast("tuple[Policy, ...]", names)


def _view(*, stderr: bool) -> TrialsView:
    gc.enable()  # off since the start: see `grow.__main__`
    from grow.cli.live_comparison import TrialsView  # noqa: PLC0415

    return TrialsView(stderr=stderr)
