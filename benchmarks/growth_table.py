"""What each growth costs at the moment it happens: operator by policy by pooling, measured.

Trains one small network per kind of pooling, then grows it in every way and holds both models
side by side on the validation pictures, before any further training. Prints a Markdown table.

    python benchmarks/growth_table.py stages/cats-dogs.yaml --set data.validation=test

The pictures, seed, batch and optimizer are those of the stage file; the networks are not.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from grow.config import schema
from grow.data.cache import cache_folder
from grow.data.feed import Feed
from grow.data.prepare import Prepared, prepare
from grow.nets import network, transfer
from grow.nets import operators as growth
from grow.nets.architecture import Architecture
from grow.nets.transfer import TransferPlan
from grow.planning import validate
from grow.planning.history import GrowthShock
from grow.seeds import derive_seed
from grow.signals import StopSwitch
from grow.train import grow
from grow.train.grow import Side
from grow.train.loop import evaluate
from grow.train.optimizer import compile_model

SIDE = 32
POLICIES: tuple[schema.Policy, ...] = ("strict", "shape", "preserve")
POOLS: tuple[schema.Pool, ...] = ("average", "max")


def growths(pool: schema.Pool) -> dict[str, tuple[schema.Operator, ...]]:
    """Every growth of the table, by what it is called; new blocks pool as the old ones do."""
    insert, operator = schema.Insert, schema.Operator
    larger = operator(resize=(2 * SIDE, 2 * SIDE))
    return {
        "insert at start, resize 2x": (
            larger,
            operator(insert=insert(filters=16, at="start", pool=pool)),
        ),
        "insert at end, resize 2x": (larger, operator(insert=insert(filters=32, pool=pool))),
        "insert at end": (operator(insert=insert(filters=32, pool=pool)),),
        "insert in the middle": (operator(insert=insert(filters=32, after="block_1", pool=pool)),),
        "resize 2x": (larger,),
        "deepen": (operator(deepen=schema.Deepen(block="block_2")),),
        "widen": (operator(widen=schema.Widen(block="block_2", filters=48)),),
    }


@dataclass(frozen=True)
class Base:
    """What is grown: a trained network and its pictures."""

    run: schema.RunSpec
    prepared: Prepared
    architecture: Architecture
    model: network.Model

    def side(self, architecture: Architecture, model: network.Model) -> Side:
        """A model with the pictures at its size."""
        return Side(architecture, model, feed(self.run, self.prepared, architecture))


def feed(run: schema.RunSpec, prepared: Prepared, architecture: Architecture) -> Feed:
    """The stage file's pictures at an architecture's size."""
    manifest = prepared.manifest
    return Feed(
        images=prepared.images,
        labels=manifest.labels,
        training=manifest.indices("train"),
        validation=manifest.indices("validation"),
        size=architecture.image[:2],
        batch=run.train.batch,
        augment=run.data.augment,
        seed=run.seed,
        stage=1,
    )


def build(run: schema.RunSpec, architecture: Architecture, classes: int) -> network.Model:
    """A compiled model, freshly initialised from the stage file's seed."""
    model = network.build(architecture, lambda name: derive_seed(run.seed, name, bits=31))
    compile_model(model, run.train, classes)
    return model


def trained(run: schema.RunSpec, prepared: Prepared, pool: schema.Pool, epochs: int) -> Base:
    """Two blocks of 32 filters and a dense layer, trained for a few epochs."""
    blocks = (schema.Block(filters=32, pool=pool), schema.Block(filters=32, pool=pool))
    image = (SIDE, SIDE, run.model.image[2])
    head = schema.Head(dense=(128,), dropout=0.2)
    classes = len(prepared.manifest.classes)
    architecture = growth.found(schema.Model(image=image, blocks=blocks, head=head), classes)
    model = build(run, architecture, classes)
    batches = feed(run, prepared, architecture)
    for epoch in range(1, epochs + 1):
        for pictures, labels in batches.training_batches(epoch):
            model.train_on_batch(pictures, labels)
    tally = evaluate(model, batches, lambda _: None, StopSwitch())
    print(f"trained with {pool} pooling: {tally.accuracy:.1%}", file=sys.stderr)
    return Base(run, prepared, architecture, model)


def measure(
    base: Base, operators: tuple[schema.Operator, ...], policy: schema.Policy
) -> tuple[TransferPlan, GrowthShock]:
    """Grows the base once and measures what it cost."""
    new = growth.grow(base.architecture, operators)
    plan = transfer.plan(base.architecture, new, policy)
    model = build(base.run, new, len(base.prepared.manifest.classes))
    sides = base.side(base.architecture, base.model), base.side(new, model)
    return plan, grow.grow(plan, *sides, lambda _: None, StopSwitch())


def row(pool: str, name: str, policy: str, plan: TransferPlan, shock: GrowthShock) -> str:
    """One line of the table."""
    cells = (
        pool,
        name,
        policy,
        str(plan.verdict),
        f"{plan.carried / plan.parameters:.1%}",
        f"{shock.accuracy_before:.1%}",
        f"{shock.accuracy_after:.1%}",
        f"{shock.loss_before:.5f}",
        f"{shock.loss_after:.5f}",
        f"{shock.logit_drift:.2g}",
        ", ".join(f"{scale:.2f}" for scale in shock.scales.values()) or "-",
    )
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| pooling | growth | policy | verdict | carried over | accuracy before | after "
    "| loss before | after | largest logit drift | factor |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Reads the arguments, trains, grows, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage_file", type=Path)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    arguments = parser.parse_args()
    run = validate.read(arguments.stage_file, arguments.overrides)
    shape = (2 * SIDE, 2 * SIDE, run.model.image[2])
    prepared = prepare(run.data, arguments.stage_file.parent, shape, cache_folder())
    print(HEAD)
    for pool in POOLS:
        base = trained(run, prepared, pool, arguments.epochs)
        for name, operators in growths(pool).items():
            for policy in POLICIES:
                print(row(pool, name, policy, *measure(base, operators, policy)), flush=True)


if __name__ == "__main__":
    main()
