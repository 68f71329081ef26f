"""Data order and augmentation: pure functions of their address, within their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.config.schema import Augment
from grow.data.augment import distort, epoch_order

SIZE = (6, 10)
ADDRESS = (7, 1, 2, 3)
EVERYTHING = Augment(flip="both", zoom=0.2, shear=0.3, shift=0.1, brightness=0.4)

fractions = st.floats(0.0, 0.9)
augments = st.builds(
    Augment,
    flip=st.sampled_from(["none", "horizontal", "vertical", "both"]),
    zoom=fractions,
    shear=fractions,
    shift=fractions,
    brightness=fractions,
)
addresses = st.tuples(*[st.integers(0, 2**40)] * 4)
sizes = st.tuples(st.integers(1, 64), st.integers(1, 64))


def _places(affine, size):
    """Where each output pixel ``(x, y)`` comes from: two arrays ``(height, width)``."""
    a, b, c, d, e, f = affine.astype(np.float64)
    y, x = np.mgrid[: size[0], : size[1]]
    return a * x + b * y + c, d * x + e * y + f


def test_the_order_of_an_epoch_is_the_same_for_ever():
    # A change here changes the weights of every run there is: see stageplans.RECIPE.
    assert epoch_order(12, seed=7, stage=1, epoch=2).tolist() == [
        1,
        7,
        5,
        3,
        0,
        2,
        4,
        8,
        6,
        11,
        9,
        10,
    ]


def test_the_distortion_of_a_batch_is_the_same_for_ever():
    drawn = distort(EVERYTHING, SIZE, 2, ADDRESS)
    np.testing.assert_array_equal(
        drawn.affine,
        np.array(
            [
                [-1.0880531, 0.05365326, 9.515392, 0.0, 1.0880531, -0.124990344],
                [0.9381462, 0.235195, -1.0308975, 0.0, -0.9381462, 5.429002],
            ],
            np.float32,
        ),
    )
    np.testing.assert_array_equal(drawn.brightness, np.array([1.2166387, 0.78047806], np.float32))


@given(count=st.integers(0, 200), address=st.tuples(*[st.integers(0, 2**63)] * 3))
def test_an_epoch_visits_every_picture_once(count, address):
    assert sorted(epoch_order(count, *address)) == list(range(count))


@pytest.mark.parametrize("other", [(8, 1, 1), (7, 2, 1), (7, 1, 2)], ids=["seed", "stage", "epoch"])
def test_the_order_differs_from_address_to_address_and_nowhere_else(other):
    first = epoch_order(100, 7, 1, 1)
    np.testing.assert_array_equal(epoch_order(100, 7, 1, 1), first)
    assert (epoch_order(100, *other) != first).any()


@pytest.mark.parametrize("place", range(4), ids=["seed", "stage", "epoch", "step"])
def test_distortions_differ_from_address_to_address_and_nowhere_else(place):
    other = tuple(part + (number == place) for number, part in enumerate(ADDRESS))
    first, again, changed = (distort(EVERYTHING, SIZE, 9, at) for at in (ADDRESS, ADDRESS, other))
    np.testing.assert_array_equal(first.affine, again.affine)
    np.testing.assert_array_equal(first.brightness, again.brightness)
    assert (first.affine[:, 0] != changed.affine[:, 0]).all()
    assert (first.brightness != changed.brightness).all()


def test_the_pictures_of_a_batch_are_distorted_each_in_its_own_way():
    drawn = distort(EVERYTHING, SIZE, 50, ADDRESS)
    assert len(np.unique(drawn.affine, axis=0)) == len(np.unique(drawn.brightness)) == 50


@given(size=sizes, count=st.integers(0, 9), address=addresses)
def test_nothing_happens_when_nothing_is_on(size, count, address):
    drawn = distort(Augment(), size, count, address)
    np.testing.assert_array_equal(drawn.affine, [[1, 0, 0, 0, 1, 0]] * count or np.empty((0, 6)))
    np.testing.assert_array_equal(drawn.brightness, np.ones(count))


@given(augment=augments, size=sizes, count=st.integers(1, 9), address=addresses)
def test_distortions_stay_within_their_bounds(augment, size, count, address):
    drawn = distort(augment, size, count, address)
    assert drawn.affine.shape == (count, 6)
    assert drawn.brightness.shape == (count,)
    assert drawn.affine.dtype == drawn.brightness.dtype == np.float32
    across, slant, _, level, down, _ = drawn.affine.T.astype(np.float64)
    scale = 1 / np.abs(across)
    assert np.all(np.abs(scale - 1) <= augment.zoom + 1e-6)
    np.testing.assert_array_equal(np.abs(across), np.abs(down))
    assert np.all(level == 0)
    assert np.all(np.abs(slant * scale) <= augment.shear + 1e-6)
    assert np.all(np.abs(drawn.brightness - 1) <= augment.brightness + 1e-6)


@given(augment=augments, size=sizes, address=addresses)
def test_the_centre_moves_by_the_shift_alone(augment, size, address):
    height, width = size
    for affine in distort(augment, size, 4, address).affine.astype(np.float64):
        a, b, c, d, e, f = affine
        x, y = (width - 1) / 2, (height - 1) / 2
        assert abs(a * x + b * y + c - x) <= augment.shift * width + 1e-3
        assert abs(d * x + e * y + f - y) <= augment.shift * height + 1e-3


@pytest.mark.parametrize(
    ("flip", "kinds"),
    [
        ("none", {(1, 1)}),
        ("horizontal", {(1, 1), (-1, 1)}),
        ("vertical", {(1, 1), (1, -1)}),
        ("both", {(1, 1), (-1, 1), (1, -1), (-1, -1)}),
    ],
)
@pytest.mark.parametrize("size", [(6, 10), (5, 7), (1, 1), (4096, 4095)])
def test_a_flip_mirrors_exactly_about_the_centre(flip, kinds, size):
    drawn = distort(Augment(flip=flip), size, 40, ADDRESS)
    assert {(a, e) for a, _, _, _, e, _ in drawn.affine.tolist()} == kinds
    corner = (min(size[0], 9), min(size[1], 9))
    y, x = np.mgrid[: corner[0], : corner[1]]
    for affine in drawn.affine[:8]:
        across, down = _places(affine, corner)
        np.testing.assert_array_equal(across, x if affine[0] == 1 else size[1] - 1 - x)
        np.testing.assert_array_equal(down, y if affine[4] == 1 else size[0] - 1 - y)


@pytest.mark.parametrize("key", ["zoom", "shear", "shift", "brightness"])
def test_each_key_leaves_the_draws_of_the_others_alone(key):
    whole = distort(EVERYTHING, SIZE, 20, ADDRESS)
    rest = distort(EVERYTHING.model_copy(update={key: 0.0}), SIZE, 20, ADDRESS)
    if key == "brightness":
        np.testing.assert_array_equal(rest.affine, whole.affine)
        assert (rest.brightness == 1).all()
    else:
        np.testing.assert_array_equal(rest.brightness, whole.brightness)
        np.testing.assert_array_equal(np.sign(rest.affine[:, 0]), np.sign(whole.affine[:, 0]))
        assert (rest.affine != whole.affine).any()


def test_draws_spread_evenly_and_independently():
    size, count = (100, 100), 8000
    augment = Augment(flip="both", zoom=0.5, shear=0.5, shift=0.5, brightness=0.5)
    drawn = distort(augment, size, count, ADDRESS)
    across, slant, offset_x, _, down, offset_y = drawn.affine.T.astype(np.float64)
    scale, centre = 1 / np.abs(across), 49.5
    draws = {
        "zoom": scale,
        "shear": slant * scale + 1,
        "shift x": (across * centre + slant * centre + offset_x - centre) / 100 + 1,
        "shift y": (down * centre + offset_y - centre) / 100 + 1,
        "brightness": drawn.brightness.astype(np.float64),
    }
    for name, values in draws.items():
        shares = np.histogram(values, bins=4, range=(0.5, 1.5))[0] / count
        np.testing.assert_allclose(shares, 0.25, atol=0.02, err_msg=name)
    draws["mirror x"], draws["mirror y"] = across < 0, down < 0
    assert abs(np.mean(across < 0) - 0.5) < 0.02
    assert abs(np.mean(down < 0) - 0.5) < 0.02
    correlation = np.corrcoef(np.array(list(draws.values()), np.float64))
    assert np.abs(correlation - np.eye(len(draws))).max() < 0.05


def test_every_place_in_an_epoch_is_as_likely_for_every_picture():
    orders = np.array([epoch_order(8, 7, 1, epoch) for epoch in range(2000)])
    for place in range(8):
        shares = np.bincount(orders[:, place], minlength=8) / 2000
        np.testing.assert_allclose(shares, 1 / 8, atol=0.03)
