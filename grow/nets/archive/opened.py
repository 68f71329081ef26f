"""What one file of a saved model holds, read in a process of its own.

The HDF5 library can loop without end, or end its process, on a damaged file, and nothing stops
it from inside. So a file is read by a child that is given a time limit and answers in JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from grow.errors import UsageError
from grow.nets.archive.archive import Weights, listed, open_archive, opened_hdf5
from grow.nets.archive.hdf5 import Lists, Stored, config_in, is_older, lists_in

TIME_LIMIT_SECONDS = 60.0
"""No whole file takes nearly as long: names and shapes are read, no arrays."""

_PROGRAM = "import sys; from grow.nets.archive.opened import answer; answer(sys.argv[1])"


@dataclass(frozen=True)
class Opened:
    """What a file holds.

    Attributes:
        path: of the file.
        config: of its model; None where it holds weights only.
        weights: by address; None in the older HDF5 format.
        lists: by layer, in the older HDF5 format; None in today's.
    """

    path: Path
    config: dict[str, Any] | None
    weights: Weights | None
    lists: Lists | None


def opened(path: Path) -> Opened:
    """What a file holds, read in a process of its own.

    Raises:
        UsageError: it is missing, damaged, or nothing that Keras saved.
    """
    home = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    try:
        child = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(path)],
            capture_output=True,
            timeout=TIME_LIMIT_SECONDS,
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"{path}: reading it did not end within {TIME_LIMIT_SECONDS:g} seconds",
            hint="the file is damaged; save the model again, or copy the file again",
        ) from error
    if child.returncode < 0 or (child.returncode and not child.stdout):
        last = child.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        why = last or f"its reader was ended by signal {-child.returncode}"
        raise UsageError(
            f"{path}: not a saved Keras model that can be read ({why})",
            hint="the file is damaged; save the model again, or copy the file again",
        )
    return _from_answer(path, json.loads(child.stdout))


def answer(path: str) -> None:
    """What the child does: prints what a file holds, or why it cannot be read."""
    try:
        found = opened_here(Path(path))
        weights, lists = found.weights, found.lists
        told = {
            "config": found.config,
            "stored": None if weights is None else weights.stored,
            "names": None if weights is None else weights.names,
            "lists": None
            if lists is None
            else {
                layer: [(one.name, one.shape, one.place) for one in arrays]
                for layer, arrays in lists.items()
            },
        }
        text = json.dumps(told)
    except UsageError as error:
        text = json.dumps({"error": error.message, "hint": error.hint})
    except RecursionError:
        text = json.dumps({"error": f"{path}: its configuration is nested too deeply"})
    sys.stdout.write(text)


def _from_answer(path: Path, told: dict[str, Any]) -> Opened:
    if "error" in told:
        raise UsageError(told["error"], hint=told.get("hint", ""))
    weights = lists = None
    if told["stored"] is not None:
        stored = {
            address: {key: tuple(shape) for key, shape in arrays.items()}
            for address, arrays in told["stored"].items()
        }
        weights = Weights(stored, told["names"])
    if told["lists"] is not None:
        lists = {
            layer: tuple(Stored(name, tuple(shape), place) for name, shape, place in arrays)
            for layer, arrays in told["lists"].items()
        }
    return Opened(path, told["config"], weights, lists)


def opened_here(path: Path) -> Opened:
    """What a file holds, read in this very process.

    Raises:
        UsageError: as `opened`.
    """
    if path.is_file() and not h5py.is_hdf5(path) and zipfile.is_zipfile(path):
        config, weights = open_archive(path)
        return Opened(path, config, weights, None)
    with opened_hdf5(path) as file:
        if is_older(file):
            return Opened(path, config_in(file), None, lists_in(file))
        found = listed(file)
        if found.stored:
            return Opened(path, None, found, None)
    raise UsageError(
        f"{path}: holds no weights that Keras saved", hint="name a file that Keras saved"
    )
