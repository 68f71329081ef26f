"""Which kind of file a file is: by its ending where that is known, else by its first bytes.

This module owns the endings and the first bytes that are known. Listing asks it, so that planning
needs no Pillow; what a file really holds is known when `decode` has read it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from typing import NamedTuple

ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jfif", ".jpe", ".jif"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}
"""The endings of each format that is read, by Pillow's name of it."""

KINDS = "JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, AVIF or HEIC"
"""The same formats as people call them."""

NEEDS_HEIF = "HEIC needs a package: pip install 'grow-trainer[heif]'"
"""Why a HEIC picture is not read."""

_NOT_READ = {
    "camera raw": (
        *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf"),
        *(".pef", ".srw"),
    ),
    "DICOM": (".dcm",),
    "EPS": (".eps",),
    "icon": (".ico", ".icns"),
    "JPEG 2000": (".jp2", ".j2k", ".jpf", ".jpx"),
    "JPEG XL": (".jxl",),
    "OpenEXR": (".exr",),
    "PSD": (".psd", ".psb"),
    "SVG": (".svg", ".svgz"),
    "TGA": (".tga",),
    "video": (
        *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv"),
        ".3gp",
    ),
}
_KIND_OF = {ending: kind for kind, endings in _NOT_READ.items() for ending in endings}
_RAW = frozenset(_NOT_READ["camera raw"])

# What programs and people put behind a name so that the file is not taken for what it was.
_AWAY = frozenset(
    {".bak", ".old", ".orig", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".download"}
)

NO_PICTURE = "not a picture file"
"""How the reason begins why a file is left out that nobody takes for a picture: README.md, say."""

PUT_AWAY = "put away"
_HEAD_BYTES = 512
_STARTS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"8BPS\0", "PSD"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"v/1\x01", "OpenEXR"),
    (b"\x1aE\xdf\xa3", "video"),
)
_BRANDS = (
    ((b"avif", b"avis"), "AVIF"),
    ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIF"),
    ((b"crx ",), "camera raw"),
    ((b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ", b"3gp4", b"3gp5"), "video"),
)
_PPM = re.compile(rb"P[1-6]\s+(#|[0-9])")
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


class NoPicture(NamedTuple):
    """Why a file is not taken for a picture.

    Attributes:
        reason: in words.
        kind: what it is called where it is a picture or a video all the same; else empty.
    """

    reason: str
    kind: str = ""


@cache
def reads_heif() -> bool:
    """Whether the package that reads HEIC is installed; it is not loaded."""
    return find_spec("pillow_heif") is not None


def is_read(ending: str) -> bool:
    """Whether files of an ending, in lower case with its dot, are pictures without a look."""
    return ending in _READ or (ending in ENDINGS["HEIF"] and reads_heif())


_READ = frozenset(e for name, endings in ENDINGS.items() if name != "HEIF" for e in endings)


def no_picture(path: str, ending: str) -> NoPicture | None:
    """Why a file of another ending is no picture; None where its first bytes say that it is one.

    Args:
        path: the file.
        ending: the name's, in lower case with its dot; empty for none.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - thousands of files: no Path objects
            kind = kind_of(file.read(_HEAD_BYTES))
    except OSError as error:
        return NoPicture(f"cannot be read: {error.strerror}")
    if kind == "TIFF" and ending in _RAW:  # most cameras' files begin as TIFF does
        kind = "camera raw"
    if kind in ENDINGS and (ending in _AWAY or ending.endswith("~")):
        kind = f"{PUT_AWAY} ({ending})"
        return NoPicture(f"a picture that was {kind}; rename it to use it", kind)
    if kind == "HEIF" and not reads_heif():
        return NoPicture(NEEDS_HEIF, "HEIC")
    if kind in ENDINGS:
        return None
    kind = kind or _KIND_OF.get(ending, "")
    if not kind:
        return NoPicture(f"{NO_PICTURE} ({ending or 'no extension'})")
    return NoPicture(not_read(kind, ending), kind)


def not_read(kind: str, ending: str = "") -> str:
    """The reason why a picture or video of a ``kind`` is left out."""
    if kind == "video":
        return f"videos are not read ({ending or 'by its content'}); save its frames as pictures"
    named = f"{kind}, {ending}" if ending else kind
    return f"pictures of this kind are not read ({named}); save it as JPEG or PNG"


def kind_of(head: bytes) -> str:
    """Pillow's name of the format, or what the kind is called, by a file's first bytes.

    Empty for what is neither a picture nor a video.
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[4:8] == b"ftyp":
        return _branded(head)
    if head[:4] == b"RIFF":
        return {b"WEBP": "WEBP", b"AVI ": "video"}.get(head[8:12], "")
    # Two letters alone would take texts for pictures.
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if _PPM.match(head):
        return "PPM"
    if head[128:132] == b"DICM":
        return "DICOM"
    return "SVG" if _is_svg(head) else ""


def _branded(head: bytes) -> str:
    """The kind of a file in the ISO base media format, by its brands (ISO/IEC 14496-12)."""
    size = int.from_bytes(head[:4])
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)), 4))]
    # An AVIF may call itself a mif1, which HEIC is too: the more special kind comes first.
    return next((kind for names, kind in _BRANDS if not {*names}.isdisjoint(brands)), "")


def _is_svg(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!")) and b"<svg" in text)
