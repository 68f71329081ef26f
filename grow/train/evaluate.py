"""Looks at a finished model: predicts pictures it was not trained on, and says where it errs.

`probabilities` is the one way from a model and batches to probabilities of classes; `assess` makes
the `findings` that a report shows.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grow.data.feed import Feed
from grow.data.manifest import Manifest, Split
from grow.nets.network import Model
from grow.runs.findings import Findings, Guess, Mistake
from grow.signals import StopSwitch
from grow.train.step import predict_batch

Array = NDArray[np.float32]
Labels = NDArray[np.int64]

MISTAKES = 12
"""How many mistakes are kept: the worst."""

GUESSES = 3
"""How many of the most probable classes are kept of each."""

SIDE = 64
"""Longest side of a kept picture, in pixels."""

_LEAST = 1e-7
"""Probabilities below count as this in the loss, as in Keras."""


def probabilities(model: Model, whole: int, batches: Iterable[Array]) -> Array:
    """What a model makes of pictures, class by class.

    Args:
        model: from pixels in [0, 255] to ``(batch, 1)`` or ``(batch, classes)`` probabilities.
        whole: pictures of a whole batch; only the last one may have fewer.
        batches: pictures of the model's size, each ``(batch, height, width, channels)``.

    Returns:
        Probabilities, shape ``(pictures, classes)``; two columns where the model has one output.
    """
    found = [np.asarray(predict_batch(model, whole, pictures), np.float32) for pictures in batches]
    outputs = np.concatenate(found) if found else np.zeros((0, 2), np.float32)
    return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


def assess(
    model: Model, feed: Feed, manifest: Manifest, switch: StopSwitch, *, pictures: bool
) -> Findings | None:
    """How a model classes the test pictures, or, where there are none, the validation pictures.

    None where there are neither.

    Args:
        model: the trained model.
        feed: the pictures, at the model's size.
        manifest: which pictures those are.
        switch: asks to stop.
        pictures: whether the pictures of the mistakes are kept.

    Raises:
        Stopped: asked to stop in between.
    """
    split: Split = "test" if len(manifest.indices("test")) else "validation"
    rows = manifest.indices(split)
    if not len(rows):
        return None
    looked_at = replace(feed, validation=rows)
    with closing(looked_at.validation_batches()) as batches:
        whole = looked_at.whole_evaluation_batch
        shares = probabilities(model, whole, _until_stopped(batches, switch))
    labels = manifest.labels[rows]
    predicted = shares.argmax(axis=1)
    worst = _worst(shares, labels, predicted)
    return Findings(
        split=split,
        pictures=len(rows),
        right=int((predicted == labels).sum()),
        loss=_loss(shares, labels),
        confusions=_confusions(labels, predicted),
        mistakes=tuple(
            _mistake(manifest.pictures[rows[at]].key, int(labels[at]), shares[at], png)
            for at in worst
            for png in [_png(feed.images[rows[at]]) if pictures else None]
        ),
    )


def _until_stopped(batches: Iterable[tuple[Array, Array]], switch: StopSwitch) -> Iterable[Array]:
    for pictures, _ in batches:
        switch.check()
        yield pictures


def _loss(shares: Array, labels: Labels) -> float:
    """Mean cross-entropy of ``shares``, shape ``(pictures, classes)``."""
    given = shares[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(given, _LEAST)).mean())


def _confusions(labels: Labels, predicted: Labels) -> tuple[tuple[int, int, int], ...]:
    pairs, counts = np.unique(np.stack([labels, predicted], axis=1), axis=0, return_counts=True)
    return tuple((int(a), int(b), int(n)) for (a, b), n in zip(pairs, counts, strict=True))


def _worst(shares: Array, labels: Labels, predicted: Labels) -> list[int]:
    """Places of the mistakes whose own class was given least, the least first."""
    wrong = np.flatnonzero(predicted != labels)
    given = shares[wrong, labels[wrong]]
    return [int(at) for at in wrong[np.argsort(given, kind="stable")[:MISTAKES]]]


def _mistake(key: str, label: int, shares: Array, png: bytes | None) -> Mistake:
    best = np.argsort(-shares, kind="stable")[:GUESSES]
    guesses = tuple(Guess(int(one), _rounded(shares[one])) for one in best)
    return Mistake(key, label, _rounded(shares[label]), guesses, png)


def _rounded(share: np.float32) -> float:
    """A probability to six significant digits, which is what single precision carries."""
    return float(f"{share:.6g}")


def _png(master: NDArray[np.uint8]) -> bytes:
    """A picture of the prepared copy, ``(height, width, channels)``, small, as a PNG file."""
    picture = Image.fromarray(
        master[..., 0] if master.shape[-1] == 1 else np.ascontiguousarray(master)
    )
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
