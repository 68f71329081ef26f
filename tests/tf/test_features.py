"""Features are functions of the picture, and batches hold those of the source's pictures."""

from __future__ import annotations

import tempfile
from typing import NoReturn

import numpy as np
import pytest

from grow.config.schema import Augment
from grow.data.feed import Feed
from grow.errors import GrowError, Stopped
from grow.nets import network
from grow.planning.param_groups import Storage
from grow.train import features
from tests.builders import block, founded

pytestmark = pytest.mark.tf

MODEL_OF = founded(block(3), image=(4, 4, 1))


def fed(training: range) -> Feed:
    images = np.random.default_rng(0).integers(0, 256, (30, 4, 4, 1), np.uint8)
    labels = np.arange(30, dtype=np.int64)
    rows, rest = np.array(training), np.arange(25, 30)
    return Feed(images, labels, rows, rest, (4, 4), 8, Augment(), seed=1, stage=2)


def computed(feed: Feed, storage: Storage = Storage.MEMORY) -> features.Features:
    model = network.build(MODEL_OF, seed_of=lambda _: 4)
    return features.compute(model, "pool_1", feed, storage, lambda: None)


def test_each_batch_has_the_features_of_the_very_pictures_of_the_source() -> None:
    feed = fed(range(20))
    found = computed(feed)
    part = network.up_to(network.build(MODEL_OF, seed_of=lambda _: 4), "pool_1")
    for epoch, first in ((1, 0), (2, 1)):
        pairs = zip(
            found.training_batches(epoch, first), feed.training_batches(epoch, first), strict=True
        )
        for (values, labels), (pictures, wanted) in pairs:
            np.testing.assert_array_equal(labels, wanted)
            np.testing.assert_allclose(values, part.predict_on_batch(pictures), rtol=1e-5)
    ((values, labels),) = found.validation_batches()
    ((pictures, wanted),) = feed.validation_batches()
    np.testing.assert_array_equal(labels, wanted)
    np.testing.assert_allclose(values, part.predict_on_batch(pictures), rtol=1e-5)


@pytest.mark.parametrize("storage", [Storage.MEMORY, Storage.FILE])
def test_features_do_not_depend_on_which_pictures_stand_beside(storage: Storage) -> None:
    whole, fewer = computed(fed(range(20)), storage), computed(fed(range(3, 12)), storage)
    np.testing.assert_array_equal(whole.training[3:12], fewer.training)
    assert whole.size_bytes == (20 + 5) * 2 * 2 * 3 * 4


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(GrowError, match=r"no room .* 960 bytes .*No space left"):
        computed(fed(range(20)), Storage.FILE)


def test_it_can_be_stopped() -> None:
    def stopped() -> NoReturn:
        raise Stopped("stopped", signal_number=15)

    model = network.build(MODEL_OF, seed_of=lambda _: 4)
    with pytest.raises(Stopped):
        features.compute(model, "pool_1", fed(range(20)), Storage.MEMORY, stopped)
