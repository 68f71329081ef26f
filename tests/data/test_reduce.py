import numpy as np
import pytest

from grow.data.reduce import area_mean


def _noise(*shape):
    return np.random.default_rng(3).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(64, 64), (32, 32), (16, 16), (8, 32), (1, 1), (64, 2)])
def test_it_is_the_mean_of_each_window(size, channels):
    images = _noise(3, 64, 64, channels)
    height, width = size
    windows = images.reshape(3, height, 64 // height, width, 64 // width, channels)
    small = area_mean(images, height, width)
    assert small.dtype == np.float32
    assert small.shape == (3, height, width, channels)
    np.testing.assert_allclose(small, windows.mean((2, 4)), rtol=3e-7)


def test_going_through_a_size_between_changes_nothing():
    images = _noise(4, 64, 64, 3)
    between = area_mean(images, 32, 32)
    twice = between.reshape(4, 16, 2, 16, 2, 3).mean((2, 4))
    np.testing.assert_allclose(area_mean(images, 16, 16), twice, rtol=3e-7)


@pytest.mark.parametrize("side", [1, 16, 17, 300])
def test_white_stays_white_whatever_the_window(side):
    images = np.full((1, side, side, 1), 255, np.uint8)
    assert area_mean(images, 1, 1).item() == 255.0


def test_the_pictures_are_left_alone():
    images = _noise(2, 8, 8, 3)
    before = images.copy()
    images.flags.writeable = False
    area_mean(images, 4, 4)
    area_mean(images, 8, 8)
    np.testing.assert_array_equal(images, before)


def test_no_pictures():
    assert area_mean(_noise(0, 8, 8, 3), 4, 4).shape == (0, 4, 4, 3)


@pytest.mark.parametrize("size", [(3, 4), (4, 3), (16, 8), (0, 4)])
def test_sizes_that_do_not_divide_are_refused(size):
    with pytest.raises(ValueError, match="expected a size that divides 8 x 8, found"):
        area_mean(_noise(1, 8, 8, 3), *size)
