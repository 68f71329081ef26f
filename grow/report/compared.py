"""The pages of a comparison: the verdict, what each variant came to, and how sure that is.

Returns something Rich can print, Markdown or CSV; all from the cells of `evidence`. No Keras.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import astuple, fields

from rich.console import Group, RenderableType
from rich.text import Text

from grow.comparison.result import Comparison
from grow.comparison.stats import Point
from grow.report.evidence import Part, parts
from grow.report.tables import Row, Table
from grow.report.verdicts import notes, setting_line, verdict_line


def comparison_page(found: Comparison) -> RenderableType:
    """What `grow compare` ends with."""
    lines: list[RenderableType] = [Text()]
    lines += [Text(verdict_line(found, place), "bold") for place in range(len(found.verdicts))]
    lines.append(Text(setting_line(found)))
    for part in parts(found):
        rows = tuple(Row(cells) for cells in part.rows)
        lines += [Text(), Text(part.title, "bold")]
        lines.append(Table(part.columns, rows, right=part.columns[1:]))
        if part.note:
            lines.append(Text(part.note, "dim"))
    lines += [Text(), *(Text(note) for note in notes(found))]
    lines.append(Text(f"report.html and all figures are in {found.setting.folder}", no_wrap=True))
    return Group(*lines)


def comparison_markdown(found: Comparison) -> str:
    """The same as Markdown, to paste."""
    lines = [f"## {found.setting.name}: did growing help?", ""]
    for place in range(len(found.verdicts)):
        lines += [f"**{verdict_line(found, place)}**", ""]
    lines += [setting_line(found), ""]
    for part in parts(found):
        lines += [f"### {part.title[0].upper()}{part.title[1:]}", "", *_markdown_table(part), ""]
        if part.note:
            lines += [part.note, ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes(found))]) + "\n"


def _markdown_table(part: Part) -> Iterator[str]:
    yield f"| {' | '.join(part.columns)} |"
    yield "|" + "|".join(["---", *("---:" for _ in part.columns[1:])]) + "|"
    for cells in part.rows:
        yield f"| {' | '.join(cells)} |"


def comparison_csv(found: Comparison) -> str:
    """One line for each epoch of each trial; a figure that is no number is left empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("variant", "seed", *(field.name for field in fields(Point))))
    for summary in found.summaries:
        for trial in summary.trials:
            for point in trial.curve:
                figures = ("" if math.isnan(figure) else figure for figure in astuple(point))
                writer.writerow((summary.name, trial.seed, *figures))
    return buffer.getvalue()
