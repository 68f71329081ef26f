"""What the records say is what the model does."""

from __future__ import annotations

import numpy as np
import pytest

from grow import network
from grow.architecture import Architecture
from grow.compiling import compile_model
from grow.growth import found
from grow.pipeline import Feed
from grow.spec import Augment, Block, Head, Model, Training
from grow.stopping import StopSwitch
from grow.trainer import evaluate, place

pytestmark = pytest.mark.tf


def small(classes: int) -> Architecture:
    blocks = (Block(filters=2),)
    return found(Model(image=(4, 4, 1), blocks=blocks, head=Head(dense=(3,))), classes)


@pytest.mark.parametrize("classes", [2, 3])
def test_validation_is_the_mean_over_all_pictures_whatever_the_batches(classes: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 4, 4, 1), np.uint8)
    labels = np.arange(300, dtype=np.int64) % classes
    rows = np.arange(300, dtype=np.int64)
    feed = Feed(images, labels, rows, rows, (4, 4), 32, Augment(), seed=0, stage=1)
    assert feed.evaluation_steps == 2
    model = network.build(small(classes), seed_of=lambda _: 4)
    compile_model(model, Training(epochs=1), classes)
    tally = evaluate(model, feed, lambda _: None, StopSwitch())
    output = model.predict_on_batch(images.astype(np.float32))
    each = np.concatenate([1 - output, output], axis=1) if classes == 2 else output
    assert tally.pictures == 300
    assert tally.mean_loss == pytest.approx(-np.log(each[rows, labels]).mean(), rel=1e-5)
    assert tally.right == (each.argmax(axis=1) == labels).sum()


def test_places_rise_with_every_step_and_with_the_end_of_an_epoch() -> None:
    walked = [place(epoch, step, 3) for epoch in (0, 1) for step in (0, 1, 2, 3)]
    assert walked == sorted(set(walked))
    assert place(1, 0, 3) == place(0, 3, 3) + 1
