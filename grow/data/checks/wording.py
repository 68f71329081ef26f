"""Numbers and lists inside the sentences of findings."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 5


def many(count: int, word: str) -> str:
    """``1 picture``, ``2,000 pictures``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage with one decimal."""
    return f"{share:.1%}"


def among(names: Sequence[str]) -> str:
    """Names as a list in words, of many only the first: ``a, b and c``, ``a, b and 7 more``."""
    if len(names) > _MOST:
        return f"{', '.join(names[:_MOST])} and {len(names) - _MOST:,} more"
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def agreeing(count: int, singular: str, plural: str) -> str:
    """The form of a verb that goes with a count."""
    return singular if count == 1 else plural
