"""The run, from top to bottom: prepare the pictures, line up the stages, grow and train each.

Emits events and prints nothing. What a stage needs from the one before it is read back from
disk, verified, so a run that goes on after an interruption takes the same path as one that
never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from grow import atomic
from grow.backend import versions
from grow.config.schema import RunSpec
from grow.data import prepare
from grow.data.balance import class_weights
from grow.data.feed import Feed
from grow.data.sources import fetching
from grow.data.sources.outline import list_pictures
from grow.data.split import check_all_used
from grow.errors import GrowError
from grow.nets import classes, network
from grow.nets import weights as adapt
from grow.nets.network import Model
from grow.planning import diverging, lineup, retraining, schedule
from grow.planning import stages as stageplans
from grow.planning.history import Divergence, History
from grow.planning.lineup import Action, Complete, Entry
from grow.planning.param_groups import Groups
from grow.planning.stages import StagePlan
from grow.runs import checkpoint, conditions, model_file, planned, repair
from grow.runs import verify as inspection
from grow.runs.checkpoint import DamagedError, State
from grow.runs.conditions import Conditions
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import Done, StageFolder
from grow.runs.verify import Start
from grow.seeds import derive_seed
from grow.signals import StopSwitch
from grow.train import evaluate, grow, resuming
from grow.train.checkpointer import Keeper
from grow.train.events import (
    Diverged,
    Event,
    Grown,
    GrowthEnded,
    Listener,
    Noted,
    Prepared,
    Preparing,
    RunDone,
    RunStarted,
    StageDone,
    Warned,
    announcing,
    warning,
)
from grow.train.grow import Side
from grow.train.loop import Outcome, StageTrainer
from grow.train.optimizer import compile_model, optimizer_variables


@dataclass(frozen=True)
class Context:
    """What all stages of a run share.

    Attributes:
        spec: the stage file.
        folder: where the run's results go.
        pictures: the prepared pictures, by the classes that stages know.
        emit: hears of everything that happens.
        switch: asks to stop.
    """

    spec: RunSpec
    folder: RunFolder
    pictures: Mapping[tuple[str, ...], prepare.Part]
    emit: Listener
    switch: StopSwitch

    def known_to(self, stage: StagePlan) -> prepare.Part:
        """The pictures of the classes that a stage knows."""
        return self.pictures[stage.classes]


def train_stages(  # noqa: PLR0913  (what a caller decides, each by name)
    spec: RunSpec,
    base: Path,
    folder: RunFolder,
    cache: Path,
    emit: Listener,
    switch: StopSwitch,
    *,
    noted: RunSpec | None = None,
    verify: bool = False,
) -> None:
    """Carries a stage file out, going on where an earlier run of it left off.

    Whoever calls holds the lock of the run folder; its guard is asked before every write.

    Args:
        spec: the stage file.
        base: the folder that relative paths of the stage file start from.
        folder: where results go; made when it is not there.
        cache: where prepared pictures are kept.
        emit: hears of everything that happens.
        switch: asks to stop.
        noted: what the folder says was run, where that is another stage file.
        verify: whether every picture is read again, whatever its size and time of change say.

    Raises:
        DataError: the pictures cannot be used.
        RunFolderError: the run folder is in use by another process, or damaged.
        Stopped: asked to stop; what was earned is on disk.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    atomic.sweep(folder.path)
    repair.mend_run(folder, noted or spec, warning(emit))
    prepared = _prepare_pictures(spec, base, cache, emit, switch, verify=verify)
    known = planned.known(prepared.manifest)
    stages = stageplans.plan_stages(spec, known)
    pictures = {s.classes: part for s in stages if (part := prepared.among(s.classes))}
    context = Context(spec, folder, pictures, emit, switch)
    repair.mend(folder, stages, warning(emit), unused=noted is None)
    found = inspection.survey(folder)
    entries = lineup.line_up(stages, found)
    if words := retraining.sentence(spec, entries, found):
        emit(Warned(words))
    folder.write_run(noted or spec, base, known)
    emit(RunStarted(spec.name, folder.path, entries))
    complete: list[Complete] = []
    for entry in entries:
        # Decided from the epochs alone, so an interrupted run decides the same.
        if why := lineup.not_needed(entry.stage, complete):
            emit(GrowthEnded(entry.stage, why))
            break
        parent = complete[-1][0] if complete else None
        complete.append((entry.stage, _reuse_or_train(context, entry, parent)))
    emit(RunDone(spec.name, folder.path))


def _prepare_pictures(
    spec: RunSpec, base: Path, cache: Path, emit: Listener, switch: StopSwitch, *, verify: bool
) -> prepare.Prepared:
    shape = stageplans.master_shape(spec)
    data = fetching.fetch(spec.data, cache, announcing(emit), switch.check)
    later = classes.later_sets(spec)
    if later:  # a class that the pictures lack is told before any of them is read
        classes.by_stage(spec, list_pictures(data, base).classes)
    prepared = prepare.prepare(
        data,
        base,
        shape,
        cache,
        progress=lambda done, total: emit(Preparing(done, total)),
        check_stop=switch.check,
        later=later,
        verify=verify,
    )
    for told in prepared.warnings:
        emit(Warned(told))
    manifest = prepared.manifest
    unusable = tuple((item.key, item.reason) for item in manifest.unusable)
    emit(Prepared(manifest.classes, manifest.counts(), unusable))
    for remark in manifest.remarks:
        emit(Noted(str(remark)) if remark.note else Warned(str(remark)))
    if spec.data.on_bad == "stop":
        check_all_used(manifest)
    if leak := prepared.leak(switch.check):
        emit(Warned(str(leak)))
    return prepared


def _reuse_or_train(context: Context, entry: Entry, parent: StagePlan | None) -> History:
    """One stage, reused when it is complete, else trained from where it stands; its epochs."""
    stage, emit = entry.stage, context.emit
    if entry.action is Action.REUSE:
        folder = context.folder.of(stage)
        history = folder.history()
        best = schedule.best_epoch(stage.training, history)
        emit(StageDone(stage, history, best, entry.reason, reused=True))
        return history
    context.switch.check()
    folder = _begin_stage(context, entry)
    outcome = _attempt(context, stage, parent, folder)
    while not outcome.reason:
        # It diverged. What a process that begins now would do, this one does too.
        context.switch.check()
        outcome = _attempt(context, stage, parent, folder, again=True)
    best = _complete(context, stage, folder, outcome)
    emit(StageDone(stage, outcome.history, best, outcome.reason, reused=False))
    return outcome.history


def _attempt(
    context: Context,
    stage: StagePlan,
    parent: StagePlan | None,
    folder: StageFolder,
    *,
    again: bool = False,
) -> Outcome:
    """Trains a stage from where it stands on disk, to its end or until it diverges.

    Raises:
        DivergedError: it has diverged too often.
    """
    start = repair.resume_point(folder, stage.training, warning(context.emit))
    history = () if start.state is None else start.state.history
    diverging.check(context.spec, stage, parent, history, start.divergences)
    # Within one process nothing that computes has changed since it was last told.
    tell = _unheard if again else context.emit
    computed = resuming.resumed_conditions(
        stage, folder, start.state, conditions.here(), versions(), tell
    )
    model = _compiled(context, stage, stage.groups)
    if start.state is None and parent is not None:
        found = _grow_model(context, stage, parent, model, again=again)
        if found is not None:
            folder.write_history((), (*start.divergences, found))
            context.emit(Diverged(stage, found, 0, len(start.divergences), None))
            return Outcome((), "")
    return _train_epochs(context, stage, folder, model, start, computed, again=again)


def _unheard(_event: Event) -> None:
    """Nobody is told."""


def _begin_stage(context: Context, entry: Entry) -> StageFolder:
    """The stage's folder, tidied; one that extends another starts with its checkpoints."""
    stage = entry.stage
    source = context.folder.addressed(entry.source) if entry.source else None
    if source is None:
        folder = context.folder.begin(stage)
    else:
        start = repair.extension(source, stage.training, warning(context.emit))
        folder = context.folder.begin(stage, source, start.names)
    atomic.sweep(folder.path)
    atomic.sweep(folder.checkpoints)
    return folder


def _train_epochs(
    context: Context,
    stage: StagePlan,
    folder: StageFolder,
    model: Model,
    start: Start,
    computed: Conditions,
    *,
    again: bool,
) -> Outcome:
    every, emit = context.spec.checkpoint.every, context.emit
    with Keeper(folder, stage.training, versions(), emit, every, computed) as keeper:
        trainer = StageTrainer(stage, model, _feed(context, stage), keeper, emit, context.switch)
        return trainer.train(start.state, start.divergences, again=again)


def _grow_model(
    context: Context, stage: StagePlan, parent: StagePlan, model: Model, *, again: bool = False
) -> Divergence | None:
    """Gives the model what the plan carries over, and records the growth shock.

    Args:
        context: what all stages share.
        stage: what is grown.
        parent: what it grows from.
        model: its model, freshly initialised.
        again: whether this process has grown it before, which nobody needs to hear of twice.

    Returns:
        Where what it would start with holds no numbers, or computes none: that.
    """
    plan, folder = stage.transfer, context.folder.of(stage)
    if plan is None:
        return None
    state = final_state(context.folder.of(parent))
    teacher = _compiled(context, parent)
    network.write_weights(teacher, state.part("weights"))
    old = Side(parent.architecture, teacher, _feed(context, parent))
    # Both models are held side by side on the pictures that both know the classes of.
    new = Side(stage.architecture, model, _feed(context, stage, of=parent))
    shock = grow.grow(plan, old, new, context.emit, context.switch)
    if plan.optimizer == "carry":
        variables = optimizer_variables(model)
        blank = {name: network.to_array(variable) for name, variable in variables.items()}
        carried = adapt.carry_optimizer(plan, state.part("optimizer"), blank)
        network.assign(variables, carried)
    found = grow.diverged_at_start(stage.training, model, shock)
    if found is not None:
        return found
    folder.write_growth_shock(shock)
    if not again:
        context.emit(Grown(stage, shock))
    return None


def _compiled(context: Context, stage: StagePlan, groups: Groups | None = None) -> Model:
    """A stage's model, freshly initialised, with optimizer, loss and metrics."""
    model = _build(context, stage)
    late = 0
    if groups is not None and stage.transfer is not None and stage.transfer.optimizer == "reset":
        late = groups.freeze * _feed(context, stage).steps
    balanced = context.spec.data.balance == "weights"
    compile_model(model, stage.training, len(stage.classes), groups, late, balanced=balanced)
    return model


def _build(context: Context, stage: StagePlan) -> Model:
    seed_of = partial(_layer_seed, context.spec.seed, stage.number)
    return network.build(stage.architecture, seed_of)


def _layer_seed(seed: int, stage: int, layer: str) -> int:
    return derive_seed(seed, "layer", stage, layer, bits=31)


def _feed(context: Context, stage: StagePlan, of: StagePlan | None = None) -> Feed:
    """The pictures of a stage's classes, or only those of another stage's; its own labels."""
    pictures = context.known_to(of or stage)
    manifest = pictures.manifest
    labels = np.array([stage.classes.index(name) for name in manifest.classes], np.int64)
    return Feed(
        images=pictures.images,
        labels=labels[manifest.labels],
        training=manifest.indices("train"),
        validation=manifest.indices("validation"),
        size=stage.architecture.image[:2],
        batch=stage.training.batch,
        augment=context.spec.data.augment,
        seed=context.spec.seed,
        stage=stage.number,
        class_weights=_class_weights(context, stage),
    )


def _class_weights(context: Context, stage: StagePlan) -> tuple[float, ...]:
    if context.spec.data.balance == "none":
        return ()
    counts = context.known_to(stage).manifest.counts()["train"]
    return tuple(class_weights(counts).values())


def final_state(folder: StageFolder) -> State:
    """The state of the epoch whose weights a complete stage ended with, verified.

    Raises:
        RunFolderError: the stage is not complete, or its checkpoint is damaged.
    """
    done = folder.done()
    if done is None:
        raise GrowError(f"{folder.path} is not complete")
    path = folder.checkpoints / done.checkpoint
    hint = "run again: what is damaged is put aside, and the stage trained again from what is good"
    try:
        state = checkpoint.read(path)
    except DamagedError as error:
        raise DamagedError(error.message, hint=hint) from error
    if checkpoint.digest(state.part("weights")) != done.weights:
        raise DamagedError(f"{path}: its weights are not those of done.json", hint=hint)
    return state


def _complete(context: Context, stage: StagePlan, folder: StageFolder, outcome: Outcome) -> int:
    """Saves the model of the best epoch and marks the stage complete; returns that epoch."""
    best = schedule.best_epoch(stage.training, outcome.history)
    feed = _feed(context, stage)
    name = f"{checkpoint.place(best, 0, feed.steps):06d}"
    weights = checkpoint.read(folder.checkpoints / name).part("weights")
    context.switch.check()
    model = _compiled(context, stage)
    network.write_weights(model, weights)
    context.switch.check()
    folder.commit_model(partial(model_file.save, model, model_file.notes_of(stage)))
    manifest, pictures = context.known_to(stage).manifest, context.spec.report.pictures
    findings = evaluate.assess(model, feed, manifest, context.switch, pictures=pictures)
    if findings is not None:
        folder.write_findings(findings)
        if not math.isfinite(findings.loss):
            context.emit(
                Warned(
                    f"stage {stage.name}: the model's outputs for some {findings.split} pictures "
                    "are no numbers (NaN), since its weights are too large; a lower learning rate "
                    "helps"
                )
            )
    folder.write_done(
        Done(
            epochs=len(outcome.history),
            best=best,
            checkpoint=name,
            weights=checkpoint.digest(weights),
            reason=outcome.reason,
            files=folder.seals(),
        )
    )
    return best
