"""Files that a source names and that are not there: which, and what may have been meant.

This module owns that question, and when it is worth refusing. It opens no picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from grow.data.cache.index import GONE, Stamp
from grow.data.manifest import Candidate, Listing, Unusable, shown
from grow.errors import DataError

_LOOKED_THROUGH = 10_000
"""Names of a folder at most among which a likely one is looked for."""

_FOLDERS = 100
"""Folders at most in which a file of the same name is looked for."""


def absent(listing: Listing, stamps: Sequence[Stamp]) -> tuple[Unusable, ...]:
    """The pictures whose files are not there; a table can name such."""
    pairs = zip(listing.candidates, stamps, strict=True)
    return tuple(Unusable(one.key, "no such file") for one, stamp in pairs if stamp == GONE)


def check_there(listing: Listing, gone: Sequence[Unusable]) -> None:
    """See that each class has a training picture whose file is there.

    Raises:
        DataError: one has none.
    """
    if not gone:
        return
    keys = {one.key for one in gone}
    train = [one for one in listing.candidates if one.split == "train"]
    there = {one.label for one in train if one.key not in keys}
    lacking = [one for one in train if one.label not in there]
    if not lacking:
        return
    first = lacking[0]
    names = ", ".join(f'"{shown(listing.classes[label])}"' for label in sorted(
        {one.label for one in lacking}))  # fmt: skip
    near = _near(first, Path(listing.place).parent)
    number = "1 file is" if len(keys) == 1 else f"{len(keys):,} files are"
    raise DataError(
        f"{listing.place}: expected the files of {len(listing.candidates):,} pictures, of every "
        f"class some to train on, found none of {names}: {number} not there, such as "
        f"{shown(first.key)}.",
        hint=f"{f'Did you mean {shown(near)}? ' if near else ''}"
        f"Paths are relative to {Path(listing.place).parent}.",
    )


def _near(missing: Candidate, base: Path) -> str:
    """What may have been meant, written as the missing one is; empty where nothing is near."""
    path = Path(missing.path)
    folder, _, name = missing.key.rpartition("/")
    try:
        names = [one.name for one in islice(path.parent.iterdir(), _LOOKED_THROUGH)]
    except OSError:
        names = []
    stem = name.casefold().partition(".")[0]
    same = sorted(one for one in names if one.casefold().partition(".")[0] == stem)
    best = same or get_close_matches(name, names, n=1)
    if best:
        return f"{folder}/{best[0]}" if folder else best[0]
    return _elsewhere(missing.key, base)


def _elsewhere(key: str, base: Path) -> str:
    """The end of the path, or else the same name one or two folders down, below ``base``."""
    parts = [part for part in key.split("/") if part not in ("", "..")]
    for start in range(len(parts)):
        if (base / "/".join(parts[start:])).is_file():
            return "/".join(parts[start:])
    for pattern in ("*", "*/*"):
        for folder in islice(base.glob(pattern), _FOLDERS):
            if (folder / parts[-1]).is_file():
                return (folder / parts[-1]).relative_to(base).as_posix()
    return ""
