"""This pipeline against the code that a Keras user would write today, on the same pictures.

Trains the last network of ``stages/cats-dogs.yaml`` (64x64) in a fresh process for each way of
feeding it, the ways by turns, and prints a table: seconds an epoch (validation included; the
first epoch, which traces the graphs and fills caches, is left out), the ratio to ``grow``, how
much longer the epoch takes than the same steps on one batch that is always there (the price of
the input), for which share of the epoch the trainer stood waiting for a batch (`grow` only:
``fit`` fetches inside its graph), processor seconds and the largest memory of the process.

All sides compute with oneDNN's kernels, as ``grow`` sets them, so that what differs is how the
network is fed; but for "as installed", which gets what TensorFlow chooses on this processor.

Usage: ``python benchmarks/against_keras.py [--rounds 3] [--epochs 3] [--size 64]
[--pictures 2000]``; the pictures are those to train on, and a quarter as many to validate.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy

from grow.config.schema import RunSpec
from grow.data import prepare
from grow.data.cache import cache_folder
from grow.data.feed import Feed
from grow.nets import network
from grow.planning import stages, validate
from grow.planning.stages import Pictures
from grow.signals import StopSwitch
from grow.train.loop import StageTrainer
from grow.train.optimizer import compile_model

STAGES = Path(__file__).parents[1] / "stages" / "cats-dogs.yaml"
BATCH = 32
Sides = dict[str, Callable[[Any], list[float]]]


def keras_folder(bench: Any) -> list[float]:
    """Read from the folder in every epoch: what the Keras guides show."""
    return fit(bench, *from_folder(bench))


def keras_folder_cached(bench: Any) -> list[float]:
    """As they show for small data: decoded pictures kept in memory."""
    training, validation = from_folder(bench)
    return fit(bench, training.cache(), validation.cache())


def from_folder(bench: Any) -> tuple[Any, Any]:
    read = bench.keras.utils.image_dataset_from_directory
    settings = {"label_mode": "binary", "image_size": bench.size, "batch_size": BATCH}
    training = read(bench.root / "train", shuffle=True, seed=7, verbose=False, **settings)
    validation = read(bench.root / "test", shuffle=True, seed=7, verbose=False, **settings)
    batches = -(-len(bench.rows["validation"]) // BATCH)
    return training.take(bench.steps), validation.take(batches)


def keras_arrays(bench: Any) -> list[float]:
    """Prepared arrays through tf.data: shuffled, batched, augmented a batch at a time."""
    data = bench.tf.data.Dataset
    training = data.from_tensor_slices(bench.arrays("train")).shuffle(8000, seed=7).batch(BATCH)
    validation = data.from_tensor_slices(bench.arrays("validation")).batch(256)
    return fit(bench, training, validation)


def fit(bench: Any, training: Any, validation: Any) -> list[float]:
    layers, auto = bench.keras.layers, bench.tf.data.AUTOTUNE
    augmentation = [
        layers.RandomFlip("horizontal"),
        layers.RandomZoom(0.2),
        layers.RandomShear(0.2, 0.2),
        layers.RandomTranslation(0.1, 0.1),
    ]

    def augment(pictures: Any, labels: Any) -> tuple[Any, Any]:
        pictures = bench.tf.cast(pictures, "float32")
        for layer in augmentation:
            pictures = layer(pictures, training=True)
        return pictures, labels

    if bench.augmented:
        training = training.map(augment, num_parallel_calls=auto)
    return timed_fit(bench, training.prefetch(auto), validation.prefetch(auto))


def keras_arrays_plain(bench: Any) -> list[float]:
    """``fit(x, y)`` on prepared arrays, nothing augmented: the least there is to do."""
    x, y = bench.arrays("train")
    return timed_fit(bench, (x, y), bench.arrays("validation"))


def timed_fit(bench: Any, training: Any, validation: Any) -> list[float]:
    clock = Clock(bench.keras)
    if isinstance(training, tuple):
        how = {"x": training[0], "y": training[1], "batch_size": BATCH}
    else:
        how = {"x": training}
    bench.model().fit(
        **how,
        validation_data=validation,
        epochs=bench.epochs,
        callbacks=[clock.callback],
        verbose=0,
    )
    return clock.seconds


class Clock:
    """Seconds of each epoch, its validation included."""

    def __init__(self, keras: Any) -> None:
        self.seconds: list[float] = []
        started = [0.0]
        self.callback = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda *_: started.__setitem__(0, time.perf_counter()),
            on_epoch_end=lambda *_: self.seconds.append(time.perf_counter() - started[0]),
        )


def keras_one_batch(bench: Any) -> list[float]:
    """``fit`` on one batch, over and over: the network alone."""
    x, y = bench.arrays("train")
    data = bench.tf.data.Dataset
    batch = (x[:BATCH].astype("float32"), y[:BATCH])
    validation = (x[:256].astype("float32"), y[:256])
    training = data.from_tensors(batch).cache().repeat(bench.steps)
    again = data.from_tensors(validation).cache().repeat(bench.evaluation_steps)
    return timed_fit(bench, training, again)


def grow_run(bench: Any) -> list[float]:
    """A stage's trainer on its feed, without checkpoints."""
    feed = bench.feed()

    class Timed:
        def __getattr__(self, name: str) -> Any:
            return getattr(feed, name)

        def training_batches(self, epoch: int, first: int = 0) -> Any:
            return waited(bench, feed.training_batches(epoch, first))

        def validation_batches(self) -> Any:
            return waited(bench, feed.validation_batches())

    return train(bench, Timed())


def waited(bench: Any, batches: Any) -> Any:
    """The same batches; adds up for how long the trainer stood waiting for them."""
    while True:
        began = time.perf_counter()
        batch = next(batches, None)
        bench.waiting += time.perf_counter() - began
        if batch is None:
            return
        yield batch


def grow_one_batch(bench: Any) -> list[float]:
    """The same trainer on one batch, over and over."""
    feed = bench.feed()
    training, validation = next(feed.training_batches(1)), next(feed.validation_batches())
    steps, evaluation_steps = feed.steps, feed.evaluation_steps

    class Same:
        def __getattr__(self, name: str) -> Any:
            return getattr(feed, name)

        def training_batches(self, _epoch: int, first: int = 0) -> Any:
            yield from (training for _ in range(first, steps))

        def validation_batches(self) -> Any:
            yield from (validation for _ in range(evaluation_steps))

    return train(bench, Same())


def train(bench: Any, feed: Any) -> list[float]:
    ends = [time.perf_counter()]

    def listen(event: Any) -> None:
        if type(event).__name__ == "EpochDone":
            ends.append(time.perf_counter())

    # Checkpoints have a benchmark of their own.
    nothing = SimpleNamespace(due=False, keep=lambda *_: None, settle=int, finish=int)
    model = network.build(bench.stage.architecture, lambda _: 7)
    compile_model(model, bench.stage.training, 2)
    StageTrainer(bench.stage, model, feed, nothing, listen, StopSwitch()).train(None)
    return [later - earlier for earlier, later in pairwise(ends)]


SIDES: Sides = {
    "grow": grow_run,
    "grow, one batch": grow_one_batch,
    "fit, arrays": keras_arrays,
    "fit, folder, cached": keras_folder_cached,
    "fit, folder": keras_folder,
    "fit, folder, as installed": keras_folder,
    "fit, one batch": keras_one_batch,
}
PLAIN: Sides = {"grow": grow_run, "fit, arrays": keras_arrays_plain}


class Bench:
    """What all sides share: pictures, network, how long."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.epochs, self.size = arguments.epochs, (arguments.size, arguments.size)
        self.augmented, self.waiting = not arguments.plain, 0.0
        self.spec = sized(arguments.size, arguments.epochs, augmented=self.augmented)
        shape = (*stages.master_size(self.spec), 3)
        self.prepared = prepare.prepare(self.spec.data, STAGES.parent, shape, cache_folder())
        manifest = self.prepared.manifest
        self.root = (STAGES.parent / self.spec.data.path).resolve()
        known = Pictures(manifest.classes, manifest.training_digest)
        self.stage = stages.plan_stages(self.spec, known)[-1]
        wanted = {"train": arguments.pictures, "validation": arguments.pictures // 4}
        self.rows = {split: spread(manifest.indices(split), n) for split, n in wanted.items()}
        self.steps = -(-len(self.rows["train"]) // BATCH)
        self.evaluation_steps = -(-len(self.rows["validation"]) // 256)

    @property
    def keras(self) -> Any:
        """Plain Keras, as a script would import it: nothing of ``grow`` is set."""
        return importlib.import_module("keras")

    @property
    def tf(self) -> Any:
        """TensorFlow, likewise."""
        return importlib.import_module("tensorflow")

    def model(self) -> Any:
        """The network of the last stage, written by hand."""
        keras, layers = self.keras, self.keras.layers
        convolutions = [
            layer
            for _ in range(3)
            for layer in (
                layers.Conv2D(32, 3, padding="same", activation="relu"),
                layers.MaxPooling2D(),
            )
        ]
        head = [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.2)]
        model = keras.Sequential(
            [
                keras.Input((*self.size, 3)),
                layers.Rescaling(1 / 255),
                *convolutions,
                *head,
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
        return model

    def arrays(self, split: str) -> tuple[Any, Any]:
        """Pictures of one split, prepared: bytes ``(pictures, height, width, 3)``, labels."""
        manifest = self.prepared.manifest
        rows = self.rows[split]
        return self.prepared.images[rows], manifest.labels[rows, None].astype("float32")

    def feed(self) -> Feed:
        """The pictures as ``grow`` feeds them."""
        manifest = self.prepared.manifest
        return Feed(
            images=self.prepared.images,
            labels=manifest.labels,
            training=self.rows["train"],
            validation=self.rows["validation"],
            size=self.size,
            batch=BATCH,
            augment=self.spec.data.augment,
            seed=7,
            stage=3,
        )


def spread(rows: Any, count: int) -> Any:
    """So many of the rows, from all classes alike."""
    return rows[numpy.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)]


def sized(size: int, epochs: int, *, augmented: bool) -> RunSpec:
    """The stage file with the last stage at ``size``."""
    values = validate.read(STAGES).model_dump(exclude_unset=True, mode="json")
    values["data"]["validation"] = "test"
    if not augmented:
        del values["data"]["augment"]
    values["train"].pop("reduce_on_plateau", None)
    values["model"]["image"] = [size // 4, size // 4, 3]
    for stage, side in zip(values["stages"][1:], (size // 2, size), strict=True):
        stage["grow"][0]["resize"] = side
        stage["epochs"] = epochs
    return RunSpec.model_validate(values)


def one_side(arguments: argparse.Namespace) -> None:
    bench = Bench(arguments)
    sides = PLAIN if arguments.plain else SIDES
    began = time.process_time()
    seconds = sides[arguments.side](bench)
    cpu = (time.process_time() - began) / arguments.epochs
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {"seconds": seconds[1:], "cpu": cpu, "memory": peak}
    if bench.waiting:
        found["waiting"] = bench.waiting / sum(seconds)
    print(json.dumps(found))


def measure(side: str, arguments: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--side", side, "--epochs", str(arguments.epochs)]
    command += ["--size", str(arguments.size), "--pictures", str(arguments.pictures)]
    command += ["--plain"] if arguments.plain else []
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1"}
    if side.endswith("as installed"):
        del environment["TF_ENABLE_ONEDNN_OPTS"]
    result = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if result.returncode:
        sys.exit(result.stderr[-2000:])
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def table(arguments: argparse.Namespace, sides: Sides) -> None:
    rounds: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for _ in range(arguments.rounds):
        for side in sides:
            rounds[side].append(measure(side, arguments))
    means = {
        side: [statistics.mean(one["seconds"]) for one in found] for side, found in rounds.items()
    }
    ours = statistics.median(means["grow"])
    print(
        f"{'':25} {'s an epoch':>10} {'of grow':>8} {'least to most':>15} {'input':>6} "
        f"{'waits':>6} {'CPU s':>6} {'memory':>8}"
    )
    for side, found in rounds.items():
        seconds = statistics.median(means[side])
        alone = "grow, one batch" if side.startswith("grow") else "fit, one batch"
        price = 1 - statistics.median(means[alone]) / seconds if alone in means else None
        print(
            f"{side:25} {seconds:10.2f} {seconds / ours:8.2f} "
            f"{min(means[side]):7.2f} {max(means[side]):7.2f} "
            f"{'' if price is None or side == alone else f'{price:.0%}':>6} "
            f"{waits(found):>6} {statistics.median(one['cpu'] for one in found):6.1f} "
            f"{statistics.median(one['memory'] for one in found) / 1024:5.0f} MB"
        )


def waits(found: list[dict[str, Any]]) -> str:
    shares = [one["waiting"] for one in found if "waiting" in one]
    return f"{statistics.median(shares):.1%}" if shares else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        one_side(arguments)
        return
    print("augmented: flip, zoom, shear, shift")
    table(arguments, SIDES)
    print("\nnot augmented")
    arguments.plain = True
    table(arguments, PLAIN)


if __name__ == "__main__":
    main()
