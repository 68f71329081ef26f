"""The csv source: picture files named in a table become a listing.

This module owns what the columns are called, how labels become classes, and the words for rows
that cannot be used. It opens the table and no picture.
"""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from grow.config.schema import CsvData
from grow.data.manifest import SPLITS, Candidate, Listing, Split, Unusable, in_order, shown
from grow.data.remark import Remark
from grow.data.sources import labels
from grow.data.sources.locate import file
from grow.data.sources.parts import NOT_USED, named, use
from grow.errors import DataError

_HINT = 'Give it a first line such as "path,label" or "path,label,split".'
_SEPARATORS = ",;\t"
_ALSO_CALLED = {
    "path": (
        *("file", "filename", "file_name", "filepath", "file_path", "image", "image_path"),
        *("img", "img_path", "picture", "name"),
    ),
    "label": ("class", "class_name", "category", "target", "labels", "y", "tag"),
}
_COLUMNS = ("path", "label", "split")
_SHOWN = 8
_SURPLUS = ""  # where cells beyond the last column go; no column that counts is called so


@dataclass(frozen=True)
class _Row:
    """One usable row: the picture's key, its label in words, its part and group, its line."""

    key: str
    label: str
    part: Split
    line: int
    group: str


def list_csv(data: CsvData, base: Path) -> Listing:
    """List the pictures that the table names; no picture is opened, nor looked for.

    Raises:
        DataError: no such table, or it has not the columns; or one class, or a part that lacks.
    """
    table = file("data.path", data.path, base, "a .csv file")
    column = data.group.column if data.group is not None else None
    rows, unusable, twice = _usable(table, column)
    if not rows and not unusable:
        raise DataError(
            f"{table}: expected a row for each picture below the names of the columns, found none.",
            hint='Write rows such as "photos/1.png,cat".',
        )
    used = use({row.part for row in rows}, data.validation, str(table))
    classes = _classes(table, [row for row in rows if row.part == "train"])
    numbers = {name: label for label, name in enumerate(classes)}
    found = []
    for row in rows:
        if row.part not in used.of:
            unusable.append(Unusable(row.key, NOT_USED, chosen=True))
            continue
        if row.label not in numbers:
            near = labels.meant(row.label, classes)
            meant = f'Did you mean "{near}"? ' if near else ""
            raise DataError(
                f'{table}:{row.line}: expected a label of a training picture, found "{row.label}".',
                hint=f"{meant}Correct the label, or add training pictures of that class.",
            )
        path = str(table.parent / row.key)
        found.append(Candidate(row.key, numbers[row.label], used.of[row.part], path))
    found.sort(key=in_order)
    ordered = tuple(sorted(unusable, key=lambda entry: entry.key))
    uses = labels.used((row.label, row.line) for row in rows if row.part in used.of)
    return Listing(
        str(table),
        classes,
        tuple(found),
        ordered,
        used.fraction,
        (*twice, *labels.doubts(str(table), uses, "line")),
        None if column is None else {row.key: row.group for row in rows if row.group},
    )


def _usable(table: Path, column: str | None) -> tuple[list[_Row], list[Unusable], list[Remark]]:
    """The rows that name a picture and a label, why the others do not, and a warning of them."""
    rows: dict[str, _Row] = {}
    unusable: list[Unusable] = []
    otherwise: dict[str, _Row] = {}  # named again, with another label
    for line, cells in _rows(table, column):
        place = f"{table.name}:{line}"
        why = _lacks(cells)
        if why:
            unusable.append(Unusable(place, why))
            continue
        row = _row(table, line, cells, column)
        first = rows.setdefault(row.key, row)
        if first is not row:
            same = "" if first.label == row.label else f', there as "{first.label}"'
            unusable.append(
                Unusable(place, f"{row.key} is named already in line {first.line}{same}")
            )
            if same:
                otherwise.setdefault(row.key, row)
    twice = [_two_labels(rows, otherwise)] if otherwise else []
    return list(rows.values()), unusable, twice


def _two_labels(rows: Mapping[str, _Row], otherwise: Mapping[str, _Row]) -> Remark:
    key, row = next(iter(otherwise.items()))
    first = rows[key]
    return Remark(
        "several-labels",
        f"{len(otherwise):,} {'picture is' if len(otherwise) == 1 else 'pictures are'} named with "
        f'several labels, such as {shown(key)} with "{shown(first.label)}" in line {first.line} '
        f'and "{shown(row.label)}" in line {row.line}',
        f"{labels.ONE_EACH} The first of them is used.",
        tuple(otherwise),
    )


def _lacks(cells: dict[str, str]) -> str:
    if cells[_SURPLUS]:
        return "more cells than columns; one that holds a separator needs quotation marks"
    empty = [name for name in ("path", "label") if not cells.get(name)]
    if empty:
        return f"no {' and no '.join(empty)}"
    return "the path holds a NUL character" if "\0" in cells["path"] else ""


def _row(table: Path, line: int, cells: dict[str, str], column: str | None) -> _Row:
    part = named(cells["split"]) if cells.get("split") else "train"
    if part is None:
        raise DataError(
            f"{table}:{line}: expected the split {', '.join(SPLITS)} or nothing, found "
            f'"{cells["split"]}".',
            hint="Correct it; nothing means train.",
        )
    # Tables made on Windows have backslashes, which no file name elsewhere holds.
    key = posixpath.normpath(cells["path"].replace("\\", "/"))
    group = "" if column is None else cells.get(_plain(column), "")
    return _Row(key, cells["label"], part, line, group)


def _rows(table: Path, column: str | None) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of each row that is not empty."""
    line = 1
    _check_text(table)
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            before, head = _first_line(lines)
            line += before
            separator = _separator(table, line, head)
            columns = _names(head, separator)
            _check_group(table, line, column, columns)
            # Strict: a quotation mark that is never closed would swallow all rows behind it.
            reader = csv.reader(lines, delimiter=separator, strict=True)
            for row in reader:
                line = before + 1 + reader.line_num
                cells = [cell.strip() for cell in row]
                if any(cells):
                    yield line, _by_column(columns, cells)
    except OSError as error:
        raise DataError(
            f"{table}: expected a table that can be read, found: {error.strerror}.",
            hint="Check the file's permissions.",
        ) from error
    except csv.Error as error:
        raise DataError(
            f"{table}: expected rows of cells, found behind line {line}: {error}.",
            hint="See that each quotation mark is closed, and those inside a cell are doubled.",
        ) from error
    except UnicodeDecodeError as error:
        at = _line_of_other_text(table)
        raise DataError(
            f"{table}:{at}: expected a table as text in UTF-8, found another encoding, such as "
            "Windows-1252 or Latin-1.",
            hint=_SAVE,
        ) from error


_SAVE = (
    'Save it as "CSV UTF-8" (in Excel: File, Save As, file type "CSV UTF-8"; in LibreOffice: '
    "Save As, Edit filter settings, character set UTF-8)."
)
_BEGINNINGS = (
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"PK\x03\x04", "a workbook of Excel or LibreOffice, or another archive"),
    (b"\xd0\xcf\x11\xe0", "an old workbook of Excel"),
    (b"\x1f\x8b", "a file compressed by gzip"),
    (b"PAR1", "a Parquet file"),
)


def _check_text(table: Path) -> None:
    """See that the file is text of one byte a character or more, as far as its beginning tells."""
    try:
        with table.open("rb") as file:
            beginning = file.read(4096)
    except OSError:
        return  # said where it is read
    found = next((what for mark, what in _BEGINNINGS if beginning.startswith(mark)), "")
    if not found and b"\0" in beginning:
        found = "NUL characters, as in text in UTF-16"
    if found:
        raise DataError(f"{table}: expected a table as text in UTF-8, found {found}.", hint=_SAVE)


def _line_of_other_text(table: Path) -> int:
    """The line of the first character that is not in UTF-8."""
    with table.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def _check_group(table: Path, line: int, column: str | None, columns: list[str]) -> None:
    if column is None or _plain(column) in columns:
        return
    near = get_close_matches(_plain(column), columns, n=1)
    meant = f'Did you mean "{near[0]}"? ' if near else ""
    shown_columns = ", ".join(f'"{name}"' for name in columns[:_SHOWN])
    raise DataError(
        f'data.group.column: expected a column of {table}:{line}, found "{column}", which is none '
        f"of {shown_columns}.",
        hint=f"{meant}Name a column of the table's first line.",
    )


def _by_column(columns: list[str], cells: list[str]) -> dict[str, str]:
    found = dict(zip(columns, cells, strict=False))
    found[_SURPLUS] = " ".join(cells[len(columns) :]).strip()
    return found


def _first_line(lines: Iterator[str]) -> tuple[int, str]:
    """The line that names the columns, and how many stand before it: empty ones, or ``sep=;``."""
    for before, line in enumerate(lines):
        if line.strip() and not line.lower().startswith("sep="):
            return before, line
    return 0, ""


def _separator(table: Path, line: int, head: str) -> str:
    """What separates the columns: the first of ``,``, ``;`` and tab that gives the two names."""
    for separator in _SEPARATORS:
        names = _names(head, separator)
        if "path" in names and "label" in names:
            _check_once(table, line, names)
            return separator
    names = max((_names(head, separator) for separator in _SEPARATORS), key=len)
    if names in ([], [""]):
        raise DataError(
            f"{table}: expected the columns path and label, found an empty file.", hint=_HINT
        )
    lacking = [name for name in ("path", "label") if name not in names]
    near = {
        name: [one for one in names if one in _ALSO_CALLED[name]]
        or get_close_matches(name, names, n=1)
        for name in lacking
    }
    meant = "".join(f' Rename "{found[0]}" to "{name}"?' for name, found in near.items() if found)
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN])
    raise DataError(
        f"{table}:{line}: expected the columns path and label, found {shown}.", hint=_HINT + meant
    )


def _check_once(table: Path, line: int, names: list[str]) -> None:
    twice = [name for name in _COLUMNS if names.count(name) > 1]
    if twice:
        raise DataError(
            f'{table}:{line}: expected each column once, found "{twice[0]}" twice.',
            hint="Rename the one that is not meant.",
        )


def _names(head: str, separator: str) -> list[str]:
    cells = next(csv.reader([head], delimiter=separator), [""])
    return [_plain(name) for name in cells]


def _plain(name: str) -> str:
    """A column's name as it is compared."""
    return name.strip().lower()


def _classes(table: Path, rows: list[_Row]) -> tuple[str, ...]:
    """The labels as class names: whole numbers in their order, else in that of the alphabet."""
    names = {row.label for row in rows}
    if len(names) < 2:
        found = f'only "{min(names)}"' if names else "none"
        raise DataError(
            f"{table}: expected two or more classes among the training pictures, found {found}.",
            hint="Name each picture's class in the column label.",
        )
    if all(name.isascii() and name.isdigit() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))
