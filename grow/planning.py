"""What a stage file would do, without doing it: architectures, transfer plans, cost, lineup.

The same code plans and runs. Needs neither TensorFlow nor any picture opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from grow import inspection, stagefile
from grow.errors import DataError, RunFolderError
from grow.groups import total_flops
from grow.lineup import Entry, line_up
from grow.pictures import exported
from grow.pictures.balance import class_weights
from grow.pictures.index import peek
from grow.pictures.manifest import Split, Unusable, shown
from grow.pictures.outline import Outline, outline
from grow.pictures.split import remarks
from grow.spec import Fetched, NpyData, NpzData, OnBad, RunSpec
from grow.stageplans import Pictures, master_shape, plan_stages
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
        warnings: what the plan had to assume, and what it leaves out.
        approximate: whether the pictures are divided differently, by a few, once they are read.
        class_weights: how much a picture of each class counts in the training loss; empty where
            all count one, or the pictures were not found.
    """

    spec: RunSpec
    folder: Path
    classes: tuple[str, ...]
    pictures: dict[str, int]
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()
    approximate: bool = False
    class_weights: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        stages = ", ".join(f"{e.stage.number} {e.stage.name}: {e.action}" for e in self.entries)
        return f"<plan {self.spec.name} -> {self.folder}: {stages}>"

    def training_flops(self, entry: Entry) -> int | None:
        """Floating-point operations of training a stage to its last epoch; None if unknown."""
        if not self.pictures:
            return None
        stage, pictures = entry.stage, self.pictures
        counts = (pictures["train"], pictures.get("validation", 0))
        return total_flops(stage.architecture, stage.groups, stage.training.epochs, *counts)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain JSON values, in the form that ``SCHEMA`` names."""
        return {
            "schema": SCHEMA,
            "name": self.spec.name,
            "folder": str(self.folder),
            "classes": list(self.classes),
            "pictures": self.pictures,
            "approximate": self.approximate,
            "class_weights": dict(self.class_weights),
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
            "carried": stage.groups.to_dict(),
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


def plan(
    stage_file: str | PathLike[str],
    *,
    run_dir: str | PathLike[str] | None = None,
    overrides: Sequence[str] = (),
) -> Plan:
    """Plans a stage file: what each stage would be, and what would be done about it.

    Args:
        stage_file: path of the stage file.
        run_dir: the run folder; ``runs/NAME`` unless said.
        overrides: values in place of the file's, such as ``train.epochs=3``.

    Raises:
        StageFileError: the stage file cannot be used; carries all its problems.
        RunFolderError: there is a run folder, and it is damaged; or a file is in its place.
    """
    file = Path(stage_file)
    spec = stagefile.read(file, overrides)
    folder = RunFolder(run_folder(spec, run_dir))
    seen = _look(spec, file.parent)
    entries = line_up(plan_stages(spec, seen.known), inspection.survey(folder))
    return Plan(
        spec=spec,
        folder=folder.path,
        classes=seen.known.classes,
        pictures=seen.counts,
        entries=entries,
        warnings=(*seen.warnings, *_never_thawed(entries)),
        approximate=seen.approximate,
        class_weights=class_weights(seen.training) if spec.data.balance == "weights" else {},
    )


def _never_thawed(entries: Sequence[Entry]) -> Iterator[str]:
    """A note for each stage that never trains what it carries over."""
    for entry in entries:
        stage = entry.stage
        if 0 < stage.training.epochs <= stage.groups.freeze:
            yield (
                f"stage {stage.number} {stage.name}: layers carried over stay frozen "
                f"to its end, epoch {stage.training.epochs}"
            )


@dataclass(frozen=True)
class _Seen:
    """What is known of the pictures without opening any, and how many there are per split."""

    known: Pictures
    counts: dict[str, int]
    warnings: tuple[str, ...] = ()
    approximate: bool = False
    training: Mapping[str, int] = field(default_factory=dict)


def _look(spec: RunSpec, base: Path) -> _Seen:
    shape = master_shape(spec)
    cache = cache_folder()
    missing = exported.missing(spec.data, cache)
    data = exported.local(spec.data, cache)
    try:
        if missing is not None:
            return _unfetched(missing)
        manifest = peek(data, base, shape, cache)
        if manifest is not None:
            known = Pictures(manifest.classes, manifest.training_digest)
            counts = manifest.counts()
            told = (
                *_left_out(manifest.unusable, spec.data.on_bad),
                *remarks(counts),
                *map(str, manifest.remarks),
            )
            return _Seen(known, _totals(counts), told, training=counts["train"])
        seen = outline(data, base)
        if isinstance(data, NpzData | NpyData):
            # numpy, for these sources alone
            from grow.pictures.arrayscale import preview  # noqa: PLC0415

            seen = replace(seen, remarks=(*seen.remarks, *preview(data, base)))
    except DataError as error:
        if isinstance(data, NpzData | NpyData) and (base / _file(data)).exists():
            raise
        return _Seen(Pictures(("0", "1"), None), {}, (_assumed(error.message.rstrip(".")),))
    return _outlined(seen, spec.data.on_bad)


def _file(data: NpzData | NpyData) -> str:
    return data.path if isinstance(data, NpzData) else data.images


def _unfetched(data: Fetched) -> _Seen:
    """What is known of a data set before it is fetched; a plan fetches nothing."""
    name = f"{data.name} ({data.source})"
    seen = exported.foreseen(data)
    if seen is None:
        told = f"{name} is not on this machine yet, grow run fetches it"
        return _Seen(Pictures(("0", "1"), None), {}, (_assumed(told),))
    return replace(
        _outlined(seen, data.on_bad), warnings=(f"{name} is fetched when the run starts",)
    )


def _outlined(seen: Outline, on_bad: OnBad) -> _Seen:
    counts = _totals(seen.counts)
    if seen.fraction is not None:
        # Which ones is known once they are read; how many, within a few.
        aside = round(counts["train"] * seen.fraction)
        counts = {**counts, "train": counts["train"] - aside, "validation": aside}
    known = Pictures(seen.classes, None)
    told = (
        *_left_out(seen.unusable, on_bad),
        *(() if seen.fraction else remarks(seen.counts)),
        *map(str, seen.remarks),
    )
    # What is set aside is the same share of each class, and so hardly moves the weights.
    return _Seen(known, counts, told, seen.fraction is not None, seen.counts["train"])


def _assumed(why: str) -> str:
    return f"{why}; two classes are assumed"


def _left_out(unusable: Sequence[Unusable], on_bad: OnBad) -> tuple[str, ...]:
    if not unusable:
        return ()
    if on_bad == "stop" and not all(entry.chosen for entry in unusable):
        return (*_left_out(unusable, "skip"), "on_bad is stop: grow run ends before any training")
    first = f"{shown(unusable[0].key)}, {unusable[0].reason}"
    if len(unusable) == 1:
        return (f"1 file is left out: {first}",)
    return (f"{len(unusable):,} files are left out; the first: {first}",)


def _totals(counts: Mapping[Split, Mapping[str, int]]) -> dict[str, int]:
    return {split: sum(classes.values()) for split, classes in counts.items()}


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
