"""What of a run folder is not needed any more, and deleting it: plan, then apply.

The plan is a value that can be shown and asked about. It is made again under the lock, and only
what is in both goes. Nothing outside the run folder is ever deleted: of a link the link goes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from grow import atomic
from grow.planning.schedule import best_epoch
from grow.planning.stages import StagePlan, plan_stages
from grow.runs import checkpoint, lock, verify
from grow.runs.folder import RunFolder
from grow.runs.result import noted
from grow.runs.stage_folder import StageFolder

SCHEMA = "grow.cleaning/1"
"""Name and version of the JSON form of a cleaning."""


@dataclass(frozen=True)
class Leftover:
    """One file or folder that is not needed.

    Attributes:
        path: where it is.
        why: why it is not needed, in words.
        size_bytes: how much deleting it frees.
    """

    path: Path
    why: str
    size_bytes: int


@dataclass(frozen=True)
class Cleaning:
    """What `apply` would delete.

    Attributes:
        path: the run folder.
        leftovers: what is not needed, in order of path.
    """

    path: Path
    leftovers: tuple[Leftover, ...]

    @property
    def size_bytes(self) -> int:
        """How much deleting all of it frees."""
        return sum(leftover.size_bytes for leftover in self.leftovers)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain JSON values."""
        leftovers = [
            {"path": str(one.path), "why": one.why, "bytes": one.size_bytes}
            for one in self.leftovers
        ]
        found = {"folder": str(self.path), "bytes": self.size_bytes, "leftovers": leftovers}
        return {"schema": SCHEMA, **found}

    def apply(self) -> tuple[Leftover, ...]:
        """Deletes what was planned and is still not needed; returns what is gone.

        Raises:
            RunFolderError: another process is at work in the run folder.
            OSError: something cannot be deleted; what was deleted before is gone.
        """
        with lock.held(self.path) as hold:
            still = {one.path for one in clean(self.path).leftovers}
            gone = tuple(one for one in self.leftovers if one.path in still)
            for leftover in gone:
                hold.check()
                _delete(leftover.path)
        return gone


def clean(run_dir: str | PathLike[str]) -> Cleaning:
    """Plans what of a run folder can go; deletes nothing.

    That is: stage folders that the stage file as it was last run does not use, damaged things
    that were put aside, and checkpoints that later ones supersede.

    Raises:
        RunFolderError: it is not a run folder, or its notes are damaged.
    """
    folder = RunFolder(Path(run_dir))
    found = noted(folder)
    stages = plan_stages(found.spec, found.pictures)
    used = {folder.of(stage).path: stage for stage in stages}
    leftovers = [*_put_aside(folder.path)]
    for place in folder.stage_folders():
        stage = used.get(place.path)
        if stage is None:
            leftovers.append(_leftover(place.path, "the stage file does not use it"))
        elif not place.path.is_symlink() and not place.checkpoints.is_symlink():
            leftovers += _put_aside(place.path)
            leftovers += _put_aside(place.checkpoints)
            leftovers += _superseded(place, stage)
    return Cleaning(folder.path, tuple(sorted(leftovers, key=lambda one: one.path)))


def _put_aside(folder: Path) -> Iterator[Leftover]:
    for path in folder.glob(f"{atomic.DAMAGED}*"):
        yield _leftover(path, "damaged, put aside")
    for path in folder.glob(f"{atomic.TEMPORARY}*"):
        yield _leftover(path, "left by a write that was interrupted")


def _superseded(place: StageFolder, stage: StagePlan) -> Iterator[Leftover]:
    """All but what the stage goes on from, or was completed with."""
    start = verify.newest_start(place, stage.training)
    if start.state is None:
        return
    keep = {int(name) for name in start.names}
    if (place.path / "done.json").exists():
        # The last epoch and the best one; in a stage that is not done, one more for safety.
        there: tuple[int, ...] = checkpoint.numbers(place.checkpoints)
        gone = tuple(number for number in there if number not in keep)
    else:
        gone = checkpoint.superseded(checkpoint.numbers(place.checkpoints), keep)
    best = best_epoch(stage.training, start.state.history)
    for number in gone:
        path = place.checkpoints / f"{number:06d}"
        yield _leftover(path, f"superseded by {start.names[0]}, and epoch {best} is the best")


def _leftover(path: Path, why: str) -> Leftover:
    if path.is_symlink():
        return Leftover(path, f"{why}; a link, what it points to stays", 0)
    return Leftover(path, why, _size(path))


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; links are not followed."""
    if not path.is_dir():
        return path.lstat().st_size
    total = 0
    for folder, _, files in os.walk(path):
        total += sum((Path(folder) / name).lstat().st_size for name in files)
    return total


def _delete(path: Path) -> None:
    """Deletes a file, a folder with all that is below it, or a link itself."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    # Renamed first, so that no reader meets half of it.
    doomed = atomic.beside_of(path)
    path.rename(doomed)
    shutil.rmtree(doomed)
