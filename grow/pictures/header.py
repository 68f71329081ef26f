"""How large a picture is, from the first bytes of its file, without decoding it.

This module owns that reading. Imports the standard library, Pillow and its neighbour `decode`
only.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from grow.pictures.decode import DAMAGED, FORMATS, MAX_PIXELS, Undecodable, hush

_ORIENTATION_TAG = 0x0112
_LYING = range(5, 9)  # EXIF orientations that exchange width and height


def upright_size(path: str) -> tuple[int, int]:
    """Height and width of a picture as it is seen. Safe to call from several threads.

    Raises:
        Undecodable: the file cannot be read, or does not begin as a picture does.
    """
    try:
        if not Path(path).stat().st_size:
            raise Undecodable("the file is empty")
        with hush, Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            lying = image.getexif().get(_ORIENTATION_TAG) in _LYING
    except UnidentifiedImageError as error:
        raise Undecodable("not a JPEG, PNG, GIF, BMP or WebP picture") from error
    except Image.DecompressionBombError as error:
        raise Undecodable(f"too large: more than {MAX_PIXELS:,} pixels") from error
    except DAMAGED as error:
        raise Undecodable(getattr(error, "strerror", None) or f"damaged: {error}") from error
    if width * height > MAX_PIXELS:
        raise Undecodable(f"too large: {width} x {height} is more than {MAX_PIXELS:,} pixels")
    return (width, height) if lying else (height, width)
