"""A stage's `model.keras`: saved so that plain Keras loads it, and what it says of itself.

The notes (class names, how a picture becomes what the model is fed) stand in the archive's
metadata, which Keras leaves alone, and are read without loading Keras.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grow.backend import load_keras
from grow.data.preprocessing import Preprocessing
from grow.errors import RunFolderError
from grow.nets.network import Model
from grow.planning.stages import StagePlan

SCHEMA = "grow.model/1"
"""Name and version of what a saved model says of its pictures."""


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
