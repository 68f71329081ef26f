"""What is measured of one picture: its file, its size, and the plainest figures of its pixels.

This module owns which figures there are and how each is computed. It reads no file and
compares no pictures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grow.data.decode import (
    DAMAGED,
    FORMATS,
    Fit,
    Undecodable,
    damage,
    fitted,
    formats,
    hush,
    opened,
)
from grow.data.levels import Measure, measure
from grow.data.manifest import Shape
from grow.data.values import Scale, Stored, stored

Measures = NDArray[np.float32]
Plane = NDArray[np.uint8]

COLUMNS = (
    "pixels",
    "aspect",
    "bytes_per_pixel",
    "format",
    "mode",
    "jpeg_quality",
    "brightness",
    "contrast",
    "red_green",
    "yellow_blue",
    "saturation",
    "sharpness",
    "border_brightness",
    "border_red_green",
    "border_yellow_blue",
    "border_evenness",
)
"""The figures, in the order of a picture's `Facts.measures`; NaN where one does not apply."""

THUMB = 16
"""Rows and columns of the grey picture that look-alikes are found by."""

_LARGEST = 128  # the pixels are measured at this size at most, near to what a network sees
_FAINT = 1.0  # variance of rounding to whole grey levels, and a bit: keeps ratios finite

_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F")

# The example luminance table of ITU-T T.81, table K.1.
_EXAMPLE_TABLE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
_QUALITIES = np.arange(1, 101)
_PERCENT = np.where(_QUALITIES < 50, 5000 // _QUALITIES, 200 - 2 * _QUALITIES)
# How coarse each quality is: the sum of its table.
_COARSENESS = np.clip((_EXAMPLE_TABLE * _PERCENT[:, None, None] + 50) // 100, 1, 255).sum((1, 2))


@dataclass(frozen=True, slots=True)
class Facts:
    """What one picture is.

    Attributes:
        width: columns, upright; 0 when it is unusable.
        height: rows, upright; likewise.
        format: ``JPEG``, ``PNG``, ``GIF``, ``BMP`` or ``WEBP``; empty for pixels of no file.
        mode: how the file holds colours, in Pillow's words: ``RGB``, ``L``, ``CMYK``, ...
        animated: whether the file holds more than the one frame that is used.
        measures: the figures that `COLUMNS` names, float32 of shape `(columns,)`.
        thumb: the picture in grey, reduced, uint8 of shape `(THUMB, THUMB)`.
        content: what it holds once it is prepared, or reduced where no size is known.
        stored: what it holds where that is more than 8 bits, or on a scale that was said.
    """

    width: int
    height: int
    format: str
    mode: str
    animated: bool
    measures: Measures
    thumb: NDArray[np.uint8]
    content: Measure
    stored: Stored | None = None


@dataclass(frozen=True)
class Seen:
    """How pictures are prepared where their facts are wanted.

    Attributes:
        shape: height, width and channels of the prepared copy; None where that is not known.
        fit: how pictures of other proportions become that.
        scale: which stored values become 0 and 255; None: what is usual.
    """

    shape: Shape | None = None
    fit: Fit = "stretch"
    scale: Scale | None = None


def facts_of_file(data: bytes, seen: Seen = Seen()) -> Facts:
    """The facts of a file's bytes. Safe to call from several threads.

    Raises:
        Undecodable: the bytes are no picture, or a damaged or too large one.
    """
    with opened(data, seen.scale) as picture:
        form, mode, animated, quality = _header(data)
        file = (
            len(data) / (picture.width * picture.height),
            float(FORMATS.index(form)) if form in FORMATS else math.nan,
            float(_MODES.index(mode)) if mode in _MODES else float(len(_MODES)),
            quality,
        )
        return _facts(picture, (form, mode, animated), file, seen)


def facts_of_pixels(pixels: NDArray[np.uint8]) -> Facts:
    """The facts of a picture that has no file; ``pixels`` of shape (height, width, 1 or 3)."""
    grey = pixels.shape[2] == 1
    picture = Image.fromarray(pixels[:, :, 0] if grey else pixels)
    return _facts(picture, ("", picture.mode, False), (math.nan,) * 4, Seen())


def jpeg_quality(table: list[int]) -> float:
    """The quality, 1 to 100, whose luminance quantisation table is as coarse as ``table``.

    The inverse of how the Independent JPEG Group's library makes its tables from the example
    in ITU-T T.81 (`jpeg_set_quality` in jcparam.c). For the tables of other programs it is the
    quality of that library with the nearest sum.
    """
    return float(_QUALITIES[np.argmin(np.abs(_COARSENESS - sum(table)))])


def _header(data: bytes) -> tuple[str, str, bool, float]:
    """Format, mode, whether there are more frames, and the JPEG quality or NaN."""
    with hush:
        try:
            with Image.open(BytesIO(data), formats=formats()) as image:
                tables = getattr(image, "quantization", None) or {}
                quality = jpeg_quality(list(tables[min(tables)])) if tables else math.nan
                form, mode = image.format or "", image.mode
                return form, mode, bool(getattr(image, "is_animated", False)), quality
        except DAMAGED as error:  # damaged behind the frame that is used
            raise Undecodable(damage(error)) from error


def _facts(
    picture: Image.Image,
    header: tuple[str, str, bool],
    file: tuple[float, float, float, float],
    seen: Seen,
) -> Facts:
    width, height = picture.size
    small = reduced(picture)
    prepared = np.asarray(small) if seen.shape is None else fitted(picture, seen.shape, seen.fit)
    grey = small.convert("L")
    colours = [np.asarray(channel) for channel in small.convert("RGB").split()]
    figures = (
        math.log(width * height),
        math.log(width / height),
        *file,
        *_pixel_figures(np.asarray(grey), colours),
    )
    # Bilinear: unlike Pillow's box it weighs what lies half inside, so sizes do not matter.
    thumb = grey.resize((THUMB, THUMB), Image.Resampling.BILINEAR)
    measures = np.array(figures, np.float32)
    return Facts(
        *(width, height, *header, measures, np.array(thumb, np.uint8)),
        content=measure(prepared),
        stored=stored(picture),
    )


def reduced(picture: Image.Image) -> Image.Image:
    """The picture within `_LARGEST` pixels each way, as area means; smaller ones as they are."""
    share = _LARGEST / max(picture.size)
    if share >= 1.0:
        return picture
    width, height = (max(1, round(side * share)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BOX)


def _pixel_figures(grey: Plane, colours: Sequence[Plane]) -> tuple[float, ...]:
    """The ten figures from ``brightness`` on; grey, red, green and blue of one shape."""
    red, green, blue = colours
    spread = float(grey.var(dtype=np.float32))
    # Bytes in whole planes throughout: thousands of pictures a second go through here.
    saturation = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    border = _border(grey)
    return (
        float(grey.mean()),
        math.sqrt(spread),
        *_opponents([float(plane.mean()) for plane in colours]),
        float(saturation.mean()),
        _sharpness(grey, spread),
        float(border.mean()),
        *_opponents([float(_border(plane).mean()) for plane in colours]),
        float(border.std()),
    )


def _border(plane: Plane) -> Plane:
    """The outermost pixels, in a row; corners twice."""
    return np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])


def _opponents(colour: Sequence[float]) -> tuple[float, float]:
    """Red against green, and yellow against blue."""
    red, green, blue = colour
    return red - green, (red + green) / 2 - blue


def _sharpness(grey: Plane, spread: float) -> float:
    """Log of the variance of the Laplacian over that of the picture; NaN where it is too small.

    The variance of the Laplacian as a measure of focus: Pech-Pacheco et al., "Diatom
    autofocusing in brightfield microscopy", ICPR 2000. Divided, so that contrast counts apart.
    """
    if min(grey.shape) < 3:
        return math.nan
    wide = grey.astype(np.int16)
    ring = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]
    laplacian = ring - 4 * wide[1:-1, 1:-1]
    return math.log((float(laplacian.var(dtype=np.float32)) + _FAINT) / (spread + _FAINT))
