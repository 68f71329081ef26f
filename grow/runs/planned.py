"""What a stage file would do, without doing it: architectures, transfer plans, cost, lineup.

The same code plans and runs. Needs neither TensorFlow nor any picture opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from grow.config import reader
from grow.config.schema import Fetched, NpyData, NpzData, RunSpec, validates
from grow.data import lookalikes
from grow.data.balance import class_weights
from grow.data.cache import cache_folder
from grow.data.cache import index as memory
from grow.data.manifest import Manifest, Split, Unusable, shown
from grow.data.sources import exported
from grow.data.sources.outline import Outline, list_pictures, outlined
from grow.data.sources.there import absent, check_there
from grow.data.split import check, check_all_used, remarks, settle
from grow.data.together import find_leak, proposable
from grow.errors import GrowthError, UsageError
from grow.nets import classes as class_sets
from grow.planning import retraining, validate
from grow.planning.lineup import Entry, line_up
from grow.planning.param_groups import total_flops
from grow.planning.stages import Pictures, StagePlan, master_shape, plan_stages
from grow.runs import verify
from grow.runs.folder import RunFolder, run_folder

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
            when the pictures are not known.
        entries: what happens with each stage, and why.
        warnings: what the plan had to assume, and what it leaves out.
        approximate: whether the pictures are divided differently, by a few, once they are read.
        class_weights: how much a picture of each class counts in the training loss; empty where
            all count one, or the pictures are not known. Of all classes; a stage that does not
            know them all weighs its own.
        of_some: pictures per split as ``pictures``, of the classes that some stages know, by
            these classes.
    """

    spec: RunSpec
    folder: Path
    classes: tuple[str, ...]
    pictures: dict[str, int]
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()
    approximate: bool = False
    class_weights: Mapping[str, float] = field(default_factory=dict)
    of_some: Mapping[tuple[str, ...], Mapping[str, int]] = field(default_factory=dict)

    def __repr__(self) -> str:
        stages = ", ".join(f"{e.stage.number} {e.stage.name}: {e.action}" for e in self.entries)
        return f"<plan {self.spec.name} -> {self.folder}: {stages}>"

    def pictures_of(self, stage: StagePlan) -> Mapping[str, int]:
        """Pictures per split of the classes that a stage knows; empty where none were found."""
        return self.of_some.get(stage.classes, self.pictures)

    def training_flops(self, entry: Entry) -> int | None:
        """Floating-point operations of training a stage to its last epoch; None if unknown."""
        stage, pictures = entry.stage, self.pictures_of(entry.stage)
        if not pictures:
            return None
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
            "classes": list(stage.classes),
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
    classes: int | None = None,
) -> Plan:
    """Plans a stage file: what each stage would be, and what would be done about it.

    Args:
        stage_file: path of the stage file.
        run_dir: the run folder; ``runs/NAME`` unless said.
        overrides: values in place of the file's, such as ``train.epochs=3``.
        classes: how many classes to assume, two or more, without a look at the pictures.

    Raises:
        StageFileError: the stage file cannot be used; carries all its problems.
        DataError: `run` would refuse the pictures before it opens any.
        RunFolderError: there is a run folder, and it is damaged; or a file is in its place.
    """
    if classes is not None and classes < 2:
        raise UsageError(f"classes: expected two or more, found {classes}")
    file = Path(stage_file)
    spec = validate.read(file, overrides)
    folder = RunFolder(run_folder(spec, run_dir))
    seen = _look(spec, file.parent) if classes is None else _not_looked_at(spec, classes)
    try:
        stages = plan_stages(spec, seen.known)
    except GrowthError as error:
        raise reader.located(file, error, overrides) from None
    found = verify.survey(folder)
    entries = line_up(stages, found)
    retrained = retraining.sentence(spec, entries, found) if seen.counts else ""
    return Plan(
        spec=spec,
        folder=folder.path,
        classes=seen.known.classes,
        pictures=seen.counts,
        entries=entries,
        warnings=(*filter(None, [retrained]), *seen.warnings, *_never_thawed(entries)),
        approximate=seen.approximate,
        class_weights=class_weights(seen.training) if spec.data.balance == "weights" else {},
        of_some={s.classes: seen.of(s.classes) for s in stages if s.classes != seen.known.classes},
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
    by_class: Mapping[Split, Mapping[str, int]] = field(default_factory=dict)
    fraction: float | None = None

    def of(self, some: tuple[str, ...]) -> dict[str, int]:
        """How many pictures of some of the classes there are per split, as far as is known."""
        return _totals(
            {
                split: {name: count for name, count in counts.items() if name in some}
                for split, counts in self.by_class.items()
            },
            self.fraction,
        )


def _look(spec: RunSpec, base: Path) -> _Seen:
    """What is known of the pictures, with every error that a run would end with before it reads.

    Raises:
        DataError: a run would not start with these pictures.
    """
    cache = cache_folder()
    missing = exported.missing(spec.data, cache)
    if missing is not None:
        return _unfetched(spec, missing)
    data = exported.local(spec.data, cache)
    listing = list_pictures(data, base)
    stamps = memory.stamps(listing)
    gone = absent(listing, stamps)
    check_there(listing, gone)
    shape, later = master_shape(spec), class_sets.later_sets(spec)
    prepared = memory.prepared_before(data, listing, stamps, shape, cache, later)
    if prepared is None:
        # Names stand for contents: enough to see what could not be divided, whatever they hold.
        keys = {candidate.key: candidate.key for candidate in listing.candidates}
        supposed = settle(listing, keys, {one.key: one.reason for one in gone})
        _check(spec, supposed, listing.place)
        earlier = memory.peek_without(data, base, shape, cache, later) if later else ()
        seen = outlined(listing, supposed)
        if isinstance(data, NpzData | NpyData):
            # numpy, for these sources alone
            from grow.data.sources.arrayscale import preview  # noqa: PLC0415

            seen = replace(seen, remarks=(*seen.remarks, *preview(data, base)))
        return _outlined(seen, tuple(map(known, earlier)))
    manifest, images = prepared
    _check(spec, manifest, listing.place)
    counts = manifest.counts()
    alike = lookalikes.kept(images, manifest) if proposable(data, listing) else None
    found = find_leak(manifest, alike or ())
    told = (
        *_left_out(manifest.unusable),
        *remarks(counts),
        *map(str, (*manifest.remarks, *([found] if found else []))),
    )
    return _Seen(known(manifest), _totals(counts), told, training=counts["train"], by_class=counts)


def _check(spec: RunSpec, manifest: Manifest, place: str) -> None:
    """Sees that a run would go on with these pictures."""
    check(manifest, place, validates=validates(spec.data))
    if spec.data.on_bad == "stop":
        check_all_used(manifest)


def _not_looked_at(spec: RunSpec, classes: int) -> _Seen:
    """What is assumed where the pictures are not to be looked at."""
    words = f"the pictures were not looked at; {classes} classes are assumed, as --classes says"
    return _Seen(_unknown(spec, classes), {}, (words,))


def known(manifest: Manifest) -> Pictures:
    """What recipes hold of the pictures of a manifest."""
    earlier = tuple(map(known, manifest.earlier))
    return Pictures(manifest.classes, manifest.training_digest, earlier)


def _unknown(spec: RunSpec, assumed: int = 2) -> Pictures:
    """What is assumed while the pictures are not known: so many classes, and those named as new.

    Those named as new are among the ``assumed`` as far as there is room beside a first two.
    """
    later = [name for names in class_sets.new_classes(spec) for name in names]
    others = max(assumed - len(later), 2)
    first = [name for name in map(str, range(others + len(later))) if name not in later]
    return Pictures((*first[:others], *later), None)


def _unfetched(spec: RunSpec, data: Fetched) -> _Seen:
    """What is known of a data set before it is fetched; a plan fetches nothing."""
    name = f"{data.name} ({data.source})"
    seen = exported.foreseen(data)
    if seen is None:
        told = f"{name} is not on this machine yet, grow run fetches it"
        return _Seen(_unknown(spec), {}, (_assumed(told),))
    return replace(_outlined(seen), warnings=(f"{name} is fetched when the run starts",))


def _outlined(seen: Outline, earlier: tuple[Pictures, ...] = ()) -> _Seen:
    # A share that is not divided yet is known once the pictures are read; how many, within a few.
    fraction = None if seen.divided else seen.fraction
    counts = _totals(seen.counts, fraction)
    pictures = Pictures(seen.classes, None, earlier)
    told = (
        *_left_out(seen.unusable),
        *(() if seen.fraction and not seen.divided else remarks(seen.counts)),
        *map(str, seen.remarks),
    )
    # What is set aside is the same share of each class, and so hardly moves the weights.
    return _Seen(
        pictures,
        counts,
        told,
        seen.fraction is not None,
        seen.counts["train"],
        by_class=seen.counts,
        fraction=fraction,
    )


def _assumed(why: str) -> str:
    return f"{why}; two classes are assumed"


def _left_out(unusable: Sequence[Unusable]) -> tuple[str, ...]:
    if not unusable:
        return ()
    first = f"{shown(unusable[0].key)}, {unusable[0].reason}"
    if len(unusable) == 1:
        return (f"1 file is left out: {first}",)
    return (f"{len(unusable):,} files are left out; the first: {first}",)


def _totals(
    counts: Mapping[Split, Mapping[str, int]], fraction: float | None = None
) -> dict[str, int]:
    """Pictures per split, where ``fraction`` of those to train on is still to be set aside."""
    totals: dict[str, int] = {split: sum(of.values()) for split, of in counts.items()}
    if fraction is not None and totals:
        # Which ones is known once they are read; how many, within a few.
        aside = round(totals["train"] * fraction)
        totals |= {"train": totals["train"] - aside, "validation": aside}
    return totals
