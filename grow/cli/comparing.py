"""The command that asks whether growing helped: `grow compare`."""

from __future__ import annotations

import gc
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, cast

import typer

import grow
from grow.cli import forms
from grow.cli.app import AsJson, Overrides, RunDir, StageFile, app
from grow.cli.reporting import show_comparison
from grow.errors import Stopped

if TYPE_CHECKING:
    from grow.spec import Policy  # loads pydantic, which no help needs
    from grow.trialsview import TrialsView


@app.command("compare")
def compare_command(  # noqa: PLR0913, PLR0917  (the options of a command)
    stage_file: StageFile,
    repeats: Annotated[int, typer.Option("--repeats", min=1, max=1000, help="How many seeds.")] = 5,
    policies: Annotated[
        str | None,
        typer.Option("--policies", metavar="A,B", help="Transfer policies to compare, in turn."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Repeats at a time; by the cores if unsaid.")
    ] = None,
    threads: Annotated[
        int, typer.Option("--threads", min=1, help="Threads per repeat; part of what is compared.")
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
    """Tell whether growing helped, over several seeds.

    Trains growth and its controls: the final architecture from scratch at equal epochs and at
    equal FLOPs, and the final depth from the start on the same small pictures. The same command
    goes on after a stop, and with more --repeats. It ends with a page, report.html.

    Example: grow compare stages/quickstart.yaml --repeats 3
    """
    options = {"--markdown": markdown, "--html": html, "--csv": csv, "--json": as_json}
    form = forms.chosen(options, out, show=show)
    wanted = _policies(policies)
    given = sys.argv[1:] if sys.argv[1:2] == ["compare"] else ["compare", str(stage_file)]
    with _stoppable(given, stderr=form.name not in ("", "--html")) as (view, switch):
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


@contextmanager
def _stoppable(given: list[str], *, stderr: bool) -> Iterator[tuple[TrialsView, grow.StopSwitch]]:
    """A live view and a switch that Ctrl-C flips; says which command goes on."""
    gc.enable()  # off since the start: see `grow.__main__`
    from grow.trialsview import TrialsView  # noqa: PLC0415

    go_on = f"go on with: {shlex.join(['grow', *given])}"
    switch = grow.StopSwitch()
    view = TrialsView(stderr=stderr)

    def break_off() -> None:
        view.break_off(f"stopped at once, each trial with a checkpoint; {go_on}")

    with view, switch.listening(view.announce_stop, break_off):
        try:
            yield view, switch
        except Stopped as stopped:
            number = stopped.signal_number
            raise Stopped(stopped.message, signal_number=number, hint=go_on) from None
