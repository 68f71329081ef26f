"""What the values of a stored picture mean: their depth, their bounds, and how they become bytes.

Pictures of 8 bits are bytes already. All others are brought to bytes by two numbers, which value
becomes 0 and which 255: those of ``data.range``, or what is usual for the depth.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

Scale = tuple[float, float]
"""The stored values that become 0 and 255; what is between is in proportion, the rest cut off."""

SIXTEEN = 65535
"""The greatest value of 16 bits: white, unless ``data.range`` says otherwise."""

_AT_ONCE = 1 << 20  # values that are floating-point numbers at one time

_STORED = "grow: stored values"  # among the notes that Pillow keeps with a picture

# A picture of 16 bits and three or four channels: Pillow reads the high byte of each value. Told
# the other order of bytes it reads the low one.
_OTHER_BYTES = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


class Stored(NamedTuple):
    """What a picture holds as it is stored, before anything becomes a byte.

    Attributes:
        kind: ``8-bit``, ``16-bit``, ``32-bit`` or ``floating-point``.
        low: the smallest value of any channel but transparency.
        high: the greatest.
        span: how far the values of one channel lie apart at most; 0 for one flat colour.
    """

    kind: str
    low: float
    high: float
    span: float


class Meaningless(Exception):  # noqa: N818 - a verdict on a picture, turned into a value by callers
    """Values that cannot become bytes; the message says why."""


def rounded(low: float, high: float) -> Scale:
    """The bounds as somebody would write them: from 0 where that is nearly so, few digits."""
    if 0 <= low <= 0.1 * high:
        low = 0.0
    if high <= low:
        return low, low + 1
    digits = 3 - math.floor(math.log10(high - low))
    return round(low, max(digits, 0)), round(high, max(digits, 0))


def stored(picture: Image.Image) -> Stored | None:
    """What `noted` noted; None for a picture of 8 bits that was taken as it is."""
    found: Stored | None = picture.info.get(_STORED)
    return found


def noted(picture: Image.Image, values: Stored) -> Image.Image:
    """The picture, with what it holds as it is stored."""
    picture.info[_STORED] = values
    return picture


def to_bytes(values: NDArray[Any], scale: Scale) -> NDArray[np.uint8]:
    """Values of any shape as bytes of that shape: the scale's two become 0 and 255."""
    low, high = scale
    made = np.empty(values.shape, np.uint8)
    for part, into in zip(_parts(values), _parts(made), strict=True):
        wide = (part.astype(np.float64) - low) * 255 / (high - low)
        into[...] = np.rint(np.clip(wide, 0, 255, out=wide))
    return made


def grey_to_bytes(image: Image.Image, scale: Scale | None) -> Image.Image:
    """A loaded picture of one channel that is deeper than 8 bits, in mode L.

    Raises:
        Meaningless: it has values that are no numbers, or none that a scale is usual for.
    """
    values = np.asarray(image)
    found = _stored(image.mode, values)
    usual = found.kind != "floating-point" and 0 <= found.low <= found.high <= SIXTEEN
    if scale is None and not usual:
        low, high = (0, 1) if 0 <= found.low <= found.high <= 1 else (found.low, found.high)
        raise Meaningless(
            f"{found.kind} values from {found.low:g} to {found.high:g}: say which are black and "
            f"white, as in `range: [{low:g}, {high:g}]` in data"
        )
    grey = _sixteen_to_bytes(values) if scale is None else to_bytes(values, scale)
    see_through = image.info.get("transparency")
    if isinstance(see_through, int):
        grey[values == see_through] = 255
    return noted(Image.fromarray(grey), found)


def deep_layout(image: ImageFile.ImageFile) -> str:
    """How a picture of several channels of 16 bits is laid out, before it is loaded; else empty.

    ``RGB;16B``, ``RGBA;16B``, ``LA;16B`` and their like, as Pillow names them.
    """
    args = image.tile[0].args if image.tile else ""
    layout = args[0] if isinstance(args, tuple) and args else args
    return layout if isinstance(layout, str) and layout.partition(";16")[1] else ""


def deep_colours(high: Image.Image, again: ImageFile.ImageFile, layout: str) -> NDArray[np.uint16]:
    """All 16 bits of a picture of which Pillow gives 8: shape (height, width, channels).

    Args:
        high: the picture, loaded: the high bytes.
        again: the same one, opened once more and not loaded yet.
        layout: as `deep_layout` says.
    """
    channels, _, order = layout.partition(";16")
    # Grey and transparency: as many bytes as 8 bits of four channels have, so all are read.
    other = "RGBA" if channels == "LA" else f"{channels};16{_OTHER_BYTES[order]}"
    again.tile = [_laid_out(tile, other) for tile in again.tile]
    again.load()
    read = np.asarray(again).astype(np.uint16)
    if channels == "LA":
        return read[:, :, 0::2] * 256 + read[:, :, 1::2]
    return np.asarray(high).astype(np.uint16) * 256 + read


def colours_to_bytes(
    values: NDArray[np.uint16], scale: Scale, see_through: object = None
) -> Image.Image:
    """All 16 bits of a picture in mode RGB or L, laid over white where it is transparent.

    Args:
        values: shape (height, width, channels): grey or colour, then transparency or not.
        scale: what becomes 0 and 255.
        see_through: the colour that stands for transparency, where there is one.
    """
    count = values.shape[2]
    shown = values[:, :, : count - (count in (2, 4))]
    made = to_bytes(shown, scale)
    if isinstance(see_through, tuple) and len(see_through) == shown.shape[2]:
        made[(shown == np.array(see_through)).all(axis=2)] = 255
    picture = Image.fromarray(made if made.shape[2] == 3 else made[:, :, 0])
    if count in (2, 4):
        opaque = Image.fromarray((values[:, :, -1] >> 8).astype(np.uint8))
        white = Image.new(picture.mode, picture.size, "white")
        white.paste(picture, mask=opaque)
        picture = white
    return noted(picture, _stored("I;16", shown))


def bytes_to_bytes(image: Image.Image, scale: Scale) -> Image.Image:
    """A picture of 8 bits in mode L, RGB or RGBA with its colours on another scale."""
    table = to_bytes(np.arange(256), scale).tolist()
    unchanged = list(range(256))  # for transparency
    bands = {"L": table, "RGB": table * 3, "RGBA": table * 3 + unchanged}
    made = image.point(bands[image.mode])
    return noted(made, Stored("8-bit", *extremes(image)))


def extremes(image: Image.Image) -> tuple[float, float, float]:
    """Of 8 bits: the smallest and the greatest value but transparency, and a channel's span."""
    return _extremes(np.asarray(image))


def _extremes(values: NDArray[Any]) -> tuple[float, float, float]:
    """As `extremes`, of shape (height, width) or (height, width, channels)."""
    channels = values[:, :, :3] if values.ndim == 3 else values[:, :, np.newaxis]
    low, high = channels.min(axis=(0, 1)), channels.max(axis=(0, 1))
    span = (high.astype(np.float64) - low).max()
    return float(low.min()), float(high.max()), float(span)


def _stored(mode: str, values: NDArray[Any]) -> Stored:
    kind = "floating-point" if mode == "F" else "32-bit" if mode == "I" else "16-bit"
    low, high, span = _extremes(values)
    if not np.isfinite([low, high]).all():
        raise Meaningless("holds values that are no numbers")
    if kind == "32-bit" and 0 <= low <= high <= SIXTEEN:
        kind = "16-bit"  # Pillow has no better mode for some files of 16 bits
    return Stored(kind, low, high, span)


def _sixteen_to_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """0 stays 0, 65535 becomes 255, rounded between."""
    wide = values.astype(np.uint32)
    return ((wide * 255 + SIXTEEN // 2) // SIXTEEN).astype(np.uint8)


def _laid_out(tile: Any, layout: str) -> Any:
    args = tile.args
    return tile._replace(args=(layout, *args[1:]) if isinstance(args, tuple) else layout)


def _parts(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The values in parts of bounded size, in order; views of them."""
    rows = max(1, _AT_ONCE // max(1, values[:1].size)) if values.ndim else 1
    for start in range(0, len(values), rows):
        yield values[start : start + rows]
