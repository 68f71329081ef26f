"""Values given beside a stage file, such as ``train.epochs=3``, put in its place.

Works on the plain document, before anything is judged, so that what is given here is checked
like what the file says, and a problem names the override that caused it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from grow.config.reader import positions
from grow.config.reader.positions import Document, Place
from grow.config.reader.words import Path, quote, show, spell
from grow.errors import Problem


class _UnfitError(Exception):
    """An override cannot be put anywhere; says why."""


def apply(document: Document, overrides: Sequence[str]) -> Document:
    """The document with each override in its place, the later ones over the earlier.

    Args:
        document: what the file holds.
        overrides: ``key.key=value`` each. An entry of a list is named by its number, from 0, or,
            where it has one, by its ``name``; the value is YAML. Groups that are not there yet
            are made; other keys are for `spec` to judge.
    """
    for text in overrides:
        document = _with(document, text)
    return document


def _with(document: Document, text: str) -> Document:
    source = f"--set {text}"
    steps, equals, written = text.partition("=")
    try:
        if not equals or not steps.strip():
            raise _UnfitError("expected key=value, such as train.epochs=3")
        value = positions.load_yaml(written)
        if value.problems:
            raise _UnfitError(value.problems[0].text)
        whole = copy.deepcopy(document.value)
        path = _put(whole, _parts(steps), value.value)
    except _UnfitError as error:
        problem = Problem("", 0, 0, str(error), source)
        return replace(document, problems=(*document.problems, problem))
    kept = {at: place for at, place in document.places.items() if at[: len(path)] != path}
    nowhere = Place(0, 0, 0, 0, source=source)
    made = {path[:end] for end in range(1, len(path) + 1)} - kept.keys()
    given = dict.fromkeys(made, nowhere) | {
        (*path, *at): replace(nowhere, written=place.written) for at, place in value.places.items()
    }
    return replace(document, value=whole, places=kept | given)


def _parts(steps: str) -> list[str]:
    """``stages[1].grow`` and ``stages.1.grow`` are the same."""
    return re.sub(r"\[([0-9]+)\]", r".\1", steps.strip()).split(".")


def _put(whole: Any, parts: list[str], value: Any) -> Path:
    """Puts a value at a path of plain values; returns the path with its positions."""
    path: Path = ()
    inside = whole
    for part in parts[:-1]:
        key = _key_or_number(inside, part, path)
        if isinstance(inside, dict) and inside.get(key) is None:
            inside[key] = {}
        inside, path = inside[key], (*path, key)
    key = _key_or_number(inside, parts[-1], path)
    inside[key] = value
    return (*path, key)


def _key_or_number(inside: Any, part: str, path: Path) -> str | int:
    """What a part of a path means in what is there."""
    where = spell(path) or "the stage file"
    if isinstance(inside, dict):
        if not part:
            raise _UnfitError("expected a key between the dots, found none")
        return part
    if not isinstance(inside, list):
        text = f"{where}: expected a group of keys, found {show(inside)}; set it whole"
        raise _UnfitError(f"{text}: --set {spell(path)}=…")
    names = [item.get("name") if isinstance(item, dict) else None for item in inside]
    if part in names:
        return names.index(part)
    if part.isdecimal() and int(part) < len(inside):
        return int(part)
    known = ", ".join([name for name in names if isinstance(name, str)])
    known = f"{known}, or " if known else ""
    raise _UnfitError(
        f"{where}: expected {known}a number from 0 to {len(inside) - 1}, found {quote(part)}"
    )
