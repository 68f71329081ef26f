"""The run, from top to bottom: prepare the pictures, line up the stages, grow and train each.

Emits events and prints nothing. What a stage needs from the one before it is read back from
disk, verified, so a run that goes on after an interruption takes the same path as one that
never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grow import (
    adapt,
    assessment,
    checkpoint,
    commit,
    fetching,
    growth_shock,
    inspection,
    lineup,
    lock,
    mending,
    network,
    schedule,
    stageplans,
)
from grow.backend import versions
from grow.chance import derive_seed
from grow.checkpoint import DamagedError, State
from grow.compiling import compile_model, optimizer_variables
from grow.errors import GrowError
from grow.events import (
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
)
from grow.groups import Groups
from grow.growth_shock import Side
from grow.history import History
from grow.keeper import Keeper
from grow.lineup import Action, Complete, Entry
from grow.network import Model
from grow.pictures import prepare
from grow.pictures.balance import class_weights
from grow.pictures.split import check_all_used
from grow.pipeline import Feed
from grow.spec import RunSpec
from grow.stagefolder import Done, StageFolder
from grow.stageplans import Pictures, StagePlan
from grow.stopping import StopSwitch
from grow.store import RunFolder
from grow.trainer import Outcome, StageTrainer


@dataclass(frozen=True)
class Context:
    """What all stages of a run share.

    Attributes:
        spec: the stage file.
        folder: where the run's results go.
        pictures: the prepared pictures.
        emit: hears of everything that happens.
        switch: asks to stop.
    """

    spec: RunSpec
    folder: RunFolder
    pictures: prepare.Prepared
    emit: Listener
    switch: StopSwitch

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.pictures.manifest.classes)


def run(
    spec: RunSpec,
    base: Path,
    folder: RunFolder,
    cache: Path,
    emit: Listener,
    switch: StopSwitch,
    *,
    noted: RunSpec | None = None,
) -> None:
    """Carries a stage file out, going on where an earlier run of it left off.

    Args:
        spec: the stage file.
        base: the folder that relative paths of the stage file start from.
        folder: where results go; made when it is not there.
        cache: where prepared pictures are kept.
        emit: hears of everything that happens.
        switch: asks to stop.
        noted: what the folder says was run, where that is another stage file.

    Raises:
        DataError: the pictures cannot be used.
        RunFolderError: the run folder is in use by another process, or damaged.
        Stopped: asked to stop; what was earned is on disk.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    with lock.held(folder.path):
        commit.sweep(folder.path)
        context = Context(spec, folder, _prepare(spec, base, cache, emit, switch), emit, switch)
        manifest = context.pictures.manifest
        known = Pictures(manifest.classes, manifest.training_digest)
        stages = stageplans.plan_stages(spec, known)
        mending.mend(folder, stages, emit)
        entries = lineup.line_up(stages, inspection.survey(folder))
        folder.write_run(noted or spec, base, known)
        emit(RunStarted(spec.name, folder.path, entries))
        complete: list[Complete] = []
        for entry in entries:
            # Decided from the epochs alone, so an interrupted run decides the same.
            if why := lineup.not_needed(entry.stage, complete):
                emit(GrowthEnded(entry.stage, why))
                break
            parent = complete[-1][0] if complete else None
            complete.append((entry.stage, _carry_out(context, entry, parent)))
        emit(RunDone(spec.name, folder.path))


def _prepare(
    spec: RunSpec, base: Path, cache: Path, emit: Listener, switch: StopSwitch
) -> prepare.Prepared:
    shape = stageplans.master_shape(spec)
    prepared = prepare.prepare(
        fetching.fetch(spec.data, cache, emit, switch.check),
        base,
        shape,
        cache,
        progress=lambda done, total: emit(Preparing(done, total)),
        check_stop=switch.check,
    )
    manifest = prepared.manifest
    unusable = tuple((item.key, item.reason) for item in manifest.unusable)
    emit(Prepared(manifest.classes, manifest.counts(), unusable))
    for remark in manifest.remarks:
        emit(Noted(str(remark)) if remark.note else Warned(str(remark)))
    if spec.data.on_bad == "stop":
        check_all_used(manifest)
    return prepared


def _carry_out(context: Context, entry: Entry, parent: StagePlan | None) -> History:
    """One stage, reused when it is complete, else trained from where it stands; its epochs."""
    stage, emit = entry.stage, context.emit
    if entry.action is Action.REUSE:
        folder = context.folder.of(stage)
        history = folder.history()
        best = schedule.best_epoch(stage.training, history)
        emit(StageDone(stage, history, best, entry.reason, reused=True))
        return history
    context.switch.check()
    folder = _begin(context, entry)
    state = mending.resume(folder, stage.training, emit)
    model = _compiled(context, stage, stage.groups)
    if state is None and parent is not None:
        _grow(context, stage, parent, model)
    outcome = _train(context, stage, folder, model, state)
    best = _complete(context, stage, folder, outcome)
    emit(StageDone(stage, outcome.history, best, outcome.reason, reused=False))
    return outcome.history


def _begin(context: Context, entry: Entry) -> StageFolder:
    """The stage's folder, tidied; one that extends another starts with its checkpoints."""
    stage = entry.stage
    source = context.folder.addressed(entry.source) if entry.source else None
    if source is None:
        folder = context.folder.begin(stage)
    else:
        start = mending.extension(source, stage.training, context.emit)
        folder = context.folder.begin(stage, source, start.names)
    commit.sweep(folder.path)
    commit.sweep(folder.checkpoints)
    return folder


def _train(
    context: Context, stage: StagePlan, folder: StageFolder, model: Model, state: State | None
) -> Outcome:
    every, emit = context.spec.checkpoint.every, context.emit
    with Keeper(folder, stage.training, versions(), emit, every) as keeper:
        trainer = StageTrainer(stage, model, _feed(context, stage), keeper, emit, context.switch)
        return trainer.train(state)


def _grow(context: Context, stage: StagePlan, parent: StagePlan, model: Model) -> None:
    """Gives the model what the plan carries over, and records the growth shock."""
    plan, folder = stage.transfer, context.folder.of(stage)
    if plan is None:
        return
    state = final_state(context.folder.of(parent))
    teacher = _compiled(context, parent)
    network.write_weights(teacher, state.part("weights"))
    old = Side(parent.architecture, teacher, _feed(context, parent))
    new = Side(stage.architecture, model, _feed(context, stage))
    shock = growth_shock.grow(plan, old, new, context.emit, context.switch)
    if plan.optimizer == "carry":
        variables = optimizer_variables(model)
        blank = {name: network.to_array(variable) for name, variable in variables.items()}
        carried = adapt.carry_optimizer(plan, state.part("optimizer"), blank)
        network.assign(variables, carried)
    folder.write_growth_shock(shock)
    context.emit(Grown(stage, shock))


def _compiled(context: Context, stage: StagePlan, groups: Groups | None = None) -> Model:
    """A stage's model, freshly initialised, with optimizer, loss and metrics."""
    model = _build(context, stage)
    late = 0
    if groups is not None and stage.transfer is not None and stage.transfer.optimizer == "reset":
        late = groups.freeze * _feed(context, stage).steps
    balanced = context.spec.data.balance == "weights"
    compile_model(model, stage.training, context.classes, groups, late, balanced=balanced)
    return model


def _build(context: Context, stage: StagePlan) -> Model:
    seed_of = partial(_layer_seed, context.spec.seed, stage.number)
    return network.build(stage.architecture, seed_of)


def _layer_seed(seed: int, stage: int, layer: str) -> int:
    return derive_seed(seed, "layer", stage, layer, bits=31)


def _feed(context: Context, stage: StagePlan) -> Feed:
    manifest = context.pictures.manifest
    return Feed(
        images=context.pictures.images,
        labels=manifest.labels,
        training=manifest.indices("train"),
        validation=manifest.indices("validation"),
        size=stage.architecture.image[:2],
        batch=stage.training.batch,
        augment=context.spec.data.augment,
        seed=context.spec.seed,
        stage=stage.number,
        class_weights=_class_weights(context),
    )


def _class_weights(context: Context) -> tuple[float, ...]:
    if context.spec.data.balance == "none":
        return ()
    return tuple(class_weights(context.pictures.manifest.counts()["train"]).values())


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
    folder.commit_model(partial(network.save, model, network.notes_of(stage)))
    manifest, pictures = context.pictures.manifest, context.spec.report.pictures
    folder.write_findings(
        assessment.assess(model, feed, manifest, context.switch, pictures=pictures)
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
