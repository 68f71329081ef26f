"""One candidate becomes pixels and a digest, or a reason; many of them in threads, in order.

This module owns reading files and rendering drawn pictures at the master's shape. It decides
nothing about splits and writes nothing. Imports the standard library, numpy, Pillow, `spec`
and its neighbours `ahead`, `decode`, `drawn` and `manifest` only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grow.pictures.ahead import in_order
from grow.pictures.decode import Undecodable, decode, fitted
from grow.pictures.drawn import draw
from grow.pictures.manifest import Candidate, Shape
from grow.spec import Data, DrawnData

# Part of a drawn picture's identity: to be raised when `drawn` draws differently.
DRAWING = 1

_SMALLEST_DRAWING = 8


@dataclass(frozen=True)
class Loaded:
    """What reading one candidate came to.

    Attributes:
        digest: sha256 of its bytes in hex; empty when they could not be read.
        reason: why it is unusable; empty when it is usable.
        pixels: uint8 of the master's shape; None when it is unusable.
    """

    digest: str
    reason: str
    pixels: NDArray[np.uint8] | None


def load(data: Data, candidate: Candidate, shape: Shape) -> Loaded:
    """Read and decode a file, or draw a picture, at ``shape`` (height, width, channels)."""
    if isinstance(data, DrawnData):
        return _drawn(data, candidate, shape)
    try:
        raw = Path(candidate.path).read_bytes()
    except OSError as error:
        return Loaded("", f"cannot be read: {error.strerror}", None)
    digest = hashlib.sha256(raw).hexdigest()
    try:
        return Loaded(digest, "", decode(raw, shape, data.fit))
    except Undecodable as error:
        return Loaded(digest, error.reason, None)


def load_all(
    data: Data, candidates: Sequence[Candidate], shape: Shape, check_stop: Callable[[], None]
) -> Generator[Loaded]:
    """Load many in threads and yield them in order; ``check_stop`` raises between them to stop.

    Threads are gone when the iterator is exhausted, closed, or left by an exception.
    """
    return in_order(lambda candidate: load(data, candidate, shape), candidates, check_stop)


def _drawn(data: DrawnData, candidate: Candidate, shape: Shape) -> Loaded:
    index = int(candidate.key.rpartition("/")[2])
    identity = f"drawn {DRAWING} seed {data.seed} index {index} label {candidate.label}"
    size = max(*shape[:2], _SMALLEST_DRAWING)
    picture = Image.fromarray(draw(data.seed, index, candidate.label, size))
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return Loaded(digest, "", fitted(picture, shape, data.fit))
