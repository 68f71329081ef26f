"""Any source's pictures as a listing, and a listing in numbers: what `grow plan` shows.

This module owns the drawn source's listing and the choice of source. It opens no file and
draws nothing. Imports the standard library, `spec` and its neighbours `manifest` and
`folder` only; never numpy or Pillow.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grow.pictures.folder import list_folder
from grow.pictures.manifest import Candidate, Listing, Split, Unusable, count, in_order
from grow.spec import Data, DrawnData

DRAWN_CLASSES = ("cat", "dog")  # as in `drawn`, which loads Pillow; a test compares

# Validation pictures are counted from here, so that raising data.train keeps them.
FIRST_VALIDATION = 10_000_000


@dataclass(frozen=True)
class Outline:
    """What a source offers, in numbers.

    Attributes:
        place: the root folder, resolved; or ``drawn``.
        classes: the class names, sorted.
        counts: pictures by split and class as listed; no file was opened.
        fraction: the share of the train pictures that will be set aside for validation.
        unusable: files and folders that are no pictures, with reasons.
    """

    place: str
    classes: tuple[str, ...]
    counts: dict[Split, dict[str, int]]
    fraction: float | None
    unusable: tuple[Unusable, ...]


def outline(data: Data, base: Path) -> Outline:
    """Count what the source offers; ``base`` is the stage file's folder.

    Raises:
        DataError: the folder is not there or not laid out as expected.
    """
    listing = list_pictures(data, base)
    counts = count(listing.classes, listing.candidates)
    return Outline(listing.place, listing.classes, counts, listing.fraction, listing.unusable)


def list_pictures(data: Data, base: Path) -> Listing:
    """List the source's pictures; no file is opened, nothing is drawn.

    Raises:
        DataError: the folder is not there or not laid out as expected.
    """
    return _list_drawn(data) if isinstance(data, DrawnData) else list_folder(data, base)


def _list_drawn(data: DrawnData) -> Listing:
    train = [_drawn("train", index) for index in range(data.train)]
    validation = [
        _drawn("validation", index)
        for index in range(FIRST_VALIDATION, FIRST_VALIDATION + data.validation)
    ]
    return Listing("drawn", DRAWN_CLASSES, tuple(sorted(train + validation, key=in_order)))


def _drawn(split: Split, index: int) -> Candidate:
    return Candidate(f"drawn/{split}/{index:08d}", index % len(DRAWN_CLASSES), split, "")
