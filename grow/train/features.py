"""What frozen layers make of a stage's pictures, computed once and fed in place of the pictures.

Each picture's features are computed in batches of one size, in one order, so a process that
computes them anew gets the same. They are kept in memory or, when they are many, in a temporary
file that goes with the process. Keras only, no TensorFlow of its own.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grow.data.feed import EVALUATION_BATCH, Batch, Feed, ahead
from grow.errors import GrowError
from grow.nets import network
from grow.nets.network import Model
from grow.planning.param_groups import Storage
from grow.train.step import predict_batch

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """A feed whose pictures have gone through the frozen layers already.

    Attributes:
        source: the feed of the pictures; it says which ones a batch holds.
        training: features of its training pictures, shape ``(pictures, ...)``.
        validation: features of its validation pictures, likewise.
    """

    source: Feed
    training: Array
    validation: Array

    @property
    def evaluation_steps(self) -> int:
        """Batches of a validation."""
        return self.source.evaluation_steps

    @property
    def whole_evaluation_batch(self) -> int:
        """Pictures of the first batch of a validation."""
        return self.source.whole_evaluation_batch

    @property
    def size_bytes(self) -> int:
        """How much room the features take."""
        return self.training.nbytes + self.validation.nbytes

    def training_batches(self, epoch: int, first: int = 0) -> Generator[Batch]:
        """The batches of an epoch (counted from 1) from step ``first`` (from 0) on.

        Each holds the features of the very pictures that the source's batch holds.
        """
        source = self.source
        order = source.order(epoch)

        def batch(step: int) -> Batch:
            places = order[step * source.batch : (step + 1) * source.batch]
            return self.training[places], source.labels_of(source.training[places])

        return ahead(batch, range(first, source.steps))

    def validation_batches(self) -> Generator[Batch]:
        """The features of the validation pictures, in order."""

        def batch(step: int) -> Batch:
            part = slice(step * EVALUATION_BATCH, (step + 1) * EVALUATION_BATCH)
            return self.validation[part], self.source.labels_of(self.source.validation[part])

        return ahead(batch, range(self.evaluation_steps))


def compute(
    model: Model, layer: str, feed: Feed, storage: Storage, check_stop: Callable[[], None]
) -> Features:
    """The outputs of ``layer`` for all training and validation pictures, unchanged.

    Args:
        model: pixels to probabilities.
        layer: its name.
        feed: the pictures.
        storage: where the outputs are kept: in memory or in a temporary file.
        check_stop: raises when the run was asked to stop.

    Raises:
        GrowError: there is no room for the temporary file.
    """
    part = network.up_to(model, layer)
    shape = tuple(part.output.shape[1:])

    def outputs(rows: NDArray[np.int64]) -> Array:
        whole = (len(rows), *shape)
        chunks = _chunks(part, feed, rows, check_stop)
        return _in_memory(chunks, whole) if storage is Storage.MEMORY else _in_file(chunks, whole)

    return Features(feed, outputs(feed.training), outputs(feed.validation))


def _chunks(
    part: Model, feed: Feed, rows: NDArray[np.int64], check_stop: Callable[[], None]
) -> Iterator[Array]:
    """The features of ``rows``, batch by batch; the last batch is filled up before it is used."""
    for start in range(0, len(rows), feed.batch):
        check_stop()
        pictures = feed.pictures(rows[start : start + feed.batch])
        missing = feed.batch - len(pictures)
        filled = np.pad(pictures, ((0, missing), (0, 0), (0, 0), (0, 0)))
        yield predict_batch(part, feed.batch, filled)[: len(pictures)]


def _in_memory(chunks: Iterator[Array], shape: tuple[int, ...]) -> Array:
    kept, at = np.empty(shape, np.float32), 0
    for chunk in chunks:
        kept[at : at + len(chunk)] = chunk
        at += len(chunk)
    return kept


def _in_file(chunks: Iterator[Array], shape: tuple[int, ...]) -> Array:
    """Written as a plain file first: a full disk is an error then, and not a crash later."""
    if not shape[0]:  # an empty file cannot be mapped
        return np.empty(shape, np.float32)
    try:
        # The array keeps the file: a mapping outlives what it was made from.
        with tempfile.TemporaryFile(prefix="grow-") as file:
            for chunk in chunks:
                file.write(chunk.tobytes())
            file.flush()
            return np.memmap(file, np.float32, "r", shape=shape)
    except OSError as error:
        needed = math.prod(shape) * 4
        raise GrowError(
            f"{tempfile.gettempdir()}: no room for the outputs of the frozen layers, "
            f"{needed:,} bytes ({error})",
            hint="free some there, or name another folder in TMPDIR",
        ) from error
