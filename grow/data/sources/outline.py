"""Any source's pictures as a listing, and a listing in numbers: what `grow plan` shows.

This module owns the drawn source's listing and the choice of source. It opens no picture and
draws nothing; numpy and Pillow are never loaded, but for arrays when they are listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import category

from grow.config.schema import CsvData, DrawnData, FolderData, Local, NpyData, NpzData
from grow.data.manifest import Candidate, Listing, Manifest, Split, Unusable, count, in_order, shown
from grow.data.remark import Remark
from grow.data.sources import grouping
from grow.data.sources.arrays import list_npy, list_npz
from grow.data.sources.folder import list_folder
from grow.data.sources.table import list_csv
from grow.errors import DataError

DRAWN_CLASSES = ("cat", "dog")  # as in `drawn`, which loads Pillow; a test compares

# Validation pictures are counted from here, so that raising data.train keeps them.
FIRST_VALIDATION = 10_000_000


@dataclass(frozen=True)
class Outline:
    """What a source offers, in numbers.

    Attributes:
        place: the root folder or the file, resolved; or ``drawn``.
        classes: the class names, in label order.
        counts: pictures by split and class as listed; no picture was opened.
        fraction: the share of the train pictures that will be set aside for validation.
        unusable: files and folders that are no pictures, with reasons.
        remarks: what is worth a warning.
        divided: whether the counts are those after the share is set aside.
    """

    place: str
    classes: tuple[str, ...]
    counts: dict[Split, dict[str, int]]
    fraction: float | None
    unusable: tuple[Unusable, ...]
    remarks: tuple[Remark, ...] = ()
    divided: bool = False


def outline(data: Local, base: Path) -> Outline:
    """Count what the source offers; ``base`` is the stage file's folder.

    Raises:
        DataError: the folder is not there or not laid out as expected.
    """
    listing = list_pictures(data, base)
    counts = count(listing.classes, listing.candidates)
    return Outline(
        listing.place, listing.classes, counts, listing.fraction, listing.unusable, listing.remarks
    )


def outlined(listing: Listing, supposed: Manifest) -> Outline:
    """A listing in numbers, divided by groups as far as their names tell.

    Args:
        listing: the pictures.
        supposed: the same settled before they are read, with names in place of contents.
    """
    divided = listing.groups is not None and listing.fraction is not None
    gone = {one.key for one in supposed.unusable}
    listed = tuple(one for one in listing.candidates if one.key not in gone)
    return Outline(
        listing.place,
        listing.classes,
        supposed.counts() if divided else count(listing.classes, listed),
        listing.fraction,
        supposed.unusable,
        supposed.remarks,
        divided,
    )


def list_pictures(data: Local, base: Path) -> Listing:
    """List the source's pictures; no picture is opened, nothing is drawn.

    Raises:
        DataError: folder or file is not there, or not laid out as expected.
    """
    listing = _listed(data, base)
    _check_names(listing)
    return _grouped(data, listing)


def _grouped(data: Local, listing: Listing) -> Listing:
    """The listing with its groups, where the stage file says which pictures belong together."""
    if not isinstance(data, FolderData | CsvData) or data.group is None:
        return listing
    if listing.groups is None:  # a table's column is read with the table
        listing = replace(listing, groups=grouping.by_path(data.group, listing))
    grouping.check(listing, data.group)
    return listing


def _listed(data: Local, base: Path) -> Listing:
    match data:
        case DrawnData():
            return _list_drawn(data)
        case FolderData():
            return list_folder(data, base)
        case CsvData():
            return list_csv(data, base)
        case NpzData():
            return list_npz(data, base)
        case NpyData():
            return list_npy(data, base)


def _check_names(listing: Listing) -> None:
    """See that models and terminals can hold the class names: no control codes, valid UTF-8."""
    for name in listing.classes:
        if any(category(character) in ("Cc", "Cs") for character in name):
            raise DataError(
                f"{listing.place}: expected class names of readable characters, found "
                f'"{shown(name)}".',
                hint="Rename that class.",
            )


def _list_drawn(data: DrawnData) -> Listing:
    train = [_drawn("train", index) for index in range(data.train)]
    validation = [
        _drawn("validation", index)
        for index in range(FIRST_VALIDATION, FIRST_VALIDATION + data.validation)
    ]
    return Listing("drawn", DRAWN_CLASSES, tuple(sorted(train + validation, key=in_order)))


def _drawn(split: Split, index: int) -> Candidate:
    return Candidate(f"drawn/{split}/{index:08d}", index % len(DRAWN_CLASSES), split, "")
