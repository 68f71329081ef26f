"""On which scale arrays are, and what is refused with which line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grow.config.schema import NpyData, NpzData
from grow.data.prepare import prepare
from grow.data.sources import arrayscale
from grow.data.sources.arrayscale import BYTES, UNIT, bounds, judge, preview
from grow.errors import DataError

RANDOM = np.random.default_rng(0)
BASE = RANDOM.random((40, 8, 8, 3))


def scale(**arrays):
    found = [bounds(name, values.dtype, [values]) for name, values in arrays.items()]
    return judge("file", [one for one in found if one is not None])


def with_one(value):
    images = BASE.copy()
    images[3, 2, 1, 0] = value
    return images.astype(np.float32)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (BASE, UNIT),
        (BASE.astype(np.float16), UNIT),
        (with_one(1.0000001), UNIT),
        (with_one(np.nan), UNIT),
        (BASE * 255, BYTES),
        ((BASE * 255).astype(np.uint8), BYTES),
        ((BASE * 255).astype(np.uint16), BYTES),
        ((BASE * 2.9).astype(np.uint8), BYTES),
        (BASE > 0.5, UNIT),
        ((BASE > 0.5).astype(np.int64), UNIT),
        (np.where(BASE < 0.8, 0, BASE * 255), BYTES),  # digits
        (np.where(BASE < 0.995, 0, 255.0), BYTES),  # stars
    ],
)
def test_the_scale_that_values_keep_to(values, expected):
    assert scale(x_train=values).scale == expected


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        (
            with_one(1.02),
            "`range: [0, 1]` in data, which cuts off what is beyond, or `range: [0, 1.02]`",
        ),
        (with_one(-0.01), "`range: [0, 1]` in data, which cuts off"),
        (with_one(37.2), "`range: [0, 1]` in data, which cuts off"),
        (BASE * 1.5, "`range: [0, 1.5]`"),
        (BASE * 2 - 1, "`range: [-1, 1]`"),
        (BASE - 0.5, "`range: [-0.5, 0.5]`"),
        ((BASE - BASE.mean()) / BASE.std(), "standardised"),
        (BASE * 264 - 3, "`range: [0, 255]` in data, which cuts off"),
        ((BASE * 478).astype(np.uint16), "`range: [0, 477]`"),
        ((BASE * 65535).astype(np.uint16), "`range: [0, 65535]`"),
        ((BASE * 255 - 128).astype(np.int8), "`range: [-128, 127]`"),
        (np.where(BASE > 0.99999, 60_000, BASE * 478).astype(np.int32), "`range: [0, 47"),
        (np.full((4, 2, 2), 300), "`range: [300, 301]`"),
    ],
)
def test_what_keeps_to_none_is_refused_with_the_line_that_repairs_it(values, hint):
    with pytest.raises(
        DataError, match=r"expected values from 0 to 255 or from 0 to 1, found "
    ) as e:
        scale(x_train=values)
    assert hint in e.value.hint


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (BASE, BASE * 255),
        ((BASE * 255).astype(np.uint8), BASE),
        ((BASE * 255).astype(np.uint8), BASE > 0.5),
        ((BASE * 60_000).astype(np.uint16), (BASE * 255).astype(np.uint8)),
        ((BASE - 0.5) * 4, BASE * 255),
    ],
)
def test_parts_on_different_scales_are_noticed(train, test):
    with pytest.raises(DataError, match=r"found x_train .*, x_test ") as e:
        scale(x_train=train, x_test=test)
    assert "on the same scale" in e.value.hint
    assert "range:" not in e.value.hint


def test_an_array_of_zeros_is_on_any_scale():
    assert scale(x_train=BASE * 255, x_test=np.zeros((4, 2, 2))).scale == BYTES
    assert scale(x_train=BASE, x_test=np.zeros((4, 2, 2), np.uint8)).scale == UNIT


def test_nothing_but_nan_is_refused():
    with pytest.raises(DataError, match="none that are numbers"):
        scale(x_train=np.full((4, 2, 2), np.nan))


def test_what_was_assumed_is_told():
    (note,) = scale(x_train=BASE.astype(np.float32)).remarks
    assert note.note
    assert "values of float32" in note.words
    assert "1, white" in note.words
    assert scale(x_train=(BASE * 255).astype(np.uint8)).remarks == ()


def test_a_plain_array_of_bytes_is_not_read_to_its_end():
    def parts():
        yield np.full((2, 2), 200, np.uint8)
        pytest.fail("read on")

    assert bounds("x", np.dtype(np.uint8), parts()).high == 255


@pytest.fixture
def over(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=with_one(1.02), y_train=np.arange(40) % 2)
    return tmp_path


def test_a_plan_refuses_what_preparing_refuses_in_the_same_words(over):
    data = NpzData(source="npz", path="a.npz")
    with pytest.raises(DataError) as planned:
        preview(data, over)
    with pytest.raises(DataError) as prepared:
        prepare(data, over, (8, 8, 3), over / "cache")
    assert str(planned.value) == str(prepared.value)
    assert planned.value.exit_code == 3


def test_a_range_is_followed_and_nothing_is_looked_through(over):
    data = NpzData.model_validate({"source": "npz", "path": "a.npz", "range": [0, 1]})
    assert preview(data, over) == ()
    made = prepare(data, over, (8, 8, 3), over / "cache")
    keys = [int(p.key.rpartition("/")[2]) for p in made.manifest.pictures]
    expected = np.rint(np.clip(with_one(1.02)[keys].astype(float), 0, 1) * 255)
    np.testing.assert_array_equal(made.images, expected)


def test_two_files_and_what_is_too_large_to_look_through(tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", BASE)
    np.save(tmp_path / "y.npy", np.arange(40) % 2)
    data = NpyData(source="npy", images="x.npy", labels="y.npy")
    assert [one.code for one in preview(data, Path(tmp_path))] == ["assumed-scale"]
    monkeypatch.setattr(arrayscale, "PREVIEW_BYTES", 1000)
    assert [one.code for one in preview(data, tmp_path)] == ["assumed-scale", "scale-previewed"]
