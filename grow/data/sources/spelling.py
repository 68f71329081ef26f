"""Names that look equal and are not: composed and decomposed accents, capitals, blanks.

This module owns when two names are taken for one, and the words for how they differ. Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

# Letters of other scripts that print as Latin ones do; for each the Latin one. Those of
# https://www.unicode.org/Public/security/latest/confusables.txt that are on keyboards.
_CYRILLIC = dict(zip("аеорсухіјѕԁһԛԝ", "aeopcyxijsdhqw", strict=True))  # noqa: RUF001
_GREEK = dict(zip("οα", "oa", strict=True))  # noqa: RUF001
_LATIN = str.maketrans({**_CYRILLIC, **_GREEK})

_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))  # how an emoji is drawn
_MOST = 4


def folded(name: str) -> str:
    """The same text for all names that look equal, or differ in capitals only.

    Composed as NFC says, in small letters, without blanks around it and characters of no width.
    """
    visible = (c for c in name if unicodedata.category(c) != "Cf" and c not in _SELECTORS)
    small = unicodedata.normalize("NFC", "".join(visible)).casefold().translate(_LATIN)
    return unicodedata.normalize("NFC", " ".join(small.split()))


def alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The groups of two names or more that are folded to one, each in the order of ``names``."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(folded(name), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def difference(one: str, other: str) -> str:
    """How two names differ that are folded to one: by their characters where eyes cannot tell."""
    if one.casefold() == other.casefold():
        return "they differ in capitals only"
    what = "they look the same, but "
    if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
        what = "an accent is part of its letter in one and a character of its own in the other: "
    elif " ".join(one.split()) == " ".join(other.split()):
        what = "they differ in blanks: "
    changes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    parts = [
        f"{_spelt(one[a:b])} in the first, {_spelt(other[c:d])} in the second"
        for kind, a, b, c, d in changes
        if kind != "equal"
    ]
    return f"{what}{'; '.join(parts[:_MOST])}{'; ...' if parts[_MOST:] else ''}"


def _spelt(text: str) -> str:
    """Characters by number and name, such as ``U+0301 (combining acute accent)``."""
    if not text:
        return "nothing"
    return " ".join(f"U+{ord(c):04X} ({unicodedata.name(c, 'no name').lower()})" for c in text)
