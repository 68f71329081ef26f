"""A comparison as drawings: curves of all variants over one cost, values with their intervals.

From trials to the plain values that `drawing` draws; costs and figures are those of a run's own
`charts`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from grow.comparison.arms import RESIZE_ONLY, SCRATCH_EPOCHS, SCRATCH_FLOPS
from grow.comparison.result import Comparison, Contrast, Summary
from grow.comparison.stats import A_POINT, Estimate, Point, Trial
from grow.comparison.verdict import signed
from grow.report.charts import Cost, Figure
from grow.report.drawing import Chart, Intervals, Mark, Series, Strip
from grow.report.verdicts import called
from grow.report.words import listing, percent, plural

_Read = Callable[[Point], float]
_SO_FAR: dict[str, _Read] = {"flops": lambda p: p.flops, "cpu": lambda p: p.cpu_seconds}
_FIGURES: dict[str, _Read] = {"accuracy": lambda p: p.val_accuracy, "loss": lambda p: p.val_loss}
_Curve = tuple[tuple[float, float], ...]


def curves_chart(found: Comparison, figure: Figure, cost: Cost) -> Chart:
    """One validation figure of every variant over one cost, with growth's growths marked."""
    looks = {one.name: place for place, one in enumerate(found.summaries)}
    return Chart(
        title=f"Validation {figure.name} of every variant over {cost.axis}",
        description=_described(found, figure, cost),
        across=cost.axis,
        upward=f"Validation {figure.name}",
        series=tuple(
            line
            for one in found.summaries
            for line in variant_series(one, figure, cost, looks[one.name], _shared(found, one))
        ),
        marks=growth_marks(found, cost),
        cost_label=cost.label,
        figure_label=figure.label,
        ceiling=figure.ceiling,
    )


def variant_series(
    one: Summary, figure: Figure, cost: Cost, look: int, start: int = 0
) -> tuple[Series, ...]:
    """A variant as curves: the mean with a band from lowest to highest, or a line a repeat.

    Means are taken epoch by epoch, so where repeats trained different epochs there are none.

    Args:
        one: the variant.
        figure: what to show.
        cost: over what.
        look: which colour, dashes and markers.
        start: how many epochs are left out, since another variant's curve has them.
    """
    lines = [_curve(trial, figure, cost)[max(start - 1, 0) :] for trial in one.trials]
    name = called(one.name)
    if not _alike(one.trials):
        return tuple(
            Series(name if place == 0 else "", line, look=look) for place, line in enumerate(lines)
        )
    epochs = list(zip(*lines, strict=True))
    mean = tuple((_mean([x for x, _ in epoch]), _mean([y for _, y in epoch])) for epoch in epochs)
    if len(lines) == 1:
        return (Series(name, mean, look=look),)
    band = tuple(
        (x, min(y for _, y in epoch), max(y for _, y in epoch))
        for (x, _), epoch in zip(mean, epochs, strict=True)
    )
    return (Series(name, mean, look=look, band=band),)


def control_series(found: Comparison, figure: Figure, cost: Cost, look: int) -> tuple[Series, ...]:
    """The controls that cost about what growth does, to stand beside a run's own curves.

    Args:
        found: the comparison they are of.
        figure: what to show.
        cost: over what.
        look: the first one's; the others have those after it.
    """
    beside = [one for one in found.summaries if one.name in (SCRATCH_FLOPS, RESIZE_ONLY)]
    return tuple(
        line
        for place, one in enumerate(beside)
        for line in variant_series(one, figure, cost, look + place)
    )


def growth_marks(found: Comparison, cost: Cost) -> tuple[Mark, ...]:
    """Where the first growth's stages begin, means over the repeats that came that far."""
    trials = found.summaries[0].trials
    longest = max(trials, key=lambda trial: len(trial.stages))
    marks = []
    for number, stage in enumerate(longest.stages, start=1):
        at = [_start(trial, number, cost) for trial in trials if len(trial.stages) >= number]
        marks.append(Mark(_mean(at), f"{number} {stage.name}"))
    return tuple(marks)


def ends_chart(found: Comparison) -> Intervals:
    """The accuracy of each repeat at the end, with mean and interval, a strip per variant."""
    on = found.setting.pictures.judged_on
    strips = tuple(
        Strip(
            name=called(one.name),
            figure=_words(one.accuracy, percent),
            values=tuple(trial.end.accuracy for trial in one.trials),
            mean=one.accuracy.mean,
            ends=_ends(one.accuracy),
            look=look,
        )
        for look, one in enumerate(found.summaries)
    )
    title = f"{on.capitalize()} accuracy at the end, each repeat and the mean"
    return Intervals(title, _listed(strips, percent), f"{on} accuracy", strips, _share)


def differences_chart(found: Comparison) -> Intervals:
    """Growth less each other, pair by pair, with mean and interval around a line at zero."""
    looks = {one.name: place for place, one in enumerate(found.summaries)}
    strips = tuple(_difference(one, looks[one.other], found) for one in found.contrasts)
    return Intervals(
        title="Accuracy of growth minus the other, each pair of the same seed and the mean",
        description=f"Zero is no difference. {_listed(strips, signed)}",
        across="points of accuracy; growth is better to the right of zero",
        strips=strips,
        label=lambda share: f"{round(100 * share, 6):+g}" if share else "0",
        nothing=(-A_POINT, A_POINT),
    )


def _difference(one: Contrast, look: int, found: Comparison) -> Strip:
    by_name = {summary.name: summary.trials for summary in found.summaries}
    pairs = zip(by_name[one.growth], by_name[one.other], strict=True)
    told = one.accuracy.estimate
    growth, other = (name.removeprefix("growth:") for name in (one.growth, one.other))
    return Strip(
        name=f"{growth} \N{MINUS SIGN} {called(other)}",
        figure=_words(told, signed),
        values=tuple(mine.end.accuracy - theirs.end.accuracy for mine, theirs in pairs),
        mean=told.mean,
        ends=_ends(told),
        look=look,
    )


def _curve(trial: Trial, figure: Figure, cost: Cost) -> _Curve:
    read = _FIGURES[figure.key]
    return tuple(
        (_SO_FAR[cost.key](point) if cost.key in _SO_FAR else place, read(point))
        for place, point in enumerate(trial.curve, start=1)
        if point.all_classes
    )


def _alike(trials: Sequence[Trial]) -> bool:
    """Whether all trained the same epochs of the same stages."""
    trained = {tuple((point.stage, point.epoch) for point in trial.curve) for trial in trials}
    return len(trained) == 1


def _shared(found: Comparison, one: Summary) -> int:
    """How many epochs of the longer scratch control are those of the shorter one, to the digit."""
    if one.name != SCRATCH_EPOCHS:
        return 0
    shorter = [other for other in found.summaries if other.name == SCRATCH_FLOPS]
    if not shorter or not _alike(one.trials) or not _alike(shorter[0].trials):
        return 0
    count = len(shorter[0].trials[0].curve)
    pairs = zip(one.trials, shorter[0].trials, strict=True)
    same = all(longer.curve[:count] == other.curve for longer, other in pairs)
    return count if same and count < len(one.trials[0].curve) else 0


def _start(trial: Trial, number: int, cost: Cost) -> float:
    before = [point for point in trial.curve if point.stage < number]
    if not before:
        return 0.0
    return _SO_FAR[cost.key](before[-1]) if cost.key in _SO_FAR else float(len(before))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _ends(found: Estimate) -> tuple[float, float] | None:
    return None if found.low is None or found.high is None else (found.low, found.high)


def _words(found: Estimate, words: Callable[[float], str]) -> str:
    if found.low is None or found.high is None:
        return words(found.mean)
    return f"{words(found.mean)} ({words(found.low)} to {words(found.high)})"


def _share(share: float) -> str:
    return f"{round(100 * share, 6):g}%"


def _listed(strips: Sequence[Strip], words: Callable[[float], str]) -> str:
    """Every strip in words."""
    return " ".join(
        f"{strip.name}: {listing([words(value) for value in strip.values], 20)}; "
        f"mean {strip.figure}."
        for strip in strips
    )


def _described(found: Comparison, figure: Figure, cost: Cost) -> str:
    """What can be seen in the curves, in words."""
    read = _FIGURES[figure.key]
    best = max if figure.key == "accuracy" else min
    parts = []
    for one in found.summaries:
        reached = [
            best(read(point) for point in trial.curve if point.all_classes) for trial in one.trials
        ]
        curves = [_curve(trial, figure, cost) for trial in one.trials]
        spent = cost.label(round(_mean([curve[-1][0] for curve in curves]), 1))
        parts.append(
            f"{called(one.name)}: best {figure.label(_mean(reached))} on average over "
            f"{plural(len(reached), 'repeat')}, within {spent or 'its epochs'}."
        )
    return f"Validation {figure.name} of each variant. {' '.join(parts)}"
