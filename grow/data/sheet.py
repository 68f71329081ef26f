"""Contact sheets: a few pictures with captions, large enough to look at.

This module owns which pictures are shown and how the sheet is laid out; it writes no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from grow.data.manifest import Manifest, Split

_MARGIN = 8
_CAPTION = 22
_FONT_SIZE = 14
_READABLE = 96
_PAPER, _INK = "white", "black"


def choose(manifest: Manifest, split: Split, count: int, seed: int) -> NDArray[np.int64]:
    """Up to ``count`` pictures of ``split``, as even over the classes as there are pictures.

    Chance is a function of (seed, picture). Returns positions in the manifest, ordered by
    class, shape `(chosen,)`.
    """

    def chance(index: int) -> bytes:
        return hashlib.sha256(f"{seed} {manifest.pictures[index].digest}".encode()).digest()

    by_class: list[list[int]] = [[] for _ in manifest.classes]
    for index in manifest.indices(split).tolist():
        by_class[manifest.pictures[index].label].append(index)
    rounds = zip_longest(*(sorted(members, key=chance) for members in by_class))
    dealt = [index for turn in rounds for index in turn if index is not None]
    return np.array(sorted(dealt[:count]), dtype=np.int64)


def contact_sheet(
    images: NDArray[np.uint8],
    captions: Sequence[str],
    columns: int = 8,
    tile: int = _READABLE,
) -> Image.Image:
    """A white RGB sheet with each picture over its caption.

    Args:
        images: uint8 of shape `(n, height, width, channels)`, channels 1 or 3.
        captions: n texts; cut with an ellipsis where too long for the picture.
        columns: pictures a row.
        tile: pixels; smaller pictures are enlarged, by a whole factor, to at least this side.

    Raises:
        ValueError: no pictures, or not one caption each.
    """
    if not len(images) or len(captions) != len(images) or columns < 1:
        raise ValueError(
            f"contact sheet: expected one caption for each picture, at least one of both and "
            f"one column, found {len(images)} pictures, {len(captions)} captions and "
            f"{columns} columns"
        )
    factor = max(1, -(-tile // max(images.shape[1:3])))
    height, width = (factor * side for side in images.shape[1:3])
    # Tall, narrow pictures get cells as wide as a caption needs.
    cell_width, cell_height = max(width, tile) + _MARGIN, height + _CAPTION + _MARGIN
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    size = (columns * cell_width + _MARGIN, rows * cell_height + _MARGIN)
    sheet = Image.new("RGB", size, _PAPER)
    for number, (pixels, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(number, columns)
        corner = (_MARGIN + column * cell_width, _MARGIN + row * cell_height)
        sheet.paste(_enlarged(pixels, width, height), corner)
        _write(sheet, (corner[0], corner[1] + height + 3), caption, cell_width - _MARGIN)
    return sheet


def _enlarged(pixels: NDArray[np.uint8], width: int, height: int) -> Image.Image:
    flat = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    image = Image.fromarray(np.ascontiguousarray(flat)).convert("RGB")
    return image.resize((width, height), Image.Resampling.NEAREST)


def _write(sheet: Image.Image, corner: tuple[int, int], text: str, width: int) -> None:
    font = ImageFont.load_default(_FONT_SIZE)
    brush = ImageDraw.Draw(sheet)
    shown = text = " ".join(text.split())
    while text and brush.textlength(shown, font) > width:
        text = text[:-1]
        shown = text.rstrip() + "…"
    brush.text(corner, shown, fill=_INK, font=font)
