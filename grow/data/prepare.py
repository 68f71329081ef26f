"""All pictures, decoded once into one array on disk: the master every stage's pictures come from.

This module owns the order of the work: list, compare with what is cached, read what is new,
put the rows in the manifest's order, commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grow.config.schema import CsvData, DrawnData, FolderData, Local, scale_of, validates
from grow.data import lookalikes
from grow.data.ahead import in_order
from grow.data.cache import index as memory
from grow.data.cache.held import hold
from grow.data.cache.index import Contents, Index, Record, Stamp
from grow.data.cache.journal import Pixels
from grow.data.cache.workspace import Workspace
from grow.data.contents import digest_of
from grow.data.levels import FAINT, Measured, measure, remarks
from grow.data.load import load_all, reader
from grow.data.manifest import Candidate, Listing, Manifest, Shape, shown
from grow.data.remark import Remark
from grow.data.sources.arrayreader import ArrayReader
from grow.data.sources.outline import list_pictures
from grow.data.sources.source import Reader
from grow.data.sources.there import absent, check_there
from grow.data.split import check, settle
from grow.data.together import find_leak, proposable
from grow.data.values import Stored
from grow.errors import GrowError

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
        warnings: what of the prepared copy was damaged, and which pictures were found changed, in
            words.
        proposable: whether a share is set aside for which a grouping can be proposed.
    """

    manifest: Manifest
    images: Pixels
    decoded: int
    warnings: tuple[str, ...] = ()
    proposable: bool = False

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

    def leak(self, check_stop: CheckStop) -> Remark | None:
        """The warning of look-alikes on both sides of a share that was set aside.

        Takes a second or two at most, once: what looks alike is kept in the cache.
        """
        file = getattr(self.images, "filename", None)
        if not self.proposable or file is None:
            return None
        groups = lookalikes.find(self.images, Path(file), self.manifest, check_stop)
        return find_leak(self.manifest, groups)


@dataclass(frozen=True)
class _Known:
    """A file's record, and the array that holds its row."""

    record: Record
    array: Pixels


def no_progress(_done: int, _total: int) -> None:
    """Nobody is listening."""


def no_stop() -> None:
    """Nobody asks to stop."""


def prepare(  # noqa: PLR0913  (all but the first four are options, by name)
    data: Local,
    base: Path,
    shape: Shape,
    cache: Path,
    *,
    progress: Progress = no_progress,
    check_stop: CheckStop = no_stop,
    later: Sequence[Collection[str]] = (),
    verify: bool = False,
) -> Prepared:
    """Prepare all pictures at ``shape`` (height, width, channels), or find them prepared.

    Only files that are new or changed since the last call are read. What is found prepared is
    compared with its digest; where it is damaged, all is prepared anew.

    Args:
        data: which pictures.
        base: the stage file's folder.
        shape: height, width and channels (1 or 3) of the master.
        cache: the folder of all cache entries; made when missing.
        progress: told how many of how many files are read, in the calling thread.
        check_stop: called between pictures in the calling thread; it raises to stop.
        later: sets of classes, for each of which the pictures are wanted without them too.
        verify: whether every file is read again, also one whose size and time of change are as
            they were.

    Raises:
        DataError: no such folder, not laid out as expected, or too few usable pictures.
        GrowError: the cache cannot be written.
    """
    listing = list_pictures(data, base)
    read = reader(data)
    stamps = memory.stamps(listing)
    check_there(listing, absent(listing, stamps))
    place = memory.entry(cache, data, listing, shape)
    held = hold(place, shape, check_stop)
    known: dict[str, _Known] = {}
    told = held.warnings
    if held.index and held.images is not None:
        manifest = None if verify else memory.current(listing, stamps, held.index, later)
        if manifest:
            found = held.index.remarked(manifest)
            if found is None:  # prepared by a version that did not look
                with Workspace(place, shape) as work:
                    index = _asked_again(read, listing, held.index, held.images)
                    found = _noted(read, data, listing, manifest, index, held.images, work)
            check(found, listing.place, validates=validates(data))
            return Prepared(found, held.images, 0, told, proposable(data, listing))
        known = _still_known(listing, stamps, held.index, held.images)
        if verify:
            known = _verified(data, listing, known, check_stop)
    missing = {
        candidate.key: (candidate, stamp)
        for candidate, stamp in zip(listing.candidates, stamps, strict=True)
        if candidate.key not in known
    }
    with Workspace(place, shape) as work:
        known |= {} if verify else _read_before(missing, work, check_stop)
        known |= _read(read, missing, shape, work, progress, check_stop)
        manifest = _manifest(listing, known, later)
        if not manifest.pictures:
            check(manifest, listing.place, validates=validates(data))
        # Kept before it is judged: once the folder is mended, only what is new is read.
        images, index = _write(manifest, known, work, check_stop)
        found = _noted(read, data, listing, manifest, index, images, work)
        check(found, listing.place, validates=validates(data))
        told += _changed_in_place(held.index, known)
        return Prepared(found, images, len(missing), told, proposable(data, listing))


def _verified(
    data: Local, listing: Listing, known: Mapping[str, _Known], check_stop: CheckStop
) -> dict[str, _Known]:
    """Of what is known, what is so still, each file's bytes compared with its digest.

    Of pictures that share a file, and of files that could not be used, nothing is: they are read
    again.
    """
    there = [one for one in listing.candidates if one.key in known]
    if isinstance(data, DrawnData):
        return dict(known)
    if not isinstance(data, FolderData | CsvData):
        return {}
    digests = in_order(lambda candidate: digest_of(candidate.path), there, check_stop)
    with closing(digests):
        return {
            one.key: known[one.key]
            for one, digest in zip(there, digests, strict=True)
            if digest == known[one.key].record.digest and not known[one.key].record.reason
        }


def _changed_in_place(before: Index | None, now: Mapping[str, _Known]) -> tuple[str, ...]:
    """That pictures are others though neither size nor time of change told so."""
    old = {} if before is None else before.records
    changed = [
        key
        for key, found in now.items()
        if (former := old.get(key)) is not None
        and (former.size, former.mtime_ns) == (found.record.size, found.record.mtime_ns)
        and former.digest
        and former.digest != found.record.digest
    ]
    if not changed:
        return ()
    more = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
    return (
        f"{shown(min(changed))}{more}: changed, though size and time of change are as they were; "
        "read again",
    )


def _noted(
    read: Reader,
    data: Local,
    listing: Listing,
    manifest: Manifest,
    index: Index,
    images: Pixels,
    work: Workspace,
) -> Manifest:
    """The manifest with what is worth saying of its contents, which the index notes too."""
    measured = [
        Measured(one.key, one.label, one.split, measure(images[row]), _stored(index, one.key))
        for row, one in enumerate(manifest.pictures)
    ]
    scale, assumed = scale_of(data), tuple[Remark, ...]()
    if isinstance(read, ArrayReader):
        scale, assumed = read.judged(listing.place)
    found = (*assumed, *remarks(manifest.classes, measured, scale))
    with suppress(GrowError):  # a cache that may only be read serves all the same
        work.note(replace(index, contents=Contents(manifest.digest, found)))
    return replace(manifest, remarks=(*manifest.remarks, *found))


def _asked_again(read: Reader, listing: Listing, index: Index, images: Pixels) -> Index:
    """The index, with what is stored in the files of pictures that hold next to nothing."""
    records = dict(index.records)
    for one in listing.candidates:
        record = records[one.key]
        if record.row >= 0 and measure(images[record.row]).span <= FAINT and one.path:
            stored = read(one, images.shape[1:]).stored
            records[one.key] = record._replace(stored=stored and list(stored))
    return replace(index, records=records)


def _stored(index: Index, key: str) -> Stored | None:
    said = index.records[key].stored
    return None if said is None else Stored(*said)


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
    read: Reader,
    missing: Mapping[str, tuple[Candidate, Stamp]],
    shape: Shape,
    work: Workspace,
    progress: Progress,
    check_stop: CheckStop,
) -> dict[str, _Known]:
    """Load what is missing, and write it down as it comes."""
    records: list[Record] = []
    results = load_all(read, [candidate for candidate, _ in missing.values()], shape, check_stop)
    with closing(results), work.journal.opened() as journal:
        for (candidate, stamp), loaded in zip(missing.values(), results, strict=True):
            stored = loaded.stored and list(loaded.stored)
            record = Record(candidate.key, *stamp, loaded.digest, loaded.reason, -1, stored)
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
) -> tuple[Pixels, Index]:
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
