"""The run folder: where everything a run leaves stands, and how it is read back.

Owns names and formats of the files, not the decisions about them (`lineup`) and not the
arrays (`checkpoint`). Floors 0 to 2 only; no Keras.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grow import commit
from grow.errors import RunFolderError
from grow.history import EpochRecord, GrowthShock, History
from grow.lineup import Found, Pictures, Recipe, StagePlan
from grow.spec import RunSpec
from grow.stagefile import to_yaml
from grow.transfer import TransferPlan

RUN_SCHEMA = "grow.run/1"
STAGE_SCHEMA = "grow.stage/1"
GROWTH_SCHEMA = "grow.growth/1"
DONE_SCHEMA = "grow.done/1"

_FOLDER = re.compile(r"\d{2,}-.+-[0-9a-f]{8}")


@dataclass(frozen=True)
class Done:
    """What ``done.json`` says of a complete stage.

    Attributes:
        epochs: how many were trained.
        best: number of the epoch whose weights the stage ends with.
        checkpoint: name of that epoch's checkpoint folder.
        weights: digest of those weights.
        reason: why the stage ended, in words.
    """

    epochs: int
    best: int
    checkpoint: str
    weights: str
    reason: str


@dataclass(frozen=True)
class StageFolder:
    """One stage's folder; reads what is there, writes each file in one step."""

    path: Path

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
        values = _object(path, STAGE_SCHEMA)
        for key in ("number", "name", "fingerprint", "recipe"):
            if key not in values:
                raise _damaged(path, f"{key!r} is missing")
        return values

    def plan(self) -> TransferPlan | None:
        """The transfer plan that the stage began with; None for stage 1.

        Raises:
            RunFolderError: ``plan.json`` is damaged.
        """
        path = self.path / "plan.json"
        if not path.exists():
            return None
        try:
            return TransferPlan.from_dict(_object(path))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _damaged(path, str(error)) from error

    def history(self) -> History:
        """The epochs on disk.

        Raises:
            RunFolderError: ``history.jsonl`` is damaged.
        """
        path = self.path / "history.jsonl"
        if not path.exists():
            return ()
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            return tuple(EpochRecord.from_dict(json.loads(line)) for line in lines)
        except (OSError, AttributeError, TypeError, ValueError) as error:
            raise _damaged(path, str(error)) from error

    def growth_shock(self) -> GrowthShock | None:
        """What the growth cost; None for stage 1 and before the stage has grown.

        Raises:
            RunFolderError: ``growth.json`` is damaged.
        """
        path = self.path / "growth.json"
        if not path.exists():
            return None
        values = _object(path, GROWTH_SCHEMA)
        del values["schema"]
        try:
            return GrowthShock.from_dict(values)
        except TypeError as error:
            raise _damaged(path, str(error)) from error

    def write_growth_shock(self, shock: GrowthShock) -> None:
        """Replaces ``growth.json``."""
        _write(self.path / "growth.json", {"schema": GROWTH_SCHEMA, **shock.to_dict()})

    def write_history(self, history: History) -> None:
        """Replaces ``history.jsonl``."""
        lines = [json.dumps(record.to_dict(), allow_nan=False) + "\n" for record in history]
        commit.write_file(self.path / "history.jsonl", "".join(lines).encode())

    def done(self) -> Done | None:
        """What ``done.json`` says; None while the stage is not complete.

        Raises:
            RunFolderError: ``done.json`` is damaged.
        """
        path = self.path / "done.json"
        if not path.exists():
            return None
        values = _object(path, DONE_SCHEMA)
        try:
            return Done(**{key: values[key] for key in Done.__dataclass_fields__})
        except KeyError as error:
            raise _damaged(path, f"{error} is missing") from error

    def commit_model(self, save: Callable[[Path], None]) -> None:
        """Makes what ``save`` writes the stage's model, in one step."""
        commit.write_through(self.model, save)

    def write_done(self, done: Done) -> None:
        """Writes ``done.json``: from then on the stage is complete."""
        _write(self.path / "done.json", {"schema": DONE_SCHEMA, **done.__dict__})


@dataclass(frozen=True)
class RunFolder:
    """A whole run's folder."""

    path: Path

    @property
    def stage_file(self) -> Path:
        """The stage file as it was run."""
        return self.path / "stages.yaml"

    def write_run(self, spec: RunSpec, base: Path, pictures: Pictures) -> None:
        """Notes what is run now: the stage file, where it stood, and on which pictures."""
        commit.write_file(self.stage_file, to_yaml(spec).encode())
        header = {
            "schema": RUN_SCHEMA,
            "name": spec.name,
            "base": str(base),
            "classes": list(pictures.classes),
            "pictures": pictures.digest,
        }
        _write(self.path / "run.json", header)

    def header(self) -> dict[str, Any]:
        """What `write_run` noted.

        Raises:
            RunFolderError: this is no run folder, or ``run.json`` is damaged.
        """
        path = self.path / "run.json"
        if not path.is_file():
            raise RunFolderError(
                f"{self.path} is not a run folder: it has no run.json",
                hint="a run folder is what `grow run` makes, runs/NAME unless --run-dir says else",
            )
        return _object(path, RUN_SCHEMA)

    def stage_folders(self) -> tuple[StageFolder, ...]:
        """All stage folders, by name; others are no stage folders by their names."""
        if not self.path.is_dir():
            return ()
        paths = sorted(path for path in self.path.iterdir() if _FOLDER.fullmatch(path.name))
        return tuple(StageFolder(path) for path in paths if path.is_dir())

    def found(self) -> Iterator[Found]:
        """What stage folders there are.

        Raises:
            RunFolderError: one of them is damaged.
        """
        for folder in self.stage_folders():
            header = folder.header()
            yield Found(
                number=header["number"],
                name=header["name"],
                fingerprint=header["fingerprint"],
                recipe=header["recipe"],
                epochs=len(folder.history()),
                done=folder.done() is not None,
            )

    def of(self, stage: StagePlan) -> StageFolder:
        """The folder of a planned stage, whether it is there or not.

        Its name is no part of its address: a stage that was renamed is found in its old folder.
        """
        address = stage.folder.rpartition("-")[2]
        for folder in self.stage_folders():
            if folder.path.name.endswith(f"-{address}"):
                return folder
        return StageFolder(self.path / stage.folder)

    def begin(self, stage: StagePlan) -> StageFolder:
        """The folder of a stage, made in one step with its recipe and plan unless there."""
        folder = self.of(stage)
        if folder.path.exists():
            return folder
        with commit.new_folder(folder.path) as beside:
            _dump(beside / "stage.json", _header(stage))
            if stage.transfer is not None:
                _dump(beside / "plan.json", stage.transfer.to_dict())
            (beside / "checkpoints").mkdir()
        return folder


def _header(stage: StagePlan) -> Recipe:
    return {
        "schema": STAGE_SCHEMA,
        "number": stage.number,
        "name": stage.name,
        "fingerprint": stage.fingerprint,
        "recipe": stage.recipe,
    }


def _dump(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def _write(path: Path, value: object) -> None:
    commit.write_file(path, (json.dumps(value, indent=1) + "\n").encode())


def _object(path: Path, schema: str | None = None) -> dict[str, Any]:
    """The JSON object in a file, of the schema expected."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(value, dict):
        raise _damaged(path, "expected a JSON object")
    if schema is not None and value.get("schema") != schema:
        raise _damaged(path, f"expected schema {schema}, found {value.get('schema')!r}")
    return value


def _damaged(path: Path, why: str) -> RunFolderError:
    return RunFolderError(
        f"{path} is damaged: {why}",
        hint=f"move {path.parent} away and run again: only that stage is trained anew",
    )
