"""Data sets of Keras and of TensorFlow Datasets, fetched once into the cache.

This room owns how they are got and written down: Keras's as one .npz file, TensorFlow Datasets'
as picture files with a table. From there on they are read like any other source. Reaches both
through `backend` only; prints nothing.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from grow import atomic
from grow.backend import load_keras, load_tfds
from grow.config.schema import Data, KerasData, Local, TfdsData
from grow.data.manifest import SPLITS, Split
from grow.data.sources import exported
from grow.data.sources.parts import named
from grow.errors import DataError, GrowError

_PNG = b"\x89PNG"
_AGAIN = "Check the connection and run again."

CheckStop = Callable[[], None]
Announce = Callable[[str, str, Path], None]
"""Told before a data set is fetched: who has it, its name there, and where it is kept then."""


def fetch(data: Data, cache: Path, announce: Announce, check_stop: CheckStop) -> Local:
    """See that ``data`` lies on this machine, and say as which source it is read.

    Args:
        data: which pictures; only those of ``keras`` and ``tfds`` are ever fetched, once.
        cache: the folder of all cache entries; made when missing.
        announce: is told before anything is fetched.
        check_stop: called in between; raises to stop.

    Raises:
        DataError: the data set cannot be fetched, is not one of labelled pictures, or what reads
            it is not installed.
        GrowError: the cache cannot be written.
    """
    missing = exported.missing(data, cache)
    if missing is not None:
        place = exported.place(missing, cache)
        announce(missing.source, missing.name, place)
        with _writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(missing, KerasData):
                _export_keras(missing, place, check_stop)
            else:
                _export_tfds(missing, place, check_stop)
    return exported.local(data, cache)


def _export_keras(data: KerasData, place: Path, check_stop: CheckStop) -> None:
    arrays = _keras_arrays(data.name)
    check_stop()
    atomic.write_through(place, lambda beside: np.savez(beside, **arrays))


def _keras_arrays(name: str) -> dict[str, Any]:
    """The arrays of a data set of Keras, under the names the npz source knows.

    Raises:
        DataError: Keras could not get it.
    """
    keras = load_keras()
    try:
        # Keras shows a progress bar of its own; nothing but listeners speaks here.
        with contextlib.redirect_stdout(io.StringIO()):
            train, test = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises plain ones where there is no network
        raise DataError(
            f"data.name: expected Keras to fetch {name}, found: {_plain(error)}.", hint=_AGAIN
        ) from error
    names = np.array(exported.CLASSES[name])
    return {
        "x_train": train[0],
        "y_train": train[1].reshape(-1),
        "x_test": test[0],
        "y_test": test[1].reshape(-1),
        "class_names": names,
    }


def _export_tfds(data: TfdsData, place: Path, check_stop: CheckStop) -> None:
    """Write a data set's pictures, as they are encoded, and a table of them.

    Raises:
        DataError: it cannot be got, or does not hold labelled pictures.
    """
    tfds = _tfds()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            builder = tfds.builder(data.name)
            builder.download_and_prepare()
    except Exception as error:  # whatever a data set's own code raises
        raise DataError(
            f"data.name: expected TensorFlow Datasets to fetch {data.name}, found: "
            f"{_plain(error)}.",
            hint=f"Check the name. {_AGAIN}",
        ) from error
    picture, label = _keys(tfds, builder, data.name)
    labels = builder.info.features[label].names
    parts = _parts(builder, data.name)
    with atomic.new_folder(place) as folder, _table(folder) as table:
        for name, split in parts.items():
            for key, content, number in _examples(tfds, builder, name, (picture, label)):
                check_stop()
                (folder / key).parent.mkdir(exist_ok=True)
                (folder / key).write_bytes(content)
                table.writerow([key, labels[number], split])


@contextlib.contextmanager
def _table(folder: Path) -> Iterator[Any]:
    """A writer of the table's rows, its first line written."""
    with (folder / exported.TABLE).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "label", "split"])
        yield table


def _plain(error: Exception) -> str:
    """What another library raised, in one line."""
    first = str(error).strip().partition("\n")[0].rstrip(".")
    return first or type(error).__name__


def _tfds() -> Any:
    try:
        return load_tfds()
    except ImportError as error:
        raise DataError(
            f"data.source: tfds needs TensorFlow Datasets, which does not load: {error}.",
            hint='Install it: pip install "grow-trainer[tfds]".',
        ) from error


def _keys(tfds: Any, builder: Any, name: str) -> tuple[str, str]:
    """The names of the picture and of the label in an example."""
    features = builder.info.features
    keys = builder.info.supervised_keys or ("image", "label")
    found = {key: type(features[key]).__name__ for key in keys if key in features}
    kinds = (tfds.features.Image, tfds.features.ClassLabel)
    fitting = len(keys) == len(found) == 2
    if not fitting or not all(isinstance(features[k], kinds[i]) for i, k in enumerate(keys)):
        raise DataError(
            f"data.name: expected a data set of pictures, each with one class, found {name} with "
            f"{found or list(features)}.",
            hint="Choose a data set for image classification.",
        )
    return keys[0], keys[1]


def _parts(builder: Any, name: str) -> dict[str, Split]:
    """The parts that are used, by their names there."""
    parts = {part: named(part) for part in builder.info.splits}
    known = {part: split for part, split in parts.items() if split is not None}
    if "train" not in known.values():
        raise DataError(
            f"data.name: expected a part train in {name}, found {', '.join(parts) or 'none'}.",
            hint=f"Parts that are used are {', '.join(SPLITS)}.",
        )
    return known


def _examples(
    tfds: Any, builder: Any, part: str, keys: tuple[str, str]
) -> Iterator[tuple[str, bytes, int]]:
    """Key, encoded picture and label of each example, in the order they are stored in."""
    picture, label = keys
    decoders = {picture: tfds.decode.SkipDecoding()}
    config = tfds.ReadConfig(interleave_cycle_length=1)
    examples = builder.as_dataset(
        split=part, decoders=decoders, shuffle_files=False, read_config=config
    )
    for number, example in enumerate(tfds.as_numpy(examples)):
        content = example[picture]
        suffix = ".png" if content.startswith(_PNG) else ".jpg"
        yield f"{part}/{number:08d}{suffix}", content, int(example[label])


@contextlib.contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if place.exists():
            return  # another process was quicker, and what it wrote is whole
        raise GrowError(
            f"{place}: expected to write the fetched pictures, found: {error.strerror or error}.",
            hint="Free some disk space or choose another cache folder; nothing was lost.",
        ) from error
