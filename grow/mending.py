"""Puts damaged things of a run folder aside, so that a run meets only good ones or none.

Nothing is deleted, and nothing is put aside without a warning that names it. A finished stage of
which anything is damaged is finished no longer: it goes on from its newest good checkpoint and
comes to the same weights. No Keras.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grow import commit, inspection
from grow.events import Listener, Warned
from grow.inspection import Flaw, Start
from grow.spec import Training
from grow.stagefolder import StageFolder
from grow.stageplans import StagePlan
from grow.store import RunFolder


def mend(folder: RunFolder, stages: Sequence[StagePlan], emit: Listener) -> None:
    """Looks at every stage folder and puts aside what is damaged.

    A finished stage that another will grow from is read whole; of the others, sizes will do.

    Raises:
        OSError: something cannot be put aside.
    """
    used = set()
    needed = False
    for stage in reversed(stages):
        place = folder.of(stage)
        used.add(place.path)
        if place.path.exists():
            _mend_stage(place, emit, thorough=needed)
        needed = not (place.path / "done.json").exists()
    for place in folder.stage_folders():
        if place.path not in used:
            flaws = inspection.stage_flaws(place, thorough=False)
            files = [flaw for flaw in flaws if flaw.path.is_file()]
            _put_aside(files, emit, "nothing of it is needed now")


def _mend_stage(place: StageFolder, emit: Listener, *, thorough: bool) -> None:
    done = place.path / "done.json"
    was_done = done.exists()
    flaws = inspection.stage_flaws(place, thorough=thorough and was_done)
    then = "it is written anew"
    if was_done:
        then = "the stage is trained again from its newest good checkpoint"
    _put_aside(flaws, emit, then)
    if flaws and done.exists():
        commit.set_aside(done)


def _put_aside(flaws: Iterable[Flaw], emit: Listener, then: str) -> None:
    for flaw in flaws:
        where = "there is nothing to put aside"
        if flaw.path.exists():
            where = f"put aside as {commit.set_aside(flaw.path).name}"
        emit(Warned(f"{flaw.words}; {where}, {then}"))


def resume(folder: StageFolder, training: Training, emit: Listener) -> Start:
    """Where a stage can go on from, verified; newer checkpoints that are not good are put aside."""
    start = inspection.newest_start(folder, training)
    then = "the next older good one is used" if start.state else "the stage starts anew"
    _put_aside(start.flaws, emit, then)
    if start.state is not None:
        folder.write_history(start.state.history, start.divergences)
    elif (folder.path / "history.jsonl").exists():
        folder.write_history((), start.divergences)
    return start


def extension(source: StageFolder, training: Training, emit: Listener) -> Start:
    """Where a stage can go on from in the folder of a shorter or longer training of it.

    What is damaged there is named and left alone: it is another stage's.
    """
    start = inspection.newest_start(source, training)
    for flaw in start.flaws:
        emit(Warned(f"{flaw.words}; an older one is used"))
    return start
