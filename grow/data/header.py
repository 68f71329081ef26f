"""How large a picture is, from the first bytes of its file, without decoding it.

This module owns that reading.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from grow.data.decode import DAMAGED, MAX_PIXELS, Undecodable, formats, hush, unidentified

_ORIENTATION_TAG, _WIDTH_TAG, _HEIGHT_TAG = 0x0112, 0x0100, 0x0101
_LYING = range(5, 9)  # EXIF orientations that exchange width and height


def upright_size(path: str) -> tuple[int, int]:
    """Height and width of a picture as it is seen. Safe to call from several threads.

    Raises:
        Undecodable: the file cannot be read, or does not begin as a picture does.
    """
    try:
        if not Path(path).stat().st_size:
            raise Undecodable("the file is empty")
        with hush, Image.open(path, formats=formats()) as image:
            width, height = image.size
            lying = image.getexif().get(_ORIENTATION_TAG) in _LYING
            # Of a TIFF, some versions of Pillow tell the size as it is seen, others as stored.
            if isinstance(image, TiffImageFile) and image.size != _stored(image):
                lying = False
    except UnidentifiedImageError as error:
        raise unidentified(_head(path)) from error
    except Image.DecompressionBombError as error:
        raise Undecodable(f"too large: more than {MAX_PIXELS:,} pixels") from error
    except DAMAGED as error:
        raise Undecodable(getattr(error, "strerror", None) or f"damaged: {error}") from error
    if width * height > MAX_PIXELS:
        raise Undecodable(f"too large: {width} x {height} is more than {MAX_PIXELS:,} pixels")
    return (width, height) if lying else (height, width)


def _stored(image: TiffImageFile) -> tuple[object, object]:
    return image.tag_v2.get(_WIDTH_TAG), image.tag_v2.get(_HEIGHT_TAG)


def _head(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(512)
    except OSError:
        return b""
