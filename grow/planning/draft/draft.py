"""A first stage file from top to bottom: look, choose, write down, read back, time.

`init` changes nothing; what it returns can be looked at, and written by `Draft.write`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from grow import atomic
from grow.config.schema import FolderData, RunSpec
from grow.data.checks.balance import balance
from grow.errors import UsageError, writing
from grow.planning import stages as stageplans
from grow.planning import validate
from grow.planning.draft.choose import Chosen, choose
from grow.planning.draft.look import Counts, Look, look_at, without_share
from grow.planning.draft.place import check_place, checked_folder, checked_name, name_for, path_from
from grow.planning.draft.wording import stage_file
from grow.planning.estimate import LONG_SECONDS, Estimate, Machine, Timing, about, estimate
from grow.planning.stages import Pictures, StagePlan

Tell = Callable[[int, int], None]
Measure = Callable[[RunSpec, tuple[StagePlan, ...], int], Timing]
"""Times training steps of stages for so many classes."""

SCHEMA = "grow.init/1"
"""Name and version of the JSON form of a draft."""


@dataclass(frozen=True)
class Draft:
    """A stage file that is not written yet, and what it was made from.

    Attributes:
        file: where it goes.
        text: the stage file.
        spec: the same, read back.
        look: what was seen of the pictures.
        chosen: what followed from it.
        counts: pictures per split and class, about; exact where nothing is set aside.
        stages: what would be trained.
        estimate: how long that takes; None where it was not timed.
        notes: what is worth knowing before training.
    """

    file: Path
    text: str
    spec: RunSpec
    look: Look
    chosen: Chosen
    counts: Counts
    stages: tuple[StagePlan, ...]
    estimate: Estimate | None
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<draft {self.spec.name} -> {self.file}: {len(self.stages)} stages>"

    def write(self, *, force: bool = False) -> Path:
        """Writes the stage file in one step; returns where it is.

        Args:
            force: whether a file that is there is replaced.

        Raises:
            UsageError: there is a file already, or it cannot be written.
        """
        check_place(self.file, force=force)
        with writing(self.file):
            atomic.write_file(self.file, self.text.encode())
        return self.file

    @property
    def set_aside(self) -> bool:
        """Whether a share of the training pictures is set aside: the counts are about right."""
        return not isinstance(self.chosen.validation, str)

    def to_dict(self) -> dict[str, Any]:
        """The draft as plain JSON values, in the form that ``SCHEMA`` names."""
        look = self.look
        return {
            "schema": SCHEMA,
            "file": str(self.file),
            "name": self.spec.name,
            "folder": look.place,
            "classes": list(look.classes),
            "pictures": self.counts,
            "set_aside": self.set_aside,
            "grey": look.grey,
            "short_sides": {
                "smallest": look.short_sides[0],
                "median": look.short_sides[len(look.short_sides) // 2],
                "largest": look.short_sides[-1],
            },
            "unusable": [{"key": one.key, "reason": one.reason} for one in look.bad],
            "stages": [
                {
                    "name": stage.name,
                    "image": list(stage.architecture.image),
                    "epochs": stage.training.epochs,
                    "parameters": stage.architecture.parameters,
                }
                for stage in self.stages
            ],
            "reasons": {key: why for key, why in self.chosen.reasons.items() if why},
            "estimate": None if self.estimate is None else self.estimate.to_dict(),
            "notes": list(self.notes),
            "text": self.text,
        }


def draft(
    folder: str | PathLike[str],
    *,
    out: str | PathLike[str] = "stages.yaml",
    name: str | None = None,
    stages: int | None = None,
    measure: Measure | None,
    read: Tell,
    check_stop: Callable[[], None],
) -> Draft:
    """A stage file for a folder of pictures, which runs as it is. Writes nothing by itself.

    Args:
        folder: with a folder for each class, or train, val and test folders of those.
        out: where the stage file will stand; its ``path`` is relative to that.
        name: names the run; the folder's name unless said.
        stages: how many stages there are to be; what pays for such pictures unless said.
        measure: times a few training steps of each stage; None where nothing is to be timed.
        read: told how many of how many pictures are read.
        check_stop: called in between; raises to stop.

    Returns:
        The stage file and its reasons; `Draft.write` writes it.

    Raises:
        UsageError: ``name``, ``out`` or ``stages`` cannot be used, or one is in the folder.
        DataError: no such folder, not laid out as expected, or too few pictures.
        Stopped: stopped as asked.
    """
    place, file = checked_folder(Path(folder)), Path(out)
    check_place(file, force=True)
    called = checked_name(name) if name is not None else name_for(place)
    path = path_from(file, place)
    data = FolderData(source="folder", path=path)
    look = look_at(data, file.parent, read, check_stop)
    _check_outside(look)
    chosen = choose(look, stages)

    def write(time: str) -> str:
        return stage_file(look, chosen, name=called, path=path, file=str(file), time=time)

    spec = validate.parse(write(""), str(file))
    planned = stageplans.plan_stages(spec, Pictures(look.classes, None))
    counts = without_share(look, chosen.validation)
    timed = None if measure is None else _estimate(spec, planned, look, counts, measure)
    text = write("" if timed is None else timed.words)
    notes = tuple(_notes(look, chosen, counts, timed))
    return Draft(
        file, text, validate.parse(text, str(file)), look, chosen, counts, planned, timed, notes
    )


def _check_outside(look: Look) -> None:
    """Sees that runs/, which is made where commands run, will not lie among the class folders.

    Raises:
        UsageError: it would.
    """
    here, place = Path.cwd().resolve(), Path(look.place)
    if look.flat and (here == place or place in here.parents):
        raise UsageError(
            f"{look.place}: expected to be called from outside the folder of pictures, since the "
            "folder runs is made where one is, and would be taken for a class",
            hint=f"cd {shlex.quote(str(place.parent))} && grow init {shlex.quote(place.name)}",
        )


def _estimate(
    spec: RunSpec, stages: tuple[StagePlan, ...], look: Look, counts: Counts, measure: Measure
) -> Estimate:
    machine = Machine(os.cpu_count() or 1, _load())
    timing = measure(spec, stages, len(look.classes))
    pictures = (sum(counts["train"].values()), sum(counts["validation"].values()))
    reading = look.decode_seconds * look.total
    return estimate(timing, stages, pictures, reading, machine)


def _load() -> float:
    """How many processes wanted a processor in the last minute; 0 where nothing tells."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows has no such figure
        return 0.0


def _notes(look: Look, chosen: Chosen, counts: Counts, timed: Estimate | None) -> Iterable[str]:
    """What is worth knowing before training, a sentence each."""
    if look.bad:
        first = look.bad[0]
        pictures = "picture" if len(look.bad) == 1 else "pictures"
        yield f"{len(look.bad):,} {pictures} cannot be used, such as {first.key}: {first.reason}"
    if look.left_out:
        first = look.left_out[0]
        files = "file is" if len(look.left_out) == 1 else "files are"
        yield f"{len(look.left_out):,} other {files} left out, such as {first.key}: {first.reason}"
    mended = "few-levels" if chosen.range is not None else ""
    yield from (str(remark) for remark in look.remarks if remark.code != mended)
    yield from (finding.words for finding in balance(counts))
    if timed is not None and timed.seconds > LONG_SECONDS:
        longest = max(timed.stage_seconds)
        yield (
            f"this takes long here, {about(longest)} of it in the longest stage; --stages with "
            "fewer of them, or fewer epochs in the file, make it shorter"
        )
