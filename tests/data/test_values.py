"""Stored values of any depth become bytes: by what is usual, or by the range that was said."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from grow.data.decode import Undecodable, decode, opaque, opened
from grow.data.values import (
    Meaningless,
    Stored,
    colours_to_bytes,
    grey_to_bytes,
    rounded,
    stored,
    to_bytes,
)

RAMP = np.arange(0, 480, 8, dtype=np.uint16).reshape(6, 10)


def png16(values):
    """A PNG of 16 bits, which Pillow cannot write in colour; shape (height, width, channels)."""
    height, width, channels = values.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in values.astype(">u2"))
    made = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        made += (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )
    return made


def png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def expected(values, low, high):
    return np.rint(np.clip((values.astype(float) - low) * 255 / (high - low), 0, 255))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_the_range_goes_from_black_to_white_and_the_rest_is_cut_off(kind):
    values = np.array([[0, 10, 50, 90, 100]], kind)
    np.testing.assert_array_equal(to_bytes(values, (10, 90)), [[0, 0, 128, 255, 255]])
    np.testing.assert_array_equal(to_bytes(values, (0, 255)), values)


def test_large_arrays_are_brought_to_bytes_in_parts():
    values = np.random.default_rng(0).random((3000, 1000), np.float32)
    np.testing.assert_array_equal(to_bytes(values, (0, 1)), np.rint(values.astype(float) * 255))


def test_sixteen_bits_without_a_range_are_as_they_always_were():
    pixels = decode(png(Image.fromarray(RAMP * 100)), (6, 10, 1), "stretch")
    wide = RAMP.astype(np.uint32) * 100
    np.testing.assert_array_equal(pixels[:, :, 0], (wide * 255 + 32767) // 65535)


def test_a_range_spreads_narrow_pictures_of_sixteen_bits():
    data = png(Image.fromarray(RAMP))
    assert decode(data, (6, 10, 1), "stretch").max() == 2
    pixels = decode(data, (6, 10, 1), "stretch", (0, 472))
    np.testing.assert_array_equal(pixels[:, :, 0], expected(RAMP, 0, 472))


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colours_of_sixteen_bits_keep_all_their_bits(channels):
    values = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1], RAMP][:channels], -1)
    opaque_too = channels in (2, 4)
    if opaque_too:
        values[:, :, -1] = 65535
    colours = values[:, :, : channels - opaque_too]
    with opened(png16(values), (0, 472)) as picture:
        made = np.asarray(picture).reshape(colours.shape)
        np.testing.assert_array_equal(made, expected(colours, 0, 472))
        assert stored(picture) == Stored("16-bit", 0, 472, 472)
    with opened(png16(values)) as picture:  # without one the same as before, but it is known
        high = np.asarray(picture).reshape(6, 10, -1)[:, :, : colours.shape[2]]
        np.testing.assert_array_equal(high, (colours >> 8))
        assert stored(picture) == Stored("16-bit", 0, 472, 472)


def test_what_is_transparent_is_white_at_any_depth_and_range():
    values = np.zeros((2, 2, 4), np.uint16)
    values[0, :, 3] = 65535
    with opened(png16(values), (0, 100)) as picture:
        np.testing.assert_array_equal(np.asarray(picture)[:, :, 0], [[0, 0], [255, 255]])
    clear = Image.new("RGBA", (2, 2), (5, 5, 5, 0))
    assert np.asarray(opaque(clear, (0, 10))).min() == 255
    keyed = colours_to_bytes(values[:, :, :3], (0, 100), (0, 0, 0))
    assert np.asarray(keyed).min() == 255


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_eight_bits_are_spread_too(mode):
    values = np.arange(24, dtype=np.uint8).reshape(4, 6)
    picture = Image.fromarray(values).convert(mode)
    pixels = decode(png(picture), (4, 6, 1), "stretch", (3, 20))
    np.testing.assert_array_equal(pixels[:, :, 0], expected(values, 3, 20))
    with opened(png(picture), (3, 20)) as seen:
        assert stored(seen) == Stored("8-bit", 0, 23, 23)
    with opened(png(picture)) as seen:
        assert stored(seen) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.array([[0.25, 0.5]], np.float32), "floating-point values .*range: \\[0, 1\\]"),
        (np.array([[-3.0, 9.0]], np.float32), "range: \\[-3, 9\\]"),
        (np.array([[0, 70_000]], np.int32), "32-bit values from 0 to 70000"),
        (np.array([[np.nan, 1]], np.float32), "no numbers"),
    ],
)
def test_what_no_range_is_usual_for_is_refused_with_the_line_that_helps(values, words):
    with pytest.raises(Meaningless, match=words):
        grey_to_bytes(Image.fromarray(values), None)


def test_floats_and_wide_whole_numbers_are_read_with_a_range():
    floats = Image.fromarray(np.array([[-1.0, 0.0, 1.0]], np.float32))
    assert np.asarray(grey_to_bytes(floats, (-1, 1))).tolist() == [[0, 128, 255]]
    whole = Image.fromarray(np.array([[0, 70_000]], np.int32))
    assert np.asarray(grey_to_bytes(whole, (0, 70_000))).tolist() == [[0, 255]]


def test_a_damaged_picture_of_sixteen_bits_says_so():
    values = np.stack([RAMP] * 3, -1)
    with pytest.raises(Undecodable, match="damaged"):
        decode(png16(values)[:70], (6, 10, 3), "stretch", (0, 472))


def test_bounds_are_rounded_as_somebody_would_write_them():
    assert rounded(3, 478) == (0, 478)
    assert rounded(1000, 1400) == (1000, 1400)
    assert rounded(-1.53452, 2.318017) == (-1.535, 2.318)
    assert rounded(7, 7) == (7, 8)
