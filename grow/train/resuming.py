"""What a stage that resumes was computed with so far, and what it will be from here on.

Where the two differ, the weights may come out other than those of a run without a stop. This is
said before the stage goes on, and recorded, since no later resumption can undo it. No Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from grow.planning import schedule
from grow.planning.stages import StagePlan
from grow.runs import checkpoint
from grow.runs.checkpoint import DamagedError, State
from grow.runs.conditions import Conditions, differences, other_versions
from grow.runs.stage_folder import StageFolder
from grow.train.events import Listener, Warned


def resumed_conditions(
    stage: StagePlan,
    folder: StageFolder,
    state: State | None,
    here: Conditions,
    installed: Mapping[str, str],
    emit: Listener,
) -> Conditions:
    """What the checkpoints of this process will record; warns where the stage began with another.

    Args:
        stage: what is trained.
        folder: its folder.
        state: where it goes on; None where it starts.
        here: what this process computes with.
        installed: versions of packages.
        emit: hears the warnings.
    """
    if state is None or schedule.end_of_stage(stage.training, state.history):
        return here
    path = folder.checkpoints / f"{state.number:06d}"
    recorded = checkpoint.conditions(path)
    if recorded.mixed:
        emit(Warned(f"stage {stage.name} resumes: {_words_of_mixed(folder)}"))
        return replace(here, mixed=True)
    found = [
        *differences(recorded, here),
        *other_versions(checkpoint.versions(path), installed),
    ]
    for difference in found:
        emit(Warned(f"stage {stage.name} resumes: its checkpoint records {difference}"))
    return replace(here, mixed=bool(found))


def _words_of_mixed(folder: StageFolder) -> str:
    """That the stage is mixed already, and how to go back to where it was not."""
    number = _newest_unmixed(folder.checkpoints)
    remedy = f"move {folder.path} away and run again"
    if number is not None:
        remedy = f"delete what is newer than {number:06d} in {folder.checkpoints} and run again"
    return (
        "its steps so far were computed with different threads, kernels, versions or processors, "
        "so the weights may differ in their last digits from those of a run without a stop; "
        f"to have those, {remedy}"
    )


def _newest_unmixed(checkpoints: Path) -> int | None:
    for number in reversed(checkpoint.numbers(checkpoints)):
        try:
            if not checkpoint.conditions(checkpoints / f"{number:06d}").mixed:
                return number
        except DamagedError:
            continue  # it cannot be gone back to
    return None
