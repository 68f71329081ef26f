"""The files of a saved model: ``config.json`` and the weights inside a ``.keras`` archive.

Of the weights only addresses and shapes are read, never values; links in the file are not
followed. Floors 0 and 1, and h5py.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py

from grow.architecture import Shape
from grow.errors import UsageError
from grow.explanation.addresses import LEGACY

_LARGEST_CONFIG_BYTES = 1 << 28
"""A configuration beyond this is no model's."""


@dataclass(frozen=True)
class Weights:
    """What a weights file holds.

    Attributes:
        stored: the shape of each array, by address and key.
        names: the name of the layer at an address, where the file tells it.
    """

    stored: dict[str, dict[str, Shape]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def open_archive(path: Path) -> tuple[dict[str, Any], Weights]:
    """The configuration and the weights in a ``.keras`` file.

    Raises:
        UsageError: it is no such file, or not one that can be explained.
    """
    with _explained(path, "a Keras archive"), zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "config.json" not in names:
            raise UsageError(f"{path}: not a Keras model, the archive holds no config.json")
        if archive.getinfo("config.json").file_size > _LARGEST_CONFIG_BYTES:
            raise UsageError(f"{path}: its config.json is too large for a model's")
        config = json.loads(archive.read("config.json"))
        if not isinstance(config, dict):
            raise UsageError(f"{path}: its config.json describes no model")
        if "model.weights.h5" not in names:
            raise UsageError(
                f"{path}: holds no model.weights.h5",
                hint="models saved with other weights formats cannot be explained",
            )
        with archive.open("model.weights.h5") as file, h5py.File(file, "r") as weights:
            return config, _listed(weights)


def open_weights(path: Path) -> Weights:
    """What a ``.weights.h5`` file holds.

    Raises:
        UsageError: it is no such file, or one in the older format.
    """
    with _explained(path, "a weights file"), h5py.File(path, "r") as weights:
        if "layer_names" in weights.attrs or "model_weights" in weights:
            raise UsageError(
                f"{path}: in the older HDF5 format, which is not explained",
                hint="load it in Keras and save it again as .keras",
            )
        found = _listed(weights)
    if not found.stored:
        raise UsageError(f"{path}: holds no weights that Keras saved")
    return found


@contextmanager
def _explained(path: Path, what: str) -> Iterator[None]:
    """Turns a file that cannot be read into an error that says so."""
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such file") from error
    except IsADirectoryError as error:
        raise UsageError(f"{path}: is a folder, expected {what}") from error
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path}: not {what} that can be read ({error})") from error


def _listed(file: h5py.File) -> Weights:
    """Every group of weights in a file; links are not followed."""
    found = Weights()

    def visit(path: str, thing: Any) -> None:
        address, _, last = path.rpartition("/")
        if isinstance(thing, h5py.Group) and last == "vars":
            found.stored.setdefault(_modern(address), {})
            name = thing.attrs.get("name")
            if isinstance(name, str):
                found.names[_modern(address)] = name
        elif isinstance(thing, h5py.Dataset) and address.rpartition("/")[2] == "vars":
            group = _modern(address.rpartition("/")[0])
            found.stored.setdefault(group, {})[last] = tuple(int(side) for side in thing.shape)

    file.visititems(visit)
    return Weights(
        {
            address: dict(sorted(arrays.items(), key=lambda item: _natural(item[0])))
            for address, arrays in found.stored.items()
        },
        found.names,
    )


def _modern(address: str) -> str:
    """An address of Keras 2.13 as Keras 3 looks it up."""
    return address.replace(LEGACY, "layers")


def _natural(key: str) -> tuple[tuple[int, str], ...]:
    """A key whose numbers sort as numbers."""
    return tuple((int(part or 0), word) for word, part in re.findall(r"(\D*)(\d*)", key))
