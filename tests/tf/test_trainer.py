"""What the records say is what the model does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import grow
from grow.config.schema import Augment, Block, FolderData, Head, Model, Training
from grow.data.balance import class_weights
from grow.data.cache import cache_folder
from grow.data.feed import Feed
from grow.data.prepare import prepare
from grow.errors import DataError
from grow.nets import network
from grow.nets.architecture import Architecture
from grow.nets.operators import found
from grow.signals import StopSwitch
from grow.train.loop import evaluate, place
from grow.train.optimizer import compile_model

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


def test_class_weights_train_as_if_all_classes_were_as_large() -> None:
    """Three pictures of a class and one of the other train as three and three copies of it."""
    images = np.random.default_rng(1).integers(0, 256, (4, 4, 4, 1), np.uint8)
    labels, rows = np.array([0, 0, 0, 1]), np.arange(4)
    weights = tuple(class_weights({"a": 3, "b": 1}).values())
    feed = Feed(images, labels, rows, rows, (4, 4), 4, Augment(), 0, 1, weights)
    plain = Feed(images, labels, rows, rows, (4, 4), 4, Augment(), 0, 1)
    batch, asked = images.astype(np.float32), labels[:, None].astype(np.float32)
    assert plain.sample_weights(asked) is None
    six = np.array([0, 1, 2, 3, 3, 3])
    training = Training(epochs=1, optimizer="sgd", learning_rate=0.01)
    ends = []
    for pictures, wanted, counts in (
        (batch, asked, feed.sample_weights(asked)),
        (batch[six], asked[six], None),
        (batch, asked, None),
    ):
        model = network.build(small(2), seed_of=lambda _: 4)
        compile_model(model, training, 2, balanced=True)
        logs = model.train_on_batch(pictures, wanted, counts, return_dict=True)
        ends.append((network.read_weights(model), logs))
    (balanced, said), (copied, alike), (neither, bare) = ends
    for name, values in balanced.items():
        np.testing.assert_allclose(values, copied[name], rtol=1e-4, atol=1e-6)
    assert any(np.abs(values - neither[name]).max() > 1e-4 for name, values in balanced.items())
    assert said["loss"] == pytest.approx(alike["loss"], rel=1e-5)
    # What is reported has no weights in it.
    assert said["cross_entropy"] == pytest.approx(bare["loss"], rel=1e-5)
    assert said["accuracy"] == bare["accuracy"]


FOLDER = """
name: own
data: {source: folder, path: pets, validation: 0.3, balance: weights, on_bad: POLICY}
model: {image: [8, 8, 3], blocks: [{filters: 2}], head: {dense: []}}
train: {epochs: 1, learning_rate: 1.0e-12}
stages: [{name: only}]
"""


def unbalanced(folder: Path, policy: str) -> Path:
    """Nine cats, four dogs, and eleven files that are no pictures; the stage file."""
    for name, count in (("cats", 9), ("dogs", 4)):
        (folder / "pets" / name).mkdir(parents=True)
        for number in range(count):
            noise = np.random.default_rng(number + 50 * count).integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(noise).save(folder / "pets" / name / f"{number}.png")
    for number in range(11):
        (folder / "pets" / "cats" / f"bad{number:02d}.png").write_bytes(b"no picture")
    (folder / "own.yaml").write_text(FOLDER.replace("POLICY", policy))
    return folder / "own.yaml"


def test_reported_losses_have_no_weights(tmp_path: Path) -> None:
    file = unbalanced(tmp_path, "skip")
    weights = grow.plan(file).class_weights
    # Nothing is opened for a plan, so what cannot be used still counts as nine and eleven cats.
    assert weights == {"cats": 24 / (2 * 20), "dogs": 24 / (2 * 4)}
    run = grow.run(file, run_dir=tmp_path / "run")
    (record,) = run.stages[0].history
    prepared = prepare(
        FolderData(source="folder", path=str(tmp_path / "pets"), validation=0.3),
        tmp_path,
        (8, 8, 3),
        cache_folder(),
    )
    rows = prepared.manifest.indices("train")
    labels = prepared.manifest.labels
    feed = Feed(prepared.images, labels, rows, rows, (8, 8), 32, Augment(), seed=0, stage=1)
    model = run.model()
    compile_model(model, Training(epochs=1), 2)
    tally = evaluate(model, feed, lambda _: None, StopSwitch())
    assert record.loss == pytest.approx(tally.mean_loss, rel=1e-5)
    assert record.accuracy == pytest.approx(tally.accuracy)


def test_on_bad_stop_ends_before_any_training(tmp_path: Path) -> None:
    file = unbalanced(tmp_path, "stop")
    with pytest.raises(DataError, match="found 11 files that cannot be") as caught:
        grow.run(file, run_dir=tmp_path / "run")
    named = [line for line in caught.value.message.splitlines() if line.startswith("  cats/")]
    assert named[0].startswith("  cats/bad00.png: not a JPEG, PNG, ")
    assert len(named) == 10
    assert "and 1 more" in caught.value.message
    assert len((tmp_path / "run" / "unusable.txt").read_text().splitlines()) == 11
    assert not list((tmp_path / "run").glob("01-*"))
    with pytest.raises(DataError) as planned:
        grow.plan(file)
    assert str(planned.value) == str(caught.value)
    for path in (tmp_path / "pets" / "cats").glob("bad*"):
        path.unlink()
    assert grow.run(file, run_dir=tmp_path / "run").stages[0].history
