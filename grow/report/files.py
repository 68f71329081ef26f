"""Reports as files: ``report.html``, ``report.md``, and of a run ``report.json``.

Each is written whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from grow import atomic
from grow.atomic import Guard, unguarded
from grow.comparison.result import Comparison
from grow.report.compared import comparison_markdown
from grow.report.html import comparison_html, html_page
from grow.report.markdown import markdown_text
from grow.runs.result import Run

PAGE = "report.html"
"""Name of the page in the run folder, or the comparison's."""


def write_reports(run: Run, guard: Guard = unguarded) -> None:
    """Writes all reports of a run into its folder, those of before replaced.

    Whether mistakes are shown with their pictures is what the stage file says.

    Raises:
        OSError: one of them could not be written; what was there before is still there.
    """
    reports: dict[str, Callable[[Run], str]] = {
        PAGE: lambda one: html_page(one, pictures=one.spec.report.pictures),
        "report.md": markdown_text,
        "report.json": as_json,
    }
    for name, make in reports.items():
        save(make(run), run.path / name, guard)


def write_comparison_reports(found: Comparison, guard: Guard = unguarded) -> None:
    """Writes the page and the Markdown of a comparison into its folder.

    Raises:
        OSError: one of them could not be written; what was there before is still there.
    """
    save(comparison_html(found), found.setting.folder / PAGE, guard)
    save(comparison_markdown(found), found.setting.folder / "report.md", guard)


def as_json(found: Run | Comparison) -> str:
    """The JSON form of a run or a comparison as text."""
    return json.dumps(found.to_dict(), indent=1, ensure_ascii=False) + "\n"


def save(text: str, path: Path, guard: Guard = unguarded) -> None:
    """Makes ``text`` the file at ``path`` in one step.

    Raises:
        OSError: it could not be written.
    """
    atomic.write_file(path, text.encode(errors="backslashreplace"), guard)
