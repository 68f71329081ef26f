"""What can be seen of a folder of pictures in a few seconds: classes, sizes, colours.

Reads the first bytes of many pictures and decodes a few. Owns how many; decides nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from grow.config.schema import FolderData
from grow.data import levels, split
from grow.data.ahead import in_order
from grow.data.contents import contents
from grow.data.decode import Undecodable, opened
from grow.data.facts import reduced
from grow.data.header import upright_size
from grow.data.levels import Measure, Measured
from grow.data.manifest import Candidate, Listing, Split, Unusable, count
from grow.data.remark import Remark
from grow.data.sources.outline import list_pictures
from grow.data.values import Stored, stored

MEASURED = 20_000
"""Of how many pictures at most the size is read: some ten seconds."""

DECODED = 256
"""How many pictures at most are decoded: enough to tell colour from grey, and how long it takes."""

Counts = dict[Split, dict[str, int]]
CheckStop = Callable[[], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Look:
    """What was seen of a folder.

    Attributes:
        place: the folder, resolved.
        classes: the class names, in label order.
        counts: pictures per split and class, before a share is set aside for validation.
        parts: the folders of validation and test pictures, where there are such.
        short_sides: the shorter side of each picture looked at, in pixels, ascending.
        aspects: width over height of each, ascending.
        grey: whether no colour was found.
        total: how many pictures are listed.
        flat: whether the class folders lie in the folder itself, not in a train folder.
        bad: pictures that cannot be used, as far as they were looked at.
        left_out: other files and folders that no picture is taken from.
        remarks: what is worth a warning.
        contents: what the decoded pictures hold.
        decode_seconds: time to decode a picture here, with all processors at work.
    """

    place: str
    classes: tuple[str, ...]
    counts: Counts
    parts: dict[Split, str]
    short_sides: tuple[int, ...]
    aspects: tuple[float, ...]
    grey: bool
    total: int
    flat: bool = True
    bad: tuple[Unusable, ...] = ()
    left_out: tuple[Unusable, ...] = ()
    remarks: tuple[Remark, ...] = ()
    decode_seconds: float = 0.0
    contents: tuple[Measured, ...] = ()

    @property
    def training(self) -> dict[str, int]:
        """Pictures of each class that are there to train on, validation not yet set aside."""
        return self.counts["train"]


class _Seen(NamedTuple):
    """What decoding one file came to."""

    digest: str
    reason: str
    grey: bool
    content: Measure | None = None
    stored: Stored | None = None


def look_at(data: FolderData, base: Path, progress: Progress, check_stop: CheckStop) -> Look:
    """Looks at a folder of pictures.

    Args:
        data: the folder, as the stage file is to name it.
        base: the stage file's folder.
        progress: told how many of how many pictures are read.
        check_stop: called between pictures; it raises to stop.

    Raises:
        DataError: no such folder, not laid out as expected, or too few pictures that can be used.
    """
    listing = list_pictures(data, base)
    measured, sizes = _measure(listing.candidates, progress, check_stop)
    reasons = {c.key: s for c, s in zip(measured, sizes, strict=True) if isinstance(s, str)}
    began = time.perf_counter()
    whole = [c for c in _spread(listing.candidates, DECODED) if c.key not in reasons]
    seen = dict(zip([c.key for c in whole], _decode(whole, check_stop), strict=True))
    each = (time.perf_counter() - began) / max(len(seen), 1)
    reasons |= {key: one.reason for key, one in seen.items() if one.reason}
    usable = tuple(c for c in listing.candidates if c.key not in reasons)
    contents = tuple(
        Measured(c.key, c.label, c.split, content, seen[c.key].stored)
        for c in whole
        if (content := seen[c.key].content) is not None
    )
    of = "pictures" if len(contents) == len(usable) else "pictures looked at"
    remarks = (*listing.remarks, *levels.remarks(listing.classes, contents, of=of))
    _check(listing, reasons, seen, remarks)
    boxes = [s for c, s in zip(measured, sizes, strict=True) if c.key not in reasons]
    shapes = [box for box in boxes if not isinstance(box, str)]
    return Look(
        place=listing.place,
        classes=listing.classes,
        counts=count(listing.classes, usable),
        parts=_parts(listing),
        flat=listing.candidates[0].key.partition("/")[0] in listing.classes,
        short_sides=tuple(sorted(min(shape) for shape in shapes)),
        aspects=tuple(sorted(width / height for height, width in shapes)),
        grey=all(one.grey for one in seen.values() if not one.reason),
        total=len(listing.candidates),
        bad=tuple(Unusable(key, reason) for key, reason in sorted(reasons.items())),
        left_out=tuple(one for one in listing.unusable if not one.chosen),
        remarks=remarks,
        contents=contents,
        decode_seconds=each,
    )


def _spread(candidates: Sequence[Candidate], most: int) -> Sequence[Candidate]:
    """At most so many, evenly over all of them: each split and class has its share."""
    total = len(candidates)
    if total <= most:
        return candidates
    return [candidates[place * total // most] for place in range(most)]


def _measure(
    candidates: Sequence[Candidate], progress: Progress, check_stop: CheckStop
) -> tuple[Sequence[Candidate], list[tuple[int, int] | str]]:
    """The candidates looked at; height and width of each, or why it cannot be used."""
    chosen = _spread(candidates, MEASURED)
    found: list[tuple[int, int] | str] = []
    with closing(in_order(_size, chosen, check_stop)) as sizes:
        for size in sizes:
            found.append(size)
            progress(len(found), len(chosen))
    return chosen, found


def _size(candidate: Candidate) -> tuple[int, int] | str:
    try:
        return upright_size(candidate.path)
    except Undecodable as error:
        return error.reason


def _decode(candidates: Sequence[Candidate], check_stop: CheckStop) -> list[_Seen]:
    with closing(in_order(_see, candidates, check_stop)) as results:
        return list(results)


def _see(candidate: Candidate) -> _Seen:
    digest = ""
    try:
        data = contents(candidate.path)
        digest = hashlib.sha256(data).hexdigest()
        with opened(data) as picture:
            pixels = np.asarray(picture)
            grey = pixels.ndim == 2 or bool((pixels == pixels[:, :, :1]).all())
            content, held = levels.measure(np.asarray(reduced(picture))), stored(picture)
    except Undecodable as error:
        return _Seen(digest, error.reason, grey=True)
    return _Seen(digest, "", grey, content, held)


def _check(
    listing: Listing,
    reasons: dict[str, str],
    seen: dict[str, _Seen],
    remarks: tuple[Remark, ...],
) -> None:
    """Sees that a run would not refuse the pictures, as far as they were looked at.

    Raises:
        DataError: a class has no usable training picture, or there is none to validate on.
    """
    # Where not all were read, their names stand for their contents: enough to count by.
    digests = {c.key: seen[c.key].digest if c.key in seen else c.key for c in listing.candidates}
    divided = split.settle(listing, digests, reasons)
    split.check(replace(divided, remarks=remarks), listing.place)


def _parts(listing: Listing) -> dict[Split, str]:
    """The folders of validation and test pictures: the first part of their keys."""
    return {c.split: c.key.partition("/")[0] for c in listing.candidates if c.split != "train"}


def without_share(look: Look, validation: str | float) -> Counts:
    """The counts once about a share of the training pictures is set aside, where it is a share.

    Args:
        look: what was seen.
        validation: the folder to validate on, or the share of the training pictures.
    """
    if isinstance(validation, str):
        return look.counts
    aside = {
        name: min(max(round(number * validation), 1), number - 1) if number else 0
        for name, number in look.training.items()
    }
    train = {name: number - aside[name] for name, number in look.training.items()}
    return {**look.counts, "train": train, "validation": aside}
