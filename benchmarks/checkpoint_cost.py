"""What checkpoints cost: their share of training time at the default cadence.

Trains the networks of ``stages/cats-dogs.yaml`` on 8,000 drawn pictures and prints a table: for
each stage the seconds trained, the checkpoints written, how long the writing took beside the
training, and the share of training time for which training stood still.
Usage: ``python benchmarks/checkpoint_cost.py [EPOCHS]``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from grow.config.schema import DrawnData, RunSpec
from grow.data.cache import cache_folder
from grow.planning import validate
from grow.runs.folder import RunFolder
from grow.signals import StopSwitch
from grow.train import engine
from grow.train.events import CheckpointWritten, EpochDone, Event, StageStarted

STAGES = Path(__file__).parents[1] / "stages" / "cats-dogs.yaml"
HEAD = ("stage", "parameters", "training s", "checkpoints", "s each", "beside", "held up")


def main() -> None:
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rows: dict[str, list[float]] = {}
    parameters: dict[str, int] = {}
    now = [""]

    def listen(event: Event) -> None:
        match event:
            case StageStarted():
                now[0] = event.stage.name
                rows[now[0]] = [0.0, 0, 0.0, 0.0]
                parameters[now[0]] = event.stage.architecture.parameters
            case EpochDone():
                rows[now[0]][0] += event.record.seconds
            case CheckpointWritten():
                rows[now[0]][1] += 1
                rows[now[0]][2] += event.seconds
                rows[now[0]][3] += event.held_seconds

    with tempfile.TemporaryDirectory(dir=".") as folder:
        spec = drawn(validate.read(STAGES), epochs)
        run = RunFolder(Path(folder))
        engine.train_stages(spec, Path(), run, cache_folder(), listen, StopSwitch())
    print(" | ".join(f"{cell:>11}" for cell in HEAD))
    for name, (seconds, count, beside, held) in rows.items():
        cells = (
            name,
            f"{parameters[name]:,}",
            f"{seconds:.1f}",
            f"{count:.0f}",
            f"{beside / count:.4f}",
            f"{beside / seconds:.2%}",
            f"{held / seconds:.3%}",
        )
        print(" | ".join(f"{cell:>11}" for cell in cells))


def drawn(spec: RunSpec, epochs: int) -> RunSpec:
    """The same networks and settings on drawn pictures, for a few epochs."""
    data = DrawnData(source="drawn", train=8000, validation=2000, augment=spec.data.augment)
    stages = tuple(stage.model_copy(update={"epochs": epochs}) for stage in spec.stages)
    return spec.model_copy(update={"data": data, "stages": stages})


if __name__ == "__main__":
    main()
