"""The run folder: where everything a run leaves stands, and how it is read back.

Owns names and formats of the run's own files; those of a stage are in `stagefolder`. Not the
decisions about them (`lineup`) and not the arrays (`checkpoint`).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from grow import atomic
from grow.atomic import Guard, unguarded
from grow.config.schema import RunSpec
from grow.config.write import to_yaml
from grow.errors import RunFolderError, StageFileError
from grow.planning.stages import Pictures, StagePlan
from grow.planning.validate import parse
from grow.runs import documents
from grow.runs.stage_folder import StageFolder

RUN_SCHEMA = "grow.run/1"

_FOLDER = re.compile(r"\d{2,}-.+-[0-9a-f]{8}")


@dataclass(frozen=True)
class RunFolder:
    """A whole run's folder.

    Attributes:
        guard: asked before each write; raises once the folder's lock is not this process's.
    """

    path: Path
    guard: Guard = field(default=unguarded, compare=False, repr=False)

    @property
    def run_file(self) -> Path:
        """What was run, for programs."""
        return self.path / "run.json"

    @property
    def stage_file(self) -> Path:
        """The stage file as it was run."""
        return self.path / "stages.yaml"

    def write_run(self, spec: RunSpec, base: Path, pictures: Pictures) -> None:
        """Notes what is run now: the stage file, where it stood, and on which pictures.

        All of it is in ``run.json``, so that a reader meets what belongs together; the copy in
        ``stages.yaml`` is for people.
        """
        text = to_yaml(spec)
        header: dict[str, Any] = {
            "name": spec.name,
            "base": str(base),
            "classes": list(pictures.classes),
            "pictures": pictures.digest,
            "stages": text,
        }
        if pictures.earlier:
            header["earlier"] = [
                {"classes": list(one.classes), "pictures": one.digest} for one in pictures.earlier
            ]
        documents.write(self.run_file, RUN_SCHEMA, header, self.guard)
        atomic.write_file(self.stage_file, text.encode(), self.guard)

    def header(self) -> dict[str, Any]:
        """What `write_run` noted.

        Raises:
            RunFolderError: this is no run folder, or ``run.json`` is damaged.
        """
        if not os.path.lexists(self.run_file):
            hint = "a run folder is what `grow run` makes, runs/NAME unless --run-dir says else"
            if any(self.path.glob("seed-*/run.json")):
                hint = "it is a comparison's: its seed-… are run folders, `grow report` shows it"
            raise RunFolderError(
                f"{self.path} is not a run folder: it has no run.json",
                hint=hint,
            )
        values = documents.read(self.run_file, RUN_SCHEMA)
        for key in ("name", "base", "pictures", "stages"):
            if not isinstance(values.get(key), str):
                raise documents.damaged(self.run_file, f"{key!r} is missing")
        if not _is_names(values.get("classes")):
            raise documents.damaged(self.run_file, "'classes' is missing")
        earlier = values.get("earlier", [])
        if not isinstance(earlier, list) or not all(_is_earlier(one) for one in earlier):
            raise documents.damaged(
                self.run_file, "expected the classes and pictures of each of 'earlier'"
            )
        return values

    def spec(self) -> RunSpec:
        """The stage file as it was run.

        Raises:
            RunFolderError: this is no run folder, or ``run.json`` is damaged.
        """
        text: str = self.header()["stages"]
        try:
            return parse(text, str(self.run_file))
        except StageFileError as error:
            raise documents.damaged(self.run_file, error.message) from error

    def stage_folders(self) -> tuple[StageFolder, ...]:
        """All stage folders, by name; others are no stage folders by their names."""
        if not self.path.is_dir():
            return ()
        paths = [path for path in self.named_as_stages() if path.is_dir()]
        return tuple(StageFolder(path, self.guard) for path in paths)

    def named_as_stages(self) -> tuple[Path, ...]:
        """All that is named as a stage folder is, by name: a file or a link to nowhere too."""
        if not self.path.is_dir():
            return ()
        return tuple(sorted(p for p in self.path.iterdir() if _FOLDER.fullmatch(p.name)))

    def of(self, stage: StagePlan) -> StageFolder:
        """The folder of a planned stage, whether it is there or not.

        Its name is no part of its address: a stage that was renamed is found in its old folder.
        """
        known = self.addressed(stage.fingerprint)
        return known or StageFolder(self.path / stage.folder, self.guard)

    def addressed(self, fingerprint: str) -> StageFolder | None:
        """The folder of a fingerprint; None when there is none."""
        for folder in self.stage_folders():
            if folder.path.name.endswith(f"-{fingerprint[:8]}"):
                return folder
        return None

    def begin(
        self, stage: StagePlan, source: StageFolder | None = None, checkpoints: Sequence[str] = ()
    ) -> StageFolder:
        """The folder of a stage, made in one step with its recipe and plan unless there.

        Args:
            stage: what is begun.
            source: the folder of a stage that this one goes on from.
            checkpoints: the names of the checkpoints in there to start with.
        """
        folder = self.of(stage)
        if folder.path.exists():
            folder.write_notes(stage)
            return folder
        with atomic.new_folder(folder.path, guard=self.guard) as beside:
            StageFolder(beside).write_notes(stage)
            (beside / "checkpoints").mkdir()
            if source is not None:
                for name in checkpoints:
                    shutil.copytree(source.checkpoints / name, beside / "checkpoints" / name)
                if (source.path / "growth.json").exists():
                    shutil.copyfile(source.path / "growth.json", beside / "growth.json")
        return folder


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_earlier(value: object) -> bool:
    return (
        isinstance(value, dict)
        and _is_names(value.get("classes"))
        and isinstance(value.get("pictures"), str)
    )


def run_folder(spec: RunSpec, run_dir: str | PathLike[str] | None) -> Path:
    """Where a run goes: ``run_dir``, or ``runs/NAME`` unless said.

    Raises:
        RunFolderError: something that is no folder is there.
    """
    folder = Path("runs") / spec.name if run_dir is None else Path(run_dir)
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise RunFolderError(
                f"{folder} cannot be a run folder: {path} is a file",
                hint="name another one with --run-dir",
            )
    return folder
