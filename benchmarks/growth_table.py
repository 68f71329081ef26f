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

from grow import growth, growth_shock, network, spec, stagefile, transfer
from grow.architecture import Architecture
from grow.chance import derive_seed
from grow.compiling import compile_model
from grow.growth_shock import Side
from grow.history import GrowthShock
from grow.pictures.prepare import Prepared, prepare
from grow.pipeline import Feed
from grow.planning import cache_folder
from grow.stopping import StopSwitch
from grow.trainer import evaluate
from grow.transfer import TransferPlan

SIDE = 32
POLICIES: tuple[spec.Policy, ...] = ("strict", "shape", "preserve")
POOLS: tuple[spec.Pool, ...] = ("average", "max")


def growths(pool: spec.Pool) -> dict[str, tuple[spec.Operator, ...]]:
    """Every growth of the table, by what it is called; new blocks pool as the old ones do."""
    insert, operator = spec.Insert, spec.Operator
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
        "deepen": (operator(deepen=spec.Deepen(block="block_2")),),
        "widen": (operator(widen=spec.Widen(block="block_2", filters=48)),),
    }


@dataclass(frozen=True)
class Base:
    """What is grown: a trained network and its pictures."""

    run: spec.RunSpec
    prepared: Prepared
    architecture: Architecture
    model: network.Model

    def side(self, architecture: Architecture, model: network.Model) -> Side:
        """A model with the pictures at its size."""
        return Side(architecture, model, feed(self.run, self.prepared, architecture))


def feed(run: spec.RunSpec, prepared: Prepared, architecture: Architecture) -> Feed:
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


def build(run: spec.RunSpec, architecture: Architecture, classes: int) -> network.Model:
    """A compiled model, freshly initialised from the stage file's seed."""
    model = network.build(architecture, lambda name: derive_seed(run.seed, name, bits=31))
    compile_model(model, run.train, classes)
    return model


def trained(run: spec.RunSpec, prepared: Prepared, pool: spec.Pool, epochs: int) -> Base:
    """Two blocks of 32 filters and a dense layer, trained for a few epochs."""
    blocks = (spec.Block(filters=32, pool=pool), spec.Block(filters=32, pool=pool))
    image = (SIDE, SIDE, run.model.image[2])
    head = spec.Head(dense=(128,), dropout=0.2)
    classes = len(prepared.manifest.classes)
    architecture = growth.found(spec.Model(image=image, blocks=blocks, head=head), classes)
    model = build(run, architecture, classes)
    batches = feed(run, prepared, architecture)
    for epoch in range(1, epochs + 1):
        for pictures, labels in batches.training_batches(epoch):
            model.train_on_batch(pictures, labels)
    tally = evaluate(model, batches, lambda _: None, StopSwitch())
    print(f"trained with {pool} pooling: {tally.accuracy:.1%}", file=sys.stderr)
    return Base(run, prepared, architecture, model)


def measure(
    base: Base, operators: tuple[spec.Operator, ...], policy: spec.Policy
) -> tuple[TransferPlan, GrowthShock]:
    """Grows the base once and measures what it cost."""
    new = growth.grow(base.architecture, operators)
    plan = transfer.plan(base.architecture, new, policy)
    model = build(base.run, new, len(base.prepared.manifest.classes))
    sides = base.side(base.architecture, base.model), base.side(new, model)
    return plan, growth_shock.grow(plan, *sides, lambda _: None, StopSwitch())


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
    run = stagefile.read(arguments.stage_file, arguments.overrides)
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
