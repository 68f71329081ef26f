import numpy as np
import pytest

from grow.data.manifest import Manifest, Picture
from grow.data.sheet import choose, contact_sheet


def _manifest(**numbers):
    classes = tuple(sorted(numbers))
    pictures = [
        Picture(f"{split}/{name}/{n}", label, split, f"{split} {name} {n}")
        for split in ("train", "validation")
        for label, name in enumerate(classes)
        for n in range(numbers[name])
    ]
    return Manifest(classes, tuple(pictures))


def _labels(manifest, chosen):
    return [manifest.pictures[i].label for i in chosen]


def test_classes_are_chosen_evenly():
    manifest = _manifest(a=50, b=50, c=50)
    chosen = choose(manifest, "validation", 12, seed=1)
    assert _labels(manifest, chosen) == [0] * 4 + [1] * 4 + [2] * 4
    assert all(manifest.pictures[i].split == "validation" for i in chosen)
    assert len(set(chosen.tolist())) == 12


def test_a_small_class_leaves_its_places_to_others():
    manifest = _manifest(a=2, b=50)
    assert _labels(manifest, choose(manifest, "train", 10, seed=1)) == [0] * 2 + [1] * 8
    assert len(choose(manifest, "train", 99, seed=1)) == 52
    assert choose(manifest, "test", 10, seed=1).shape == (0,)


def test_chance_is_a_function_of_the_seed():
    manifest = _manifest(a=50, b=50)
    first = choose(manifest, "train", 10, seed=1).tolist()
    assert choose(manifest, "train", 10, seed=1).tolist() == first
    assert choose(manifest, "train", 10, seed=2).tolist() != first


def test_pictures_are_enlarged_whole_and_captions_are_written():
    images = np.zeros((3, 16, 16, 3), np.uint8)
    images[0] = (200, 10, 10)
    sheet = np.asarray(contact_sheet(images, ["cats", "dogs", "cats"], columns=2, tile=96))
    assert sheet.shape == (2 * (96 + 22 + 8) + 8, 2 * (96 + 8) + 8, 3)
    np.testing.assert_array_equal(sheet[8:104, 8:104], np.broadcast_to([200, 10, 10], (96, 96, 3)))
    assert (sheet[:8] == 255).all()
    caption = sheet[104:130, 8:104]
    assert caption.min() < 60
    assert (caption[:, 60:] == 255).all()  # "cats" is short


def test_long_captions_stay_in_their_cell():
    images = np.full((2, 16, 16, 1), 255, np.uint8)
    sheet = np.asarray(contact_sheet(images, ["a very long name of a class", ""], columns=2))
    assert sheet[104:, :104].min() < 60
    assert (sheet[:, 105:] == 255).all()


def test_narrow_and_grey_pictures():
    images = np.zeros((1, 64, 2, 1), np.uint8)
    assert contact_sheet(images, ["x"]).size == (96 + 16, 128 + 22 + 16)


@pytest.mark.parametrize(("number", "captions"), [(0, []), (2, ["one"])])
def test_each_picture_wants_a_caption(number, captions):
    with pytest.raises(ValueError, match=f"found {number} pictures, {len(captions)} captions"):
        contact_sheet(np.zeros((number, 4, 4, 3), np.uint8), captions)
