"""How good finished stages are on the test pictures, which no choice was made on.

The figures are kept in the stages' folders, under the digests of weights and pictures, so that
nothing is evaluated twice. Decides nothing.
"""

from __future__ import annotations

from pathlib import Path

from grow import atomic
from grow.config.schema import Augment, RunSpec
from grow.data.feed import Feed
from grow.data.prepare import Part, prepare
from grow.data.sources import exported
from grow.errors import RunFolderError
from grow.nets import classes, network
from grow.planning import stages
from grow.planning.stages import StagePlan
from grow.runs import planned
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import Judged, StageFolder
from grow.signals import StopSwitch
from grow.train.engine import final_state
from grow.train.events import Listener, Warned
from grow.train.loop import evaluate
from grow.train.optimizer import compile_model


def judge(
    spec: RunSpec, base: Path, folder: RunFolder, cache: Path, emit: Listener, switch: StopSwitch
) -> None:
    """Evaluates every stage that came in a finished run on the test pictures, where there are any.

    Args:
        spec: the stage file that was run.
        base: the folder that its relative paths start from.
        folder: the run folder; the caller holds its lock.
        cache: where prepared pictures are kept.
        emit: hears how far each evaluation is.
        switch: asks to stop.

    Raises:
        DataError: the pictures cannot be used.
        RunFolderError: a stage is damaged.
        Stopped: stopped as asked; what was evaluated is kept.
    """
    shape = stages.master_shape(spec)
    pictures = prepare(
        exported.local(spec.data, cache),
        base,
        shape,
        cache,
        check_stop=switch.check,
        later=classes.later_sets(spec),
    )
    manifest = pictures.manifest
    if not len(manifest.indices("test")):
        return
    for stage in stages.plan_stages(spec, planned.known(manifest)):
        place, own = folder.of(stage), pictures.among(stage.classes)
        if own is None or not len(own.manifest.indices("test")):
            continue  # all test pictures are of classes that it does not know
        if place.done() is not None and not _is_known(place, own.manifest.test_digest, emit):
            place.write_tested(_tested(stage, place, own, emit, switch))


def _is_known(place: StageFolder, test_pictures: str, emit: Listener) -> bool:
    done = place.done()
    try:
        tested = place.tested()
    except RunFolderError as error:
        aside = atomic.set_aside(place.path / "test.json", place.guard)
        emit(Warned(f"{error.message}; put aside as {aside.name}, the stage is evaluated again"))
        return False
    if done is None or tested is None:
        return False
    return (tested.weights, tested.test_pictures) == (done.weights, test_pictures)


def _tested(
    stage: StagePlan, place: StageFolder, pictures: Part, emit: Listener, switch: StopSwitch
) -> Judged:
    manifest = pictures.manifest
    weights = final_state(place).part("weights")
    model = network.build(stage.architecture, _no_matter)
    compile_model(model, stage.training, len(manifest.classes))
    network.write_weights(model, weights)
    tally = evaluate(model, _feed(stage, pictures), emit, switch)
    done = place.done()
    return Judged(
        weights="" if done is None else done.weights,
        test_pictures=manifest.test_digest,
        pictures=tally.pictures,
        accuracy=tally.accuracy,
        loss=tally.mean_loss,
    )


def _no_matter(_layer: str) -> int:
    """The seed of initial weights that are overwritten at once."""
    return 0


def _feed(stage: StagePlan, pictures: Part) -> Feed:
    manifest = pictures.manifest
    test = manifest.indices("test")
    return Feed(
        images=pictures.images,
        labels=manifest.labels,
        training=test[:0],
        validation=test,
        size=stage.architecture.image[:2],
        batch=stage.training.batch,
        augment=Augment(),
        seed=0,
        stage=stage.number,
    )
