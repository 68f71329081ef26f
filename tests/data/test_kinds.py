"""Which files are pictures: by known endings without a look, else by their first bytes."""

from __future__ import annotations

import builtins
import hashlib
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grow.config.schema import FolderData
from grow.data import decode
from grow.data.cache.index import Index, Record, current, entry, stamps
from grow.data.header import upright_size
from grow.data.prepare import prepare
from grow.data.sources import kinds
from grow.data.sources.folder import list_folder
from grow.data.sources.kinds import kind_of, no_picture, reads_heif
from grow.data.sources.outline import list_pictures
from grow.data.sources.walk import walk

BASE = Path("/")
SHAPE = (8, 12, 3)
FORMATS = ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF", "HEIF"]
NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (8, 12, 3), np.uint8))


def saved(form: str, picture: Image.Image = NOISE, **options: object) -> bytes:
    decode.formats()  # which has Pillow know HEIC
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def data(root: Path) -> FolderData:
    return FolderData(source="folder", path=str(root))


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def classes(root: Path, ending: str, *contents: bytes) -> Path:
    for name in ("box", "disc"):
        for number, content in enumerate(contents):
            write(root / name / f"{number}{ending}", content)
    return root


@pytest.fixture
def without_heif(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kinds, "find_spec", lambda _: None)
    reads_heif.cache_clear()
    decode.formats.cache_clear()
    yield
    monkeypatch.undo()
    reads_heif.cache_clear()
    decode.formats.cache_clear()


# By the first bytes ------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("ending", ["", ".txt", ".x", ".1", ".jpg_large", ".mp4"])
def test_pictures_of_any_ending_are_found_and_read(tmp_path: Path, form: str, ending: str) -> None:
    assert kind_of(saved(form)) == form
    prepared = prepare(
        data(classes(tmp_path / "in", ending, saved(form), saved(form, NOISE.rotate(180)))),
        BASE,
        SHAPE,
        tmp_path / "cache",
    )
    assert len(prepared.manifest.pictures) == 4
    assert prepared.manifest.unusable == prepared.manifest.remarks == ()


@pytest.mark.parametrize("form", FORMATS)
def test_all_endings_of_a_format_are_known_without_a_look(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ending in kinds.ENDINGS[form]:
        write(tmp_path / f"small{ending}", saved(form))
        write(tmp_path / f"LARGE{ending.upper()}", saved(form))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr(builtins, "open", refuse)
    found = walk(str(tmp_path), "")
    assert len(found.pictures) == 2 * len(kinds.ENDINGS[form])
    assert found.unusable == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"P",
        b"BM",
        b"BMW is a maker of cars, and its cars are not bitmaps",
        b"P5 is a level of priority",
        b"II",
        b"GIF is said with a hard g",
        b"RIFF....WAVEfmt ",
        b"<?xml version='1.0'?><annotation><object>cat</object></annotation>",
        b"\0\0\0\x18ftypM4A \0\0\0\0",
        b"\x80\x04\x95pickle",
        b"PK\x03\x04",
        b'{"label": 1}',
        b"path,label\n",
    ],
)
def test_what_only_begins_like_a_picture_is_none(tmp_path: Path, content: bytes) -> None:
    for ending in ("", ".txt", ".json", ".xml"):
        why = no_picture(str(write(tmp_path / f"file{ending}", content)), ending)
        assert why == (f"not a picture file ({ending or 'no extension'})", "")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("a", b"<?xml version='1.0'?>\n<svg/>", "SVG"),
        ("a.psd", b"8BPS\0\1", "PSD"),
        ("a", b"8BPS\0\1", "PSD"),
        ("a.mp4", b"\0\0\0\x18ftypisom\0\0\0\0", "video"),
        ("a", b"\0\0\0\x14ftypqt  \0\0\0\0", "video"),
        ("a", b"\x1aE\xdf\xa3", "video"),
        ("a.avi", b"RIFF\0\0\0\0AVI LIST", "video"),
        ("a.nef", b"MM\0*", "camera raw"),
        ("a.DNG", b"II*\0", "camera raw"),
        ("a.cr3", b"\0\0\0\x18ftypcrx \0\0\0\0", "camera raw"),
        ("a.jxl", b"\xff\x0a", "JPEG XL"),
        ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        ("a.ico", b"\0\0\1\0", "icon"),
        ("a", bytes(128) + b"DICM", "DICOM"),
        ("a.jpg.bak", b"\xff\xd8\xff", "put away (.bak)"),
        ("a.png~", b"\x89PNG\r\n\x1a\n", "put away (.png~)"),
    ],
)
def test_pictures_that_are_not_read_have_a_kind(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    write(tmp_path / name, content)
    (found,) = walk(str(tmp_path), "").unusable
    assert found.kind == kind


def test_a_file_that_cannot_be_opened_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a", b"\xff\xd8\xff")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(builtins, "open", refuse)
    (found,) = walk(str(tmp_path), "").unusable
    assert found.reason == "cannot be read: Permission denied"


def test_hidden_files_stay_hidden_whatever_they_hold(tmp_path: Path) -> None:
    for name in (".picture", "._1.jpg", ".DS_Store", "Thumbs.db", "desktop.ini"):
        write(tmp_path / name, saved("PNG"))
    found = walk(str(tmp_path), "")
    assert found.pictures == found.unusable == []


# What is left out --------------------------------------------------------------------------


@pytest.mark.parametrize(("videos", "remarked"), [(1, False), (2, True), (40, True)])
def test_kinds_that_are_not_read_are_a_remark_from_one_percent_on(
    tmp_path: Path, videos: int, remarked: bool
) -> None:
    classes(tmp_path, ".png", *[b""] * 75)
    for number in range(videos):
        write(tmp_path / "box" / f"{number}.mp4", b"")
    remarks = list_folder(data(tmp_path), BASE).remarks
    assert [remark.code for remark in remarks] == ["unread-pictures"] * remarked
    if remarked:
        assert f"{videos} of {150 + videos} pictures" in remarks[0].words
        assert f"({videos} video)" in remarks[0].words
        assert len(remarks[0].keys) == videos


def test_documents_are_no_remark_however_many(tmp_path: Path) -> None:
    classes(tmp_path, ".png", saved("PNG"))
    classes(tmp_path, ".txt", *[b"0 0.1 0.2"] * 9)
    write(tmp_path / "logo.svg", b"<svg/>")
    assert list_folder(data(tmp_path), BASE).remarks == ()


# HEIC --------------------------------------------------------------------------------------


def test_heic_without_its_package(tmp_path: Path, without_heif: None) -> None:
    classes(tmp_path, ".png", saved("PNG"))
    write(tmp_path / "box" / "photo.HEIC", _HEIC)
    write(tmp_path / "box" / "bare", _HEIC)
    write(tmp_path / "box" / "wrong.heic", saved("JPEG"))
    listing = list_pictures(data(tmp_path), BASE)
    assert [c.key for c in listing.candidates] == ["box/0.png", "box/wrong.heic", "disc/0.png"]
    (remark,) = listing.remarks
    assert "(2 HEIC)" in remark.words
    assert "pip install 'grow-trainer[heif]'" in remark.advice
    assert {one.reason for one in listing.unusable} == {
        "HEIC needs a package: pip install 'grow-trainer[heif]'"
    }


def test_heic_called_otherwise_is_read_once_its_package_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = classes(tmp_path / "in", ".png", saved("PNG"), saved("PNG", NOISE.rotate(180)))
    write(root / "box" / "photo.jpg", _HEIC)
    with monkeypatch.context() as patched:
        patched.setattr(kinds, "find_spec", lambda _: None)
        reads_heif.cache_clear()
        decode.formats.cache_clear()
        before = prepare(data(root), BASE, SHAPE, tmp_path / "cache")
    reads_heif.cache_clear()
    decode.formats.cache_clear()
    assert "grow-trainer[heif]" in before.manifest.unusable[0].reason
    after = prepare(data(root), BASE, SHAPE, tmp_path / "cache")
    assert after.manifest.unusable == ()
    assert after.decoded == 1


_HEIC = saved("HEIF")


# Decoded as other formats are ---------------------------------------------------------------


def decoded(content: bytes) -> np.ndarray:
    return decode.decode(content, SHAPE, "stretch")


@pytest.mark.parametrize("form", ["TIFF", "PPM"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
def test_lossless_pictures_come_back(form: str, mode: str) -> None:
    picture = NOISE.convert(mode)
    np.testing.assert_array_equal(decoded(saved(form, picture)), np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("form", ["AVIF", "HEIF"])
def test_lossy_pictures_come_close(form: str) -> None:
    picture = Image.linear_gradient("L").resize((12, 8)).convert("RGB")
    np.testing.assert_allclose(decoded(saved(form, picture)), np.asarray(picture), atol=12)


def test_the_first_page_of_a_tiff_is_taken() -> None:
    pages = saved("TIFF", save_all=True, append_images=[NOISE.rotate(180)])
    np.testing.assert_array_equal(decoded(pages), np.asarray(NOISE))


def test_sixteen_bits_and_cmyk_in_a_tiff() -> None:
    deep = Image.fromarray(np.full((8, 12), 65535 // 2, np.uint16))
    assert set(decoded(saved("TIFF", deep)).ravel()) == {127}
    red = Image.new("CMYK", (12, 8), (0, 255, 255, 0))
    np.testing.assert_array_equal(decoded(saved("TIFF", red))[0, 0], [255, 0, 0])


@pytest.mark.parametrize("form", ["JPEG", "TIFF", "AVIF", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_upright_and_so_is_its_size(
    tmp_path: Path, form: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    more = {"tiffinfo": {0x0112: orientation}} if form == "TIFF" else {}
    plain = Image.new("RGB", (48, 32), "black")
    plain.paste("white", (0, 0, 24, 16))
    content = saved(form, plain, exif=exif, **more)
    expected = (48, 32) if orientation < 5 else (32, 48)
    with decode.opened(content) as picture:
        assert picture.size == expected
        corner = np.asarray(picture.convert("L")) > 127
    assert upright_size(str(write(tmp_path / "a", content))) == expected[::-1]
    place = {1: (4, 4), 2: (4, -4), 3: (-4, -4), 4: (-4, 4), 5: (4, 4), 6: (4, -4), 7: (-4, -4)}
    assert corner[place.get(orientation, (-4, 4))]
    assert corner.mean() == pytest.approx(0.25, abs=0.02)


# Caches of before ---------------------------------------------------------------------------


def test_what_an_older_cache_says_of_a_file_that_is_read_now_is_forgotten(tmp_path: Path) -> None:
    root = classes(tmp_path, ".jpg", saved("JPEG"))
    write(root / "box" / "1.jpg", saved("TIFF"))
    write(root / "box" / "2.jpg", b"no picture")
    listing = list_pictures(data(root), BASE)
    rows = iter(range(9))
    records = {}
    for candidate, (size, time) in zip(listing.candidates, stamps(listing), strict=True):
        bad = candidate.key in ("box/1.jpg", "box/2.jpg")
        reason = "not a JPEG, PNG, GIF, BMP or WebP picture" if bad else ""
        row = -1 if bad else next(rows)
        digest = f"{len(records):064}"
        records[candidate.key] = Record(candidate.key, size, time, digest, reason, row)
    assert current(listing, stamps(listing), Index("x", 1, records)) is None
    (root / "box" / "1.jpg").unlink()
    listing = list_pictures(data(root), BASE)
    del records["box/1.jpg"]
    assert current(listing, stamps(listing), Index("x", 1, records)) is not None


def test_a_cache_entry_keeps_its_name_unless_classes_are_chosen(tmp_path: Path) -> None:
    root = classes(tmp_path, ".png", b"")
    listing = list_folder(data(root), BASE)
    settings = {"fit": "stretch", "source": "folder", "validation": None}
    identity = json.dumps([1, listing.place, settings, list(SHAPE)], sort_keys=True)
    expected = hashlib.sha256(identity.encode()).hexdigest()[:16]
    assert entry(BASE, data(root), listing, SHAPE).name == expected
    chosen = FolderData(source="folder", path=str(root), classes=("box", "disc"))
    assert entry(BASE, chosen, listing, SHAPE).name != expected
