"""The class of each picture, from a trained model, as one value.

Finds the pictures, reads them in threads beside the computing, and feeds them in batches. Floor
4; prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grow.data.ahead import in_order
from grow.data.decode import Undecodable
from grow.data.manifest import Unusable
from grow.data.preprocessing import Preprocessing
from grow.data.sources.named import NamedFile, find_pictures
from grow.deploy.trained import Trained, find
from grow.errors import GrowError
from grow.signals import StopSwitch
from grow.train import step
from grow.train.events import Listener, Preparing, to_all

SCHEMA = "grow.predictions/1"
"""Name and version of the JSON form of predictions."""

_BATCH = 256
_BATCH_BYTES = 1 << 26
"""Of a batch's pictures at most: large pictures come in smaller batches."""


@dataclass(frozen=True)
class Prediction:
    """What the model says of one picture.

    Attributes:
        picture: the file, as it was named or found.
        label: its class's place among the classes.
        probabilities: of each class, in the order of the classes; they sum to 1.
        folder_label: the class after which a folder it lies in is named; None for none.
    """

    picture: str
    label: int
    probabilities: tuple[float, ...]
    folder_label: int | None = None

    @property
    def probability(self) -> float:
        """Of the class it was given."""
        return self.probabilities[self.label]


@dataclass(frozen=True)
class Predictions:
    """What the model says of all pictures.

    Attributes:
        model: which model, in words.
        classes: the class names; a label is a place here.
        pictures: one prediction for each usable picture, in the order of the arguments, those
            of a folder sorted by path.
        unusable: pictures that could not be read, and folders that could not be listed.
        skipped: files in the folders that are no pictures by their names.
    """

    model: str
    classes: tuple[str, ...]
    pictures: tuple[Prediction, ...]
    unusable: tuple[Unusable, ...] = ()
    skipped: tuple[Unusable, ...] = ()

    @property
    def judged(self) -> tuple[int, int]:
        """Of pictures in folders named after a class: how many are given it, of how many."""
        there = [one for one in self.pictures if one.folder_label is not None]
        return sum(one.label == one.folder_label for one in there), len(there)

    def to_dict(self) -> dict[str, Any]:
        """The predictions as plain JSON values, in the form that ``SCHEMA`` names."""
        right, judged = self.judged
        return {
            "schema": SCHEMA,
            "model": self.model,
            "classes": list(self.classes),
            "pictures": [self._row(one) for one in self.pictures],
            "unusable": [{"picture": one.key, "reason": one.reason} for one in self.unusable],
            "skipped": [{"picture": one.key, "reason": one.reason} for one in self.skipped],
            "accuracy": right / judged if judged else None,
            "judged": judged,
        }

    def _row(self, one: Prediction) -> dict[str, Any]:
        folder = None if one.folder_label is None else self.classes[one.folder_label]
        return {
            "picture": one.picture,
            "class": self.classes[one.label],
            "probability": one.probability,
            "probabilities": list(one.probabilities),
            "folder_class": folder,
        }


def predict(
    run: str | PathLike[str],
    *pictures: str | PathLike[str],
    stage: str | None = None,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Predictions:
    """The class of each picture, from the best epoch of a run's last complete stage.

    Args:
        run: a run folder, or a ``.keras`` file that `grow` saved.
        pictures: picture files, and folders that are searched for them with all below.
        stage: name of the stage whose model is used instead.
        listeners: called with `Preparing` as pictures are done.
        stop: asks to stop in between.

    Raises:
        RunFolderError: there is no model there, or it is damaged.
        UsageError: there is no such stage, or no file or folder of a given name.
        DataError: there are no pictures.
        GrowError: the model's outputs are no probabilities.
        Stopped: stopped as asked.
    """
    trained = find(run, stage)
    named = find_pictures([str(one) for one in pictures], trained.notes.classes)
    emit = to_all(listeners)

    def progress(done: int) -> None:
        emit(Preparing(done, len(named.files)))

    check_stop = (stop or StopSwitch()).check
    said = list(_predict(trained, named.files, check_stop, progress))
    unusable = [*named.unusable, *(entry for entry in said if isinstance(entry, Unusable))]
    return Predictions(
        model=trained.title,
        classes=trained.notes.classes,
        pictures=tuple(entry for entry in said if isinstance(entry, Prediction)),
        unusable=tuple(sorted(unusable, key=lambda one: one.key)),
        skipped=named.skipped,
    )


def spread(outputs: NDArray[np.float32], classes: int) -> NDArray[np.float64]:
    """A model's outputs, ``(batch, 1)`` or ``(batch, classes)``, as ``(batch, classes)``."""
    values = np.asarray(outputs, np.float64)
    return np.concatenate([1 - values, values], axis=1) if classes == 2 else values


def _predict(
    trained: Trained,
    files: Sequence[NamedFile],
    check_stop: Callable[[], None],
    progress: Callable[[int], None],
) -> Iterator[Prediction | Unusable]:
    """What is said of each file, in order."""
    classes = len(trained.notes.classes)
    model = trained.model()
    size = _batch_size(trained.notes.preprocessing)
    done = 0
    with closing(_read(trained.notes.preprocessing, files, check_stop, 2 * size)) as read:
        while chunk := list(islice(read, size)):
            yield from (entry for entry in chunk if isinstance(entry, Unusable))
            usable = [entry for entry in chunk if isinstance(entry, _Read)]
            if usable:
                batch = np.stack([one.pixels for one in usable])
                values = spread(step.predict_batch(model, min(size, len(files)), batch), classes)
                check_finite(values, trained)
                for one, row in zip(usable, values.tolist(), strict=True):
                    yield _said(one.file, row)
            done += len(chunk)
            progress(done)


def _said(file: NamedFile, row: list[float]) -> Prediction:
    return Prediction(file.name, row.index(max(row)), tuple(row), file.folder_label)


def _batch_size(preprocessing: Preprocessing) -> int:
    height, width, channels = preprocessing.image
    return max(1, min(_BATCH, _BATCH_BYTES // (4 * height * width * channels)))


@dataclass(frozen=True)
class _Read:
    """A file and its pixels, float32 of shape ``(height, width, channels)``."""

    file: NamedFile
    pixels: NDArray[np.float32]


def _read(
    preprocessing: Preprocessing,
    files: Sequence[NamedFile],
    check_stop: Callable[[], None],
    waiting: int,
) -> Generator[_Read | Unusable]:
    """Each file's pixels, or why there are none, read in threads."""

    def read(file: NamedFile) -> _Read | Unusable:
        try:
            return _Read(file, preprocessing.read(file.name))
        except Undecodable as error:
            return Unusable(file.name, error.reason)

    return in_order(read, files, check_stop, waiting)


def check_finite(values: NDArray[np.float64], trained: Trained) -> None:
    """Does nothing where a model's outputs are numbers, shape ``(batch, classes)``.

    Raises:
        GrowError: one is not.
    """
    if not np.isfinite(values).all():
        raise GrowError(
            f"{trained.title}: the model's outputs are no probabilities but NaN",
            hint="its training diverged: a lower learning rate helps",
        )
