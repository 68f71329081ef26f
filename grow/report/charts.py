"""A run's histories as charts: which figure, over which cost, with the growths marked.

From records to the plain values that `drawing` draws; a comparison passes more series to the
same chart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grow.planning.history import EpochRecord
from grow.report.drawing import Chart, Mark, Point, Series
from grow.report.words import duration, flops, plural
from grow.runs.result import StageResult


@dataclass(frozen=True)
class Cost:
    """What training costs, as an axis.

    Attributes:
        key: short name, for the page.
        name: what a button says.
        axis: what stands at the axis.
        of: the cost of one epoch.
        label: a cost in words.
    """

    key: str
    name: str
    axis: str
    of: Callable[[EpochRecord], float]
    label: Callable[[float], str]


@dataclass(frozen=True)
class Figure:
    """What training comes to, as an axis.

    Attributes:
        key: short name, for the page.
        name: what stands at the axis.
        validation: the figure of an epoch on the validation pictures.
        training: likewise on the training pictures.
        grown: the name of the figure right after a growth, in a growth shock.
        label: a figure in words.
        ceiling: the largest there can be.
    """

    key: str
    name: str
    validation: Callable[[EpochRecord], float]
    training: Callable[[EpochRecord], float]
    grown: str
    label: Callable[[float], str]
    ceiling: float = math.inf


def _count(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else ""


def _time(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else duration(seconds)


COSTS = (
    Cost("flops", "FLOPs", "training so far, FLOPs", lambda r: r.training_flops, flops),
    Cost("cpu", "CPU time", "CPU time so far", lambda r: r.cpu_seconds, _time),
    Cost("epochs", "epochs", "epochs so far", lambda _: 1, _count),
)
FIGURES = (
    Figure(
        *("accuracy", "accuracy"),
        lambda r: r.val_accuracy,
        lambda r: r.accuracy,
        "accuracy_after",
        lambda share: f"{100 * share:.3g}%",
        1.0,
    ),
    Figure(
        *("loss", "loss"),
        lambda r: r.val_loss,
        lambda r: r.loss,
        "loss_after",
        lambda loss: f"{loss:.3g}" if math.isfinite(loss) else "not a number",
    ),
)


def chart(stages: Sequence[StageResult], figure: Figure, cost: Cost, best: StageResult) -> Chart:
    """One figure of all stages over their common cost.

    Args:
        stages: the stages that have epochs, in order.
        figure: what to show.
        cost: over what.
        best: the stage whose best epoch is ringed.
    """
    starts = _starts(stages, cost)
    validated = any(record.validated for result in stages for record in result.history)
    validation, ring = _validation(stages, starts, figure, cost, best)
    training = tuple(
        point
        for result, start in zip(stages, starts, strict=True)
        for point in (*_points(result, start, figure.training, cost), (start, math.nan))
    )
    return Chart(
        title=f"{figure.name.capitalize()} over {cost.axis}",
        description=_described(stages, figure, cost, starts, validated=validated),
        across=cost.axis,
        upward=figure.name.capitalize(),
        series=(
            Series("validation", validation, best=ring),
            Series("training", training, look=1, faint=True),
        )
        if validated
        else (Series("training", training),),
        marks=tuple(
            Mark(start, f"{result.plan.number} {result.plan.name}")
            for result, start in zip(stages, starts, strict=True)
        ),
        cost_label=cost.label,
        figure_label=figure.label,
        ceiling=figure.ceiling,
    )


def _starts(stages: Sequence[StageResult], cost: Cost) -> list[float]:
    """The cost of all stages before each."""
    starts = [0.0]
    for result in stages:
        starts.append(starts[-1] + sum(cost.of(record) for record in result.history))
    return starts[:-1]


def _points(
    result: StageResult, start: float, figure: Callable[[EpochRecord], float], cost: Cost
) -> list[Point]:
    points = []
    for record in result.history:
        start += cost.of(record)
        points.append((start, figure(record)))
    return points


def _validation(
    stages: Sequence[StageResult],
    starts: Sequence[float],
    figure: Figure,
    cost: Cost,
    best: StageResult,
) -> tuple[tuple[Point, ...], int | None]:
    """The validation curve through all growths, and the place of the ringed point in it."""
    points: list[Point] = []
    ring = None
    for result, start in zip(stages, starts, strict=True):
        if result.shock is not None:
            points.append((start, getattr(result.shock, figure.grown)))
        if result is best and result.best is not None:
            ring = len(points) + result.best.epoch - 1
        points += _points(result, start, figure.validation, cost)
    return tuple(points), ring


def _described(
    stages: Sequence[StageResult],
    figure: Figure,
    cost: Cost,
    starts: Sequence[float],
    *,
    validated: bool,
) -> str:
    """What can be seen in the chart, in words."""
    parts = []
    of = figure.validation if validated else figure.training
    for result, start in zip(stages, starts, strict=True):
        first, last = result.history[0], result.history[-1]
        grown = ""
        if result.shock is not None and validated:
            grown = f"{figure.label(getattr(result.shock, figure.grown))} right after the growth, "
        parts.append(
            f"Stage {result.plan.number} {result.plan.name}, from {cost.label(round(start, 1))}: "
            f"{grown}{figure.label(of(first))} after its first and "
            f"{figure.label(of(last))} after its last of "
            f"{plural(len(result.history), 'epoch')}."
        )
    name = "Validation" if validated else "Training"
    return f"{name} {figure.name} by stage. {' '.join(parts)}"
