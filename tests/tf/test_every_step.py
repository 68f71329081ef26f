"""A run that is stopped before any of its steps ends as if it had not been, in every byte.

`Harness` stops before each step; the stage files here cover every kind of layer, every
optimizer, whole and partial batches, frozen layers, and growth.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grow.config.schema import Training
from grow.nets import network
from grow.train import optimizer as compiling
from grow.train import step
from tests.builders import block, founded
from tests.tf.every_step import Harness

pytestmark = pytest.mark.tf

# Three steps an epoch, the last with a smaller batch.
STAGES = """
name: each-step
seed: 5
data: {{source: drawn, {data}}}
model: {{image: [8, 8, 3], blocks: [{blocks}], head: {head}}}
train: {train}
checkpoint: {{every: 0s}}
stages: {stages}
"""
NORMED = "{filters: 4, batch_norm: true}"
EVERYTHING = "{filters: 4, batch_norm: true, dropout: 0.1}"


def stages(
    blocks: str = NORMED,
    head: str = "{dense: [6], dropout: 0.3}",
    train: str = "batch: 16, epochs: 2",
    data: str = "train: 44, validation: 20",
    stages: str = "[{name: only}]",
) -> str:
    return STAGES.format(
        blocks=blocks, head=head, train="{" + train + "}", data=data, stages=stages
    )


def then(growth: str, keys: str = "") -> str:
    return f"[{{name: first, epochs: 1}}, {{name: grown, grow: {growth}{keys}}}]"


def wrong(folder: Path, text: str, *, to_the_end: bool) -> list[str]:
    """What differs from the undisturbed run, anywhere."""
    harness = Harness(folder, text)
    harness.undisturbed()
    stopped = harness.in_single_steps()
    assert len(stopped) >= len(harness.straight) - 1
    if to_the_end:
        harness.from_each_step(stopped)
    return harness.wrong


def test_every_step_can_be_the_first_of_its_process(tmp_path: Path) -> None:
    assert wrong(tmp_path, stages(EVERYTHING), to_the_end=False) == []


def test_the_negative_control_keras_traces_what_it_meets_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were this to pass as equal, the tests here would show nothing."""
    monkeypatch.setattr(step, "_prepare", lambda *_: None)
    found = wrong(tmp_path, stages(), to_the_end=False)
    assert any("weights/conv_1/kernel" in name for name in found)


BY_ITSELF = {
    "everything": stages(EVERYTHING),
    "max pooling, then average": stages(
        "{filters: 4, batch_norm: true}, {filters: 4, pool: average, dropout: 0.2}"
    ),
    "no pooling, kernel 5": stages("{filters: 3, kernel: 5, pool: none, batch_norm: true}"),
    "global average": stages(head="{pool: global_average, dense: [6]}"),
    "global maximum": stages(head="{pool: global_max, dense: []}"),
    "one picture last": stages(train="batch: 8, epochs: 2", data="train: 17, validation: 20"),
    "whole batches": stages(train="batch: 8, epochs: 2", data="train: 24, validation: 20"),
    "one batch": stages(train="batch: 64, epochs: 2"),
    "batches of one": stages(train="batch: 1, epochs: 2", data="train: 4, validation: 2"),
    "two evaluation batches": stages(data="train: 44, validation: 257"),
    "class weights": stages(data="train: 44, validation: 20, balance: weights"),
    **{
        optimizer: stages(
            train=f"batch: 16, epochs: 2, optimizer: {optimizer}, warm_up: 1",
            data="train: 25, validation: 20",
            stages=then("[{insert: {filters: 4}}]", ", carried: {freeze: 1, learning_rate: 0.5x}"),
        )
        for optimizer in ("adam", "adamw", "nadam", "rmsprop", "sgd")
    },
    "frozen, augmented": stages(
        data="train: 25, validation: 20, augment: {flip: horizontal, zoom: 0.2, shift: 0.1}",
        stages=then("[{insert: {filters: 4, batch_norm: true}}]", ", carried: {freeze: 1}"),
    ),
    "optimizer carried": stages(
        EVERYTHING,
        data="train: 25, validation: 20",
        stages=then(
            "[{resize: 16}, {insert: {filters: 4}}]",
            ", transfer: {weights: preserve, optimizer: carry}",
        ),
    ),
    "repeated growth": stages(
        train="batch: 16, epochs: 1",
        data="train: 25, validation: 20",
        stages="[{name: first}, {name: again, repeat: 2, "
        "grow: [{resize: 2x}, {insert: {filters: 4, batch_norm: true}}]}]",
    ),
}


TO_THE_END = {"everything", "one picture last", "class weights", "adam"}
"""For which each resumption also goes on to the end; it takes three times as long."""


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_ITSELF)
def test_wherever_it_is_stopped_it_ends_the_same(name: str, tmp_path: Path) -> None:
    assert wrong(tmp_path, BY_ITSELF[name], to_the_end=name in TO_THE_END) == []


def compiled() -> network.Model:
    model = network.build(founded(block(3), image=(8, 8, 3)), seed_of=lambda _: 4)
    compiling.compile_model(model, Training(epochs=1), 2)
    return model


def batch(size: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(size)
    pictures = chance.uniform(0, 255, (size, 8, 8, 3)).astype(np.float32)
    return pictures, chance.integers(0, 2, (size, 1)).astype(np.float32)


def traces(model: network.Model, kind: str) -> list[int | None]:
    """The batch sizes of a step's traces; None is an open dimension."""
    made = getattr(model, f"{kind}_function")._traces.values()
    return sorted((trace.input_signature[0].shape[0] for trace in made), key=lambda size: size or 0)


@pytest.mark.parametrize("sizes", [(8, 5, 3, 8), (5, 8, 1)])
def test_a_step_has_two_traces_whichever_batch_comes_first(sizes: tuple[int, ...]) -> None:
    model = compiled()
    for size in sizes:
        pictures, labels = batch(size)
        step.train_batch(model, 8, pictures, labels, np.ones(size, np.float32))
        step.evaluate_batch(model, 8, pictures, labels)
        assert step.predict_batch(model, 8, pictures).shape == (size, 1)
    assert [traces(model, kind) for kind in ("train", "test", "predict")] == [[None, 8]] * 3


def test_a_model_that_keras_has_used_already_takes_its_steps_here() -> None:
    model = compiled()
    model.test_on_batch(*batch(5))
    step.evaluate_batch(model, 8, *batch(8))
    step.evaluate_batch(model, 8, *batch(5))
    assert traces(model, "test") == [None, 8]
    step.evaluate_batch(model, 5, *batch(5))
    assert traces(model, "test") == [5]


def test_a_model_compiled_anew_has_no_step_of_before() -> None:
    model = compiled()
    step.train_batch(model, 8, *batch(8))
    compiling.freeze(model, {"conv_1", "dense_1"})
    compiling.compile_with(model, model.optimizer, 2)
    before = network.read_weights(model)
    step.train_batch(model, 8, *batch(8))
    after = network.read_weights(model)
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert moved == {"dense_2/kernel", "dense_2/bias"}


def test_nothing_else_asks_keras_for_a_step() -> None:
    modules = sorted(Path(step.__file__).parent.rglob("*.py"))
    calls = ("train_on_batch", "test_on_batch", "predict_on_batch", ".fit(", "model.predict(")
    found = {path.stem for path in modules for call in calls if call in path.read_text()}
    assert found == {"step"}
