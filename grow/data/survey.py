"""All pictures looked at, file by file, in threads: their facts beside the manifest.

This module owns the order of that work. It writes nothing, keeps no pixels and judges nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grow.data.ahead import in_order
from grow.data.contents import contents, verdict
from grow.data.decode import Undecodable
from grow.data.facts import COLUMNS, THUMB, Facts, Seen, facts_of_file, facts_of_pixels
from grow.data.levels import Measured, remarks
from grow.data.manifest import Listing, Manifest
from grow.data.split import settle

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Survey:
    """The pictures there are, and what each one is.

    Attributes:
        manifest: which pictures, divided into splits as a run would divide them.
        facts: of each picture of the manifest, in its order.
    """

    manifest: Manifest
    facts: tuple[Facts, ...]

    def values(self) -> NDArray[np.float32]:
        """The figures of all pictures, shape `(pictures, columns)`; NaN where one is missing."""
        if not self.facts:
            return np.empty((0, len(COLUMNS)), np.float32)
        return np.stack([one.measures for one in self.facts])

    def thumbs(self) -> NDArray[np.uint8]:
        """The grey thumbs of all pictures, shape `(pictures, THUMB, THUMB)`."""
        if not self.facts:
            return np.empty((0, THUMB, THUMB), np.uint8)
        return np.stack([one.thumb for one in self.facts])


class _Looked(NamedTuple):
    """What reading one file came to: a digest where it could be read, and facts or a reason."""

    digest: str
    facts: Facts | None
    reason: str


def survey_files(listing: Listing, seen: Seen, progress: Progress) -> Survey:
    """Read every listed file and divide the pictures as a run would.

    Args:
        listing: the files.
        seen: how they are prepared.
        progress: told how many of how many are read, in the calling thread; may raise to stop.
    """
    digests: dict[str, str] = {}
    reasons: dict[str, str] = {}
    facts: dict[str, Facts] = {}
    total = len(listing.candidates)
    looks = in_order(
        partial(_look_at, seen), (one.path for one in listing.candidates), lambda: None
    )
    with closing(looks) as results:
        for done, (candidate, found) in enumerate(
            zip(listing.candidates, results, strict=True), start=1
        ):
            digests[candidate.key] = found.digest
            if found.facts is None:
                reasons[candidate.key] = found.reason
            else:
                facts[candidate.key] = found.facts
            progress(done, total)
    manifest = settle(listing, digests, reasons)
    of = tuple(facts[picture.key] for picture in manifest.pictures)
    measured = [
        Measured(picture.key, picture.label, picture.split, one.content, one.stored)
        for picture, one in zip(manifest.pictures, of, strict=True)
    ]
    told = remarks(manifest.classes, measured, seen.scale)
    return Survey(replace(manifest, remarks=(*manifest.remarks, *told)), of)


def survey_prepared(manifest: Manifest, images: NDArray[np.uint8], progress: Progress) -> Survey:
    """Look at pictures that have no files of their own.

    Args:
        manifest: the pictures.
        images: their pixels, uint8 of shape `(pictures, height, width, channels)`.
        progress: as in `survey_files`.
    """
    facts = []
    for image in images:
        facts.append(facts_of_pixels(np.asarray(image)))
        progress(len(facts), len(images))
    return Survey(manifest, tuple(facts))


def _look_at(seen: Seen, path: str) -> _Looked:
    data = None
    try:
        data = contents(path)
        facts = facts_of_file(data, seen)
    except Undecodable as error:
        return _Looked(verdict(error, data), None, error.reason)
    return _Looked(hashlib.sha256(data).hexdigest(), facts, "")
