"""One repeat of a comparison: every variant with one seed, in one run folder, one after another.

All variants are carried out by the ordinary engine in the same folder, so a stage that two of
them share is trained once, and an interrupted trial goes on as any run does. The folder's notes
are those of the growth. Runs in a process of its own (`crew`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from grow.comparison import arms
from grow.comparison.arms import Controls, Variant
from grow.config.schema import Policy, RunSpec
from grow.data.cache import cache_folder
from grow.errors import DivergedError
from grow.planning.stages import Pictures, plan_stages
from grow.runs import result
from grow.runs.folder import RunFolder
from grow.runs.result import StageResult, noted
from grow.signals import StopSwitch
from grow.train import session, tested
from grow.train.events import (
    Event,
    HearTrial,
    Listener,
    Preparing,
    StepDone,
    Told,
    Validating,
    Warned,
)

_OFTEN = (StepDone, Validating, Preparing)
_AT_MOST_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Task:
    """One repeat.

    Attributes:
        spec: the stage file.
        base: the folder that its relative paths start from.
        folder: the repeat's run folder.
        seed: its seed.
        policies: the transfer policies to compare; empty for those of the stage file.
    """

    spec: RunSpec
    base: Path
    folder: Path
    seed: int
    policies: tuple[Policy, ...] = ()


def run_trial(task: Task, hear: HearTrial, switch: StopSwitch) -> None:
    """Carries out every variant of a repeat, going on where an earlier process left off.

    Raises:
        DataError: the pictures cannot be used.
        RunFolderError: the folder is in use, or damaged.
        Stopped: stopped as asked; what was earned is on disk.
    """
    grown = arms.growths(task.spec, task.policies, task.seed)
    came = [_train_variant(task, variant, grown[0], hear, switch) for variant in grown]
    if not came[0]:
        return  # controls are derived from what growth trained to its end
    for variant in trial_controls(task).variants:
        _train_variant(task, variant, grown[0], hear, switch)


def _train_variant(
    task: Task, variant: Variant, first: Variant, hear: HearTrial, switch: StopSwitch
) -> bool:
    """Carries out one variant; whether it came to its end, or diverged."""
    listener = _sparing(lambda event: hear(Told(task.seed, variant.name, event)))
    with session.at_work(task.folder) as (folder, aside):
        for warned in session.told_of_lock(aside):
            listener(warned)
        try:
            session.train_in_folder(
                variant.spec, task.base, folder, [listener], switch, noted=first.spec
            )
        except DivergedError as error:
            # It counts as what it is (see `diverged`); the other repeats go on.
            listener(Warned(error.message))
            return False
        tested.judge(variant.spec, task.base, folder, cache_folder(), listener, switch)
    hear(Told(task.seed, variant.name, None))
    return True


def diverged(task: Task) -> tuple[tuple[str, str], ...]:
    """The variants of a repeat whose training diverged, by name, and where in words.

    Raises:
        RunFolderError: it was not carried out, or something is damaged.
    """
    grown = arms.growths(task.spec, task.policies, task.seed)
    found = [pair for variant in grown for pair in _diverged(task, variant)]
    if not any(name == grown[0].name for name, _ in found):
        others = trial_controls(task).variants
        found += [pair for variant in others for pair in _diverged(task, variant)]
    return tuple(found)


def _diverged(task: Task, variant: Variant) -> list[tuple[str, str]]:
    return [
        (variant.name, f"stage {stage.plan.number} {stage.plan.name}: {stage.diverged}")
        for stage in variant_results(task, variant)
        if stage.diverged
    ]


def trial_controls(task: Task) -> Controls:
    """The controls of a repeat whose growth is complete.

    Raises:
        RunFolderError: it is not complete, or damaged.
    """
    first = arms.growths(task.spec, task.policies, task.seed)[0]
    stages = variant_results(task, first)
    histories = [stage.history for stage in stages]
    wasted = sum(one.training_flops for stage in stages for one in stage.divergences)
    return arms.controls(first.spec, histories, len(pictures(task).classes), wasted)


def variant_results(task: Task, variant: Variant) -> tuple[StageResult, ...]:
    """The stages of one variant that came, as they are on disk.

    Raises:
        RunFolderError: something is damaged.
    """
    plans = plan_stages(variant.spec, pictures(task))
    found = result.results(RunFolder(task.folder), plans)
    return tuple(stage for stage in found if not stage.not_needed)


def pictures(task: Task) -> Pictures:
    """The pictures that a repeat was run on.

    Raises:
        RunFolderError: it was not run, or its notes are damaged.
    """
    return noted(RunFolder(task.folder)).pictures


def _sparing(listener: Listener) -> Listener:
    """Passes events on, those that come many times a second a few times a second."""
    last = 0.0

    def emit_sparingly(event: Event) -> None:
        nonlocal last
        if isinstance(event, _OFTEN):
            if time.monotonic() - last < _AT_MOST_EVERY_SECONDS:
                return
            last = time.monotonic()
        listener(event)

    return emit_sparingly
