"""What PyYAML finds wrong with a text, in plain words."""

from __future__ import annotations

import re

import yaml
from yaml.reader import ReaderError

from grow.errors import Problem

# What PyYAML says, in part, and what a person needs to hear; the first that fits is taken.
_WORDS = (
    (
        "'\\t' that cannot start",
        "expected spaces, found a tab; indent with spaces only",
    ),
    (
        "that cannot start any token",
        "expected a value, found a character none can begin with; put the value in quotes",
    ),
    (
        "mapping values are not allowed",
        'expected one key and one value here, found a further colon; put text that holds ": " '
        "in quotes, or line the key up with its neighbours",
    ),
    (
        "could not find expected ':'",
        'expected a colon after the key; write "key: value", with a space after the colon',
    ),
    (
        "sequence entries are not allowed",
        "expected a value, found a dash; begin the list on a line of its own, below its key",
    ),
    (
        "expected <block end>",
        "expected the end of the group, found something that does not line up with it; "
        "begin all keys, or all dashes, of a group in the same column",
    ),
    ("expected ',' or ']'", 'expected "," or "]", found something else; close the list'),
    ("expected ',' or '}'", 'expected "," or "}", found something else; close the group'),
    (
        "unexpected end of stream",
        "expected a closing quotation mark, found the end of the file; close the text",
    ),
    (
        "escape",
        "expected a known escape after the backslash; in single quotes a backslash is just one",
    ),
    ("undefined alias", "expected an alias of something named with & above, found none"),
    ("duplicate anchor", "expected every anchor (&name) once, found one again; rename it"),
    ("another document", "expected one document, found a second one; remove what follows ---"),
    ("undefined tag handle", "expected plain values, found a tag (!…); remove it or use quotes"),
    (
        "expected alphabetic or numeric character",
        "expected a name after & or *; put a value that begins with one of them in quotes",
    ),
    ("node content", "expected a value, found none; write it or remove what leads to it"),
    ("chomping", "expected a line break after | or >; put a value that begins with one in quotes"),
    ("document start", "expected the file to begin with a key, found something else"),
    ("directive", "expected a key or a value, found a line that begins with %; put it in quotes"),
    ("document separator", "expected the text's closing quotation mark before --- or ..."),
)
# Noticed at the end of the file or the line after, but made where it began.
_TOLD_WHERE_IT_BEGAN = ("could not find expected ':'", "unexpected end of stream")


_LOOKALIKES = re.compile(
    r"(?P<space>[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000])|^\s*(?P<dash>[\u2010-\u2015\u2022\u2212])"
)
"""Spaces that are none to YAML, and what word processors make of a dash at a line's start."""


def explain(error: yaml.MarkedYAMLError, text: str) -> Problem:
    """The problem that a syntax error in ``text`` is, with its place."""
    return _lookalike(error, text) or _explain(error)


def _lookalike(error: yaml.MarkedYAMLError, text: str) -> Problem | None:
    """The problem that a character is which only looks like the one that belongs there.

    Looked for in the line of the error and in the one before, where it may have begun.
    """
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines()
    for number in () if mark is None else (mark.line, mark.line - 1):
        found = _LOOKALIKES.search(lines[number]) if 0 <= number < len(lines) else None
        if found is None:
            continue
        kind = "space" if found["space"] else "dash"
        wanted = "a space" if kind == "space" else 'a dash, "-"'
        code = f"U+{ord(found[kind]):04X}"
        text = f"expected {wanted}, found the character {code}, which only looks like it; "
        return Problem("", number + 1, found.start(kind) + 1, f"{text}type it anew")
    return None


def _explain(error: yaml.MarkedYAMLError) -> Problem:
    said = f"{error.problem} {error.context or ''}"
    fallback = f"expected YAML, found something else ({said.strip()})"
    text = next((words for part, words in _WORDS if part in said), fallback)
    opened = error.context_mark
    mark = error.problem_mark or opened
    if opened is not None and any(part in said for part in _TOLD_WHERE_IT_BEGAN):
        mark = opened
    elif opened is not None and mark is not None and opened.line != mark.line:
        text += f" (opened on line {opened.line + 1}, column {opened.column + 1})"
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    return Problem("", line, column, text)


def unreadable(error: ReaderError, text: str) -> Problem:
    """The problem that a character is which YAML does not admit."""
    before = text[: error.position]
    line = before.count("\n") + 1
    column = error.position - (before.rfind("\n") + 1) + 1
    code = f"U+{ord(text[error.position]):04X}"
    return Problem(
        "", line, column, f"expected text, found the control character {code}; remove it"
    )
