"""Which pictures there are, as values: candidates found, and the manifest that is trained on.

This module owns the words for pictures (key, label, split, digest) and their order, which is
the same on every machine. numpy is loaded by the methods that return arrays, so that planning does
without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from grow.data.remark import Remark

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
Shape = tuple[int, int, int]

Groups = Mapping[str, str]
"""The name of the group of each picture that belongs to one, by the picture's key."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that is listed but not yet opened.

    Attributes:
        key: path relative to the data's root in posix form; ``<array>/<row>`` in an array file,
            ``drawn/<split>/<index>`` for a drawn picture.
        label: position of its class in the class names.
        split: what the folder says; a fraction for validation is set aside later.
        path: the file to read it from; empty for a drawn picture.
    """

    key: str
    label: int
    split: Split
    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be used.

    Attributes:
        key: as in `Candidate`.
        label: as in `Candidate`.
        split: what it is used for.
        digest: sha256 in hex of the file's bytes; of the pixels for a picture in an array, of
            the identity for a drawn one.
    """

    key: str
    label: int
    split: Split
    digest: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file or folder that is not used, and why; a folder's key ends with a slash.

    Attributes:
        key: as in `Candidate`.
        reason: why, in words.
        chosen: whether nothing is wrong with it: the stage file leaves it out, or it is listed
            elsewhere.
        kind: which kind of picture or video it is, where it is one that is not read.
    """

    key: str
    reason: str
    chosen: bool = False
    kind: str = ""


def shown(key: str) -> str:
    """A key as people are shown it: in one line, with what a terminal must not see spelt out."""
    if key.isprintable():
        return key
    spelt = (c if c.isprintable() else c.encode("unicode_escape", "surrogatepass") for c in key)
    return "".join(c if isinstance(c, str) else c.decode("ascii") for c in spelt)


@dataclass(frozen=True)
class Listing:
    """What a source offers before any file is opened.

    Attributes:
        place: the root folder or the file, resolved; or ``drawn``.
        classes: the class names, in label order: sorted, unless the source has an order.
        candidates: the pictures, sorted by split, class and key.
        unusable: what was found and is not a picture, sorted by key.
        fraction: the share of the train pictures to set aside for validation, if any.
        remarks: what is worth a warning.
        groups: which pictures belong together; None where nobody says.
    """

    place: str
    classes: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    unusable: tuple[Unusable, ...] = ()
    fraction: float | None = None
    remarks: tuple[Remark, ...] = ()
    groups: Groups | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Manifest:
    """The pictures that are trained on, validated on and tested on, in their order.

    Attributes:
        classes: the class names, in label order; a label is a position here.
        pictures: the usable pictures, sorted by split, class and key.
        unusable: what is not used, with reasons, sorted by key.
        remarks: what is worth a warning.
        earlier: the pictures as they are without some of the classes, where that was asked for.
    """

    classes: tuple[str, ...]
    pictures: tuple[Picture, ...]
    unusable: tuple[Unusable, ...] = ()
    remarks: tuple[Remark, ...] = ()
    earlier: tuple[Manifest, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Sha256 in hex of classes and pictures, in order; unusable files do not count."""
        return _digest(self.classes, self.pictures)

    @cached_property
    def training_digest(self) -> str:
        """As `digest`, without the test pictures: what can change a stage's weights."""
        return _digest(self.classes, [p for p in self.pictures if p.split != "test"])

    @cached_property
    def test_digest(self) -> str:
        """As `digest`, of the test pictures alone."""
        return _digest(self.classes, [p for p in self.pictures if p.split == "test"])

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """The labels of all pictures, shape `(pictures,)`; not writeable."""
        import numpy as np  # noqa: PLC0415 - planning does without numpy

        labels = np.fromiter((p.label for p in self.pictures), np.int64, len(self.pictures))
        labels.flags.writeable = False
        return labels

    def indices(self, split: Split) -> NDArray[np.int64]:
        """Positions of the pictures of ``split``, ascending, shape `(pictures of the split,)`."""
        import numpy as np  # noqa: PLC0415 - planning does without numpy

        chosen = [i for i, picture in enumerate(self.pictures) if picture.split == split]
        return np.array(chosen, dtype=np.int64)

    def counts(self) -> dict[Split, dict[str, int]]:
        """How many pictures each class has in each split, zeros included."""
        return count(self.classes, self.pictures)


def count(
    classes: tuple[str, ...], pictures: tuple[Picture, ...] | tuple[Candidate, ...]
) -> dict[Split, dict[str, int]]:
    """How many of ``pictures`` each class has in each split, zeros included."""
    counts: dict[Split, dict[str, int]] = {split: dict.fromkeys(classes, 0) for split in SPLITS}
    for picture in pictures:
        counts[picture.split][classes[picture.label]] += 1
    return counts


def _digest(classes: tuple[str, ...], pictures: Iterable[Picture]) -> str:
    # Names hold no NUL, so it separates without ambiguity; they may hold bytes that are not
    # UTF-8, which Python carries as surrogates.
    lines = ["grow-manifest 1", "\0".join(classes)]
    lines += [f"{p.split}\0{p.label}\0{p.key}\0{p.digest}" for p in pictures]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def in_order(candidate: Candidate | Picture) -> tuple[str, int, str]:
    """The sort key of a manifest."""
    return (candidate.split, candidate.label, candidate.key)
