"""Checkpoints: the whole state of a stage's training at one step, written, verified, kept.

A checkpoint is a folder, committed by one rename::

    checkpoints/000123/
      tensors.safetensors   weights, optimizer, random state
      state.json            counters and history
      manifest.json         size and SHA-256 of the two, and what computed them

Nothing executable is ever read. Knows arrays by name; nothing of Keras.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from grow import atomic, plainfile
from grow.atomic import Guard, unguarded
from grow.errors import RunFolderError
from grow.plainfile import MALFORMED
from grow.planning.history import Divergence, Divergences, EpochRecord, History, Tally
from grow.runs.conditions import UNKNOWN, Conditions

SCHEMA = "grow.checkpoint/1"
"""Name and version of the form on disk."""

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grow.runs.tensors import Tensors

_NAME = re.compile(r"[0-9]{6,18}")
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
        divergences: the attempts at these epochs, and at the running one, that diverged.
    """

    number: int
    step: int
    history: History
    tally: Tally
    seconds: float
    cpu_seconds: float
    tensors: Tensors
    divergences: Divergences = ()

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


def write(
    folder: Path,
    state: State,
    versions: Mapping[str, str],
    conditions: Conditions = UNKNOWN,
    *,
    training: str = "",
    guard: Guard = unguarded,
) -> Path:
    """Writes ``state`` as a new checkpoint in ``folder``, and what computed it.

    A good one of the same number is left as it is: a stage's state is a function of its number.
    A damaged one is put aside.

    Args:
        folder: where the checkpoints of a stage stand.
        state: what is written.
        versions: of what computed it.
        conditions: what else computed it.
        training: what the state is of, as `recipes.training_digest` has it; empty for unknown.
        guard: asked before anything is written, and again before the rename.

    Raises:
        OSError: it could not be written; earlier checkpoints are untouched.
    """
    path = folder / f"{state.number:06d}"
    if os.path.lexists(path):
        if is_good(path, training):
            return path
        atomic.set_aside(path, guard)
    with atomic.new_folder(path, guard=guard) as beside:
        content = {
            _TENSORS: _arrays().pack(state.tensors),
            _STATE: _json(_counters(state)),
        }
        for name, data in content.items():
            (beside / name).write_bytes(data)
        files = {name: _seal(data) for name, data in content.items()}
        computed = {"versions": dict(versions), **conditions.to_dict()}
        manifest = {"schema": SCHEMA, "files": files, **computed}
        if training:
            manifest["training"] = training
        (beside / _MANIFEST).write_bytes(_json(manifest))
    return path


def is_good(path: Path, training: str = "") -> bool:
    """Whether the checkpoint at ``path`` can be read, its checksums verified."""
    try:
        read(path, training)
    except DamagedError:
        return False
    return True


def read(path: Path, training: str = "") -> State:
    """The state in the checkpoint at ``path``, its checksums verified.

    Args:
        path: the checkpoint.
        training: what it has to be of; empty for anything. Earlier versions did not note that,
            and what they wrote is taken at its word.

    Raises:
        DamagedError: a file is missing, truncated, altered, or of another version, or the
            checkpoint is of another training.
    """
    manifest = _manifest(path)
    if training and manifest.get("training", training) != training:
        raise DamagedError(f"{path}: is a checkpoint of another training")
    content = {name: _verified(path / name, manifest) for name in (_TENSORS, _STATE)}
    counters = _parse(path / _STATE, content[_STATE])
    try:
        return State(
            number=_count(counters, "number"),
            step=_count(counters, "step"),
            history=tuple(EpochRecord.from_dict(record) for record in counters["history"]),
            tally=_tally(counters["tally"]),
            seconds=float(counters["seconds"]),
            cpu_seconds=float(counters["cpu_seconds"]),
            tensors=_arrays().unpack(content[_TENSORS]),
            divergences=tuple(map(Divergence.from_dict, counters.get("divergences", ()))),
        )
    except MALFORMED as error:
        raise DamagedError(f"{path}: not a checkpoint of {SCHEMA} ({error})") from error


def look(path: Path) -> tuple[int, int]:
    """Epochs and steps that a checkpoint says it holds; sizes are checked, checksums are not.

    For planning, which must be quick; what is trained on is what `read` verified.

    Raises:
        DamagedError: a file is missing, truncated, or of another version.
    """
    manifest = _manifest(path)
    for name in (_TENSORS, _STATE):
        _sized(path / name, manifest)
    counters = _parse(path / _STATE, _bytes(path / _STATE))
    history, step = counters.get("history"), counters.get("step")
    if not isinstance(history, list) or not isinstance(step, int):
        raise DamagedError(f"{path / _STATE}: expected history and step")
    return len(history), step


def versions(path: Path) -> dict[str, str]:
    """The versions that wrote the checkpoint at ``path``; raises as `look` does."""
    found = _manifest(path).get("versions")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def conditions(path: Path) -> Conditions:
    """The conditions under which the checkpoint at ``path`` was computed; raises as `look` does."""
    return Conditions.from_dict(_manifest(path))


def numbers(folder: Path) -> tuple[int, ...]:
    """The numbers of the checkpoints in ``folder``, rising."""
    return tuple(sorted(int(entry.name) for entry in named(folder) if entry.is_dir()))


def named(folder: Path) -> tuple[Path, ...]:
    """All in ``folder`` that is named as a checkpoint is: a file or a link to nowhere too."""
    if not folder.is_dir():
        return ()
    decimal = [entry for entry in folder.iterdir() if _NAME.fullmatch(entry.name)]
    return tuple(sorted(path for path in decimal if path.name == f"{int(path.name):06d}"))


def newest_first(folder: Path) -> Iterator[Path]:
    """The checkpoints in ``folder``, the newest first."""
    for number in reversed(numbers(folder)):
        yield folder / f"{number:06d}"


def superseded(there: Sequence[int], keep: Collection[int], last: int = 2) -> tuple[int, ...]:
    """Which of the checkpoints ``there`` may go: all but the ``last`` newest and ``keep``."""
    newest = sorted(there)[-last:]
    return tuple(number for number in sorted(there) if number not in {*newest, *keep})


def remove(folder: Path, number: int, guard: Guard = unguarded) -> None:
    """Deletes one checkpoint."""
    atomic.remove_folder(folder / f"{number:06d}", guard)


def place(epochs: int, step: int, steps: int) -> int:
    """A checkpoint's number: rises with each of the ``steps`` of an epoch and with its end."""
    return epochs * (steps + 1) + step


def number_of_epoch(state: State, epoch: int) -> int:
    """The number of the checkpoint at the end of an epoch that ``state`` has behind it."""
    steps = (state.number - state.step) // len(state.history) - 1
    return place(epoch, 0, steps)


def digest(tensors: Tensors) -> str:
    """Hexadecimal SHA-256 over names, types, shapes and bytes of arrays, in order of name."""
    value: str = _arrays().hash_tensors(tensors)
    return value


def not_finite(tensors: Tensors) -> tuple[str, str] | None:
    """The first array that holds what is no finite number, and what; None where there is none."""
    found: tuple[str, str] | None = _arrays().find_not_finite(tensors)
    return found


def _arrays() -> ModuleType:
    """The room that loads NumPy; counting and looking at checkpoints does without."""
    return import_module("grow.runs.tensors")


def _counters(state: State) -> dict[str, Any]:
    counters = {
        "number": state.number,
        "step": state.step,
        "history": [record.to_dict() for record in state.history],
        "tally": {**asdict(state.tally), "loss": _plain(state.tally.loss)},
        "seconds": state.seconds,
        "cpu_seconds": state.cpu_seconds,
    }
    if state.divergences:
        counters["divergences"] = [one.to_dict() for one in state.divergences]
    return counters


def _plain(loss: float) -> float | str | None:
    """JSON has no word for what is no number (divergence): null, and the infinities by name."""
    if math.isnan(loss):
        return None
    return loss if math.isfinite(loss) else str(loss)


def _count(values: dict[str, Any], key: str) -> int:
    value = values[key]
    if not isinstance(value, int) or value < 0:
        raise TypeError(f"{key}: expected a whole number, found {value!r}")
    return value


def _tally(values: dict[str, Any]) -> Tally:
    loss = values["loss"]
    return Tally(**{**values, "loss": math.nan if loss is None else float(loss)})


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, allow_nan=False).encode()


def _seal(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _bytes(path: Path, most_bytes: int = plainfile.DOCUMENT_BYTES) -> bytes:
    try:
        return plainfile.read_bytes(path, most_bytes)
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read ({error.strerror})") from error


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except MALFORMED as error:
        raise DamagedError(f"{path}: is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise DamagedError(f"{path}: expected a JSON object")
    return value


def _manifest(path: Path) -> dict[str, Any]:
    manifest = _parse(path / _MANIFEST, _bytes(path / _MANIFEST))
    if manifest.get("schema") != SCHEMA:
        raise DamagedError(
            f"{path / _MANIFEST}: expected {SCHEMA}, found {manifest.get('schema')!r}"
        )
    return manifest


def _sized(path: Path, manifest: dict[str, Any]) -> str:
    """The checksum that the manifest gives a file, once the file's size is that of it too."""
    try:
        seal = manifest["files"][path.name]
        size, checksum = seal["bytes"], str(seal["sha256"])
    except MALFORMED as error:
        raise DamagedError(f"{path.parent / _MANIFEST}: does not list {path.name}") from error
    if why := plainfile.misplaced(path):
        raise DamagedError(f"{path}: {why}")
    try:
        found = path.stat().st_size
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read ({error.strerror})") from error
    if found != size:
        raise DamagedError(f"{path}: expected {size} bytes, found {found}")
    return checksum


def _verified(path: Path, manifest: dict[str, Any]) -> bytes:
    """The content of one file, checked against the manifest."""
    checksum = _sized(path, manifest)
    data = _bytes(path, manifest["files"][path.name]["bytes"])
    if hashlib.sha256(data).hexdigest() != checksum:
        raise DamagedError(f"{path}: its checksum is not that of the manifest")
    return data
