import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from grow.data import decode as module
from grow.data.decode import Undecodable, decode, fitted

NOISE = np.random.default_rng(1).integers(0, 256, (8, 12, 3), np.uint8)
SHAPE = (8, 12, 3)


def _saved(image, form="PNG", **options):
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _noise(form="PNG", **options):
    return _saved(Image.fromarray(NOISE), form, **options)


# Kinds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "BMP"])
def test_lossless_pictures_come_back(form):
    np.testing.assert_array_equal(decode(_noise(form), SHAPE, "stretch"), NOISE)


def test_lossless_webp_comes_back():
    data = _noise("WEBP", lossless=True)
    np.testing.assert_array_equal(decode(data, SHAPE, "stretch"), NOISE)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_lossy_pictures_come_close(form, mode):
    image = Image.linear_gradient("L").resize((12, 8)).convert(mode)
    found = decode(_saved(image, form), SHAPE, "stretch")
    np.testing.assert_allclose(found, np.asarray(image.convert("RGB")), atol=12)


def test_palette_bilevel_and_cmyk():
    for mode in ("P", "1"):
        image = Image.fromarray(NOISE).convert(mode)
        expected = np.asarray(image.convert("RGB"))
        np.testing.assert_array_equal(decode(_saved(image), SHAPE, "stretch"), expected)
    red = Image.new("CMYK", (12, 8), (0, 255, 255, 0))
    found = decode(_saved(red, "JPEG", quality=95), SHAPE, "stretch")
    np.testing.assert_allclose(found, np.broadcast_to([255, 0, 0], SHAPE), atol=6)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pictures_lie_on_white(mode):
    pixels = np.zeros((8, 12, len(mode)), np.uint8)
    pixels[:, 4:8, -1] = 128
    pixels[:, 8:, -1] = 255
    found = decode(_saved(Image.fromarray(pixels, mode=None)), SHAPE, "stretch")
    assert (found[:, :4] == 255).all()
    np.testing.assert_allclose(found[:, 4:8], 127, atol=1)
    assert (found[:, 8:] == 0).all()


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 128])])
def test_palettes_with_transparency(transparency):
    image = Image.new("P", (12, 8), 1)
    image.putpalette([0, 0, 0, 0, 0, 0, 9, 9, 9])
    data = _saved(image, transparency=transparency)
    assert (decode(data, SHAPE, "stretch") == 255).all()


def test_sixteen_bits_are_scaled():
    values = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    data = _saved(Image.fromarray(values))
    assert Image.open(BytesIO(data)).mode == "I;16"
    found = decode(data, (1, 6, 1), "stretch")
    assert found.ravel().tolist() == [0, 0, 1, 1, 128, 255]
    assert decode(data, (1, 6, 3), "stretch")[0, 4].tolist() == [128] * 3


def test_sixteen_bits_with_a_transparent_value():
    values = np.array([[0, 500, 65535]], np.uint16)
    data = _saved(Image.fromarray(values))
    chunk = b"tRNS" + struct.pack(">H", 500)
    chunk = struct.pack(">I", 2) + chunk + struct.pack(">I", zlib.crc32(chunk))
    at = data.index(b"IDAT") - 4
    found = decode(data[:at] + chunk + data[at:], (1, 3, 1), "stretch")
    assert found.ravel().tolist() == [0, 255, 255]


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_the_first_frame_of_an_animation(form):
    frames = [Image.new("RGB", (12, 8), colour) for colour in ("red", "blue", "lime")]
    data = _saved(frames[0], form, save_all=True, append_images=frames[1:], duration=50)
    np.testing.assert_allclose(decode(data, (1, 1, 3), "stretch").ravel(), [255, 0, 0], atol=2)


def test_grey_is_luminance():
    data = _saved(Image.new("RGB", (3, 3), (255, 0, 0)))
    assert decode(data, (2, 2, 1), "stretch").ravel().tolist() == [76] * 4


# Orientation and size --------------------------------------------------------------------

STORED = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
UPRIGHT = {
    1: STORED,
    2: STORED[:, ::-1],
    3: STORED[::-1, ::-1],
    4: STORED[::-1],
    5: STORED.T,
    6: np.rot90(STORED, -1),
    7: np.rot90(STORED, 2).T,
    8: np.rot90(STORED, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_pictures_are_turned_upright(orientation, form):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if form == "WEBP" else {}
    data = _saved(Image.fromarray(STORED), form, exif=exif, **options)
    upright = UPRIGHT[orientation]
    found = decode(data, (*upright.shape, 1), "stretch")[..., 0]
    np.testing.assert_allclose(found, upright, atol=1)  # WebP stores grey as colour


@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_damaged_orientation_is_upright(exif):
    found = decode(_noise("JPEG", exif=exif, quality=95), SHAPE, "stretch")
    np.testing.assert_array_equal(found, decode(_noise("JPEG", quality=95), SHAPE, "stretch"))


def test_shrinking_is_the_area_mean():
    found = decode(_noise(), (4, 4, 3), "stretch")
    means = NOISE.reshape(4, 2, 4, 3, 3).mean((1, 3))
    np.testing.assert_allclose(found, means, atol=1)


def test_sides_shrink_and_grow_each_in_its_way():
    image = Image.fromarray(np.repeat(np.array([[10, 20, 30, 40]], np.uint8), 2, 0))
    found = fitted(image, (6, 2, 1), "stretch")[..., 0]
    np.testing.assert_array_equal(found, np.tile([15, 35], (6, 1)))


def test_one_pixel_fills_all():
    data = _saved(Image.new("RGB", (1, 1), (1, 2, 3)))
    found = decode(data, (5, 7, 3), "crop")
    np.testing.assert_array_equal(found, np.broadcast_to([1, 2, 3], (5, 7, 3)))


def test_crop_takes_the_middle():
    wide = np.zeros((4, 12, 3), np.uint8)
    wide[:, 4:8] = 255
    for pixels in (wide, wide.transpose(1, 0, 2)):
        data = _saved(Image.fromarray(np.ascontiguousarray(pixels)))
        assert (decode(data, (4, 4, 3), "crop") == 255).all()
        assert not (decode(data, (4, 4, 3), "stretch") == 255).all()


@given(st.tuples(*[st.integers(1, 40)] * 4), st.sampled_from(["stretch", "crop"]))
def test_any_size_becomes_any_shape(sizes, fit):
    width, height, to_height, to_width = sizes
    image = Image.new("RGB", (width, height), (9, 99, 199))
    found = fitted(image, (to_height, to_width, 3), fit)
    np.testing.assert_array_equal(found, np.broadcast_to([9, 99, 199], found.shape))


# Damage ----------------------------------------------------------------------------------


def _reason(data):
    with pytest.raises(Undecodable) as caught:
        decode(data, SHAPE, "stretch")
    return caught.value.reason


def _header(width, height):
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body
    return head + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IEND\xaeB`\x82"


def test_an_empty_file():
    assert _reason(b"") == "the file is empty"


def test_what_is_no_picture():
    assert _reason(b"Dear diary, today") == (
        "not a JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, AVIF or HEIC picture"
    )


def test_other_formats_are_not_opened_whatever_the_name():
    assert _reason(_noise("EPS")).startswith("not a JPEG")
    assert _reason(_noise("ICO")).startswith("not a JPEG")
    said = "pictures of this kind are not read (JPEG 2000); save it as JPEG or PNG"
    assert _reason(_noise("JPEG2000")) == said
    assert _reason(b"II*\0" + bytes(99)).startswith("a TIFF picture of a kind that is not read")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "WEBP"])
def test_truncated_files(form):
    image = Image.effect_noise((200, 200), 80).convert("RGB")
    data = _saved(image, form)
    assert _reason(data[: len(data) // 2])


def test_truncated_jpeg_in_words():
    assert _reason(_noise("JPEG")[:-40]).startswith("damaged: ")


@pytest.mark.parametrize("size", [(10_001, 10_000), (60_000, 60_000)])
def test_bombs_are_refused_by_their_header(size):
    assert "more than 100,000,000 pixels" in _reason(_header(*size))


def test_not_enough_memory(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(module, "_opened", full)
    assert _reason(b"x") == "too large: not enough memory"


def test_a_palette_picture_without_a_palette():
    body = zlib.compress(b"".join(b"\0" + bytes(8) for _ in range(8)))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 3, 0, 0, 0)),
        (b"IDAT", body),
        (b"IEND", b""),
    ]
    png = b"\x89PNG\r\n\x1a\n"
    for name, data in parts:
        crc = zlib.crc32(name + data)
        png += struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)
    assert _reason(png) == "damaged: the decoder gave up (AssertionError)"


def test_a_reason_is_one_line_that_no_terminal_trips_over():
    assert module.damage(ValueError("a\nb\x1b[31m")) == "damaged: a b\\x1b[31m"


def test_our_own_mistakes_are_not_called_damage():
    with pytest.raises(ZeroDivisionError):
        decode(_noise(), (0, 12, 3), "crop")


FORMS = {form: _noise(form) for form in ("JPEG", "PNG", "GIF", "BMP", "WEBP")}


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    form=st.sampled_from(sorted(FORMS)),
    hits=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_any_damage_is_a_picture_or_a_reason(form, hits):
    data = bytearray(FORMS[form])
    for place, value in hits:
        data[int(place * len(data))] = value
    try:
        found = decode(bytes(data), SHAPE, "stretch")
    except Undecodable as undecodable:
        found = undecodable
    assert found.reason if isinstance(found, Undecodable) else found.shape == SHAPE
