"""What a stage file would do, without doing it: architectures, transfer plans, cost, lineup.

The same code plans and runs. Needs neither TensorFlow nor any picture opened.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from grow import stagefile
from grow.errors import DataError
from grow.lineup import Entry, Pictures, line_up, master_size, plan_stages
from grow.pictures.index import peek
from grow.pictures.manifest import Split
from grow.pictures.outline import outline
from grow.spec import RunSpec
from grow.store import RunFolder

SCHEMA = "grow.plan/1"
"""Name and version of the JSON form of a plan."""


@dataclass(frozen=True)
class Plan:
    """What `grow run` would do with a stage file now.

    Attributes:
        spec: the stage file.
        folder: the run folder it would use.
        classes: names of the classes, in label order.
        pictures: pictures per split as far as they are counted without opening any; empty
            when the pictures were not found.
        entries: what happens with each stage, and why.
        warnings: what the plan had to assume.
    """

    spec: RunSpec
    folder: Path
    classes: tuple[str, ...]
    pictures: dict[str, int]
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()

    def training_flops(self, entry: Entry) -> int | None:
        """Floating-point operations of training a stage to its last epoch; None if unknown."""
        if not self.pictures:
            return None
        each = entry.stage.architecture.training_flops
        return each * self.pictures["train"] * entry.stage.training.epochs

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain JSON values, in the form that ``SCHEMA`` names."""
        return {
            "schema": SCHEMA,
            "name": self.spec.name,
            "folder": str(self.folder),
            "classes": list(self.classes),
            "pictures": self.pictures,
            "warnings": list(self.warnings),
            "stages": [self._stage(entry) for entry in self.entries],
        }

    def _stage(self, entry: Entry) -> dict[str, Any]:
        stage = entry.stage
        known = stage.recipe["pictures"]["digest"] is not None
        return {
            "number": stage.number,
            "name": stage.name,
            "action": entry.action,
            "reason": entry.reason,
            "fingerprint": stage.fingerprint if known else None,
            "epochs": stage.training.epochs,
            "parameters": stage.architecture.parameters,
            "training_flops": self.training_flops(entry),
            "architecture": [
                {
                    "name": row.name,
                    "kind": row.layer.kind,
                    "output": list(row.output),
                    "parameters": row.parameters,
                }
                for row in stage.architecture.placed()
            ],
            "transfer_plan": None if stage.transfer is None else stage.transfer.to_dict(),
        }


def plan(stage_file: str | PathLike[str], *, run_dir: str | PathLike[str] | None = None) -> Plan:
    """Plans a stage file: what each stage would be, and what would be done about it.

    Args:
        stage_file: path of the stage file.
        run_dir: the run folder; ``runs/NAME`` unless said.

    Raises:
        StageFileError: the stage file cannot be used; carries all its problems.
        RunFolderError: there is a run folder, and it is damaged.
    """
    file = Path(stage_file)
    spec = stagefile.read(file)
    folder = RunFolder(run_folder(spec, run_dir))
    try:
        known, counts = _pictures(spec, file.parent)
        warnings: tuple[str, ...] = ()
    except DataError as error:
        known, counts = Pictures(("0", "1"), None), {}
        warnings = (f"{error.message}; two classes are assumed",)
    entries = line_up(plan_stages(spec, known), tuple(folder.found()))
    return Plan(spec, folder.path, known.classes, counts, entries, warnings)


def _pictures(spec: RunSpec, base: Path) -> tuple[Pictures, dict[str, int]]:
    """What is known of the pictures without opening any, and how many there are per split."""
    shape = (*master_size(spec), spec.model.image[2])
    manifest = peek(spec.data, base, shape, cache_folder())
    if manifest is not None:
        return Pictures(manifest.classes, manifest.training_digest), _totals(manifest.counts())
    seen = outline(spec.data, base)
    counts = _totals(seen.counts)
    if seen.fraction is not None:
        # Which ones is known once they are read; how many, within a few.
        aside = round(counts["train"] * seen.fraction)
        counts = {**counts, "train": counts["train"] - aside, "validation": aside}
    return Pictures(seen.classes, None), counts


def _totals(counts: Mapping[Split, Mapping[str, int]]) -> dict[str, int]:
    return {split: sum(classes.values()) for split, classes in counts.items()}


def run_folder(spec: RunSpec, run_dir: str | PathLike[str] | None) -> Path:
    """Where a run goes: ``run_dir``, or ``runs/NAME`` unless said."""
    return Path("runs") / spec.name if run_dir is None else Path(run_dir)


def cache_folder() -> Path:
    """Where prepared pictures are kept; it can be deleted at any time.

    ``GROW_CACHE``, else ``grow`` in the user's cache folder.
    """
    own = os.environ.get("GROW_CACHE")
    if own:
        return Path(own)
    if os.name == "nt":
        home = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return home / "grow"
