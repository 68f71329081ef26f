"""The forms that a report can have, and the options that choose one; shared by commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from grow.cli import console
from grow.errors import UsageError

Markdown = Annotated[bool, typer.Option("--markdown", help="Markdown to paste.")]
Csv = Annotated[bool, typer.Option("--csv", help="A line for each epoch.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where it is written.")
]
Open = Annotated[bool, typer.Option("--open", help="Write the page and open it.")]


@dataclass(frozen=True)
class Form:
    """What was chosen.

    Attributes:
        name: the option, such as ``--csv``; empty for the page in the terminal.
        out: the file it goes to; None for standard output, or the page's usual place.
        show: whether the page is opened.
    """

    name: str
    out: Path | None = None
    show: bool = False


def chosen(forms: Mapping[str, bool], out: Path | None, *, show: bool = False) -> Form:
    """The form that options ask for.

    Raises:
        UsageError: they contradict each other, or the file's folder is not there.
    """
    wanted = {**forms, "--html": forms.get("--html", False) or show}
    names = [name for name in forms if wanted[name]]
    if len(names) > 1:
        raise UsageError(f"expected one form of report, found {' and '.join(names)}")
    if out is not None and not names:
        raise UsageError(
            "--out needs a form of report", hint="add --html, --markdown, --csv or --json"
        )
    if out is not None and not out.parent.is_dir():
        raise UsageError(
            f"{out}: there is no folder {out.parent}", hint="create it, or name another folder"
        )
    return Form(names[0] if names else "", out, show)


def put(form: Form, makers: Mapping[str, Callable[[], str]], page: Path) -> None:
    """Makes the report and puts it where it is wanted.

    Args:
        form: what was chosen, not the terminal's.
        makers: what makes each form.
        page: where the HTML page goes unless said.

    Raises:
        UsageError: the file cannot be written.
    """
    text = makers[form.name]()
    if form.name != "--html":
        console.put_text(text, form.out)
        return
    where = form.out or page
    console.save_text(text, where)
    if form.show:
        console.open_in_browser(where)
