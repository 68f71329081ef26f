"""One step of a Keras model: train, evaluate, predict. Nothing else calls Keras for that.

TensorFlow traces a step for the shapes of its arrays, and the last digits of its sums depend on
the trace: a batch normalisation adds up in another order when the batch dimension is open. Keras
picks the traces by what a process happens to meet: the first size is traced as it is, and any
other with an open batch dimension. A process that resumes before an epoch's smaller last batch
would swap the two. So the trace is chosen here, by the size of the batch alone: a whole batch
has a trace of its own size, every other batch the one with an open dimension. That is what Keras
does in a process that is never interrupted, since each epoch and each evaluation begins with a
whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grow.backend import load_tensorflow

Array = NDArray[np.float32]
Model = Any
"""A ``keras.Model``; Keras ships no types."""


def train_batch(
    model: Model, whole: int, pictures: Array, labels: Array, weights: Array | None = None
) -> dict[str, float]:
    """Takes one training step of a compiled model.

    Args:
        model: it is changed, and its optimizer.
        whole: pictures of a whole batch, as the first one of an epoch is.
        pictures: shape ``(batch, height, width, channels)``, or what frozen layers make of them.
        labels: shape ``(batch, 1)``.
        weights: how much each picture counts, shape ``(batch,)``; None where all count one.

    Returns:
        Loss and metrics of this batch, by name.
    """
    _prepare(model, "train", whole)
    logs: dict[str, float] = model.train_on_batch(pictures, labels, weights, return_dict=True)
    return logs


def evaluate_batch(model: Model, whole: int, pictures: Array, labels: Array) -> dict[str, float]:
    """Loss and metrics of a compiled model on one batch; arguments as of `train_batch`."""
    _prepare(model, "test", whole)
    logs: dict[str, float] = model.test_on_batch(pictures, labels, return_dict=True)
    return logs


def predict_batch(model: Model, whole: int, pictures: Array) -> Array:
    """A model's outputs for one batch of pictures, shape ``(batch, ...)``."""
    _prepare(model, "predict", whole)
    outputs: Array = model.predict_on_batch(pictures)
    return outputs


def _prepare(model: Model, kind: str, whole: int) -> None:
    """Puts a step of ours where Keras keeps its own, and whence compiling a model removes it."""
    place = f"{kind}_function"
    there = getattr(model, place)
    if not isinstance(there, _Step) or there.whole != whole:
        setattr(model, place, _Step(getattr(model, f"{kind}_step"), whole))


class _Step:
    """A step of a model with its two traces, each made when its first batch comes."""

    def __init__(self, step: Callable[[tuple[Any, ...]], Any], whole: int) -> None:
        self.whole = whole
        self._step = step
        self._traces: dict[bool, Any] = {}

    def __call__(self, batches: Iterable[tuple[Array | None, ...]]) -> Any:
        """Takes the step on the first of ``batches``, as Keras calls it: with a single one."""
        arrays = [array for array in next(iter(batches)) if array is not None]
        is_whole = len(arrays[0]) == self.whole
        if is_whole not in self._traces:
            self._traces[is_whole] = self._trace(arrays, self.whole if is_whole else None)
        return self._traces[is_whole](*arrays)

    def _trace(self, arrays: list[Array], size: int | None) -> Any:
        tensorflow = load_tensorflow()
        return tensorflow.function(
            lambda *batch: self._step(batch),
            input_signature=[
                tensorflow.TensorSpec((size, *array.shape[1:]), array.dtype) for array in arrays
            ],
            autograph=False,
            jit_compile=False,
        )
