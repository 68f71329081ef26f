"""What trials say: curves over cost, means with intervals, paired differences, speed-ups.

Pure functions from the figures of trials to statistics; nothing is interpolated, nothing that
was not reached is averaged. What the statistics amount to in words is `verdict`'s business.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from grow.comparison.student import quantile, repeats_needed, two_sided_p
from grow.planning.history import Divergence, EpochRecord

CONFIDENCE = 0.95
LEVEL = 0.05
"""Two-sided level of the tests, after Holm's adjustment."""
A_POINT = 0.01
"""A percentage point of accuracy: what counts as a difference worth having."""

Cost = Literal["flops", "cpu_seconds"]
Account = Literal["total", "marginal"]
COSTS: tuple[Cost, ...] = ("flops", "cpu_seconds")
ACCOUNTS: tuple[Account, ...] = ("total", "marginal")


@dataclass(frozen=True)
class Point:
    """Where a trial stood at the end of an epoch; cost is counted from its first stage on.

    Attributes:
        stage: number of the stage.
        epoch: epoch of that stage, counted from 1.
        flops: training FLOPs so far.
        cpu_seconds: processor time so far, validations included.
        seconds: wall-clock time so far, likewise.
        val_accuracy: validation accuracy of this epoch, in [0, 1].
        val_loss: its mean validation loss.
        all_classes: whether the stage knows all classes that the last one knows. Where it does
            not, the epoch counts as cost alone: to be right among fewer classes is easier.
    """

    stage: int
    epoch: int
    flops: int
    cpu_seconds: float
    seconds: float
    val_accuracy: float
    val_loss: float
    all_classes: bool = True


@dataclass(frozen=True)
class StageEnd:
    """What a stage of a trial ended with.

    Attributes:
        name: the stage's name.
        parameters: of its architecture.
        epochs: how many were trained.
        best: the epoch whose weights it ends with, chosen on validation pictures.
        accuracy: of those weights on the pictures that are judged on, in [0, 1].
        loss: likewise, the mean loss.
    """

    name: str
    parameters: int
    epochs: int
    best: int
    accuracy: float
    loss: float


@dataclass(frozen=True)
class Trial:
    """One variant carried out with one seed.

    Attributes:
        seed: the seed.
        stages: what its stages ended with.
        curve: every epoch of every stage, in order.
    """

    seed: int
    stages: tuple[StageEnd, ...]
    curve: tuple[Point, ...]

    @property
    def end(self) -> StageEnd:
        """What the last stage ended with."""
        return self.stages[-1]

    @property
    def total(self) -> Point:
        """The last point: what it all cost."""
        return self.curve[-1]


@dataclass(frozen=True)
class Estimate:
    """A mean over repeats, and where it lies.

    Attributes:
        mean: the mean.
        low: lower end of its 95% confidence interval (Student t); None for a single repeat.
        high: the upper end.
        spread: standard deviation over repeats; None for a single one.
        repeats: how many values.
    """

    mean: float
    low: float | None
    high: float | None
    spread: float | None
    repeats: int


@dataclass(frozen=True)
class Difference:
    """A paired difference of accuracies: growth less a control, of the same seeds.

    Attributes:
        estimate: its mean and interval.
        p: two-sided p of the paired t test; None for a single repeat.
        p_adjusted: the same by Holm's rule over all differences of the comparison.
        repeats_for_observed: how many repeats tell a difference as large as the one observed, at
            the spread observed and whatever the others come to; None when unknown or beyond
            counting.
        repeats_for_a_point: likewise for a difference of one percentage point.
    """

    estimate: Estimate
    p: float | None
    p_adjusted: float | None
    repeats_for_observed: int | None
    repeats_for_a_point: int | None


@dataclass(frozen=True)
class SpeedUp:
    """How many times less growth spent to reach a control's best validation accuracy.

    Attributes:
        each: the factor of each repeat; None where growth never reached it.
        reached: in how many repeats it did.
        estimate: geometric mean and interval over repeats; None unless all reached it.
        target: the control's best validation accuracy in each repeat.
        other: what the control spent until it first had that.
        growth: what growth spent until it first had as much; None where it never did.
    """

    each: tuple[float | None, ...]
    reached: int
    estimate: Estimate | None
    target: tuple[float, ...]
    other: tuple[float, ...]
    growth: tuple[float | None, ...]


def curve(
    histories: Sequence[Sequence[EpochRecord | Divergence]], fewer_classes: Collection[int] = ()
) -> tuple[Point, ...]:
    """The histories of a trial's stages on one axis of cost; attempts that diverged cost too.

    Args:
        histories: of each stage.
        fewer_classes: numbers of the stages that know fewer classes than the last one.
    """
    points: list[Point] = []
    flops, cpu_seconds, seconds = 0, 0.0, 0.0
    for number, history in enumerate(histories, start=1):
        for record in history:
            flops += record.training_flops
            cpu_seconds += record.cpu_seconds
            seconds += record.seconds
            if isinstance(record, Divergence):
                continue
            accuracy, loss = record.val_accuracy, record.val_loss
            spent = (flops, round(cpu_seconds, 3), round(seconds, 3))
            comparable = number not in fewer_classes
            points.append(Point(number, record.epoch, *spent, accuracy, loss, comparable))
    return tuple(points)


def within(points: Sequence[Point], cost: Cost, budget: float) -> tuple[Point, ...]:
    """The epochs whose end lies within a budget; none when not even the first one fits."""
    return tuple(point for point in points if getattr(point, cost) <= budget)


def cost_to_reach(
    points: Sequence[Point], target: float, cost: Cost, account: Account = "total"
) -> float | None:
    """What a trial spent until an epoch ended with at least ``target`` validation accuracy.

    Args:
        points: the trial's curve.
        target: the accuracy, in [0, 1].
        cost: what is counted.
        account: ``total`` from the first stage on, or ``marginal``: the last stage alone.

    Returns:
        None when it never did (in the marginal account: not in the last stage).
    """
    before = 0.0
    if account == "marginal":
        last = points[-1].stage
        before = max((getattr(p, cost) for p in points if p.stage < last), default=0.0)
        points = [point for point in points if point.stage == last]
    for point in points:
        if point.all_classes and point.val_accuracy >= target:
            return float(getattr(point, cost) - before)
    return None


def estimate(values: Sequence[float]) -> Estimate:
    """Mean, standard deviation and Student's 95% confidence interval of the mean.

    Raises:
        ValueError: there are no values.
    """
    count = len(values)
    if not count:
        raise ValueError("expected at least one value")
    mean = math.fsum(values) / count
    if count == 1:
        return Estimate(mean, None, None, None, 1)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = quantile((1 + CONFIDENCE) / 2, count - 1) * spread / math.sqrt(count)
    return Estimate(mean, mean - half, mean + half, spread, count)


def paired_p(values: Sequence[float]) -> float | None:
    """Two-sided p of the t test that paired differences have mean zero; None for one pair."""
    found = estimate(values)
    if found.spread is None:
        return None
    if found.spread == 0.0:  # the same difference each time
        return 1.0 if found.mean == 0.0 else 0.0
    t = found.mean / (found.spread / math.sqrt(found.repeats))
    return two_sided_p(t, found.repeats - 1)


def holm(ps: Sequence[float | None]) -> tuple[float | None, ...]:
    """Values of p adjusted for how many there are (Holm 1979, Scand. J. Statist. 6, 65-70).

    In the order given; None stays None and counts for none.
    """
    known = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        adjusted[place] = highest
    return tuple(adjusted)


def differences(families: Sequence[Sequence[float]]) -> tuple[Difference, ...]:
    """Several paired differences, each a value per seed, judged together."""
    ps = [paired_p(values) for values in families]
    return tuple(
        _difference(values, p, adjusted, LEVEL / len(families))
        for values, p, adjusted in zip(families, ps, holm(ps), strict=True)
    )


def _difference(
    values: Sequence[float], p: float | None, adjusted: float | None, level: float
) -> Difference:
    """One of several; a p below ``level`` is below `LEVEL` by Holm's rule in any company."""
    found = estimate(values)
    if found.spread is None:
        return Difference(found, p, adjusted, None, None)
    observed = repeats_needed(found.mean, found.spread, alpha=level)
    point = repeats_needed(A_POINT, found.spread, alpha=level)
    return Difference(found, p, adjusted, observed, point)


def speed_up(
    grown: Sequence[Trial], control: Sequence[Trial], cost: Cost, account: Account
) -> SpeedUp:
    """How much sooner growth reaches each control's best validation accuracy, of the same seed.

    The control's cost is what it spent until it first had that accuracy.
    """
    targets = tuple(
        max(point.val_accuracy for point in other.curve if point.all_classes) for other in control
    )
    theirs = [
        cost_to_reach(other.curve, target, cost) or 0.0  # it does reach its own best
        for other, target in zip(control, targets, strict=True)
    ]
    own = [
        cost_to_reach(mine.curve, target, cost, account)
        for mine, target in zip(grown, targets, strict=True)
    ]
    factors = [
        spent / mine if mine and spent else None for spent, mine in zip(theirs, own, strict=True)
    ]
    reached = [factor for factor in factors if factor is not None]
    whole = _geometric(reached) if len(reached) == len(factors) else None
    return SpeedUp(tuple(factors), len(reached), whole, targets, tuple(theirs), tuple(own))


def _geometric(factors: Sequence[float]) -> Estimate:
    """Geometric mean with its interval; ratios are even on the scale of their logarithms."""
    found = estimate([math.log(factor) for factor in factors])
    low, high = (None if end is None else math.exp(end) for end in (found.low, found.high))
    return Estimate(math.exp(found.mean), low, high, found.spread, found.repeats)
