"""One stage's folder: the names and formats of its files, written whole and read back checked."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grow import atomic, plainfile
from grow.atomic import Guard, unguarded
from grow.errors import RunFolderError
from grow.nets.transfer import TransferPlan
from grow.plainfile import MALFORMED
from grow.planning import cache_key
from grow.planning.cache_key import Recipe
from grow.planning.history import (
    Divergence,
    Divergences,
    EpochRecord,
    GrowthShock,
    History,
    in_order,
)
from grow.planning.stages import StagePlan
from grow.runs import documents
from grow.runs.findings import Findings

STAGE_SCHEMA = "grow.stage/1"
GROWTH_SCHEMA = "grow.growth/1"
FINDINGS_SCHEMA = "grow.findings/1"
DONE_SCHEMA = "grow.done/1"
TESTED_SCHEMA = "grow.tested/1"

Seal = dict[str, Any]

SEALED = (
    *("stage.json", "plan.json", "growth.json", "history.jsonl", "model.keras"),
    "findings.json",
)
"""The files of a stage that ``done.json`` vouches for."""

_MODEL_BYTES = 1 << 40
_DONE = {"epochs": int, "best": int, "checkpoint": str, "weights": str, "reason": str}
_DONE |= {"files": dict}
_HEADER = {"number": int, "name": str, "fingerprint": str, "recipe": dict}


@dataclass(frozen=True)
class Done:
    """What ``done.json`` says of a complete stage.

    Attributes:
        epochs: how many were trained.
        best: number of the epoch whose weights the stage ends with.
        checkpoint: name of that epoch's checkpoint folder.
        weights: digest of those weights.
        reason: why the stage ended, in words.
        files: size and SHA-256 of the stage's other files, by name.
    """

    epochs: int
    best: int
    checkpoint: str
    weights: str
    reason: str
    files: dict[str, Seal] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Judged:
    """What the weights that a stage ended with do on the test pictures.

    Attributes:
        weights: digest of those weights, as in `Done`.
        test_pictures: digest of the test pictures.
        pictures: how many there are.
        accuracy: share classed rightly, in [0, 1].
        loss: mean loss; not a number where training diverged.
    """

    weights: str
    test_pictures: str
    pictures: int
    accuracy: float
    loss: float


@dataclass(frozen=True)
class StageFolder:
    """One stage's folder; reads what is there, writes each file in one step.

    Attributes:
        guard: asked before each write; raises once the run's lock is not this process's.
    """

    path: Path
    guard: Guard = field(default=unguarded, compare=False, repr=False)

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints stand."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """The stage's model, once it is complete."""
        return self.path / "model.keras"

    def header(self) -> dict[str, Any]:
        """Number, name, fingerprint and recipe.

        Raises:
            RunFolderError: ``stage.json`` is missing or damaged.
        """
        path = self.path / "stage.json"
        values = documents.read(path, STAGE_SCHEMA)
        for key, kind in _HEADER.items():
            if not isinstance(values.get(key), kind):
                raise documents.damaged(path, f"{key!r} is missing")
        return values

    def expected_training(self) -> str:
        """What a checkpoint here has to be of; empty where ``stage.json`` does not say."""
        try:
            return cache_key.training_digest(self.header()["recipe"])
        except (RunFolderError, *MALFORMED):
            return ""

    def write_notes(self, stage: StagePlan) -> None:
        """Writes what follows from the stage's plan, where it is not there."""
        if not (self.path / "stage.json").exists():
            self._write("stage.json", STAGE_SCHEMA, header_of(stage))
        if stage.transfer is not None and not (self.path / "plan.json").exists():
            content = documents.to_json(stage.transfer.to_dict())
            atomic.write_file(self.path / "plan.json", content, self.guard)

    def plan(self) -> TransferPlan | None:
        """The transfer plan that the stage began with; None for stage 1.

        Raises:
            RunFolderError: ``plan.json`` is damaged.
        """
        path = self.path / "plan.json"
        if not os.path.lexists(path):
            return None
        try:
            return TransferPlan.from_dict(documents.read_object(path))
        except MALFORMED as error:
            raise documents.damaged(path, str(error)) from error

    def history(self) -> History:
        """The epochs on disk.

        Raises:
            RunFolderError: ``history.jsonl`` is damaged.
        """
        return tuple(one for one in self._happened() if isinstance(one, EpochRecord))

    def divergences(self) -> Divergences:
        """The attempts at epochs that diverged; raises as `history` does."""
        return tuple(one for one in self._happened() if isinstance(one, Divergence))

    def _happened(self) -> list[EpochRecord | Divergence]:
        """The lines of ``history.jsonl``: an epoch, or an attempt at one that diverged."""
        path = self.path / "history.jsonl"
        if not os.path.lexists(path):
            return []
        try:
            lines = [json.loads(line) for line in plainfile.read_bytes(path).decode().splitlines()]
            found = [
                (Divergence if "diverged" in line else EpochRecord).from_dict(line)
                for line in lines
            ]
        except (OSError, *MALFORMED) as error:
            raise documents.damaged(path, documents.reason(error)) from error
        epochs = 0
        for one in found:
            if one.epoch != epochs + 1:
                raise documents.damaged(path, "expected the epochs 1, 2, 3 and so on")
            epochs += isinstance(one, EpochRecord)
        return found

    def growth_shock(self) -> GrowthShock | None:
        """What the growth cost; None for stage 1 and before the stage has grown.

        Raises:
            RunFolderError: ``growth.json`` is damaged.
        """
        path = self.path / "growth.json"
        if not os.path.lexists(path):
            return None
        values = documents.read(path, GROWTH_SCHEMA)
        del values["schema"]
        try:
            return GrowthShock.from_dict(values)
        except MALFORMED as error:
            raise documents.damaged(path, str(error)) from error

    def write_growth_shock(self, shock: GrowthShock) -> None:
        """Replaces ``growth.json``."""
        self._write("growth.json", GROWTH_SCHEMA, shock.to_dict())

    def findings(self) -> Findings | None:
        """What its model makes of pictures; None before, and in stages of an older version.

        Raises:
            RunFolderError: ``findings.json`` is damaged.
        """
        path = self.path / "findings.json"
        if not os.path.lexists(path):
            return None
        values = documents.read(path, FINDINGS_SCHEMA)
        try:
            return Findings.from_dict(values)
        except MALFORMED as error:
            raise documents.damaged(path, str(error)) from error

    def write_findings(self, findings: Findings) -> None:
        """Replaces ``findings.json``."""
        self._write("findings.json", FINDINGS_SCHEMA, findings.to_dict())

    def write_history(self, history: History, divergences: Divergences = ()) -> None:
        """Replaces ``history.jsonl``."""
        happened = in_order(history, divergences)
        lines = [json.dumps(one.to_dict(), allow_nan=False) + "\n" for one in happened]
        atomic.write_file(self.path / "history.jsonl", "".join(lines).encode(), self.guard)

    def done(self) -> Done | None:
        """What ``done.json`` says; None while the stage is not complete.

        Raises:
            RunFolderError: ``done.json`` is damaged.
        """
        path = self.path / "done.json"
        if not os.path.lexists(path):
            return None
        values = documents.read(path, DONE_SCHEMA)
        for key, kind in _DONE.items():
            if not isinstance(values.get(key), kind):
                raise documents.damaged(path, f"{key!r} is missing")
        done = Done(**{key: values[key] for key in Done.__dataclass_fields__})
        if not done.checkpoint.isdecimal():  # it becomes part of a path
            raise documents.damaged(path, f"expected a checkpoint, found {done.checkpoint!r}")
        if not all(_is_seal(one) for one in done.files.values()):
            raise documents.damaged(path, "expected size and digest of each file")
        return done

    def seals(self) -> dict[str, Seal]:
        """Size and SHA-256 of the stage's files as they are on disk now, by name.

        Raises:
            OSError: one of them cannot be read.
        """
        there = [self.path / name for name in SEALED if (self.path / name).exists()]
        return {path.name: seal(plainfile.read_bytes(path, _MODEL_BYTES)) for path in there}

    def commit_model(self, save: Callable[[Path], None]) -> None:
        """Makes what ``save`` writes the stage's model, in one step."""
        atomic.write_through(self.model, save, self.guard)

    def write_done(self, done: Done) -> None:
        """Writes ``done.json``: from then on the stage is complete."""
        self._write("done.json", DONE_SCHEMA, dict(done.__dict__))

    def tested(self) -> Judged | None:
        """What ``test.json`` says; None before the stage was judged.

        Raises:
            RunFolderError: ``test.json`` is damaged.
        """
        path = self.path / "test.json"
        if not os.path.lexists(path):
            return None
        values = documents.read(path, TESTED_SCHEMA)
        try:
            loss = math.nan if values["loss"] is None else float(values["loss"])
            return Judged(
                weights=str(values["weights"]),
                test_pictures=str(values["test_pictures"]),
                pictures=int(values["pictures"]),
                accuracy=float(values["accuracy"]),
                loss=loss,
            )
        except MALFORMED as error:
            raise documents.damaged(path, str(error)) from error

    def write_tested(self, tested: Judged) -> None:
        """Replaces ``test.json``."""
        loss = tested.loss if math.isfinite(tested.loss) else None
        values = {**tested.__dict__, "loss": loss}
        self._write("test.json", TESTED_SCHEMA, values)

    def _write(self, name: str, schema: str, values: dict[str, Any]) -> None:
        documents.write(self.path / name, schema, values, self.guard)


def header_of(stage: StagePlan) -> Recipe:
    """What ``stage.json`` says of a planned stage."""
    return {
        "number": stage.number,
        "name": stage.name,
        "fingerprint": stage.fingerprint,
        "recipe": stage.recipe,
    }


def seal(data: bytes) -> Seal:
    """Size and SHA-256 of a file's content."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _is_seal(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("bytes"), int)
        and isinstance(value.get("sha256"), str)
    )


def unlike(path: Path, seal: Seal, *, thorough: bool) -> str:
    """How a file differs from what ``done.json`` says of it; empty when it does not."""
    if why := plainfile.misplaced(path):
        return why
    try:
        size = path.stat().st_size
        if size != seal["bytes"]:
            return f"expected {seal['bytes']} bytes, found {size}"
        if thorough and plainfile.sha256(path, size) != seal["sha256"]:
            return "its checksum is not that of done.json"
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return ""
