import numpy as np
import pytest

from grow.data.manifest import Manifest, Picture, Unusable, in_order

CAT = Picture("train/cats/a.png", 0, "train", "aa")
DOG = Picture("train/dogs/b.png", 1, "train", "bb")
KEPT = Picture("val/dogs/c.png", 1, "validation", "cc")
MANIFEST = Manifest(("cats", "dogs"), (CAT, DOG, KEPT))


def test_indices_and_labels_follow_the_order_of_pictures():
    np.testing.assert_array_equal(MANIFEST.indices("train"), [0, 1])
    np.testing.assert_array_equal(MANIFEST.indices("validation"), [2])
    assert MANIFEST.indices("test").shape == (0,)
    assert MANIFEST.indices("test").dtype == np.int64
    np.testing.assert_array_equal(MANIFEST.labels, [0, 1, 1])
    assert MANIFEST.labels.dtype == np.int64


def test_labels_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        MANIFEST.labels[0] = 1


def test_counts_name_every_split_and_class():
    assert MANIFEST.counts() == {
        "train": {"cats": 1, "dogs": 1},
        "validation": {"cats": 0, "dogs": 1},
        "test": {"cats": 0, "dogs": 0},
    }


def test_order_is_by_split_class_and_key():
    assert sorted([KEPT, DOG, CAT], key=in_order) == [CAT, DOG, KEPT]


def test_digest_is_of_the_pictures_alone():
    with_notes = Manifest(MANIFEST.classes, MANIFEST.pictures, (Unusable("x.txt", "text"),))
    assert with_notes.digest == MANIFEST.digest
    assert len(MANIFEST.digest) == 64


@pytest.mark.parametrize(
    "other",
    [
        Manifest(("cats", "wolves"), MANIFEST.pictures),
        Manifest(("cats", "dogs"), (CAT, DOG)),
        Manifest(("cats", "dogs"), (DOG, CAT, KEPT)),
        Manifest(("cats", "dogs"), (CAT, DOG, Picture("val/dogs/c.png", 1, "test", "cc"))),
        Manifest(("cats", "dogs"), (CAT, DOG, Picture("val/dogs/c.png", 0, "validation", "cc"))),
        Manifest(("cats", "dogs"), (CAT, DOG, Picture("val/dogs/d.png", 1, "validation", "cc"))),
        Manifest(("cats", "dogs"), (CAT, DOG, Picture("val/dogs/c.png", 1, "validation", "cd"))),
    ],
    ids=["class", "fewer", "order", "split", "label", "key", "content"],
)
def test_digest_changes_with(other):
    assert other.digest != MANIFEST.digest


def test_test_pictures_do_not_count_for_training():
    test = Picture("test/cats/t.png", 0, "test", "ee")
    more = Manifest(MANIFEST.classes, (test, *MANIFEST.pictures))
    assert more.digest != MANIFEST.digest
    assert more.training_digest == MANIFEST.training_digest == MANIFEST.digest
    fewer = Manifest(MANIFEST.classes, MANIFEST.pictures[:2])
    assert fewer.training_digest != MANIFEST.training_digest


def test_digest_takes_names_that_are_not_utf8():
    odd = Picture(b"train/cats/\xff.png".decode("utf-8", "surrogateescape"), 0, "train", "aa")
    assert Manifest(("cats", "dogs"), (odd,)).digest != Manifest(("cats", "dogs"), (CAT,)).digest
