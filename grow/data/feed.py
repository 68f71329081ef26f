"""Batches: gathered from the master, reduced, augmented, one step ahead of the training.

Needs no Keras. A batch is a function of (seed, stage, epoch, step); a
second thread prepares the next while the device trains on this one, which changes nothing in
what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from grow.config.schema import Augment
from grow.data.augment import distort, epoch_order
from grow.data.reduce import area_mean
from grow.data.resample import resample

if TYPE_CHECKING:
    from grow.data.prepare import Chosen

Batch = tuple[Any, Any]
"""Pictures ``(batch, height, width, channels)`` in [0, 255] and labels ``(batch, 1)``."""

EVALUATION_BATCH = 256
"""Pictures a batch of a validation."""

T = TypeVar("T")


@dataclass(frozen=True)
class Feed:
    """Where a stage's batches come from.

    Attributes:
        images: the master, shape ``(pictures, height, width, channels)``, bytes.
        labels: shape ``(pictures,)``, numbers of classes.
        training: which pictures are trained on.
        validation: which are validated on.
        size: height and width of the stage's pictures.
        batch: pictures a training step.
        augment: how training pictures may change.
        seed: the run's seed.
        stage: the stage's number.
        class_weights: how much a picture of each class counts in the training loss; empty where
            all count one.
    """

    images: NDArray[np.uint8] | Chosen
    labels: NDArray[np.int64]
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    size: tuple[int, int]
    batch: int
    augment: Augment
    seed: int
    stage: int
    class_weights: tuple[float, ...] = ()

    @property
    def steps(self) -> int:
        """Training steps an epoch; the last one may have fewer pictures."""
        return -(-len(self.training) // self.batch)

    @property
    def whole_batch(self) -> int:
        """Pictures of the first batch of each epoch; only the last one may have fewer."""
        return min(self.batch, len(self.training))

    @property
    def whole_evaluation_batch(self) -> int:
        """Pictures of the first batch of each validation, likewise."""
        return min(EVALUATION_BATCH, len(self.validation))

    @property
    def evaluation_steps(self) -> int:
        """Batches of a validation."""
        return -(-len(self.validation) // EVALUATION_BATCH)

    def training_batches(self, epoch: int, first: int = 0) -> Generator[Batch]:
        """The batches of an epoch (counted from 1) from step ``first`` (from 0) on."""
        order = self.training[self.order(epoch)]

        def batch(step: int) -> Batch:
            rows = order[step * self.batch : (step + 1) * self.batch]
            return self._augmented(rows, epoch, step)

        return ahead(batch, range(first, self.steps))

    def validation_batches(self) -> Generator[Batch]:
        """The validation pictures, unchanged, in order."""

        def batch(step: int) -> Batch:
            rows = self.validation[step * EVALUATION_BATCH : (step + 1) * EVALUATION_BATCH]
            return self.pictures(rows), self.labels_of(rows)

        return ahead(batch, range(self.evaluation_steps))

    def first_training(self, count: int) -> NDArray[np.float32]:
        """The first training pictures, unchanged."""
        return self.pictures(self.training[:count])

    def first(self, count: int) -> NDArray[np.float32]:
        """The first validation pictures, or training pictures where there are none; unchanged."""
        rows = self.validation if len(self.validation) else self.training
        return self.pictures(rows[:count])

    def sample_weights(self, labels: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """How much each picture counts, shape ``(batch,)``; None where all count one.

        Args:
            labels: of a batch, shape ``(batch, 1)``.
        """
        if not self.class_weights:
            return None
        return np.array(self.class_weights, np.float32)[labels[:, 0].astype(np.int64)]

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The places in ``training`` in the order of an epoch, counted from 1."""
        return epoch_order(len(self.training), self.seed, self.stage, epoch)

    def pictures(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Pictures of the master at the stage's size, unchanged."""
        return area_mean(self.images[rows], *self.size)

    def labels_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Labels of pictures of the master, shape ``(pictures, 1)``."""
        return self.labels[rows, None].astype(np.float32)

    def _augmented(self, rows: NDArray[np.int64], epoch: int, step: int) -> Batch:
        pictures = self.pictures(rows)
        if self.augment == Augment():
            return pictures, self.labels_of(rows)
        change = distort(self.augment, self.size, len(rows), (self.seed, self.stage, epoch, step))
        pictures = resample(pictures, change.affine)
        if self.augment.brightness:
            pictures = np.minimum(pictures * change.brightness[:, None, None, None], 255.0)
        return pictures, self.labels_of(rows)


def ahead(make: Callable[[int], T], steps: Sequence[int]) -> Generator[T]:
    """The results of ``make`` for each of ``steps``, the next one made while this is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="grow-pipeline") as worker:
        waiting = [worker.submit(make, step) for step in steps[:2]]
        for step in steps[2:]:
            ready = waiting.pop(0).result()
            waiting.append(worker.submit(make, step))
            yield ready
        for future in waiting:
            yield future.result()
