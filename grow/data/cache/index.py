"""The cache's memory: which files were prepared, as they were then, and whether that still holds.

This module owns the cache entry's name, its ``index.json`` and the question whether an entry
is current. It never decodes, and never loads numpy or Pillow.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from grow import plainfile
from grow.config.schema import Local
from grow.data.manifest import Listing, Manifest, Shape
from grow.data.remark import Remark
from grow.data.sources.kinds import no_picture
from grow.data.sources.outline import list_pictures
from grow.data.split import settle, settle_without, without

# To be raised when decoding, drawing or the files' form changes: old entries are then left.
VERSION = 1

# Settings that change no row; and where the pictures are, which the listing says.
_NO_MATTER = {"augment", "master", "path", "images", "on_bad", "balance"}

# Settings that came after the first caches: an entry's name has them only where they are said.
_CAME_LATER = {
    *[("folder", "classes"), ("folder", "group"), ("csv", "group")],
    *[(source, "range") for source in ("folder", "csv", "npz", "npy", "keras", "tfds")],
}

# What was said of a file before TIFF, PPM, AVIF and HEIC were read; it may be one of those.
_FEWER_KINDS = "not a JPEG, PNG, GIF, BMP or WebP picture"

INDEX = "index.json"
_IMAGES = re.compile(r"images-[0-9a-f]+\.npy")
_MOST_BYTES = 1 << 33
_HEAD = '{"sha256":"'
_MIDDLE = '","entry":'
_TAIL = b"}\n"

Stamp = tuple[int, int]

GONE: Stamp = (-1, -1)
"""The stamp of a file that is not there."""


class Record(NamedTuple):
    """One file as it was when it was read.

    Attributes:
        key: which file, as in a manifest.
        size: bytes.
        mtime_ns: time of its last change, nanoseconds since 1970.
        digest: sha256 of its bytes; empty when it could not be read at all.
        reason: why it is unusable; empty when it is usable.
        row: its place in the array; -1 when it is unusable.
        stored: what `values.Stored` says of it, as a list, where it is more than 8 bits or has a
            scale that was said; else None, and then not written.
    """

    key: str
    size: int
    mtime_ns: int
    digest: str
    reason: str
    row: int
    stored: Sequence[Any] | None = None

    def written(self) -> tuple[Any, ...]:
        """Its values as they are written: as versions without `stored` do, where there is none."""
        return tuple(self) if self.stored else tuple(self)[:-1]


_KINDS = (str, int, int, str, str, int)
"""The types of a record's values, without `stored`."""


@dataclass(frozen=True)
class Contents:
    """What was found of the prepared pictures' contents, so that nothing is measured twice.

    Attributes:
        digest: of the manifest it was found for.
        remarks: what is worth saying.
    """

    digest: str
    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class Index:
    """What a cache entry holds.

    Attributes:
        images: name of the array's file, beside the index.
        size: bytes of that file.
        records: what is known of each file, by key.
        digest: sha256 of the array's file; empty where an earlier version did not note it.
        contents: what was found in the pictures; None where nobody looked yet.
    """

    images: str
    size: int
    records: Mapping[str, Record]
    digest: str = ""
    contents: Contents | None = None

    def remarked(self, manifest: Manifest) -> Manifest | None:
        """The manifest with what was found of its contents; None where nobody looked yet."""
        if self.contents is None or self.contents.digest != manifest.digest:
            return None
        return replace(manifest, remarks=(*manifest.remarks, *self.contents.remarks))


def entry(cache: Path, data: Local, listing: Listing, shape: Shape) -> Path:
    """The folder in ``cache`` for these pictures at this shape (height, width, channels)."""
    settings = {
        key: value
        for key, value in data.model_dump(mode="json", exclude=_NO_MATTER).items()
        if value not in (None, "auto") or (data.source, key) not in _CAME_LATER
    }
    identity = [VERSION, listing.place, settings, list(shape)]
    return cache / hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def peek(
    data: Local, base: Path, shape: Shape, cache: Path, later: Sequence[Collection[str]] = ()
) -> Manifest | None:
    """The manifest where all is prepared already, else None; no picture is opened.

    Args:
        data: which pictures.
        base: the stage file's folder.
        shape: height, width and channels of the master.
        cache: the folder of all cache entries; it need not exist.
        later: sets of classes, for each of which the manifest without them is made too.

    Raises:
        DataError: the folder is not there or not laid out as expected.
    """
    with _uncollected():
        listing = list_pictures(data, base)
        known = prepared_before(data, listing, stamps(listing), shape, cache, later)
        return known[0] if known else None


def prepared_before(
    data: Local,
    listing: Listing,
    stamps: list[Stamp],
    shape: Shape,
    cache: Path,
    later: Sequence[Collection[str]] = (),
) -> tuple[Manifest, Path] | None:
    """As `peek`, of pictures that are listed already; and the file of their array."""
    with _uncollected():
        place = entry(cache, data, listing, shape)
        index = read(place)
        if index is None or not is_whole(place, index):
            return None
        manifest = current(listing, stamps, index, later)
        if manifest is None:
            return None
        return (index.remarked(manifest) or manifest, place / index.images)


def peek_without(
    data: Local, base: Path, shape: Shape, cache: Path, later: Sequence[Collection[str]]
) -> tuple[Manifest, ...]:
    """The manifests without some classes, as far as they are known; no picture is opened.

    They can be where pictures of these classes have just been added and are not prepared yet.

    Args:
        data: as in `peek`, and so are the other arguments.
        base: the stage file's folder.
        shape: height, width and channels of the master.
        cache: the folder of all cache entries; it need not exist.
        later: sets of classes.

    Raises:
        DataError: the folder is not there or not laid out as expected.
    """
    with _uncollected():
        listing = list_pictures(data, base)
        index = read(entry(cache, data, listing, shape))
        if index is None:
            return ()
        known = [_known_without(listing, classes, index) for classes in later]
        return tuple(one for one in known if one is not None)


def _known_without(listing: Listing, classes: Collection[str], index: Index) -> Manifest | None:
    """The manifest without some classes, where all files of the others are as recorded."""
    rest = without(listing, classes)
    if not _all_hold(rest, stamps(rest), index):
        return None
    return settle_without(listing, classes, *_digests_and_reasons(index))


def stamps(listing: Listing) -> list[Stamp]:
    """Size and time of change of each candidate's file; `GONE` for one that is not there."""
    # Pictures in an array share one file, which is asked for once.
    stamp = lru_cache(maxsize=1)(_stamp)
    return [stamp(candidate.path) for candidate in listing.candidates]


def _stamp(path: str) -> Stamp:
    if not path:
        return (0, 0)
    try:
        status = os.stat(path)  # noqa: PTH116 - ten thousand files: no Path objects here
    except OSError:
        return GONE
    return (status.st_size, status.st_mtime_ns)


def still_holds(record: Record | None, stamp: Stamp, path: str) -> bool:
    """Whether a file's record can be used instead of reading it again."""
    if record is None or (record.size, record.mtime_ns) != stamp:
        return False
    if record.reason == _FEWER_KINDS and no_picture(path, "") is None:
        return False
    # What could not be read at all may be readable by now, and neither size nor time tells.
    return bool(record.digest) or not os.access(path, os.R_OK)


def current(
    listing: Listing, stamps: list[Stamp], index: Index, later: Sequence[Collection[str]] = ()
) -> Manifest | None:
    """The manifest, where every listed file is as recorded and the array is in its order."""
    records = index.records
    if len(records) != len(listing.candidates) or not _all_hold(listing, stamps, index):
        return None
    manifest = settle(listing, *_digests_and_reasons(index), later)
    # A new val folder, say, gives files another split, and so the array another order.
    if any(records[p.key].row != row for row, p in enumerate(manifest.pictures)):
        return None
    return manifest


def _all_hold(listing: Listing, stamps: list[Stamp], index: Index) -> bool:
    """Whether every listed file is as recorded."""
    return all(
        still_holds(index.records.get(candidate.key), stamp, candidate.path)
        for candidate, stamp in zip(listing.candidates, stamps, strict=True)
    )


def _digests_and_reasons(index: Index) -> tuple[dict[str, str], dict[str, str]]:
    records = index.records
    digests = {key: record.digest for key, record in records.items()}
    reasons = {key: record.reason for key, record in records.items() if record.reason}
    return digests, reasons


def is_whole(place: Path, index: Index) -> bool:
    """Whether the array's file is there at its full size."""
    path = place / index.images
    try:
        return not plainfile.misplaced(path) and path.stat().st_size == index.size
    except OSError:
        return False


def is_unaltered(place: Path, index: Index, check_stop: Callable[[], None]) -> bool:
    """Whether the array's file has the digest that the index gives it.

    One that an earlier version wrote has none, and is taken at its word.
    """
    try:
        found = plainfile.sha256(place / index.images, index.size, check_stop)
    except OSError:
        return False
    return found == index.digest or not index.digest


def read(place: Path) -> Index | None:
    """The entry's index, or None where it is missing or not as it was written."""
    try:
        raw = plainfile.read_bytes(place / INDEX, _MOST_BYTES)
    except OSError:
        return None
    try:
        body = _unframed(raw)
        del raw
        return None if body is None else _parsed(body)
    except plainfile.MALFORMED:
        return None


def _parsed(body: str) -> Index:
    with _uncollected():
        values: dict[str, Any] = json.loads(body)
        rows = values["records"]
        records = {}
        rows.reverse()
        while rows:  # each row goes when its record comes: of a million, both are much
            record = Record(*rows.pop())
            if tuple(map(type, record[: len(_KINDS)])) != _KINDS:
                raise TypeError(record)
            records[record.key] = record
    images, size, digest = values["images"], values["size"], values.get("digest", "")
    if not _IMAGES.fullmatch(images):  # it becomes part of a path, of what is removed too
        raise ValueError(images)
    return Index(images, int(size), records, str(digest), _contents(values.get("contents")))


def _contents(values: dict[str, Any] | None) -> Contents | None:
    if values is None:
        return None
    remarks = [Remark(**{**one, "keys": tuple(one["keys"])}) for one in values["remarks"]]
    if not all(isinstance(text, str) for one in remarks for text in (*one.keys, one.words)):
        raise TypeError(remarks)
    return Contents(str(values["digest"]), tuple(remarks))


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles meanwhile: among millions of new values it takes most of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def dumped(index: Index) -> bytes:
    """The index as the bytes of its file: JSON that carries its own checksum."""
    values = {
        "version": VERSION,
        "images": index.images,
        "size": index.size,
        "digest": index.digest,
        "records": [record.written() for record in index.records.values()],
    }
    if index.contents is not None:
        values["contents"] = asdict(index.contents)
    return _framed(json.dumps(values, separators=(",", ":")).encode())


def _unframed(raw: bytes) -> str | None:
    """The body that `_framed` framed; None where it is not as it was written."""
    start, end = len(_HEAD) + 64 + len(_MIDDLE), len(raw) - len(_TAIL)
    if end < start:
        return None
    body = memoryview(raw)[start:end]
    if raw[:start] != _head(body) or raw[end:] != _TAIL:
        return None
    return str(body, "utf-8")


def _head(body: bytes | memoryview) -> bytes:
    return f"{_HEAD}{hashlib.sha256(body).hexdigest()}{_MIDDLE}".encode()


def _framed(body: bytes) -> bytes:
    return _head(body) + body + _TAIL
