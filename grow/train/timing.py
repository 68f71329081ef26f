"""How long training steps take on this machine: timed for a moment, on pictures of noise.

The steps are those of a run: the same network, optimizer, batches and augmentation. Keras only;
prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

import numpy as np

from grow.backend import load_keras
from grow.config.schema import RunSpec
from grow.data.feed import EVALUATION_BATCH, Batch, Feed
from grow.nets import network
from grow.planning.estimate import StageTime, Timing
from grow.planning.stages import StagePlan, master_shape
from grow.train import step
from grow.train.optimizer import compile_model

_SECONDS = 1.0
"""How long each stage's steps are timed."""

_FEWEST, _PATIENCE = 8, 5
"""How many steps are timed at least, unless they take so many times as long: on a busy machine."""

_WARM_UP = 3
_STEPS = 4000  # more than a second has; the order of so many is drawn at once
_PICTURES = 2 * EVALUATION_BATCH


def measure(
    spec: RunSpec,
    stages: Sequence[StagePlan],
    classes: int,
    progress: Callable[[int, int], None],
) -> Timing:
    """Times the steps of each stage for about a second.

    Args:
        spec: the stage file.
        stages: its stages.
        classes: how many classes there are.
        progress: told how many of how many stages are timed; may raise to stop.
    """
    progress(0, len(stages))
    began = time.perf_counter()
    load_keras()
    start = time.perf_counter() - began
    times = []
    for stage in stages:
        times.append(_measure(_feed(spec, stage, classes), spec, stage, classes))
        progress(len(times), len(stages))
    return Timing(start, tuple(times))


def _feed(spec: RunSpec, stage: StagePlan, classes: int) -> Feed:
    noise = np.random.Generator(np.random.Philox(0))
    rows = np.arange(_PICTURES, dtype=np.int64)
    balanced = spec.data.balance == "weights"
    return Feed(
        images=noise.integers(0, 256, (_PICTURES, *master_shape(spec)), np.uint8),
        labels=rows % classes,
        training=np.resize(rows, _STEPS * stage.training.batch),
        validation=np.resize(rows, _STEPS * EVALUATION_BATCH),
        size=stage.architecture.image[:2],
        batch=stage.training.batch,
        augment=spec.data.augment,
        seed=0,
        stage=stage.number,
        class_weights=(1.0,) * classes if balanced else (),
    )


def _measure(feed: Feed, spec: RunSpec, stage: StagePlan, classes: int) -> StageTime:
    began = time.perf_counter()
    model = network.build(stage.architecture, lambda _: 0)
    balanced = spec.data.balance == "weights"
    compile_model(model, stage.training, classes, stage.groups, balanced=balanced)

    def train(batch: Batch) -> None:
        pictures, labels = batch
        weights = feed.sample_weights(labels)
        step.train_batch(model, feed.whole_batch, pictures, labels, weights)

    def evaluate(batch: Batch) -> None:
        step.evaluate_batch(model, feed.whole_evaluation_batch, *batch)

    with closing(feed.training_batches(1)) as batches:
        train(next(batches))
        ready = time.perf_counter() - began
        each_step = _each(train, batches, _SECONDS)
    with closing(feed.validation_batches()) as batches:
        began = time.perf_counter()
        evaluate(next(batches))
        ready += time.perf_counter() - began
        evaluation = _each(evaluate, batches, _SECONDS / 3)
    return StageTime(ready, each_step, evaluation / EVALUATION_BATCH)


def _each(use: Callable[[Batch], None], batches: Generator[Batch], seconds: float) -> float:
    """Seconds a batch takes, drawn and used, over so many seconds."""
    for _ in range(_WARM_UP):
        use(next(batches))
    began = time.perf_counter()
    done, spent = 0, 0.0
    while spent < seconds or (done < _FEWEST and spent < _PATIENCE * seconds):
        use(next(batches))
        done, spent = done + 1, time.perf_counter() - began
    return spent / done
