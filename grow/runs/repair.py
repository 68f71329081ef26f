"""Puts damaged things of a run folder aside, so that a run meets only good ones or none.

Nothing is deleted, and nothing is put aside without a warning that names it. A finished stage of
which anything is damaged is finished no longer: it goes on from its newest good checkpoint and
comes to the same weights. No Keras.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from grow import atomic, plainfile
from grow.atomic import Guard
from grow.config.schema import RunSpec, Training
from grow.config.write import to_yaml
from grow.planning.history import History
from grow.planning.stages import StagePlan
from grow.runs import verify
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import StageFolder
from grow.runs.verify import Flaw, Start

Warn = Callable[[str], None]
"""Told, in words, of each damaged thing and what becomes of it."""


def mend_run(folder: RunFolder, spec: RunSpec, warn: Warn) -> None:
    """Puts aside what is damaged of the run's own files; all of them are written anew.

    The copy of the stage file is put aside too where ``run.json`` does not vouch for it and it is
    not what is about to be run.

    Raises:
        OSError: something cannot be put aside.
    """
    begun = bool(folder.stage_folders())  # a new folder lacks these files, and nothing is wrong
    flaws = [flaw for flaw in verify.run_flaws(folder) if begun or os.path.lexists(flaw.path)]
    copy = folder.stage_file
    noted = os.path.lexists(folder.run_file) and folder.run_file not in {f.path for f in flaws}
    if not noted and copy.is_file() and plainfile.read_bytes(copy) != to_yaml(spec).encode():
        flaws.append(Flaw(copy, f"{copy} is vouched for by no run.json"))
    _put_aside(flaws, warn, "it is written anew", folder.guard)


def mend(
    folder: RunFolder, stages: Sequence[StagePlan], warn: Warn, *, unused: bool = True
) -> None:
    """Reads every stage folder whole and puts aside what is damaged.

    Args:
        folder: the run folder.
        stages: the stages that are about to be used.
        warn: told of everything that is put aside.
        unused: whether the folders of other stages are read whole too. Of a comparison each
            is used by another variant, and read then.

    Raises:
        OSError: something cannot be put aside.
    """
    used = set()
    for stage in stages:
        place = folder.of(stage)
        used.add(place.path)
        if place.path.exists():
            then = "it is written anew"
            if (place.path / "done.json").exists():
                then = "the stage is trained again from its newest good checkpoint"
            _mend_stage(place, verify.stage_flaws(place, stage, thorough=True), warn, then)
    for place in folder.stage_folders():
        if place.path not in used:
            flaws = verify.stage_flaws(place, thorough=unused)
            there = [flaw for flaw in flaws if flaw.undoes or os.path.lexists(flaw.path)]
            _mend_stage(place, there, warn, "nothing of it is needed now")


def _mend_stage(place: StageFolder, flaws: Sequence[Flaw], warn: Warn, then: str) -> None:
    done = place.path / "done.json"
    _put_aside([flaw for flaw in flaws if flaw.undoes], warn, then, place.guard)
    rest = [flaw for flaw in flaws if not flaw.undoes]
    _put_aside(rest, warn, "the stage does without it", place.guard)
    if len(rest) < len(flaws) and done.exists():
        atomic.set_aside(done, place.guard)


def _put_aside(flaws: Iterable[Flaw], warn: Warn, then: str, guard: Guard) -> None:
    told = []
    for flaw in flaws:
        where = "there is nothing to put aside"
        if os.path.lexists(flaw.path):
            where = f"put aside as {atomic.set_aside(flaw.path, guard).name}"
        told.append(f"{flaw.words}; {where}, {then}")
    # Told when all are out of the way: one of them may be the log that is told of it.
    for words in told:
        warn(words)


def resume_point(folder: StageFolder, training: Training, warn: Warn) -> Start:
    """Where a stage can go on from, verified; newer checkpoints that are not good are put aside."""
    start = verify.newest_start(folder, training)
    then = "the next older good one is used" if start.state else "the stage starts anew"
    _put_aside(start.flaws, warn, then, folder.guard)
    history = () if start.state is None else start.state.history
    path = folder.path / "history.jsonl"
    if path.exists() and not _go_together(folder.history(), history):
        flaw = Flaw(path, f"{path} is damaged: its epochs are not those of the newest checkpoint")
        _put_aside([flaw], warn, "it is written anew", folder.guard)
    if history or start.divergences or path.exists():
        folder.write_history(history, start.divergences)
    return start


def _go_together(one: History, other: History) -> bool:
    """Whether one begins as the other does: a process may have ended between two writes."""
    return all(left.to_dict() == right.to_dict() for left, right in zip(one, other, strict=False))


def extension(source: StageFolder, training: Training, warn: Warn) -> Start:
    """Where a stage can go on from in the folder of a shorter or longer training of it.

    What is damaged there is named and left alone: it is another stage's.
    """
    start = verify.newest_start(source, training)
    for flaw in start.flaws:
        warn(f"{flaw.words}; an older one is used")
    return start
