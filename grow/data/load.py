"""One candidate becomes pixels and a digest, or a reason; many of them in threads, in order.

This module owns the choice of a source's reader, reading files and rendering drawn pictures at
the master's shape. It decides nothing about splits and writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from functools import partial

from PIL import Image

from grow.config.schema import CsvData, DrawnData, FolderData, Local, NpyData, NpzData, scale_of
from grow.data.ahead import in_order
from grow.data.contents import contents, verdict
from grow.data.decode import Fit, Undecodable, fitted, hush, opened
from grow.data.manifest import Candidate, Shape
from grow.data.sources.arrayreader import ArrayReader
from grow.data.sources.source import Loaded, Reader
from grow.data.synthetic.drawn import draw
from grow.data.values import Scale, stored

# Part of a drawn picture's identity: to be raised when `drawn` draws differently.
DRAWING = 1

_SMALLEST_DRAWING = 8


def reader(data: Local) -> Reader:
    """What reads the pictures of a source."""
    match data:
        case DrawnData():
            return partial(_drawn, data)
        case NpzData() | NpyData():
            return ArrayReader(data.fit, scale_of(data))
        case FolderData() | CsvData():
            return partial(_decoded, data.fit, scale_of(data))


def _decoded(fit: Fit, scale: Scale | None, candidate: Candidate, shape: Shape) -> Loaded:
    """A file, read and decoded."""
    raw = None
    try:
        raw = contents(candidate.path)
        with hush, opened(raw, scale) as picture:
            pixels, found = fitted(picture, shape, fit), stored(picture)
    except Undecodable as error:
        return Loaded(verdict(error, raw), error.reason, None)
    return Loaded(hashlib.sha256(raw).hexdigest(), "", pixels, found)


def load_all(
    read: Reader, candidates: Sequence[Candidate], shape: Shape, check_stop: Callable[[], None]
) -> Generator[Loaded]:
    """Load many in threads and yield them in order; ``check_stop`` raises between them to stop.

    Threads are gone when the iterator is exhausted, closed, or left by an exception.
    """
    return in_order(lambda candidate: read(candidate, shape), candidates, check_stop)


def _drawn(data: DrawnData, candidate: Candidate, shape: Shape) -> Loaded:
    index = int(candidate.key.rpartition("/")[2])
    identity = f"drawn {DRAWING} seed {data.seed} index {index} label {candidate.label}"
    size = max(*shape[:2], _SMALLEST_DRAWING)
    picture = Image.fromarray(draw(data.seed, index, candidate.label, size))
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return Loaded(digest, "", fitted(picture, shape, data.fit))
