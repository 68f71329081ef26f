"""What a finished stage keeps of its model's errors is what the model predicts."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import grow
from grow.config.schema import Augment, Block, Head
from grow.config.schema import Model as ModelSpec
from grow.data.feed import Feed
from grow.data.manifest import Manifest, Picture, Split
from grow.errors import Stopped
from grow.nets import network
from grow.nets.network import Model
from grow.nets.operators import found
from grow.planning.history import EpochRecord
from grow.runs.findings import Findings
from grow.signals import StopSwitch
from grow.train.evaluate import GUESSES, MISTAKES, SIDE, assess, probabilities
from grow.train.events import Event, StageDone, Warned

pytestmark = pytest.mark.tf

COUNT = 300


def manifest(classes: int, split: Split) -> Manifest:
    names = tuple(f"class {n}" for n in range(classes))
    train = [Picture(f"train/{n}", n % classes, "train", "0") for n in range(classes)]
    others = [Picture(f"{split}/{n}", n % classes, split, "0") for n in range(COUNT)]
    rows = sorted([*train, *others], key=lambda one: one.split != "train")
    return Manifest(names, tuple(rows))


def feed_of(pictures: Manifest, side: int = 4, channels: int = 1) -> Feed:
    total = len(pictures.pictures)
    images = np.random.default_rng(0).integers(0, 256, (total, side, side, channels), np.uint8)
    train, validation = pictures.indices("train"), pictures.indices("validation")
    labels = pictures.labels
    return Feed(images, labels, train, validation, (4, 4), 32, Augment(), seed=0, stage=1)


def model_of(classes: int, channels: int = 1) -> Model:
    settings = ModelSpec(image=(4, 4, channels), blocks=(Block(filters=2),), head=Head(dense=(3,)))
    return network.build(found(settings, classes), seed_of=lambda _: 4)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("split", ["test", "validation"])
def test_findings_are_what_the_model_predicts(classes: int, split: Split) -> None:
    pictures, model = manifest(classes, split), model_of(classes)
    feed = feed_of(pictures)
    value = assess(model, feed, pictures, StopSwitch(), pictures=True)
    rows = pictures.indices(split)
    output = model.predict_on_batch(feed.images[rows].astype(np.float32))
    each = np.hstack([1 - output, output]) if classes == 2 else output
    labels, said = pictures.labels[rows], each.argmax(axis=1)
    assert (value.split, value.pictures) == (split, COUNT)
    assert value.right == (labels == said).sum()
    assert value.loss == pytest.approx(-np.log(each[np.arange(COUNT), labels]).mean(), rel=1e-5)
    assert sum(count for _, _, count in value.confusions) == COUNT
    for label, predicted, count in value.confusions:
        assert count == ((labels == label) & (said == predicted)).sum()
    wrong = [n for n in range(COUNT) if labels[n] != said[n]]
    worst = sorted(wrong, key=lambda n: each[n, labels[n]])[:MISTAKES]
    assert [one.key for one in value.mistakes] == [f"{split}/{n}" for n in worst]
    for one, at in zip(value.mistakes, worst, strict=True):
        assert one.probability == pytest.approx(each[at, labels[at]], rel=1e-5)
        assert [g.label for g in one.guesses] == list(np.argsort(-each[at])[:GUESSES])


def test_the_picture_of_a_mistake_is_that_of_the_prepared_copy() -> None:
    pictures = manifest(2, "validation")
    for side, channels in ((4, 3), (4, 1), (SIDE * 2, 3)):
        feed = feed_of(pictures, side, channels)
        value = assess(model_of(2, channels), feed, pictures, StopSwitch(), pictures=True)
        kept = np.asarray(Image.open(io.BytesIO(value.mistakes[0].png or b"")))
        assert max(kept.shape[:2]) == min(side, SIDE)
        row = [one.key for one in pictures.pictures].index(value.mistakes[0].key)
        if side <= SIDE:
            assert np.array_equal(kept.reshape(feed.images[row].shape), feed.images[row])


def test_pictures_are_kept_only_when_wanted() -> None:
    pictures = manifest(2, "validation")
    value = assess(model_of(2), feed_of(pictures), pictures, StopSwitch(), pictures=False)
    assert value.mistakes
    assert all(one.png is None for one in value.mistakes)


def test_a_wish_to_stop_is_heard_between_batches() -> None:
    pictures, switch = manifest(2, "validation"), StopSwitch()
    switch.request(15)
    with pytest.raises(Stopped):
        assess(model_of(2), feed_of(pictures), pictures, switch, pictures=True)


def test_without_batches_there_are_no_probabilities() -> None:
    assert probabilities(model_of(2), 0, []).shape == (0, 2)


def test_a_model_that_diverged_is_looked_at_all_the_same() -> None:
    pictures, model = manifest(3, "validation"), model_of(3)
    network.write_weights(
        model, {name: array * np.nan for name, array in network.read_weights(model).items()}
    )
    value = assess(model, feed_of(pictures), pictures, StopSwitch(), pictures=True)
    back = Findings.from_dict(value.to_dict())
    assert np.isnan(back.loss)
    assert back.right == COUNT // 3


# In a run.


@pytest.fixture
def run(stage_file: Path, tmp_path: Path) -> tuple[grow.Run, list[Event], list[list[str]]]:
    """A small run, what it said, and which reports there were at the end of each stage."""
    heard: list[Event] = []
    there: list[list[str]] = []
    folder = tmp_path / "run"

    def hear(event: Event) -> None:
        heard.append(event)
        if isinstance(event, StageDone):
            there.append(sorted(path.name for path in folder.glob("report.*")))

    return grow.run(stage_file, run_dir=folder, listeners=[hear]), heard, there


def test_a_run_keeps_findings_that_agree_with_its_history_and_writes_reports(
    run: tuple[grow.Run, list[Event], list[list[str]]],
) -> None:
    result, heard, there = run
    assert not [event for event in heard if isinstance(event, Warned)]
    for stage in result.stages:
        assert stage.findings is not None
        assert isinstance(stage.best, EpochRecord)
        assert stage.findings.split == "validation"
        assert stage.findings.accuracy == stage.best.val_accuracy
        assert stage.findings.loss == pytest.approx(stage.best.val_loss, rel=1e-4)
        assert stage.done is not None
        assert "findings.json" in stage.done.files
    reports = ["report.html", "report.json", "report.md"]
    assert there == [[], reports]
    text = (result.path / "report.html").read_text("utf-8")
    assert "stage 2 deeper" in text.lower()
    assert result.log.command.startswith("grow run ")


def test_findings_that_were_damaged_are_made_again(
    run: tuple[grow.Run, list[Event], list[list[str]]], stage_file: Path
) -> None:
    result, _, _ = run
    path = result.stages[1].path / "findings.json"
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"right": ', b'"right": 1'))
    again = grow.run(stage_file, run_dir=result.path)
    assert path.read_bytes() == good
    assert again.stages[1].findings == result.stages[1].findings
