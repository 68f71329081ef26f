"""What is said of pictures that hold nothing, and what is not said of ordinary ones."""

from __future__ import annotations

import numpy as np
import pytest

from grow.data.levels import Measure, Measured, measure, remarks
from grow.data.values import Stored

CLASSES = ("box", "disc")
RANDOM = np.random.default_rng(0)


def told(pictures, stored=None, splits=None, scale=None):
    """The remarks on pictures of shape (n, height, width), every other one of each class."""
    stored = stored or [None] * len(pictures)
    splits = splits or ["train"] * len(pictures)
    measured = [
        Measured(f"{row}.png", row % 2, splits[row], measure(np.asarray(p, np.uint8)), stored[row])
        for row, p in enumerate(pictures)
    ]
    return remarks(CLASSES, measured, scale)


def photos(number, side=16):
    return RANDOM.integers(10, 240, (number, side, side))


def test_a_picture_is_measured_channel_by_channel():
    blue = np.zeros((4, 4, 3), np.uint8)
    blue[:, :, 2] = 200
    assert measure(blue)[:3] == (0, 200, 0)
    blue[0, 0, 0] = 9
    assert measure(blue)[:3] == (0, 200, 9)
    assert measure(blue).content != measure(blue[::-1]).content
    assert isinstance(measure(blue[:, :, 0]), Measure)


@pytest.mark.parametrize(
    "pictures",
    [
        photos(40),
        np.where(RANDOM.random((40, 16, 16)) < 0.1, 0, 255),  # a scan in black and white
        np.where(RANDOM.random((40, 28, 28)) < 0.2, RANDOM.integers(0, 256, (40, 28, 28)), 0),
        np.where(RANDOM.random((40, 32, 32)) < 0.005, 180, RANDOM.integers(0, 6, (40, 32, 32))),
        np.concatenate([photos(199), np.zeros((1, 16, 16))]),  # one black frame among many
        np.concatenate([photos(40), RANDOM.integers(90, 110, (10, 16, 16))]),  # some in a fog
        RANDOM.integers(0, 60, (40, 16, 16)),  # at night
        np.repeat(photos(10), 2, axis=0),  # copies are another remark's business
    ],
    ids=["photos", "scans", "digits", "stars", "one black", "fog", "night", "copies"],
)
def test_nothing_is_said_of_ordinary_pictures(pictures):
    assert told(pictures) == ()


def test_nearly_all_of_few_levels():
    (remark,) = told(RANDOM.integers(3, 8, (20, 16, 16)))
    assert remark.code == "few-levels"
    assert remark.words.startswith("20 of 20 pictures use 5 of 256 levels (3 to 7)")
    assert "`range: [3, 7]`" in remark.advice


def test_what_was_stored_says_the_range():
    pictures = RANDOM.integers(0, 3, (20, 16, 16))
    (remark,) = told(pictures, [Stored("16-bit", 2, 478, 476)] * 20)
    assert "scaled from 0..65535; the largest found is 478" in remark.advice
    assert "`range: [0, 478]`" in remark.advice


def test_pictures_that_were_lost_on_the_way_are_not_blank():
    (remark,) = told(np.zeros((20, 8, 8)), [Stored("16-bit", 0, 100, 100)] * 20)
    assert remark.code == "few-levels"
    (remark,) = told(np.zeros((20, 8, 8)), [Stored("16-bit", 5, 5, 0)] * 20)
    assert remark.code == "blank-pictures"


def test_no_range_helps_where_depths_are_mixed():
    pictures = [*RANDOM.integers(0, 3, (12, 8, 8)), *photos(8, 8)]
    (remark,) = told(pictures, [Stored("16-bit", 0, 478, 478)] * 12 + [None] * 8)
    assert "on another scale" in remark.advice
    assert "range:" not in remark.advice


def test_no_range_is_advised_that_would_cut_off_the_other_pictures():
    dark = np.where(
        np.arange(40)[:, None, None] % 2, RANDOM.integers(0, 4, (40, 16, 16)), photos(40)
    )
    (remark,) = told(dark)
    assert remark.words.startswith("20 of 40 pictures use 4 of 256 levels")
    assert "no one range" in remark.advice
    (remark,) = told(np.concatenate([dark[1::2], photos(1)]))
    assert "Say `range: [0, 3]`" in remark.advice


def test_a_part_on_another_scale():
    pictures = [*photos(20), *RANDOM.integers(0, 2, (8, 16, 16))]
    (remark,) = told(pictures, splits=["train"] * 20 + ["test"] * 8)
    assert "8 of 28 pictures, all of them in test, use 2 of 256 levels" in remark.words
    assert remark.keys == tuple(f"{row}.png" for row in range(20, 28))


def test_the_advice_is_on_the_scale_that_was_said():
    (remark,) = told(RANDOM.integers(0, 14, (20, 16, 16)), scale=(0.0, 1.0))
    assert "`range: [0, 0.05098]`" in remark.advice


@pytest.mark.parametrize(("colour", "word"), [(0, "black"), (255, "white"), (90, "one flat")])
def test_all_blank(colour, word):
    (remark,) = told(np.full((10, 4, 4), colour))
    assert remark.words.startswith(f"all 10 pictures are {word}")
    assert remark.keys == ()


def test_nearly_white_can_be_transparent():
    (remark,) = told(RANDOM.integers(254, 256, (20, 16, 16)))
    assert "save them without transparency. Else say `range: [254, 255]` in data" in remark.advice
    (remark,) = told(np.full((20, 16, 16), 255))
    assert "laid over white" in remark.advice
    (remark,) = told(np.zeros((20, 16, 16)))
    assert "laid over white" not in remark.advice


def test_blank_ones_from_one_per_cent_on():
    blank = np.zeros((2, 16, 16))
    (remark,) = told([*photos(198), *blank])
    assert remark.words == "2 of 200 pictures are black: 198.png, 199.png"
    assert remark.keys == ("198.png", "199.png")
    assert told([*photos(398), *blank]) == ()


def test_flat_colours_that_differ_and_what_a_jpeg_makes_of_them():
    shades = np.arange(20)[:, None, None] * 9 + RANDOM.integers(0, 3, (20, 8, 8))
    (remark,) = told(shades)
    assert remark.code == "blank-pictures"
    assert "all 20 pictures are one flat colour" in remark.words


def test_a_class_that_is_wholly_blank_is_named_however_small():
    measured = [Measured(f"{row}.png", 0, "train", Measure(0, 255, 255, row)) for row in range(990)]
    measured += [Measured(f"b{row}.png", 1, "train", Measure(0, 0, 0, 1)) for row in range(3)]
    (remark,) = remarks(CLASSES, measured)
    assert 'among them every picture of "disc"' in remark.words


def test_low_contrast_at_many_brightnesses():
    pictures = np.arange(20)[:, None, None] * 10 + RANDOM.integers(0, 15, (20, 16, 16))
    (remark,) = told(pictures)
    assert remark.code == "low-contrast"


def test_one_and_the_same_picture():
    (remark,) = told(np.repeat(photos(1), 12, axis=0))
    assert remark.words.startswith("all 12 pictures are one and the same: 0.png, 1.png")
    pictures = photos(20)
    pictures[1::2] = pictures[1]
    (remark,) = told(pictures)
    assert 'all 10 pictures of "disc" are one and the same' in remark.words


def test_sixteen_bits_are_told_as_a_note():
    (note,) = told(photos(8), [Stored("16-bit", 900, 60_000, 59_000)] * 8)
    assert (note.code, note.note) == ("sixteen-bit", True)
    assert "from 900 to 60000" in note.words
    assert told(photos(8), [Stored("16-bit", 900, 60_000, 59_000)] * 8, scale=(0, 60_000)) == ()


def test_nothing_is_said_of_nothing():
    assert remarks(CLASSES, []) == ()
