"""What an epoch with frozen layers costs against a full one, with and without outputs kept.

Takes a grown stage of a stage file, without augmentation, and trains epochs of three kinds in
turn: all layers trained; layers carried over frozen, everything computed in each step; and the
outputs of the frozen layers computed once. Weights are fresh, since the cost of a step does not
depend on them. Prints a Markdown table: FLOPs, CPU-seconds and seconds of an epoch's steps, mean
and standard deviation over the repeats, and what computing the outputs cost once.

    python benchmarks/after_growth.py stages/cats-dogs.yaml --stage 3 --pictures 2000
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

from grow.config import schema
from grow.data.cache import cache_folder
from grow.data.feed import Feed
from grow.data.prepare import Prepared, prepare
from grow.nets import network
from grow.planning import param_groups, validate
from grow.planning import stages as stageplans
from grow.planning.param_groups import Groups
from grow.planning.stages import Pictures, StagePlan
from grow.seeds import derive_seed
from grow.signals import StopSwitch
from grow.train.optimizer import compile_model
from grow.train.phases import Phase, Phases

HEAD = "| epoch | GFLOP a picture | CPU-seconds | of a full one | seconds | of a full one | once |"


@dataclass
class Kind:
    """A kind of epoch, what getting it ready took, and what each repeat took."""

    name: str
    phase: Phase
    gflops: float
    once: tuple[float, float]
    seconds: list[float]
    cpu_seconds: list[float]


def frozen_stage(run: schema.RunSpec, number: int, classes: tuple[str, ...]) -> StagePlan:
    """A grown stage of the stage file, its layers carried over frozen in all epochs."""
    stage = run.stages[number - 1]
    freeze = run.training(stage).epochs + 1
    stages = list(run.stages)
    stages[number - 1] = stage.model_copy(update={"carried": schema.Carried(freeze=freeze)})
    data = run.data.model_copy(update={"augment": schema.Augment()})
    changed = run.model_copy(update={"stages": tuple(stages), "data": data})
    return stageplans.plan_stages(changed, Pictures(classes, None))[number - 1]


def feed(run: schema.RunSpec, prepared: Prepared, stage: StagePlan, most: int) -> Feed:
    """The first pictures of a shuffled training part, and as many for validation at most."""
    manifest = prepared.manifest
    whole = Feed(
        images=prepared.images,
        labels=manifest.labels,
        training=manifest.indices("train"),
        validation=manifest.indices("validation"),
        size=stage.architecture.image[:2],
        batch=stage.training.batch,
        augment=schema.Augment(),
        seed=run.seed,
        stage=stage.number,
    )
    training = whole.training[whole.order(1)[:most]]
    return replace(whole, training=training, validation=whole.validation[:most])


def kind(name: str, stage: StagePlan, batches: Feed, classes: int) -> Kind:
    """A kind of epoch, ready to be timed: its graph traced, its outputs computed."""
    model = network.build(stage.architecture, lambda layer: derive_seed(layer, bits=31))
    compile_model(model, stage.training, classes, stage.groups)
    wall, cpu = time.perf_counter(), time.process_time()
    phase = Phases(stage, model, batches, lambda _: None, StopSwitch()).of(1)
    once = (time.perf_counter() - wall, time.process_time() - cpu)
    counts = (len(batches.training), len(batches.validation))
    flops = param_groups.epoch_flops(stage.architecture, stage.groups, 2, *counts)
    made = Kind(name, phase, flops / counts[0] / 1e9, once, [], [])
    epoch(made, 1)  # traces the graph
    made.seconds.clear()
    made.cpu_seconds.clear()
    return made


def epoch(of: Kind, number: int) -> None:
    """Trains and times the steps of one epoch."""
    wall, cpu = time.perf_counter(), time.process_time()
    for pictures, labels in of.phase.feed.training_batches(number):
        of.phase.model.train_on_batch(pictures, labels)
    of.seconds.append(time.perf_counter() - wall)
    of.cpu_seconds.append(time.process_time() - cpu)


def noisy(values: list[float]) -> str:
    """Mean and standard deviation."""
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"


def row(of: Kind, full: Kind) -> str:
    """A line of the table."""
    shares = [
        statistics.mean(mine) / statistics.mean(theirs)
        for mine, theirs in ((of.cpu_seconds, full.cpu_seconds), (of.seconds, full.seconds))
    ]
    once = f"{of.once[1]:.2f} CPU-s" if of.phase.feed is not full.phase.feed else "-"
    return (
        f"| {of.name} | {of.gflops:.3f} | {noisy(of.cpu_seconds)} | {shares[0]:.0%} "
        f"| {noisy(of.seconds)} | {shares[1]:.0%} | {once} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage_file", type=Path)
    parser.add_argument("--stage", type=int, default=2, help="number of a grown stage")
    parser.add_argument("--pictures", type=int, default=2000, help="at most so many")
    parser.add_argument("--repeats", type=int, default=5)
    said = parser.parse_args()
    run = validate.read(said.stage_file)
    shape = (*stageplans.master_size(run), run.model.image[2])
    prepared = prepare(run.data, said.stage_file.parent, shape, cache_folder())
    classes = prepared.manifest.classes
    stage = frozen_stage(run, said.stage, classes)
    batches = feed(run, prepared, stage, said.pictures)
    apart = replace(stage, groups=replace(stage.groups, prefix=()))
    kinds = [
        kind("full", replace(stage, groups=Groups()), batches, len(classes)),
        kind("frozen", apart, batches, len(classes)),
        kind(f"frozen, outputs up to {stage.groups.prefix[-1]} kept", stage, batches, len(classes)),
    ]
    for number in range(2, said.repeats + 2):
        for each in kinds:  # in turn, so that what else the machine does hits all alike
            epoch(each, number)
    print(HEAD, "|---|---|---|---|---|---|---|", sep="\n")
    for each in kinds:
        print(row(each, kinds[0]))


if __name__ == "__main__":
    main()
