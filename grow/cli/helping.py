"""Pages of help as text: in any width no word is cut, and an example can be copied as it stands."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence

Section = tuple[str, Sequence[tuple[str, str]]]
"""A heading, and below it terms, each with what it means."""

_WIDEST, _NARROWEST = 100, 20
_COLUMNS_FROM = 60
"""From which width on a term and its meaning stand side by side."""
_LONGEST_TERM = 30
_EXAMPLE = "Example: "


def width() -> int:
    """How wide a page of help is: as the terminal, but lines for reading are not very long."""
    return max(_NARROWEST, min(shutil.get_terminal_size().columns, _WIDEST))


def page(usage: str, text: str, sections: Sequence[Section], columns: int) -> str:
    """A page of help.

    Args:
        usage: the command and what stands after it.
        text: paragraphs, with empty lines between them.
        sections: what can be said, by kind; empty ones are left out.
        columns: how wide it may be.
    """
    blocks = [_wrapped(f"Usage: {usage}", columns, later="       ")]
    blocks += [_paragraph(part, columns) for part in text.strip().split("\n\n") if part.strip()]
    for heading, rows in sections:
        if rows:
            blocks.append("\n".join([f"{heading}:", *_rows(rows, columns)]))
    return "\n\n".join(blocks) + "\n"


def _wrapped(text: str, columns: int, *, first: str = "", later: str = "") -> str:
    return textwrap.fill(
        " ".join(text.split()),
        columns,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _paragraph(text: str, columns: int) -> str:
    text = " ".join(text.split())
    if text.startswith(_EXAMPLE):
        return _example(text, columns)
    return _wrapped(text, columns)


def _example(text: str, columns: int) -> str:
    """A command that can be copied: one that needs several lines says so, as shells do."""
    if len(text) <= columns:
        return text
    command = text.removeprefix(_EXAMPLE)
    if len(command) + 2 <= columns:
        return f"{_EXAMPLE.strip()}\n  {command}"
    lines = _wrapped(command, columns - 2, first="  ", later="    ").splitlines()
    return "\n".join([_EXAMPLE.strip(), " \\\n".join(lines)])


def _rows(rows: Sequence[tuple[str, str]], columns: int) -> Iterator[str]:
    if columns < _COLUMNS_FROM:
        for term, meaning in rows:
            yield _wrapped(term, columns, first="  ", later="      ")
            if meaning:
                yield _wrapped(meaning, columns, first="      ", later="      ")
        return
    fitting = [len(term) for term, _ in rows if len(term) <= _LONGEST_TERM]
    indent = " " * (max(fitting, default=4) + 4)
    for term, meaning in rows:
        beside = len(term) + 4 <= len(indent)
        first = f"  {term}".ljust(len(indent)) if beside else indent
        if not beside:
            yield f"  {term}"
        if meaning or beside:
            yield _wrapped_beside(meaning, columns, first, indent)


def _wrapped_beside(meaning: str, columns: int, first: str, indent: str) -> str:
    """A meaning beside its term, which `textwrap` would take apart."""
    text = _wrapped(meaning, columns - len(indent))
    return f"{first}{textwrap.indent(text, indent).lstrip()}".rstrip()
