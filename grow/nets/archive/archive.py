"""The files of a saved model: ``config.json`` and the weights inside a ``.keras`` archive.

The older HDF5 format is read in `hdf5`, through the same door.

Of the weights only addresses and shapes are read, never values; links in the file are not
followed.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any

import h5py

from grow.errors import UsageError
from grow.nets.architecture import Shape
from grow.nets.explain.addresses import LEGACY

LARGEST_CONFIG_BYTES = 1 << 26
"""A configuration beyond this is no model's."""


_LARGEST_UNPACKED_BYTES = 1 << 30
"""A compressed file beyond this must not have shrunk as only zeros do."""

_DAMAGES = (
    AttributeError, LookupError, MemoryError, NotImplementedError, OSError, OverflowError,
    RuntimeError, TypeError, ValueError, zlib.error,
)  # fmt: skip
"""What h5py, zipfile and json raise on damaged files."""


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
    with explained(path, "a Keras archive"), zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "config.json" not in names:
            raise UsageError(
                f"{path}: not a Keras model, the archive holds no config.json",
                hint="name a file that Keras saved",
            )
        if archive.getinfo("config.json").file_size > LARGEST_CONFIG_BYTES:
            raise UsageError(f"{path}: its config.json is too large for a model's")
        config = json.loads(archive.read("config.json"))
        if not isinstance(config, dict):
            raise UsageError(f"{path}: its config.json describes no model")
        if "model.weights.h5" not in names:
            raise UsageError(
                f"{path}: holds no model.weights.h5",
                hint="models saved with other weights formats cannot be explained",
            )
        with (
            _seekable(path, archive, "model.weights.h5") as file,
            h5py.File(file, "r") as weights,
        ):
            return config, listed(weights)


@contextmanager
def _seekable(path: Path, archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """A file of an archive to read here and there.

    Keras stores it as it is. Someone else may have compressed it; going back in it would then
    mean unpacking it from the start each time, so it is unpacked once.
    """
    info = archive.getinfo(name)
    if info.compress_type == zipfile.ZIP_STORED:
        with archive.open(name) as file:
            yield file
        return
    if info.file_size > _LARGEST_UNPACKED_BYTES and info.file_size > 20 * info.compress_size:
        raise UsageError(f"{path}: its {name} unpacks to {info.file_size} bytes, too many")
    with archive.open(name) as packed, TemporaryFile() as file:
        copyfileobj(packed, file)
        yield file


@contextmanager
def opened_hdf5(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file; whatever is wrong with it becomes an error in words.

    Raises:
        UsageError: it is missing, damaged, or no such file.
    """
    with explained(path, "a saved Keras model"):
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UsageError(f"{path}: is no ordinary file, expected a saved Keras model")
        with path.open("rb") as start:
            if not start.read(1):
                raise UsageError(f"{path}: is empty, expected a saved Keras model")
        with h5py.File(path, "r") as file:
            yield file


@contextmanager
def explained(path: Path, what: str) -> Iterator[None]:
    """Turns a file that cannot be read into an error that says so."""
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such file") from error
    except IsADirectoryError as error:
        raise UsageError(
            f"{path}: is a folder, expected {what}", hint="name a .keras or .h5 file"
        ) from error
    except PermissionError as error:
        raise UsageError(f"{path}: may not be read ({error.strerror})") from error
    except (*_DAMAGES, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{path}: not {what} that can be read ({error})",
            hint="expected a .keras, .h5 or .weights.h5 file that Keras saved, whole",
        ) from error


def listed(file: h5py.File) -> Weights:
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
