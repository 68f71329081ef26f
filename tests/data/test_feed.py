"""Batches: pure functions of their address, distorted as the arithmetic says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grow.config.schema import Augment
from grow.data.feed import Feed

EVERYTHING = Augment(flip="both", zoom=0.2, shear=0.2, shift=0.1, brightness=0.3)


def feed(augment: Augment = EVERYTHING) -> Feed:
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), np.uint8)
    return Feed(
        images=images,
        labels=np.arange(30, dtype=np.int64) % 2,
        training=np.arange(0, 21, dtype=np.int64),
        validation=np.arange(21, 30, dtype=np.int64),
        size=(4, 4),
        batch=8,
        augment=augment,
        seed=5,
        stage=2,
    )


def test_an_epoch_has_every_training_picture_once() -> None:
    plain = feed(Augment())
    batches = list(plain.training_batches(1))
    assert [len(pictures) for pictures, _ in batches] == [8, 8, 5]
    seen = np.concatenate([pictures for pictures, _ in batches])
    means = plain.images[:21].reshape(21, 4, 2, 4, 2, 3).mean((2, 4))
    assert sorted(seen.sum((1, 2, 3))) == pytest.approx(sorted(means.sum((1, 2, 3))))


def test_a_batch_depends_on_its_address_alone() -> None:
    whole = list(feed().training_batches(3))
    rest = list(feed().training_batches(3, first=1))
    for (left, left_labels), (right, right_labels) in zip(whole[1:], rest, strict=True):
        np.testing.assert_array_equal(left, right)
        np.testing.assert_array_equal(left_labels, right_labels)


@pytest.mark.parametrize("change", [{"seed": 6}, {"stage": 3}])
def test_another_seed_or_stage_gives_other_batches(change: dict[str, int]) -> None:
    one, _ = next(feed().training_batches(1))
    other, _ = next(replace(feed(), **change).training_batches(1))
    assert not np.array_equal(one, other)


def test_validation_pictures_are_never_changed() -> None:
    ((pictures, labels),) = feed().validation_batches()
    means = feed().images[21:].reshape(9, 4, 2, 4, 2, 3).astype(np.float32).mean((2, 4))
    np.testing.assert_allclose(pictures, means, rtol=1e-6)
    np.testing.assert_array_equal(labels[:, 0], np.arange(21, 30) % 2)


def test_pixels_stay_within_their_range() -> None:
    for pictures, _ in feed().training_batches(1):
        assert pictures.min() >= 0
        assert pictures.max() <= 255
