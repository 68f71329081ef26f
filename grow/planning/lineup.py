"""Which stages to reuse, resume, extend and run, and why.

Pure: `store` says which stage folders there are, this room decides what they are worth. Floors
0 and 1 only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from grow.config.schema import Stop, Training
from grow.planning.cache_key import Recipe, all_but_limits, differences
from grow.planning.history import Divergences, History, until
from grow.planning.schedule import best_epoch, end_of_growth, gain_of, given_up
from grow.planning.stages import StagePlan


class Action(StrEnum):
    """What a run does with a stage."""

    REUSE = "reuse"
    RESUME = "resume"
    EXTEND = "extend"
    RUN = "run"
    SKIP = "skip"


@dataclass(frozen=True)
class Found:
    """A stage folder that is there.

    Attributes:
        number: the stage's number when it was trained.
        name: the stage's name when it was trained.
        fingerprint: address of the stage.
        recipe: what made it.
        epochs: how many epochs are on disk.
        done: whether the stage is complete.
        flaws: what is damaged of it, in words.
        history: the epochs on disk.
        saved: epochs and steps of its checkpoints.
        divergences: the attempts at epochs that diverged.
    """

    number: int
    name: str
    fingerprint: str
    recipe: Recipe
    epochs: int
    done: bool
    flaws: tuple[str, ...] = ()
    history: History = ()
    saved: tuple[tuple[int, int], ...] = ()
    divergences: Divergences = ()


@dataclass(frozen=True)
class Entry:
    """One line of the lineup: a stage, what is done with it, and why in words.

    Attributes:
        stage: the stage as planned.
        action: what a run does with it.
        reason: why, in words.
        source: fingerprint of the stage that an extended one goes on from.
    """

    stage: StagePlan
    action: Action
    reason: str
    source: str | None = None


def line_up(stages: Sequence[StagePlan], found: Sequence[Found]) -> tuple[Entry, ...]:
    """What a run does with each stage, given the folders that are there."""
    by_address = {folder.fingerprint[:8]: folder for folder in found}
    entries: list[Entry] = []
    complete: list[Complete] = []
    why = ""
    for stage in stages:
        same = by_address.get(stage.fingerprint[:8])
        known = len(complete) == len(entries)
        why = why or (not_needed(stage, complete) if known else "")
        entry = Entry(stage, Action.SKIP, why) if why else _entry(stage, same, found)
        if stage.stop is not None and not known and not why:
            entry = replace(entry, reason=f"{_condition(stage.stop, entries)}; {entry.reason}")
        if same is not None and entry.action is Action.REUSE:
            complete.append((stage, same.history))
        entries.append(entry)
    return tuple(entries)


Complete = tuple[StagePlan, History]
"""A complete stage and its epochs."""


def not_needed(stage: StagePlan, before: Sequence[Complete]) -> str:
    """Why a stage that may come does not, in words; empty where it comes.

    Args:
        stage: the stage.
        before: the stages before it, all complete, with their epochs, in order.
    """
    if stage.stop is None:
        return ""
    (old, old_history), (new, new_history) = before[-2:]
    bests = (best_epoch(old.training, old_history), best_epoch(new.training, new_history))
    if 0 in bests:
        return ""  # a damaged history: whoever reads it says so
    words = end_of_growth(stage.stop, old_history[bests[0] - 1], new_history[bests[1] - 1])
    return f"growing no longer pays off: {old.name} to {new.name}, {words}" if words else ""


def _condition(stop: Stop, before: Sequence[Entry]) -> str:
    return f"only if {before[-1].stage.name} gains {gain_of(stop)} of {stop.monitor}"


def _entry(stage: StagePlan, same: Found | None, found: Sequence[Found]) -> Entry:
    if stage.recipe["pictures"]["digest"] is None:
        return Entry(stage, Action.RUN, "the images have not been read yet")
    if same is not None:
        return _known(stage, same)
    relatives = [folder for folder in found if folder.number == stage.number and folder.recipe]
    if not relatives:
        return Entry(stage, Action.RUN, "not trained yet")
    longest = max(relatives, key=lambda folder: _start(stage, folder))
    if _start(stage, longest) > _NOTHING:
        return _extended(stage, longest)
    changes = min((tuple(differences(r.recipe, stage.recipe)) for r in relatives), key=len)
    return Entry(stage, Action.RUN, ", ".join(changes) or "the recipe changed")


def _known(stage: StagePlan, same: Found) -> Entry:
    """What is done with a stage that has a folder."""
    if same.flaws:
        words = f"{'; '.join(same.flaws)}; it goes on from its newest good checkpoint"
        return Entry(stage, Action.RESUME, words)
    if same.done:
        return Entry(stage, Action.REUSE, "finished before with the same settings and pictures")
    if end := given_up(stage.training, same.history, same.divergences):
        words = f"it diverged in {end.words}; with these settings it diverges again"
        return Entry(stage, Action.RESUME, words)
    if same.epochs:
        words = f"{same.epochs} of {stage.training.epochs} epochs are on disk"
        return Entry(stage, Action.RESUME, words)
    return Entry(stage, Action.RESUME, "started before")


def _extended(stage: StagePlan, old: Found) -> Entry:
    epochs, step = _start(stage, old)
    words = f"goes on from epoch {epochs}" + (f", step {step}" if step else "")
    if (epochs, step) == (stage.training.epochs, 0):
        words = f"epoch {epochs} is on disk"
    changes = ", ".join(differences(old.recipe, stage.recipe))
    return Entry(stage, Action.EXTEND, f"{changes}, {words}", old.fingerprint)


_NOTHING = (0, 0)


def _start(stage: StagePlan, old: Found) -> tuple[int, int]:
    """Epochs and steps of the checkpoint of ``old`` that ``stage`` can go on from.

    Only where the number of epochs, or of halvings of the learning rate, is all that differs:
    every decision of `schedule` depends on what happened so far, none on how much may, so the way
    is the same as far as both go.
    """
    if all_but_limits(old.recipe) != all_but_limits(stage.recipe):
        return _NOTHING
    training = stage.training
    usable = [
        (epochs, step)
        for epochs, step in old.saved
        if lies_within(training, epochs, step)
        and epochs <= len(old.history)
        and all(record.is_finite for record in old.history[:epochs])
        and may_halve(training, until(old.divergences, epochs + (step > 0)))
        and _best_is_saved(training, old, epochs)
    ]
    return max(usable, default=_NOTHING)


def _best_is_saved(training: Training, old: Found, epochs: int) -> bool:
    best = best_epoch(training, old.history[:epochs])
    return best == 0 or (best, 0) in old.saved


def lies_within(training: Training, epochs: int, step: int) -> bool:
    """Whether a training comes through the state after so many epochs and steps."""
    return epochs < training.epochs or (epochs, step) == (training.epochs, 0)


def may_halve(training: Training, divergences: Divergences) -> bool:
    """Whether a training comes through so many divergences."""
    return len(divergences) <= training.on_divergence.halve
