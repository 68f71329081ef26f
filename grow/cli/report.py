"""The command that reports: `grow report`, in every form, of a run or of a comparison."""

from __future__ import annotations

from typing import Annotated

import typer

import grow
from grow import report
from grow.cli import console, forms
from grow.cli.app import app
from grow.cli.forms import Form
from grow.cli.options import AsJson, RunArgument
from grow.errors import UsageError


@app.command("report")
def report_command(  # noqa: PLR0913  (each is an option of the command line)
    run: RunArgument,
    *,
    markdown: forms.Markdown = False,
    html: Annotated[bool, typer.Option("--html", help="A page: report.html in RUN.")] = False,
    csv: forms.Csv = False,
    as_json: AsJson = False,
    out: forms.Out = None,
    show: forms.Open = False,
    no_pictures: Annotated[
        bool, typer.Option("--no-pictures", help="Leave images out of the page.")
    ] = False,
) -> None:
    """Show the results of a run or of a comparison.

    Results, curves, transfer plans, errors: in the terminal, or as a page with --html.

    Example: grow report runs/quickstart --markdown
    """
    options = {"--markdown": markdown, "--html": html, "--csv": csv, "--json": as_json}
    form = forms.chosen(options, out, show=show)
    if no_pictures and form.name != "--html":
        raise UsageError("--no-pictures is for the page", hint="add --html or --open")
    from grow.comparison.folder import is_comparison  # noqa: PLC0415  (loads what no help needs)

    if is_comparison(run):
        show_comparison(grow.load_comparison(run), form)
    else:
        _show_run(grow.load(run), form, pictures=not no_pictures)


def _show_run(run: grow.Run, form: Form, *, pictures: bool) -> None:
    if not form.name:
        console.show(report.report_page(run))
        return
    makers = {
        "--markdown": lambda: report.markdown_text(run),
        "--html": lambda: report.html_page(run, pictures=pictures and run.spec.report.pictures),
        "--csv": lambda: report.epochs_csv(run),
        "--json": lambda: report.as_json(run),
    }
    forms.put(form, makers, run.path / report.PAGE)


def show_comparison(found: grow.Comparison, form: Form) -> None:
    """Shows a comparison in the form that was chosen.

    Raises:
        UsageError: the file cannot be written.
    """
    if not form.name:
        console.show(report.comparison_page(found))
        return
    makers = {
        "--markdown": lambda: report.comparison_markdown(found),
        "--html": lambda: report.comparison_html(found),
        "--csv": lambda: report.comparison_csv(found),
        "--json": lambda: report.as_json(found),
    }
    forms.put(form, makers, found.setting.folder / report.PAGE)
