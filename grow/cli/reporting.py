"""The command that reports: `grow report`, in every form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import grow
from grow import console, report
from grow.cli.app import AsJson, RunArgument, app
from grow.errors import UsageError


@app.command("report")
def report_command(  # noqa: PLR0913  (each is an option of the command line)
    run: RunArgument,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Markdown to paste.")] = False,
    html: Annotated[bool, typer.Option("--html", help="A page: report.html in RUN.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="A line for each epoch.")] = False,
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where it is written.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Write the page and open it.")] = False,
    no_pictures: Annotated[
        bool, typer.Option("--no-pictures", help="Leave pictures out of the page.")
    ] = False,
) -> None:
    """Show what a run came to.

    Result, curves, transfer plans, errors: in the terminal, or as a page with --html.

    Example: grow report runs/quickstart --markdown
    """
    forms = {"--markdown": markdown, "--html": html or show, "--csv": csv, "--json": as_json}
    chosen = [name for name, wanted in forms.items() if wanted]
    _check(chosen, out, no_pictures=no_pictures)
    found = grow.load(run)
    if html or show:
        _make_page(found, out, pictures=not no_pictures, show=show)
    elif chosen:
        makers = {"--markdown": report.markdown_text, "--csv": report.epochs_csv}
        console.put_text(makers.get(chosen[0], report.as_json)(found), out)
    else:
        console.show(report.report_page(found))


def _check(chosen: Sequence[str], out: Path | None, *, no_pictures: bool) -> None:
    """Does nothing unless the options contradict each other.

    Raises:
        UsageError: they do.
    """
    if len(chosen) > 1:
        raise UsageError(f"expected one form of report, found {' and '.join(chosen)}")
    if no_pictures and chosen != ["--html"]:
        raise UsageError("--no-pictures is for the page", hint="add --html or --open")
    if out is not None and not chosen:
        raise UsageError(
            "--out needs a form of report", hint="add --html, --markdown, --csv or --json"
        )


def _make_page(run: grow.Run, out: Path | None, *, pictures: bool, show: bool) -> None:
    page = out or run.path / report.PAGE
    text = report.html_page(run, pictures=pictures and run.spec.report.pictures)
    console.save_text(text, page)
    if show:
        console.open_in_browser(page)
