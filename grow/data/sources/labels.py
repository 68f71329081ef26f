"""Labels that are no names of classes: several in one, numbers to predict, one name twice.

This module owns what is doubtful about labels and the words for it; where they stand is told to
it. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple
from unicodedata import category, normalize

from grow.data.manifest import shown
from grow.data.remark import Remark
from grow.errors import DataError

ONE_EACH = "A picture has one class: several labels for a picture are not supported."
NO_NUMBERS = "Labels are names of classes: numbers to predict (regression) are not supported."

_FEW = 5
"""Decimal numbers with fewer pictures each than these are measurements, not names."""

_MANY_CLASSES = 10
"""From so many classes on, most of them with one picture, labels seem to be identifiers."""

_SPLIT_BY = (re.compile(r"[|;]"), re.compile(r"[,/+&]"), re.compile(r"[\s_-]+"))
_LIST = re.compile(r"[\[({].*[,;|].*[\])}]")
_SHOWN = 3


class Use(NamedTuple):
    """How many pictures have a label, and the number of the first row or line with it."""

    pictures: int
    first: int


def used(labels: Iterable[tuple[str, int]]) -> dict[str, Use]:
    """The uses of each label, given labels and where each stands."""
    uses: dict[str, Use] = {}
    for name, number in labels:
        known = uses.get(name)
        uses[name] = Use(1, number) if known is None else Use(known.pictures + 1, known.first)
    return uses


def doubts(place: str, uses: Mapping[str, Use], unit: str) -> tuple[Remark, ...]:
    """What is worth a warning about labels.

    Args:
        place: the file they are in.
        uses: each label and its use.
        unit: what `Use.first` counts: ``line`` or ``row``.

    Raises:
        DataError: they are measurements, or names of single pictures.
    """
    found = (
        _decimals(place, uses, unit),
        _several(uses, unit),
        _one_name_twice(uses, unit),
        _identifiers(place, uses, unit),
    )
    return tuple(remark for remark in found if remark is not None)


def meant(label: str, classes: Sequence[str]) -> str:
    """The class that a label seems to mean; empty where none is near."""
    same = next((name for name in classes if plain(name) == plain(label)), "")
    return same or next(iter(get_close_matches(label, classes, n=1)), "")


def plain(name: str) -> str:
    """A name as people compare it: no capitals, no invisible characters, one kind of accents."""
    seen = "".join(c for c in normalize("NFKC", name) if category(c) != "Cf")
    return normalize("NFKC", " ".join(seen.casefold().split()))


def _number(label: str) -> float | None:
    text = label.strip()
    if not re.fullmatch(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", text):
        return None
    return float(text.replace(",", "."))


def _decimals(place: str, uses: Mapping[str, Use], unit: str) -> Remark | None:
    """Numbers of which one is not whole; a few texts among many of them do not hide that."""
    numbers = {name: number for name in uses if (number := _number(name)) is not None}
    decimal = [name for name, number in numbers.items() if number % 1]
    if len(numbers) < 0.9 * len(uses) or not decimal:
        return None
    pictures = sum(use.pictures for use in uses.values())
    found = f"{len(uses):,} different numbers such as {_such_as(decimal, uses, unit)}"
    if pictures < _FEW * len(uses):
        raise DataError(
            f"{place}: expected names of classes as labels, found {found}, for {pictures:,} "
            "pictures.",
            hint=f"{NO_NUMBERS} Name ranges of them, such as low and high.",
        )
    return Remark(
        "decimal-labels",
        f"the labels are {found}, each taken for the name of a class",
        NO_NUMBERS,
    )


def _several(uses: Mapping[str, Use], unit: str) -> Remark | None:
    """Labels that hold two or more others."""
    whole = {plain(name) for name in uses}
    compound = [name for way in _SPLIT_BY for name in _compounds(uses, whole, way)]
    compound += [name for name in uses if _LIST.fullmatch(name.strip())]
    names = list(dict.fromkeys(compound))
    if not names:
        return None
    pictures = sum(uses[name].pictures for name in names)
    return Remark(
        "several-labels",
        f"{len(names):,} {'label seems' if len(names) == 1 else 'labels seem'} to be several in "
        f"one, such as {_such_as(names, uses, unit)}; each is taken for a class of its own, with "
        f"{pictures:,} {'picture' if pictures == 1 else 'pictures'} in all",
        ONE_EACH,
    )


def _compounds(uses: Mapping[str, Use], whole: set[str], way: re.Pattern[str]) -> Sequence[str]:
    """The labels that, split in one way, hold what are labels elsewhere."""
    parts = {
        name: tuple(dict.fromkeys(part for one in way.split(name) if (part := plain(one))))
        for name in uses
        if way.search(name.strip())
    }
    parts = {name: those for name, those in parts.items() if len(those) > 1}
    often = Counter(part for those in parts.values() for part in those)

    def is_known(part: str) -> bool:
        return part in whole or often[part] > 1

    known = [name for name, those in parts.items() if all(map(is_known, those))]
    some = [name for name in known if any(part in whole for part in parts[name])]
    if way is _SPLIT_BY[0]:  # what no name of one thing holds
        return [name for name, those in parts.items() if any(map(is_known, those))]
    if way is _SPLIT_BY[1]:
        return some or (known if len(known) > 1 and len(parts) >= 0.8 * len(uses) else [])
    # "horse fly" may well stand beside "horse" and "fly".
    alone = [name for name in some if all(part in whole for part in parts[name])]
    return some if len(some) > 1 else alone if len(uses) <= 2 * _MANY_CLASSES else []


def _one_name_twice(uses: Mapping[str, Use], unit: str) -> Remark | None:
    """Labels that people read as the same."""
    same: dict[tuple[bool, str], list[str]] = {}
    for name in uses:
        number = _number(name)
        key = (False, plain(name)) if number is None else (True, f"{number:.17g}")
        same.setdefault(key, []).append(name)
    twice = [
        names
        for (is_number, key), names in same.items()
        if len(names) > 1 and (is_number or len(key) > 1)  # A and a are classes of handwriting
    ]
    if not twice:
        return None
    return Remark(
        "same-name",
        f"{len(twice):,} {'class goes' if len(twice) == 1 else 'classes go'} by several names "
        "that differ in capitals, spaces, leading zeros or the encoding of accents only, such as "
        f"{_such_as(twice[0], uses, unit)}; each is taken for a class of its own",
        "Write each class's name in one way.",
    )


def _identifiers(place: str, uses: Mapping[str, Use], unit: str) -> Remark | None:
    once = [name for name, use in uses.items() if use.pictures == 1]
    if len(once) == len(uses) >= _MANY_CLASSES:
        raise DataError(
            f"{place}: expected names of classes as labels, found {len(uses):,} labels of one "
            f"picture each, such as {_such_as(once, uses, unit)}.",
            hint="Labels are names of classes, each of several pictures; these seem to be names of "
            "pictures.",
        )
    if len(uses) < _MANY_CLASSES or 2 * len(once) <= len(uses):
        return None
    return Remark(
        "one-picture-classes",
        f"{len(once):,} of {len(uses):,} classes have a single picture, such as "
        f"{_such_as(once, uses, unit)}",
        "Nothing can be learnt of them; see that the labels are names of classes, not of pictures.",
    )


def _such_as(names: Sequence[str], uses: Mapping[str, Use], unit: str) -> str:
    return " and ".join(_told(names[:_SHOWN], uses, unit))


def _told(names: Sequence[str], uses: Mapping[str, Use], unit: str) -> Iterator[str]:
    for name in names:
        use = uses[name]
        more = f", {use.pictures:,} pictures" if use.pictures > 1 else ""
        yield f'"{_spelt(name)}" ({unit} {use.first}{more})'


def _spelt(name: str) -> str:
    """A label in one line, with combining accents spelt out, as they look like others."""
    loose = any(category(c) in ("Mn", "Cf") for c in name)
    text = name.encode("ascii", "backslashreplace").decode() if loose else shown(name)
    return text if len(text) <= 60 else f"{text[:59]}…"
