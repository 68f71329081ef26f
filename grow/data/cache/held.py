"""What a cache entry holds that can be used: opened, its digest checked, and what is wrong said.

A damaged index is put aside, as is whatever stands in the place of the entry itself; a damaged
array is named, and made anew by whoever asked. An entry of an earlier version, which has no
digest yet, is given one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from grow import atomic, plainfile
from grow.data.cache import index as memory
from grow.data.cache.index import INDEX, Index
from grow.data.cache.journal import Pixels
from grow.data.cache.workspace import open_images
from grow.data.cache.writing import flush, remove_file
from grow.data.manifest import Shape

_LOOKS = 3
_ANEW = "the pictures are prepared anew"


@dataclass(frozen=True)
class Held:
    """What can be used of an entry.

    Attributes:
        index: what is known of each file; None where nothing is.
        images: the array, uint8 of shape `(pictures, *shape)`, mapped read-only; None with no
            index.
        warnings: what is damaged, in words.
    """

    index: Index | None = None
    images: Pixels | None = None
    warnings: tuple[str, ...] = ()


def hold(place: Path, shape: Shape, check_stop: Callable[[], None]) -> Held:
    """Opens an entry, its array read whole and compared with its digest.

    Args:
        place: the entry's folder.
        shape: height, width and channels of a picture.
        check_stop: called while the array is read; raises to stop.
    """
    told = _put_aside(place, plainfile.misplaced(place, "folder"))
    index = memory.read(place)
    if index is None and os.path.lexists(place / INDEX):
        told += _put_aside(place / INDEX, "it is not as it was written")
    for _ in range(_LOOKS):
        if index is None:
            return Held(warnings=told)
        # Digest before header: of a damaged array nothing is read that it says of itself.
        whole = memory.is_whole(place, index)
        unaltered = whole and memory.is_unaltered(place, index, check_stop)
        images = open_images(place, index, shape) if unaltered else None
        if images is not None:
            return Held(_with_digest(place, index, check_stop), images, told)
        before, index = index, memory.read(place)
        if index is not None and index.images == before.images:
            break  # else another process has just put another array in its place
    why = "is not the array of its index" if unaltered else "has not its digest"
    why = why if whole else "is missing or has not its size"
    return Held(warnings=(*told, f"{place / before.images} is damaged: it {why}; {_ANEW}"))


def _put_aside(path: Path, why: str) -> tuple[str, ...]:
    if not why:
        return ()
    with suppress(OSError):  # whoever writes there will say why not
        return (f"{path} is damaged: {why}; put aside as {atomic.set_aside(path).name}, {_ANEW}",)
    return ()


def _with_digest(place: Path, index: Index, check_stop: Callable[[], None]) -> Index:
    """The index, written anew with a digest where it had none."""
    if index.digest:
        return index
    beside = place / f"index-{secrets.token_hex(8)}.tmp"
    with suppress(OSError):  # a cache that is only read goes on without
        digest = plainfile.sha256(place / index.images, index.size, check_stop)
        whole = replace(index, digest=digest)
        with beside.open("wb") as file:
            file.write(memory.dumped(whole))
            flush(file)
        now = memory.read(place)
        if now is not None and now.images == index.images:
            beside.replace(place / INDEX)
            return whole
    remove_file(beside)
    return index
