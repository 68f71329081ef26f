"""Tables that fit where they are shown: beside each other, with notes below, or as a list.

Numbers and names are never cut. A table too wide for the terminal first puts its notes below
their rows, then every value on a line of its row's own. Rich's text only; prints nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.text import Text

_GAP = "  "
_NARROWEST_NOTE = 24
"""In how few columns a note may still stand beside its row."""


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        cells: a value for each column.
        note: what is said of the row in words; wraps where there is no room.
        style: how the row looks, in Rich's words.
        styles: how single cells look, by column.
    """

    cells: tuple[str, ...]
    note: str = ""
    style: str = ""
    styles: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """A table; Rich prints it in the width there is.

    Attributes:
        columns: headings of the cells.
        rows: the lines.
        right: headings of the columns that are flushed right.
        note: heading of the notes; empty when rows have none.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    right: tuple[str, ...] = ()
    note: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        yield from lines(self, options.max_width)


def lines(table: Table, width: int) -> list[Text]:
    """A table's lines, none of them wider than ``width`` unless a single value is."""
    widths = _widths(table)
    used = sum(widths) + len(_GAP) * (len(widths) - 1)
    if used > width:
        return [line for row in table.rows for line in _listed(table, row, width)]
    room = width - used - len(_GAP)
    notes = [row.note for row in table.rows if row.note]
    longest = max(map(len, [table.note, *notes])) if notes else 0
    if room < min(longest, _NARROWEST_NOTE):
        return _with_notes_below(table, widths, width)
    return _with_notes_beside(table, widths, room)


def _widths(table: Table) -> list[int]:
    rows = [table.columns, *(row.cells for row in table.rows)]
    return [max(cell_len(cells[place]) for cells in rows) for place in range(len(table.columns))]


def _with_notes_beside(table: Table, widths: Sequence[int], room: int) -> list[Text]:
    noted = table.note and any(row.note for row in table.rows)
    head = (*table.columns, table.note) if noted else table.columns
    found = [_line(table, head, widths, Row((), style="bold"))]
    indent = " " * (sum(widths) + len(_GAP) * len(widths))
    for row in table.rows:
        first, *more = textwrap.wrap(row.note, max(room, 1)) or [""]
        cells = (*row.cells, first.rstrip()) if first else row.cells
        found.append(_line(table, cells, widths, row))
        found += [Text(indent + rest.rstrip(), row.style) for rest in more]
    return found


def _with_notes_below(table: Table, widths: Sequence[int], width: int) -> list[Text]:
    found = [_line(table, table.columns, widths, Row((), style="bold"))]
    for row in table.rows:
        found.append(_line(table, row.cells, widths, row))
        found += _indented(row.note, width, row.style)
    return found


def _listed(table: Table, row: Row, width: int) -> list[Text]:
    """A row as a list: its first value, then each other one with its heading."""
    found = [Text(row.cells[0], row.style or "bold")]
    line = ""
    for column, cell in zip(table.columns[1:], row.cells[1:], strict=True):
        pair = f"{column} {cell}".strip()
        if line and cell_len(line + _GAP + pair) > width - len(_GAP):
            found.append(Text(_GAP + line, row.style))
            line = ""
        line = f"{line}{_GAP}{pair}" if line else pair
    found.append(Text(_GAP + line, row.style))
    return found + _indented(row.note, width, row.style)


def _indented(note: str, width: int, style: str) -> list[Text]:
    wrapped = textwrap.wrap(note, max(width - len(_GAP), 1))
    return [Text(_GAP + line.rstrip(), style) for line in wrapped]


def _line(table: Table, cells: Sequence[str], widths: Sequence[int], row: Row) -> Text:
    """Cells side by side; what follows the last column stands as it is."""
    line = Text(style=row.style)
    styles = dict(row.styles)
    for place, cell in enumerate(cells):
        beyond = place >= len(widths)
        padding = "" if beyond else " " * (widths[place] - cell_len(cell))
        flushed_right = not beyond and table.columns[place] in table.right
        line.append(_GAP if place else "")
        line.append(padding if flushed_right else "")
        line.append(cell, styles.get(place))
        line.append("" if flushed_right else padding)
    line.rstrip()
    return line
