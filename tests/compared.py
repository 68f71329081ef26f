"""Comparisons made by hand: what trials came to, without training."""

from __future__ import annotations

from pathlib import Path

from grow.comparison import stats
from grow.comparison.analysis import compare_trials
from grow.comparison.result import Comparison, Pictures, Setting
from grow.comparison.stats import StageEnd, Trial
from tests.builders import record

SEEDS = (7, 1944679011, 828036342)
SETTING = Setting(
    name="cats-dogs",
    folder=Path("runs/cats-dogs-compare"),
    seeds=SEEDS,
    threads=1,
    pictures=Pictures("test", {"train": 7000, "validation": 1000, "test": 2000}),
    versions={"keras": "3"},
)


def trial(seed: int, end: float, *stages: tuple[int, int]) -> Trial:
    """A trial that ends with this test accuracy, its stages of so many epochs and GFLOPs each."""
    epochs = sum(count for count, _ in stages)
    number = 0
    histories = []
    for count, flops in stages:
        stage = []
        for epoch in range(1, count + 1):
            number += 1
            accuracy = round(0.5 + (end - 0.5) * number / epochs, 4)
            figures = {"val_accuracy": accuracy, "val_loss": 1 - accuracy}
            cost = {"training_flops": flops * 10**9, "cpu_seconds": flops / 10, "seconds": 1.0}
            stage.append(record(epoch, **figures, **cost))
        histories.append(tuple(stage))
    ends = tuple(
        StageEnd(f"s{n}", 9, len(h), len(h), end, 1 - end) for n, h in enumerate(histories)
    )
    return Trial(seed, ends, stats.curve(histories))


def comparison(*, policies: bool = False, repeats: int = 3, **changes: object) -> Comparison:
    """Growth better than scratch by three points and level with the small pictures."""
    ends = {
        "growth": (0.85, 0.848, 0.853),
        "scratch_flops": (0.82, 0.819, 0.822),
        "scratch_epochs": (0.84, 0.846, 0.835),
        "resize_only": (0.85, 0.849, 0.852),
    }
    stages = {
        "growth": ((8, 30), (8, 135), (18, 607)),
        "scratch_flops": ((21, 607),),
        "scratch_epochs": ((34, 607),),
        "resize_only": ((8, 45), (8, 160), (18, 607)),
    }
    if policies:
        ends = {"growth:preserve": ends.pop("growth"), "growth:strict": (0.8, 0.78, 0.82), **ends}
        grown = stages.pop("growth")
        stages = {"growth:preserve": grown, "growth:strict": grown, **stages}
    trials = {
        name: [
            trial(seed, end, *stages[name])
            for seed, end in zip(SEEDS[:repeats], accuracies, strict=False)
        ]
        for name, accuracies in ends.items()
    }
    values = {**SETTING.__dict__, "seeds": SEEDS[:repeats], **changes}
    return compare_trials(Setting(**values), trials)
