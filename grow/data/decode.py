"""A file's bytes become pixels of one shape, or a reason why they cannot.

This module owns how pictures of any kind, depth, orientation and size turn into the master's
uint8 pixels, and the words for damaged ones. It reads no file and keeps nothing.
"""

from __future__ import annotations

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from io import BytesIO
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from grow.data.manifest import Shape
from grow.data.room import Room
from grow.data.sources.kinds import KINDS, NEEDS_HEIF, kind_of, not_read, reads_heif
from grow.data.values import (
    Meaningless,
    Scale,
    Stored,
    bytes_to_bytes,
    colours_to_bytes,
    deep_colours,
    deep_layout,
    extremes,
    grey_to_bytes,
    noted,
    stored,
)

Fit = Literal["stretch", "crop"]

MAX_PIXELS = 100_000_000

_DIM = 32  # levels: colours of 16 bits whose high bytes span less are worth reading exactly

# By content, whatever the file is called; no format that starts another program (EPS). A format's
# place is a figure of the giveaway test: new ones go to the end.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF", "HEIF")

# What Pillow and its codecs raise on damaged files; named, so that nothing else is hidden.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    RuntimeError,
    AssertionError,
    struct.error,
    zlib.error,
)

NO_PICTURE = f"not a {KINDS} picture"

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Undecodable(Exception):  # noqa: N818 - a verdict on a file, turned into a value by callers
    """A file that is no usable picture.

    Attributes:
        reason: why, in plain words and one line.
        passing: whether it may be usable another time, though the file stays as it is.
    """

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing


class _Hush:
    """Keeps Pillow's warnings away while any thread is inside.

    `warnings.catch_warnings` changes the whole process, so threads must not nest it freely:
    the first in sets it, the last out restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._caught.__exit__(None, None, None)


hush = _Hush()

_room = Room(MAX_PIXELS)


@cache
def formats() -> tuple[str, ...]:
    """Those of `FORMATS` that can be read here: HEIC needs a package of its own."""
    if reads_heif():
        with suppress(ImportError):  # installed, and its library cannot be loaded
            import pillow_heif  # noqa: PLC0415 - an extra

            pillow_heif.register_heif_opener()
            return FORMATS
    return tuple(name for name in FORMATS if name != "HEIF")


def decode(data: bytes, shape: Shape, fit: Fit, scale: Scale | None = None) -> NDArray[np.uint8]:
    """Decode a file's bytes into pixels of ``shape`` (height, width, channels 1 or 3).

    The picture is opened as `opened` does, then fitted as `fitted` says. Safe to call from
    several threads.

    Raises:
        Undecodable: the bytes are no picture, or a damaged or too large one.
    """
    with hush, opened(data, scale) as picture:
        return fitted(picture, shape, fit)


@contextmanager
def opened(data: bytes, scale: Scale | None = None) -> Iterator[Image.Image]:
    """The first frame, upright, over white where it is transparent; in mode RGB or L.

    ``scale`` says which stored values become 0 and 255; None: 0 and 255 of 8 bits, 0 and 65535
    of 16. `values.stored` tells what was found, of pictures that are deeper or have a scale.

    Safe to call from several threads: large pictures wait for each other, so that all that are
    open at a time have no more than `MAX_PIXELS` pixels, at up to 20 bytes each.

    Raises:
        Undecodable: the bytes are no picture, or a damaged or too large one; or there is not
            the memory for what is done with it.
    """
    if not data:
        raise Undecodable("the file is empty")
    with ExitStack() as stack:
        picture = _explained(data, scale, stack)
        try:
            yield picture
        except MemoryError as error:
            raise _no_memory() from error


def _no_memory() -> Undecodable:
    return Undecodable("too large: not enough memory", passing=True)


def _explained(data: bytes, scale: Scale | None, stack: ExitStack) -> Image.Image:
    """The picture, or why there is none; its room is given back with the stack."""
    with hush:
        try:
            return _opened(data, scale, stack)
        except Image.DecompressionBombError as error:
            raise Undecodable(f"too large: more than {MAX_PIXELS:,} pixels") from error
        except MemoryError as error:
            raise _no_memory() from error
        except Meaningless as error:
            raise Undecodable(str(error)) from error
        except UnidentifiedImageError as error:
            raise unidentified(data) from error
        except DAMAGED as error:
            raise Undecodable(damage(error)) from error


def unidentified(data: bytes) -> Undecodable:
    """Why the bytes of a file, or the first of them, are no picture that is read."""
    kind = kind_of(data)
    if kind == "HEIF":
        return Undecodable(NEEDS_HEIF, passing=True)
    if kind in ("TIFF", "AVIF"):
        return Undecodable(f"a {kind} picture of a kind that is not read; save it as JPEG or PNG")
    return Undecodable(not_read(kind) if kind and kind not in FORMATS else NO_PICTURE)


def damage(error: BaseException) -> str:
    """What one of `DAMAGED` means, in one line that no terminal trips over."""
    words = " ".join(str(error).split())
    spelt = "".join(c if c.isprintable() else repr(c)[1:-1] for c in words)
    return f"damaged: {spelt or f'the decoder gave up ({type(error).__name__})'}"


def fitted(image: Image.Image, shape: Shape, fit: Fit) -> NDArray[np.uint8]:
    """Bring an RGB or L picture to ``shape`` (height, width, channels 1 or 3).

    ``crop`` first cuts the middle out in the shape's proportions. Sides that shrink become
    area means, sides that grow are interpolated bicubically. One channel is the luminance.
    """
    height, width, channels = shape
    image = image.convert("L" if channels == 1 else "RGB")
    if fit == "crop":
        image = _cropped(image, width, height)
    smaller = (min(image.width, width), min(image.height, height))
    if smaller != image.size:
        image = image.resize(smaller, Image.Resampling.BOX)
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.array(image, dtype=np.uint8).reshape(shape)


def _opened(data: bytes, scale: Scale | None, stack: ExitStack) -> Image.Image:
    """The picture upright and opaque, in mode RGB or L."""
    with Image.open(BytesIO(data), formats=formats()) as image:
        if image.width * image.height > MAX_PIXELS:
            size = f"{image.width} x {image.height}"
            raise Undecodable(f"too large: {size} is more than {MAX_PIXELS:,} pixels")
        stack.enter_context(_room.taken(image.width * image.height))
        layout = deep_layout(image)
        image.load()
        turn = _UPRIGHT.get(_orientation(image))
        if image.mode in ("I", "F") or image.mode.startswith("I;16"):
            plain = grey_to_bytes(image, scale)
        elif layout:
            plain = _deep(data, image, layout, scale)
        else:
            plain = opaque(image, scale)
    return plain if turn is None else plain.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """The orientation its EXIF data says; upright when that is damaged, as viewers do."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG)
    except DAMAGED:
        return 1
    return value if isinstance(value, int) else 1


def _deep(data: bytes, image: Image.Image, layout: str, scale: Scale | None) -> Image.Image:
    """A picture of several channels of 16 bits, loaded; without a scale its high bytes."""
    plain = opaque(image)
    low, high, span = extremes(plain)
    if scale is None and span >= _DIM:
        return noted(plain, Stored("16-bit", 256 * low, 256 * high + 255, 256 * span))
    with Image.open(BytesIO(data), formats=FORMATS) as again:
        values = deep_colours(image, again, layout)
    exact = colours_to_bytes(values, scale or (0, 65535), image.info.get("transparency"))
    found = stored(exact)
    return exact if scale is not None or found is None else noted(plain, found)


def opaque(image: Image.Image, scale: Scale | None = None) -> Image.Image:
    """A picture of eight bits in mode RGB or L, laid over white where it is transparent."""
    if image.has_transparency_data:
        colours = image.convert("RGBA")
        found = None
        if scale is not None:
            colours = bytes_to_bytes(colours, scale)
            found = stored(colours)
        white = Image.new("RGBA", colours.size, "white")
        laid = Image.alpha_composite(white, colours).convert("RGB")
        return laid if found is None else noted(laid, found)
    plain = image.convert("L" if image.mode in ("1", "L") else "RGB")
    return plain if scale is None else bytes_to_bytes(plain, scale)


def _cropped(image: Image.Image, width: int, height: int) -> Image.Image:
    """The largest middle part in the proportions width : height."""
    across = min(image.width, max(1, round(image.height * width / height)))
    down = min(image.height, max(1, round(image.width * height / width)))
    left, top = (image.width - across) // 2, (image.height - down) // 2
    return image.crop((left, top, left + across, top + down))
