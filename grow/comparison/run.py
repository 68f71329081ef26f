"""Did growing help? Growth and its controls over several seeds, carried out and weighed up.

The Python face of `grow compare`: the repeats side by side in processes of their own, each in a
run folder; then their figures, read back from disk, as one value. Prints nothing.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import get_args

from grow import atomic
from grow.atomic import Guard
from grow.backend import THREADS, cores, versions
from grow.comparison import arms, trial, workers
from grow.comparison import folder as comparefolder
from grow.comparison.analysis import compare_trials, leave_out_diverged
from grow.comparison.arms import Variant
from grow.comparison.result import Comparison, Diverged, Pictures, Setting
from grow.comparison.stats import StageEnd, Trial, curve
from grow.comparison.trial import Task
from grow.config import write
from grow.config.schema import Policy, RunSpec, validates
from grow.data.cache import cache_folder
from grow.data.cache.index import peek
from grow.data.prepare import prepare
from grow.data.sources import exported
from grow.errors import RunFolderError, UsageError
from grow.planning import stages as stageplans
from grow.planning import validate
from grow.runs import lock
from grow.runs.folder import run_folder
from grow.runs.result import StageResult
from grow.runs.stage_folder import StageFolder
from grow.signals import StopSwitch
from grow.train.events import HearTrial, Told, Warned
from grow.train.session import told_of_lock


def run_comparison(  # noqa: PLR0913  (all but the first are options, by name)
    stage_file: str | PathLike[str],
    *,
    repeats: int = 5,
    policies: Sequence[Policy] = (),
    overrides: Sequence[str] = (),
    jobs: int | None = None,
    threads: int = 1,
    run_dir: str | PathLike[str] | None = None,
    listeners: Iterable[HearTrial] = (),
    stop: StopSwitch | None = None,
    finished: Callable[[Comparison, Guard], None] = lambda found, guard: None,  # noqa: ARG005
) -> Comparison:
    """Trains growth and its controls with several seeds, or goes on where that was left off.

    Each repeat is a process of its own: in a script, call this under
    ``if __name__ == "__main__":``.

    Args:
        stage_file: path of the stage file.
        repeats: how many seeds.
        policies: transfer policies to compare; those of the stage file unless said.
        overrides: values in place of the file's, such as ``train.epochs=3``.
        jobs: how many repeats at a time; as many as there are cores for, unless said.
        threads: how many threads each repeat computes with. Another number gives other weights,
            so its results go to other folders.
        run_dir: the comparison's folder; ``runs/NAME-compare`` unless said.
        listeners: called with each event of each trial.
        stop: asks to stop at the next step.
        finished: called with the comparison once it is written, while the folder is held.

    Returns:
        The comparison; also written to ``compare.json`` in its folder.

    Raises:
        StageFileError: the stage file cannot be used.
        UsageError: there is nothing to compare, or an argument cannot be used.
        DataError: the pictures cannot be used.
        RunFolderError: the folder is in use, or something in it is damaged.
        GrowError: training diverged in every repeat.
        Stopped: stopped as asked; the same call goes on.
    """
    file = Path(stage_file)
    spec = validate.read(file, overrides)
    _check(spec, repeats, policies, jobs, threads)
    folder = run_folder(spec, run_dir or Path("runs") / f"{spec.name}-compare")
    if os.path.lexists(folder / "run.json") and not comparefolder.is_comparison(folder):
        raise RunFolderError(
            f"{folder} is the folder of a run, not of a comparison",
            hint="name another one with --run-dir",
        )
    tasks = [
        Task(spec, file.parent.resolve(), _trial_folder(folder, seed, threads), seed, (*policies,))
        for seed in arms.seeds(spec.seed, repeats)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    options: list[tuple[str, object]] = [("repeats", repeats), *(("set", one) for one in overrides)]
    options += [("policies", ",".join(policies)), ("jobs", jobs)]
    options += [("threads", threads if threads > 1 else None), ("run-dir", run_dir)]
    heard = tuple(listeners)
    with lock.held(folder) as hold:
        atomic.sweep(folder)
        mended = comparefolder.mend(folder, [task.folder for task in tasks], hold.check)
        _warn(spec, [*told_of_lock(hold.put_aside), *map(Warned, mended)], heard)
        _run_trials(tasks, jobs, threads, heard, stop or StopSwitch())
        found = _weighed_up(folder, tasks, threads, _words(file, options))
        comparefolder.write(found, hold.check)
        finished(found, hold.check)
    return found


def _words(file: Path, options: Sequence[tuple[str, object]]) -> str:
    """The command line that does the same."""
    said = [word for name, value in options if value for word in (f"--{name}", str(value))]
    return shlex.join(["grow", "compare", str(file), *said])


def _warn(spec: RunSpec, told: Iterable[Warned], listeners: Iterable[HearTrial]) -> None:
    """Tells of what concerns the comparison as a whole."""
    for warned in told:
        for listener in listeners:
            listener(Told(spec.seed, "growth", warned))


def _check(
    spec: RunSpec, repeats: int, policies: Sequence[Policy], jobs: int | None, threads: int
) -> None:
    if len(spec.rounds) < 2:
        raise UsageError(
            f"{spec.name} has one stage: nothing grows in it, so there is nothing to compare",
            hint="add a stage with `grow`",
        )
    if not validates(spec.data):
        raise UsageError(
            f"{spec.name} validates on nothing (data.validation: {spec.data.validation}), and a "
            "comparison is of validation figures",
            hint="--set data.validation=0.2, for example, and --set train.best=val_accuracy",
        )
    for name, value in (("repeats", repeats), ("jobs", jobs), ("threads", threads)):
        if value is not None and value < 1:
            raise UsageError(f"expected at least 1 for {name}, found {value}")
    known = get_args(Policy)
    for policy in policies:
        if policy not in known:
            raise UsageError(
                f"expected policies among {', '.join(known)}, found {policy!r}",
                hint="such as strict and preserve",
            )
        if policies.count(policy) > 1:
            raise UsageError(f"expected each policy once, found {policy} again")


def _trial_folder(folder: Path, seed: int, threads: int) -> Path:
    return folder / (f"seed-{seed}" if threads == 1 else f"seed-{seed}-threads-{threads}")


def _run_trials(
    tasks: Sequence[Task],
    jobs: int | None,
    threads: int,
    listeners: tuple[HearTrial, ...],
    switch: StopSwitch,
) -> None:
    def hear(told: Told) -> None:
        for listener in listeners:
            listener(told)

    environment = {
        THREADS: str(threads),
        "OMP_NUM_THREADS": str(threads),
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # several processes may share a device
    }
    at_a_time = jobs or fitting_jobs(len(tasks), threads)
    workers.run_workers(trial.run_trial, tasks, at_a_time, environment, hear, switch)


def fitting_jobs(repeats: int, threads: int) -> int:
    """How many repeats at a time, for the cores that this process may use."""
    return max(1, min(repeats, cores() // threads))


def _weighed_up(folder: Path, tasks: Sequence[Task], threads: int, command: str) -> Comparison:
    """The comparison, from what the trials left on disk."""
    first = tasks[0]
    pictures = _pictures(first)
    found: dict[str, list[Trial]] = {}
    missing: dict[str, str] = {}
    diverged = tuple(Diverged(task.seed, *pair) for task in tasks for pair in trial.diverged(task))
    gone = {one.seed for one in diverged}
    counted = [task for task in tasks if task.seed not in gone]
    for task in counted:
        controls = trial.trial_controls(task)
        missing |= dict(controls.missing)
        for variant in (*_growths(task), *controls.variants):
            trials = found.setdefault(variant.name, [])
            trials.append(_trial(task, variant, pictures.judged_on == "test"))
    setting = Setting(
        name=first.spec.name,
        folder=folder,
        seeds=tuple(task.seed for task in counted),
        threads=threads,
        pictures=pictures,
        missing=tuple(missing.items()),
        versions=versions(),
        command=command,
        settings=write.to_yaml(first.spec),
        diverged=diverged,
    )
    # What is missing in one repeat is left out of all: every difference is of the same seeds.
    kept = {name: found[name] for name in _in_order([*found]) if name not in missing}
    return compare_trials(*leave_out_diverged(setting, kept))


def _growths(task: Task) -> tuple[Variant, ...]:
    return arms.growths(task.spec, task.policies, task.seed)


def _in_order(names: Sequence[str]) -> list[str]:
    """Growths first, then the controls as they are shown, whatever order they were trained in."""
    grown = [name for name in names if name not in arms.CONTROLS]
    return [*grown, *(name for name in arms.CONTROLS if name in names)]


def _pictures(task: Task) -> Pictures:
    shape = stageplans.master_shape(task.spec)
    data = exported.local(task.spec.data, cache_folder())
    found = peek(data, task.base, shape, cache_folder())
    manifest = found or prepare(data, task.base, shape, cache_folder()).manifest
    counts: dict[str, int] = {
        split: sum(classes.values()) for split, classes in manifest.counts().items()
    }
    return Pictures("test" if counts["test"] else "validation", counts)


def _trial(task: Task, variant: Variant, on_test: bool) -> Trial:
    stages = trial.variant_results(task, variant)
    last = stages[-1].plan.classes
    ends = tuple(_end(stage, on_test, last) for stage in stages)
    fewer = [stage.plan.number for stage in stages if stage.plan.classes != last]
    return Trial(task.seed, ends, curve([stage.happened for stage in stages], fewer))


def _end(stage: StageResult, on_test: bool, classes: Sequence[str]) -> StageEnd:
    best = stage.best
    if stage.done is None or best is None:
        raise RunFolderError(f"{stage.path} is not complete", hint="run `grow compare` again")
    accuracy, loss = best.val_accuracy, best.val_loss
    if on_test:
        tested = StageFolder(stage.path).tested()
        if tested is None and stage.plan.classes == classes:
            raise RunFolderError(
                f"{stage.path / 'test.json'} is missing",
                hint="the same command evaluates the stage again",
            )
        if tested is not None:  # none where no test picture is of a class that the stage knows
            accuracy, loss = tested.accuracy, tested.loss
    return StageEnd(
        name=stage.plan.name,
        parameters=stage.plan.architecture.parameters,
        epochs=len(stage.history),
        best=best.epoch,
        accuracy=accuracy,
        loss=loss,
    )
