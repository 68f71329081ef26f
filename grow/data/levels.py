"""What prepared pictures hold: nothing, next to nothing, all the same thing, or pictures.

Each picture is measured as the network will see it, and remarks follow from all measures together.
Two levels far apart are a drawing; a few levels side by side are a picture that was lost on the way
to 8 bits. A few blank pictures among many are ordinary; from 1% on they are worth a warning.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grow.data.manifest import SPLITS, Split, shown
from grow.data.remark import Remark
from grow.data.values import SIXTEEN, Scale, Stored, rounded

BLANK_SHARE = 0.01
"""The share of blank pictures from which on they are a warning; a single one may be meant."""

FAINT = 25
"""Levels of 256 that a picture keeps to whose contrast is very low: a tenth."""

_BLANK = 2  # levels that one flat colour strays by, once a JPEG was made of it
_NARROW = 51  # levels that all faint pictures together keep to where one range can help: a fifth
_MOST = 0.5  # the share of faint pictures from which on it is the pictures, not some of them
_SAME = 0.9  # the share of pictures that are one and the same
_FEW = 4  # pictures, fewer of which say little about a class or a part
_OTHER_SCALE = 4  # times as far as others go: on another scale than they
_NAMED = 5
_TRANSPARENT = (
    "Transparent pictures are laid over white: if these are, save them without transparency."
)


class Measure(NamedTuple):
    """What one prepared picture holds.

    Attributes:
        low: its smallest value, 0 to 255, of any channel.
        high: its greatest.
        span: how far the values of one channel lie apart at most.
        content: a checksum of its pixels.
    """

    low: int
    high: int
    span: int
    content: int


@dataclass(frozen=True)
class Measured:
    """One picture, for `remarks`."""

    key: str
    label: int
    split: Split
    measure: Measure
    stored: Stored | None = None

    @property
    def flat(self) -> bool:
        """Whether it is one colour, exactly, and was so before it was prepared."""
        return not self.measure.span and not (self.stored and self.stored.span)

    @property
    def blank(self) -> bool:
        """Whether it is one colour, but for what a JPEG makes of one."""
        return self.measure.span <= _BLANK and not (self.stored and self.stored.span)

    @property
    def faint(self) -> bool:
        """Whether it is not one colour, but hardly more."""
        return self.measure.span <= FAINT and not self.flat


def measure(pixels: NDArray[np.uint8]) -> Measure:
    """What a picture of shape (height, width, channels) or (height, width) holds."""
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    # One plane a channel: bounds of what lies in a row are ten times as quick.
    planes = np.ascontiguousarray(pixels.reshape(-1, channels).T)
    low, high = planes.min(axis=1), planes.max(axis=1)
    span = int((high.astype(np.int16) - low).max())
    return Measure(int(low.min()), int(high.max()), span, zlib.crc32(planes.tobytes()))


def remarks(
    classes: Sequence[str],
    pictures: Sequence[Measured],
    scale: Scale | None = None,
    *,
    of: str = "pictures",
) -> tuple[Remark, ...]:
    """What is worth saying of what pictures hold.

    Args:
        classes: the class names, in label order.
        pictures: the pictures, measured.
        scale: which stored values became 0 and 255, where that was said.
        of: what the pictures are called; ``pictures looked at`` where they are some of more.
    """
    if not pictures:
        return ()
    told = _Told(tuple(classes), pictures, scale, of)
    faint = told.remark_faint()
    rest = (
        told.remark_blank("flat") if faint else [*told.remark_blank("blank"), *told.remark_same()]
    )
    return tuple([*faint, *rest] or told.remark_depth())


@dataclass(frozen=True)
class _Told:
    classes: tuple[str, ...]
    pictures: Sequence[Measured]
    scale: Scale | None
    of: str

    def remark_faint(self) -> list[Remark]:
        """Most pictures, or nearly all of a part, have next to no contrast."""
        for where, group in self._parts():
            some = [one for one in group if one.faint]
            if len(some) >= (_SAME if where else _MOST) * len(group):
                return self._faint(where, some)
        return []

    def _faint(self, where: str, some: Sequence[Measured]) -> list[Remark]:
        low, high = min(o.measure.low for o in some), max(o.measure.high for o in some)
        count = f"{len(some):,} of {len(self.pictures):,} {self.of}{where}"
        keys = self._keys(some)
        if high - low <= _NARROW:
            words = (
                f"{count} use {high - low + 1} of 256 levels ({low} to {high}): a network sees "
                "next to nothing in them"
            )
            return [Remark("few-levels", words, self._advice(some, low, high), keys)]
        if sum(one.blank for one in some) >= _MOST * len(some):
            return []  # flat colours of many kinds
        most = max(one.measure.span for one in some) + 1
        words = f"{count} have very low contrast: no channel spans more than {most} of 256 levels"
        advice = (
            "Stretch the contrast of each before training; no one range can, since some are bright "
            "and some dark."
        )
        return [Remark("low-contrast", words, advice, keys)]

    def remark_blank(self, kind: Literal["flat", "blank"]) -> list[Remark]:
        """Pictures of one flat colour."""
        some = [one for one in self.pictures if getattr(one, kind)]
        names = [
            self.classes[label]
            for label, group in self._of_class().items()
            if len(group) > 1 and all(getattr(one, kind) for one in group)
        ]
        if (len(some) < BLANK_SHARE * len(self.pictures) and not names) or not some:
            return []
        colours = {_colour(one) for one in some}
        colour = colours.pop() if len(colours) == 1 else "one flat colour"
        every = len(some) == len(self.pictures)
        count = f"all {len(some):,}" if every else f"{len(some):,} of {len(self.pictures):,}"
        classes = ", ".join(f'"{name}"' for name in names[:_NAMED])
        verb = "is" if len(some) == 1 else "are"
        among = f" (among them every picture of {classes})" if names and not every else ""
        return [
            Remark(
                "blank-pictures",
                f"{count} {self.of} {verb} {colour}{among}: {_names(some)}",
                "Nothing can be learnt from them; look at how they were made, or take them away."
                + (f" {_TRANSPARENT}" if colour == "white" else ""),
                self._keys(some),
            )
        ]

    def remark_same(self) -> list[Remark]:
        """One and the same picture again and again, in all or in a class."""
        classes = {f' of "{self.classes[n]}"': group for n, group in self._of_class().items()}
        for where, group in [("", self.pictures), *classes.items()]:
            kept = [one for one in group if not one.blank]
            if len(kept) < _FEW:
                continue
            content, count = Counter(one.measure.content for one in kept).most_common(1)[0]
            if count < _SAME * len(group):
                continue
            some = [one for one in kept if one.measure.content == content]
            number = f"all {count:,}" if count == len(group) else f"{count:,} of {len(group):,}"
            words = f"{number} {self.of}{where} are one and the same: {_names(some)}"
            advice = (
                "Nothing can be learnt from a picture that is always the same; look at how they "
                "were made."
            )
            return [Remark("all-the-same", words, advice, self._keys(some))]
        return []

    def remark_depth(self) -> list[Remark]:
        """What was assumed of pictures that are deeper than 8 bits; good to know."""
        deep = [one for one in self.pictures if one.stored and one.stored.kind != "8-bit"]
        if self.scale is not None or not deep:
            return []
        low, high = _bounds(deep)
        words = (
            f"{len(deep):,} of {len(self.pictures):,} {self.of} have 16 bits, scaled so that 0 is "
            f"black and {SIXTEEN} white; their values go from {low:g} to {high:g}"
        )
        line = f"Where black and white are other values, say so: {_line(low, high)} in data."
        return [Remark("sixteen-bit", words, line, note=True)]

    def _parts(self) -> Iterator[tuple[str, Sequence[Measured]]]:
        """All pictures; then those of each part, since parts may be on different scales."""
        yield "", self.pictures
        for split in SPLITS:
            group = [one for one in self.pictures if one.split == split]
            if _FEW <= len(group) < len(self.pictures):
                yield f", all of them in {split},", group

    def _keys(self, some: Sequence[Measured]) -> tuple[str, ...]:
        """Which pictures it is about; of all of them none need be named."""
        return () if len(some) == len(self.pictures) else tuple(one.key for one in some)

    def _of_class(self) -> dict[int, list[Measured]]:
        groups: dict[int, list[Measured]] = {}
        for one in self.pictures:
            groups.setdefault(one.label, []).append(one)
        return groups

    def _advice(self, some: Sequence[Measured], low: int, high: int) -> str:
        """The line of the stage file that helps, and what it is read from."""
        stored = [one for one in some if one.stored]
        kept = {one.key for one in some}
        others = [one for one in self.pictures if one.key not in kept and not one.flat]
        wider = sum(
            not low - FAINT <= o.measure.low <= o.measure.high <= high + FAINT for o in others
        )
        if not stored and wider > (1 - _SAME) * len(self.pictures):
            return (
                f"The other pictures use more levels, and `range: [{low}, {high}]` would cut them "
                "off: no one range can hold for both. Find out what was done to these, and save "
                "all alike."
            )
        if stored and any(_otherwise(one, _bounds(stored)[1]) for one in others):
            return (
                f"They are stored as {stored[0].stored and stored[0].stored.kind}, the largest "
                f"value found is {_bounds(stored)[1]:g}, and other pictures are on another scale. "
                "Save all of them alike: no one range can hold for both."
            )
        if stored:
            (kind, _), (least, most) = _kinds(stored).most_common(1)[0], _bounds(stored)
            usual = (0.0, 255.0 if kind == "8-bit" else float(SIXTEEN))
            now = self.scale or usual
            said = (
                f"Their values are stored as {kind} and scaled from {now[0]:g}..{now[1]:g}; the "
                f"largest found is {most:g}. "
            )
        else:  # the scale there is, narrowed
            now = self.scale or (0.0, 255.0)
            step = (now[1] - now[0]) / 255
            least, most = now[0] + low * step, now[0] + high * step
            said = ""
        if not least < most:
            return "Look at how they were made."
        pale = f"{_TRANSPARENT} Else say" if low >= 255 - FAINT else "Say"
        return f"{said}{pale} {_line(least, most)} in data, so that they use all 256."


def _otherwise(one: Measured, most: float) -> bool:
    """Whether a picture is on another scale than some that go to ``most``."""
    return one.stored is None or one.stored.high > _OTHER_SCALE * most


def _line(low: float, high: float) -> str:
    low, high = rounded(low, high)
    return f"`range: [{low:g}, {high:g}]`"


def _kinds(some: Iterable[Measured]) -> Counter[str]:
    return Counter(one.stored.kind for one in some if one.stored)


def _names(some: Sequence[Measured]) -> str:
    named = ", ".join(shown(one.key) for one in some[:_NAMED])
    more = len(some) - _NAMED
    return f"{named} and {more:,} more" if more > 0 else named


def _colour(one: Measured) -> str:
    if one.measure.high <= _BLANK:
        return "black"
    if one.measure.low >= 255 - _BLANK:
        return "white"
    return "one flat colour"


def _bounds(some: Iterable[Measured]) -> Scale:
    known = [one.stored for one in some if one.stored]
    return min(one.low for one in known), max(one.high for one in known)
