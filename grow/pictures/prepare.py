"""All pictures, decoded once into one array on disk: the master every stage's pictures come from.

This module owns the order of the work: list, compare with what is cached, read what is new,
put the rows in the manifest's order, commit. Imports the standard library, numpy, Pillow,
`spec` and its neighbours only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grow.pictures import index as memory
from grow.pictures.index import Index, Record, Stamp
from grow.pictures.journal import Pixels
from grow.pictures.load import load_all
from grow.pictures.manifest import Candidate, Listing, Manifest, Shape
from grow.pictures.outline import list_pictures
from grow.pictures.split import check, settle
from grow.pictures.workspace import Workspace, open_images
from grow.spec import Local

Progress = Callable[[int, int], None]
CheckStop = Callable[[], None]

_CHECK_EVERY = 256


@dataclass(frozen=True)
class Chosen:
    """Some rows of the master, as if they were an array of their own; nothing is copied.

    Attributes:
        images: the master.
        rows: which rows, shape `(pictures,)`.
    """

    images: Pixels
    rows: NDArray[np.int64]

    def __getitem__(self, places: NDArray[np.int64] | np.int64) -> Pixels:
        """Pictures by their places among the chosen ones."""
        found: Pixels = self.images[self.rows[places]]
        return found


@dataclass(frozen=True)
class Part:
    """The pictures of some classes, or of all, ready to train on; as `Prepared`."""

    manifest: Manifest
    images: Pixels | Chosen


@dataclass(frozen=True)
class Prepared:
    """Pictures ready to train on.

    Attributes:
        manifest: which pictures, in the array's order.
        images: the master, uint8 of shape `(pictures, height, width, channels)`, mapped from
            disk and read-only.
        decoded: how many files were read or pictures drawn just now; 0 when all was cached.
    """

    manifest: Manifest
    images: Pixels
    decoded: int

    def among(self, classes: tuple[str, ...]) -> Part | None:
        """The pictures of these classes, in label order.

        None where they are neither all classes nor those of a manifest in ``earlier``.
        """
        if classes == self.manifest.classes:
            return Part(self.manifest, self.images)
        for one in self.manifest.earlier:
            if one.classes == classes:
                places = {p.key: row for row, p in enumerate(self.manifest.pictures)}
                rows = np.array([places[p.key] for p in one.pictures], np.int64)
                return Part(one, Chosen(self.images, rows))
        return None


@dataclass(frozen=True)
class _Known:
    """A file's record, and the array that holds its row."""

    record: Record
    array: Pixels


def no_progress(_done: int, _total: int) -> None:
    """Nobody is listening."""


def no_stop() -> None:
    """Nobody asks to stop."""


def prepare(
    data: Local,
    base: Path,
    shape: Shape,
    cache: Path,
    *,
    progress: Progress = no_progress,
    check_stop: CheckStop = no_stop,
    later: Sequence[Collection[str]] = (),
) -> Prepared:
    """Prepare all pictures at ``shape`` (height, width, channels), or find them prepared.

    Only files that are new or changed since the last call are read.

    Args:
        data: which pictures.
        base: the stage file's folder.
        shape: height, width and channels (1 or 3) of the master.
        cache: the folder of all cache entries; made when missing.
        progress: told how many of how many files are read, in the calling thread.
        check_stop: called between pictures in the calling thread; it raises to stop.
        later: sets of classes, for each of which the pictures are wanted without them too.

    Raises:
        DataError: no such folder, not laid out as expected, or too few usable pictures.
        GrowError: the cache cannot be written.
    """
    listing = list_pictures(data, base)
    stamps = memory.stamps(listing)
    place = memory.entry(cache, data, listing, shape)
    index = memory.read(place)
    images = open_images(place, index, shape) if index else None
    known: dict[str, _Known] = {}
    if index and images is not None:
        manifest = memory.current(listing, stamps, index, later)
        if manifest:
            check(manifest, listing.place)
            return Prepared(manifest, images, 0)
        known = _still_known(listing, stamps, index, images)
    missing = {
        candidate.key: (candidate, stamp)
        for candidate, stamp in zip(listing.candidates, stamps, strict=True)
        if candidate.key not in known
    }
    with Workspace(place, shape) as work:
        known |= _read_before(missing, work, check_stop)
        known |= _read(data, missing, shape, work, progress, check_stop)
        manifest = _manifest(listing, known, later)
        if not manifest.pictures:
            check(manifest, listing.place)
        # Kept before it is judged: once the folder is mended, only what is new is read.
        images = _write(manifest, known, work, check_stop)
        check(manifest, listing.place)
        return Prepared(manifest, images, len(missing))


def _still_known(
    listing: Listing, stamps: list[Stamp], index: Index, images: Pixels
) -> dict[str, _Known]:
    """What need not be read again, by key."""
    known = {}
    for candidate, stamp in zip(listing.candidates, stamps, strict=True):
        record = index.records.get(candidate.key)
        if record is not None and memory.still_holds(record, stamp, candidate.path):
            known[candidate.key] = _Known(record, images)
    return known


def _read_before(
    missing: dict[str, tuple[Candidate, Stamp]], work: Workspace, check_stop: CheckStop
) -> dict[str, _Known]:
    """What was read before a stop and still holds, by key; it is missing no longer."""
    known = {}
    for record, array in work.read_before(check_stop):
        candidate, stamp = missing.get(record.key, (None, None))
        if candidate and stamp and memory.still_holds(record, stamp, candidate.path):
            known[record.key] = _Known(record, array)
            del missing[record.key]
    return known


def _read(
    data: Local,
    missing: Mapping[str, tuple[Candidate, Stamp]],
    shape: Shape,
    work: Workspace,
    progress: Progress,
    check_stop: CheckStop,
) -> dict[str, _Known]:
    """Load what is missing, and write it down as it comes."""
    records: list[Record] = []
    results = load_all(data, [candidate for candidate, _ in missing.values()], shape, check_stop)
    with closing(results), work.journal.opened() as journal:
        for (candidate, stamp), loaded in zip(missing.values(), results, strict=True):
            record = Record(candidate.key, *stamp, loaded.digest, loaded.reason, -1)
            records.append(journal.add(record, loaded.pixels))
            progress(len(records), len(missing))
        array = journal.array()
    return {record.key: _Known(record, array) for record in records}


def _manifest(
    listing: Listing, known: Mapping[str, _Known], later: Sequence[Collection[str]]
) -> Manifest:
    records = [known[candidate.key].record for candidate in listing.candidates]
    digests = {record.key: record.digest for record in records}
    return settle(listing, digests, {r.key: r.reason for r in records if r.reason}, later)


def _write(
    manifest: Manifest, known: Mapping[str, _Known], work: Workspace, check_stop: CheckStop
) -> Pixels:
    """Put the rows into the manifest's order on disk, and commit."""
    records = {key: entry.record._replace(row=-1) for key, entry in known.items()}
    with work.images(len(manifest.pictures)) as file:
        for row, picture in enumerate(manifest.pictures):
            if row % _CHECK_EVERY == 0:
                check_stop()
            entry = known[picture.key]
            work.append(file, entry.array[entry.record.row])
            records[picture.key] = entry.record._replace(row=row)
    return work.commit(records)
