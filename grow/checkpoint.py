"""Checkpoints: the whole state of a stage's training at one step, written, verified, kept.

A checkpoint is a folder, committed by one rename::

    checkpoints/000123/
      tensors.safetensors   weights, optimizer, random state
      state.json            counters and history
      manifest.json         size and SHA-256 of the two, and the versions that wrote them

Nothing executable is ever read. Knows arrays by name; nothing of Keras.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from grow import commit
from grow.errors import RunFolderError
from grow.history import EpochRecord, History, Tally

SCHEMA = "grow.checkpoint/1"
"""Name and version of the form on disk."""

Tensors = Mapping[str, NDArray[Any]]

_TENSORS, _STATE, _MANIFEST = "tensors.safetensors", "state.json", "manifest.json"


@dataclass(frozen=True)
class State:
    """Where a stage's training stands; nothing else is needed to go on.

    Attributes:
        number: place in the stage, rising with every step and at the end of every epoch;
            names the checkpoint.
        step: steps done in the epoch that is running; 0 between epochs.
        history: the epochs that are complete.
        tally: loss and accuracy over the running epoch so far.
        seconds: wall-clock time spent on the running epoch so far.
        cpu_seconds: processor time spent on it so far.
        tensors: every array by name, its first part saying what it is: ``weights/``,
            ``optimizer/`` or ``random/``.
    """

    number: int
    step: int
    history: History
    tally: Tally
    seconds: float
    cpu_seconds: float
    tensors: Tensors

    def part(self, kind: str) -> dict[str, NDArray[Any]]:
        """The arrays of one kind, by the rest of their names."""
        head = f"{kind}/"
        return {
            name.removeprefix(head): array
            for name, array in self.tensors.items()
            if name.startswith(head)
        }


class DamagedError(RunFolderError):
    """A checkpoint cannot be trusted; the message names the file and what is wrong with it."""


def write(folder: Path, state: State, versions: Mapping[str, str]) -> Path:
    """Writes ``state`` as a new checkpoint in ``folder``.

    A good one of the same number is left as it is: a stage's state is a function of its number.

    Raises:
        OSError: it could not be written; earlier checkpoints are untouched.
    """
    path = folder / f"{state.number:06d}"
    if path.exists():
        if _is_good(path):
            return path
        commit.remove_folder(path)
    with commit.new_folder(path) as beside:
        arrays = {name: np.asarray(array, order="C") for name, array in state.tensors.items()}
        content = {
            _TENSORS: safetensors.numpy.save(arrays),
            _STATE: _json(_counters(state)),
        }
        for name, data in content.items():
            (beside / name).write_bytes(data)
        files = {name: _seal(data) for name, data in content.items()}
        manifest = {"schema": SCHEMA, "files": files, "versions": dict(versions)}
        (beside / _MANIFEST).write_bytes(_json(manifest))
    return path


def _is_good(path: Path) -> bool:
    try:
        read(path)
    except DamagedError:
        return False
    return True


def read(path: Path) -> State:
    """The state in the checkpoint at ``path``, its checksums verified.

    Raises:
        DamagedError: a file is missing, truncated, altered, or of another version.
    """
    manifest = _parse(path / _MANIFEST, _bytes(path / _MANIFEST))
    if manifest.get("schema") != SCHEMA:
        raise DamagedError(
            f"{path / _MANIFEST}: expected {SCHEMA}, found {manifest.get('schema')!r}"
        )
    content = {name: _verified(path / name, manifest) for name in (_TENSORS, _STATE)}
    counters = _parse(path / _STATE, content[_STATE])
    try:
        return State(
            number=counters["number"],
            step=counters["step"],
            history=tuple(EpochRecord.from_dict(record) for record in counters["history"]),
            tally=Tally(**counters["tally"]),
            seconds=counters["seconds"],
            cpu_seconds=counters["cpu_seconds"],
            tensors=safetensors.numpy.load(content[_TENSORS]),
        )
    except (AttributeError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise DamagedError(f"{path}: not a checkpoint of {SCHEMA} ({error})") from error


def numbers(folder: Path) -> tuple[int, ...]:
    """The numbers of the checkpoints in ``folder``, rising."""
    if not folder.is_dir():
        return ()
    names = (entry.name for entry in folder.iterdir() if entry.is_dir())
    decimal = [name for name in names if name.isdecimal()]
    return tuple(sorted(int(name) for name in decimal if name == f"{int(name):06d}"))


def newest_first(folder: Path) -> Iterator[Path]:
    """The checkpoints in ``folder``, the newest first."""
    for number in reversed(numbers(folder)):
        yield folder / f"{number:06d}"


def superseded(there: Sequence[int], keep: Collection[int], last: int = 2) -> tuple[int, ...]:
    """Which of the checkpoints ``there`` may go: all but the ``last`` newest and ``keep``."""
    newest = sorted(there)[-last:]
    return tuple(number for number in sorted(there) if number not in {*newest, *keep})


def remove(folder: Path, number: int) -> None:
    """Deletes one checkpoint."""
    commit.remove_folder(folder / f"{number:06d}")


def set_aside(path: Path) -> Path:
    """Moves a damaged checkpoint out of the way, without deleting it; returns where to."""
    aside = path.with_name(f"damaged-{path.name}-{uuid.uuid4().hex[:8]}")
    path.rename(aside)
    return aside


def digest(tensors: Tensors) -> str:
    """Hexadecimal SHA-256 over names, types, shapes and bytes of arrays, in order of name."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        array = np.asarray(tensors[name], order="C")
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _counters(state: State) -> dict[str, Any]:
    return {
        "number": state.number,
        "step": state.step,
        "history": [record.to_dict() for record in state.history],
        "tally": asdict(state.tally),
        "seconds": state.seconds,
        "cpu_seconds": state.cpu_seconds,
    }


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1).encode()


def _seal(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read ({error.strerror})") from error


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise DamagedError(f"{path}: is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise DamagedError(f"{path}: expected a JSON object")
    return value


def _verified(path: Path, manifest: dict[str, Any]) -> bytes:
    """The content of one file, checked against the manifest."""
    try:
        seal = manifest["files"][path.name]
        size, checksum = seal["bytes"], seal["sha256"]
    except (KeyError, TypeError) as error:
        raise DamagedError(f"{path.parent / _MANIFEST}: does not list {path.name}") from error
    data = _bytes(path)
    if len(data) != size:
        raise DamagedError(f"{path}: expected {size} bytes, found {len(data)}")
    if hashlib.sha256(data).hexdigest() != checksum:
        raise DamagedError(f"{path}: its checksum is not that of the manifest")
    return data
