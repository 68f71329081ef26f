"""Which pictures look alike, and which do not."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from grow.data import alike as room
from grow.data.alike import ALIKE, alike
from grow.data.facts import facts_of_pixels
from grow.data.synthetic.drawn import draw
from grow.errors import Stopped


def picture(index: int) -> Image.Image:
    return Image.fromarray(draw(0, index, index % 2, 64))


def thumb(picture: Image.Image) -> np.ndarray:
    return facts_of_pixels(np.asarray(picture.convert("RGB"))).thumb


def groups(*pictures: Image.Image) -> list[int]:
    return alike(np.stack([thumb(one) for one in pictures]), lambda *_: None).tolist()


def saved_again(one: Image.Image) -> Image.Image:
    file = BytesIO()
    one.save(file, "JPEG", quality=30)
    return Image.open(file)


CHANGES = {
    "saved again": saved_again,
    "smaller": lambda one: one.resize((40, 40), Image.Resampling.LANCZOS),
    "larger": lambda one: one.resize((200, 200), Image.Resampling.BICUBIC),
    "brighter": lambda one: ImageEnhance.Brightness(one).enhance(1.1),
    "less contrast": lambda one: ImageEnhance.Contrast(one).enhance(0.7),
    "grey": lambda one: one.convert("L"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_same_picture_in_another_form_is_alike(change) -> None:
    for index in range(8):
        assert groups(picture(100), picture(index), change(picture(index))) == [0, 1, 1]


def test_different_pictures_are_not() -> None:
    pictures = [picture(index) for index in range(150)]
    assert groups(*pictures) == list(range(150))


def test_equal_pictures_are_one_group_however_many() -> None:
    thumbs = np.stack([thumb(picture(0)), *[thumb(picture(1))] * 5000, thumb(picture(0))])
    found = alike(thumbs, lambda *_: None)
    assert set(found[1:-1].tolist()) == {1}
    assert found[0] == found[-1] == 0


def test_pictures_with_nothing_in_them_are_not_compared() -> None:
    flat = [Image.new("RGB", (20, 20), (60 + shade, 60, 60)) for shade in range(5)]
    assert groups(*flat) == [0, 1, 2, 3, 4]


def test_among_very_many_only_equal_thumbs_are_found(monkeypatch) -> None:
    three = [picture(1), picture(1), saved_again(picture(1))]
    assert groups(*three) == [0, 0, 0]
    monkeypatch.setattr(room, "MOST", 2)
    assert groups(*three) == [0, 0, 2]


def test_none_and_one() -> None:
    assert alike(np.empty((0, 16, 16), np.uint8), lambda *_: None).tolist() == []
    assert groups(picture(0)) == [0]


def test_looking_in_few_dimensions_loses_no_pair() -> None:
    """Beside the plain comparison of all with all, chains included."""
    generator = np.random.default_rng(0)
    base = generator.integers(0, 256, (120, 16, 16))
    copies = base[generator.integers(0, 120, 380)]
    strays = generator.normal(size=copies.shape) * generator.uniform(0, 30, (380, 1, 1))
    thumbs = np.clip(np.concatenate([base, copies + strays]), 0, 255).astype(np.uint8)
    features = room._features(thumbs)
    near = features @ features.T >= ALIKE
    assert np.triu(near, 1).sum() > 120
    expected = np.arange(len(thumbs))
    for row, column in np.argwhere(near):
        kept, gone = sorted((expected[row], expected[column]))
        expected[expected == gone] = kept
    np.testing.assert_array_equal(alike(thumbs, lambda *_: None), expected)


def test_it_tells_how_far_it_is_and_can_be_stopped() -> None:
    told: list[tuple[int, int]] = []
    thumbs = np.random.default_rng(0).integers(0, 256, (2500, 16, 16), np.uint8)
    alike(thumbs, lambda done, total: told.append((done, total)))
    assert told == [(1024, 2500), (2048, 2500), (2500, 2500)]

    def stop(_done: int, _total: int) -> None:
        raise Stopped("stopped as asked", signal_number=2)

    with pytest.raises(Stopped):
        alike(thumbs, stop)
