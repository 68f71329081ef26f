"""The interface of a source of pictures: what it lists, and how one picture of it is read.

A source is two functions, each in a module of its own kind:

    list_…(data, base) -> Listing    which pictures there are; opens no picture, and is quick
    a `Reader`                       one of them becomes pixels and a digest, or a reason

`outline.list_pictures` and `load.reader` choose between sources by the type of ``data``; all
else (cache, split, manifest, unusable list) is the same for all of them. Candidates of a file
carry its path, whose size and time of change say whether it must be read again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grow.data.manifest import Candidate, Shape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from grow.data.values import Stored


@dataclass(frozen=True)
class Loaded:
    """What reading one candidate came to.

    Attributes:
        digest: sha256 in hex of what it is read from; empty when that could not be read.
        reason: why it is unusable; empty when it is usable.
        pixels: uint8 of the master's shape; None when it is unusable.
        stored: what it holds where that is more than 8 bits, or on a scale that was said.
    """

    digest: str
    reason: str
    pixels: NDArray[np.uint8] | None
    stored: Stored | None = None


Reader = Callable[[Candidate, Shape], Loaded]
"""Reads one candidate at a shape (height, width, channels); called from several threads."""
