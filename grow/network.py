"""From architecture to Keras model, and weights in and out by lifelong names.

The model takes pixels in [0, 255] and rescales them itself, so that the saved one predicts the
same in plain Keras. Layers have the architecture's names: a weight's address is
``layer/weight``, never a position or one of Keras's counters.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grow.adapt import NORM_EPSILON
from grow.architecture import (
    Activation,
    Architecture,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    Norm,
    Pooling,
)
from grow.backend import load_keras
from grow.errors import RunFolderError
from grow.pictures.preprocessing import Preprocessing
from grow.stageplans import StagePlan
from grow.step import predict

Model = Any
"""A ``keras.Model``; Keras ships no types."""

SCHEMA = "grow.model/1"
"""Name and version of what a saved model says of its pictures."""

Weights = dict[str, NDArray[Any]]
SeedOf = Callable[[str], int]


def build(architecture: Architecture, seed_of: SeedOf) -> Model:
    """A Keras model of ``architecture``, freshly initialised.

    Args:
        architecture: what to build.
        seed_of: the seed of a layer's initial weights and of its dropout, by layer name.

    Returns:
        A model from ``(batch, height, width, channels)`` pixels in [0, 255] to
        ``(batch, 1)`` (two classes) or ``(batch, classes)`` probabilities.
    """
    keras = load_keras()
    inputs = keras.Input(architecture.image, name="pixels")
    outputs = keras.layers.Rescaling(1 / 255, name="rescaling")(inputs)
    for layer in architecture.layers:
        outputs = _layer(keras.layers, layer, seed_of(layer.name))(outputs)
    return keras.Model(inputs, outputs, name="network")


def _layer(layers: Any, layer: Layer, seed: int) -> Any:
    """The Keras layer for ``layer``."""
    start = {"name": layer.name}
    match layer:
        case Conv():
            return layers.Conv2D(
                layer.filters,
                layer.kernel,
                padding="same",
                activation=layer.activation,
                kernel_initializer=_glorot(seed),
                **start,
            )
        case Dense():
            return layers.Dense(
                layer.units, activation=layer.activation, kernel_initializer=_glorot(seed), **start
            )
        case Norm():
            return layers.BatchNormalization(epsilon=NORM_EPSILON, **start)
        case Activation():
            return layers.Activation(layer.activation, **start)
        case Dropout():
            return layers.Dropout(layer.rate, seed=seed, **start)
        case Flatten():
            return layers.Flatten(**start)
        case Pooling():
            kind = layers.MaxPooling2D if layer.mode == "max" else layers.AveragePooling2D
            return kind(layer.size, **start)
        case GlobalPooling():
            maximum = layer.mode == "max"
            pooling = layers.GlobalMaxPooling2D if maximum else layers.GlobalAveragePooling2D
            return pooling(**start)


def _glorot(seed: int) -> Any:
    return load_keras().initializers.GlorotUniform(seed=seed)


def read_weights(model: Model) -> Weights:
    """All weights of a model by ``layer/weight``, trained or not, as new arrays."""
    return {weight.path: to_array(weight) for weight in model.weights}


def to_array(variable: Any) -> NDArray[Any]:
    """A Keras variable's value as an array of its own."""
    return np.array(load_keras().ops.convert_to_numpy(variable))


def inputs_of(model: Model, layer: str, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a layer is given for ``pictures``, shape ``(batch, height, width, channels)``."""
    return _partly(model, model.get_layer(layer).input, pictures)


def outputs_of(model: Model, layer: str, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a layer gives for ``pictures``, shape ``(batch, height, width, channels)``."""
    return _partly(model, model.get_layer(layer).output, pictures)


def up_to(model: Model, layer: str) -> Model:
    """The part of a model from its pictures to the outputs of a layer; weights are shared."""
    return load_keras().Model(model.inputs, model.get_layer(layer).output)


def behind(model: Model, layer: str) -> Model:
    """The part of a model from the outputs of a layer on; weights are shared."""
    return load_keras().Model(model.get_layer(layer).output, model.output)


def _partly(model: Model, to: Any, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    part = load_keras().Model(model.inputs, to)
    return predict(part, len(pictures), pictures)


def write_weights(model: Model, weights: Mapping[str, NDArray[Any]]) -> None:
    """Sets all weights of a model.

    Raises:
        ValueError: ``weights`` has another set of names, or a shape differs.
    """
    assign({weight.path: weight for weight in model.weights}, weights)


def random_state(model: Model) -> dict[str, Any]:
    """The variables behind a model's random numbers, by layer name."""
    generators = {layer.name: getattr(layer, "seed_generator", None) for layer in model.layers}
    return {name: found.state for name, found in generators.items() if found is not None}


def assign(variables: Mapping[str, Any], values: Mapping[str, NDArray[Any]]) -> None:
    """Sets Keras variables by name.

    Raises:
        ValueError: the names differ, or a shape does.
    """
    if variables.keys() != values.keys():
        apart = sorted(variables.keys() ^ values.keys())
        raise ValueError(f"expected the same names on both sides, found {apart} on one only")
    for name, variable in variables.items():
        if tuple(variable.shape) != values[name].shape:
            raise ValueError(
                f"{name}: expected shape {tuple(variable.shape)}, found {values[name].shape}"
            )
        variable.assign(values[name])


@dataclass(frozen=True)
class Notes:
    """What a saved model says of itself, beside its layers and weights.

    Attributes:
        classes: the class names, in label order.
        preprocessing: how a picture becomes what the model is fed.
    """

    classes: tuple[str, ...]
    preprocessing: Preprocessing

    def to_dict(self) -> dict[str, Any]:
        """The notes as they stand in the archive's metadata."""
        return {
            "class_names": list(self.classes),
            "grow": {"schema": SCHEMA, **self.preprocessing.to_dict()},
        }


def notes_of(stage: StagePlan) -> Notes:
    """What the model of a planned stage will say of itself."""
    pictures = stage.recipe["pictures"]
    height, width = pictures["master"]
    said = pictures.get("range") or _of_files(pictures.get("array_range"))
    scale = None if said is None else (said[0], said[1])
    preprocessing = Preprocessing(stage.architecture.image, (height, width), pictures["fit"], scale)
    return Notes(tuple(pictures["classes"]), preprocessing)


def _of_files(scale: list[float] | None) -> list[float] | None:
    """The range of arrays where picture files hold such values too: whole numbers from 0 on.

    An array from 0 to 1 or from -1 to 1 was a picture of 8 bits once, and files still are.
    """
    return scale if scale is not None and scale[0] >= 0 and scale[1] >= 2 else None


def save(model: Model, notes: Notes, path: Path) -> None:
    """Saves a model that plain Keras loads, its notes in the archive's metadata.

    The file depends on the model alone, not on when it was saved: equal models, equal bytes.

    Raises:
        OSError: it could not be written.
    """
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model.keras"
        model.save(saved)
        buffer.write(saved.read_bytes())
    with zipfile.ZipFile(buffer) as archive, zipfile.ZipFile(path, "w") as final:
        for name in sorted(archive.namelist()):
            content = archive.read(name)
            if name == "metadata.json":
                content = _metadata(content, notes)
            if name == "config.json":
                content = json.dumps(_renumbered(json.loads(content), {})).encode()
            final.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content)


def _renumbered(value: Any, numbers: dict[Any, int]) -> Any:
    """The same with shared objects numbered as they come: Keras takes addresses in memory."""
    if isinstance(value, list):
        return [_renumbered(item, numbers) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: numbers.setdefault(item, len(numbers) + 1)
        if key == "shared_object_id"
        else _renumbered(item, numbers)
        for key, item in value.items()
    }


def _metadata(content: bytes, notes: Notes) -> bytes:
    values = json.loads(content)
    values.pop("date_saved", None)
    return json.dumps({**values, **notes.to_dict()}).encode()


_UNREADABLE = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, ImportError, RuntimeError),
    *(EOFError, zipfile.BadZipFile, zlib.error),
)
"""What Keras raises at one damaged archive or another."""


def load(path: Path) -> Model:
    """The model in a ``.keras`` file; nothing executable in it is run.

    Raises:
        RunFolderError: the file is missing or is not a model that Keras can read.
    """
    try:
        return load_keras().saving.load_model(path, safe_mode=True)
    except _UNREADABLE as error:
        raise RunFolderError(f"{path}: not a model that Keras can read ({error})") from error


def read_notes(path: Path) -> Notes:
    """What a ``.keras`` file that `save` wrote says of itself; loads no Keras.

    Raises:
        RunFolderError: the file is missing, no saved model, or one that another program saved.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            values = json.loads(archive.read("metadata.json"))
    except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise RunFolderError(f"{path}: not a saved model ({error})") from error
    hint = "expected a model.keras that this version of grow saved, or a run folder"
    known = values.get("grow") if isinstance(values, dict) else None
    if not isinstance(known, dict) or known.get("schema") != SCHEMA:
        raise RunFolderError(f"{path}: does not say how its pictures are prepared", hint=hint)
    try:
        classes = tuple(str(name) for name in values["class_names"])
        return Notes(classes, Preprocessing.from_dict(known))
    except (LookupError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"{path}: what it says of its pictures is damaged ({error})", hint=hint
        ) from error
