"""Affine maps of pictures: against the four-pixel formula, and in cases known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.config.schema import Augment
from grow.data.augment import distort
from grow.data.resample import resample

EVERYTHING = Augment(flip="both", zoom=0.4, shear=0.4, shift=0.3)


def by_the_formula(picture, affine):
    """Bilinear interpolation, one pixel after the other, in double precision."""
    height, width, channels = picture.shape
    a, b, c, d, e, f = affine.astype(np.float64)
    result = np.empty((height, width, channels))
    for v in range(height):
        for u in range(width):
            x = min(max(a * u + b * v + c, 0), width - 1)
            y = min(max(d * u + e * v + f, 0), height - 1)
            left, top = int(x), int(y)
            right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
            x, y = x - left, y - top
            upper = (1 - x) * picture[top, left] + x * picture[top, right]
            lower = (1 - x) * picture[bottom, left] + x * picture[bottom, right]
            result[v, u] = (1 - y) * upper + y * lower
    return result


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4)),
    st.integers(0, 2**32),
)
def test_every_pixel_is_the_mean_of_its_four_neighbours(shape, seed):
    pictures = np.random.default_rng(seed).uniform(0, 255, (3, *shape)).astype(np.float32)
    affine = distort(EVERYTHING, shape[:2], 3, (seed, 1, 1, 0)).affine
    expected = [by_the_formula(*both) for both in zip(pictures, affine, strict=True)]
    np.testing.assert_allclose(resample(pictures, affine), expected, atol=2e-3)


def test_a_large_batch_is_worked_on_in_parts_and_comes_out_the_same():
    pictures = np.random.default_rng(3).uniform(0, 255, (7, 80, 90, 3)).astype(np.float32)
    affine = distort(EVERYTHING, (80, 90), 7, (3, 1, 1, 0)).affine
    one_by_one = [resample(pictures[n : n + 1], affine[n : n + 1])[0] for n in range(7)]
    np.testing.assert_array_equal(resample(pictures, affine), one_by_one)


def test_what_comes_out_is_the_same_for_ever():
    # A change here changes the weights of every run that augments: see stageplans.RECIPE.
    picture = (np.arange(18, dtype=np.float32) * 7 % 31).reshape(1, 3, 3, 2)
    affine = np.array([[0.9, 0.2, 0.1, 0, 1.1, -0.3]], np.float32)
    assert resample(picture, affine)[0, :, :, 0].tolist() == [
        [1.399999976158142, 14.0, 26.599998474121094],
        [13.0, 20.639999389648438, 12.0],
        [13.949999809265137, 11.35999870300293, 17.900001525878906],
    ]


def test_maps_that_tilt_rows_are_refused():
    with pytest.raises(ValueError, match="rows level"):
        resample(np.zeros((1, 2, 2, 1), np.float32), np.array([[1, 0, 0, 0.1, 1, 0]], np.float32))


def test_a_mirrored_picture_is_the_mirrored_picture() -> None:
    pictures = np.random.default_rng(1).uniform(0, 255, (16, 6, 9, 3)).astype(np.float32)
    change = distort(Augment(flip="horizontal"), (6, 9), 16, (0, 1, 1, 0))
    mirrored = change.affine[:, 0] < 0
    assert 0 < mirrored.sum() < 16
    result = resample(pictures, change.affine)
    expected = np.where(mirrored[:, None, None, None], pictures[:, :, ::-1], pictures)
    np.testing.assert_array_equal(result, expected)


def test_a_shift_of_whole_pixels_moves_the_picture_and_repeats_its_edge() -> None:
    picture = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    affine = np.array([[1, 0, 1, 0, 1, 0]], np.float32)
    moved = resample(picture, affine)[0, :, :, 0]
    np.testing.assert_array_equal(moved[0], [1, 2, 3, 3])


def test_the_bilinear_mean_of_two_pixels_lies_between_them() -> None:
    picture = np.array([[[[0.0], [10.0]]]], np.float32)
    affine = np.array([[1, 0, 0.5, 0, 1, 0]], np.float32)
    assert resample(picture, affine)[0, 0, 0, 0] == pytest.approx(5.0)
