"""The tables of a comparison, as words: the results of each variant, with their intervals.

The terminal, Markdown and the page are made from the same cells. No Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grow.comparison.result import Comparison, Contrast
from grow.comparison.stats import COSTS, Account, Estimate, SpeedUp
from grow.comparison.student import MOST_REPEATS
from grow.comparison.verdict import signed
from grow.report.verdicts import called
from grow.report.words import duration, flops

_ACCOUNTS: tuple[tuple[Account, str, str], ...] = (
    ("total", "speed-up, all stages counted", ""),
    ("marginal", "speed-up, last stage alone", "; the smaller model already existed"),
)


@dataclass(frozen=True)
class Part:
    """A table with what it shows.

    Attributes:
        title: its headline.
        columns: headings of the columns.
        rows: its cells.
        note: what is to be known of it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def parts(found: Comparison) -> tuple[Part, ...]:
    """The tables of a comparison, as words."""
    return (
        ends(found),
        repeats(found),
        differences(found),
        budgets(found),
        budget_differences(found),
        spent(found),
        *speed_ups(found),
    )


def ends(found: Comparison) -> Part:
    """What each variant ended with, and what it cost."""
    on = found.setting.pictures.judged_on
    columns = ("variant", "accuracy", "loss", "FLOPs", "CPU time", "wall")
    rows = tuple(
        (
            called(summary.name),
            _estimate(summary.accuracy, _percent),
            _estimate(summary.loss, _loss),
            flops(summary.flops.mean),
            duration(summary.cpu_seconds.mean),
            duration(summary.seconds.mean),
        )
        for summary in found.summaries
    )
    return Part(f"final results, on {on} images", columns, rows, MEANS)


MEANS = "means over repeats, ± half of the 95% CI"


def repeats(found: Comparison) -> Part:
    """The accuracy of each repeat."""
    on = found.setting.pictures.judged_on
    columns = ("seed", *(called(one.name) for one in found.summaries))
    gone = {(one.seed, one.variant): None for one in found.setting.diverged}
    rows = tuple(
        (str(seed), *(_percent(one.trials[place].end.accuracy) for one in found.summaries))
        for place, seed in enumerate(found.setting.seeds)
    )
    rows += tuple(
        (str(seed), *("diverged" if (seed, one.name) in gone else "-" for one in found.summaries))
        for seed in dict.fromkeys(seed for seed, _ in gone)
    )
    return Part(f"{on} accuracy of each repeat", columns, rows)


def differences(found: Comparison) -> Part:
    """Growth less each other, at the end."""
    on = found.setting.pictures.judged_on
    columns = ("against", "points", "95% CI", "p", "repeats", "for 1 point")
    rows = tuple(_difference(contrast, found) for contrast in found.contrasts)
    note = (
        "paired t test over repeats with the same seed; intervals are not adjusted, p is adjusted "
        "for all rows (Holm); repeats: the number needed to detect this difference, or one of 1 "
        "point (5% for all rows together, power 80%, the spread observed here)"
    )
    return Part(f"{on} accuracy, growth minus the other", columns, rows, note)


def _difference(contrast: Contrast, found: Comparison) -> tuple[str, ...]:
    difference = contrast.accuracy
    told = difference.estimate
    return (
        _against(contrast, found),
        signed(told.mean),
        "-" if told.low is None or told.high is None else _interval(told, signed),
        "-" if difference.p_adjusted is None else f"{difference.p_adjusted:.3f}",
        _count(difference.repeats_for_observed, told),
        _count(difference.repeats_for_a_point, told),
    )


def _count(count: int | None, told: Estimate) -> str:
    if told.spread is None:
        return "-"
    return f"over {MOST_REPEATS:,}" if count is None else f"{count:,}"


def budgets(found: Comparison) -> Part:
    """The best of each variant within what growth cost."""
    columns = ("variant", "by FLOPs", "its loss", "by CPU time", "its loss")
    rows = tuple(
        (
            called(one.name),
            _budget(one.at_equal_flops, _percent),
            _budget(one.loss_at_equal_flops, _loss),
            _budget(one.at_equal_time, _percent),
            _budget(one.loss_at_equal_time, _loss),
        )
        for one in found.summaries
    )
    note = (
        "highest validation accuracy and lowest validation loss of the epochs within growth's "
        f"FLOPs, and within its CPU time; {MEANS}"
    )
    return Part("at equal cost, on validation images", columns, rows, note)


def budget_differences(found: Comparison) -> Part:
    """Growth less each other: in loss at the end, and within what growth cost."""
    columns = ("against", "loss, at the end", "points, by FLOPs", "by CPU time")
    rows = tuple(
        (
            _against(one, found),
            _estimate(one.loss, _signed_loss),
            _budget(one.at_equal_flops, signed),
            _budget(one.at_equal_time, signed),
        )
        for one in found.contrasts
    )
    note = (
        f"loss: on {found.setting.pictures.judged_on} images; points: validation accuracy within "
        "growth's cost; paired by seed, ± half of the 95% CI"
    )
    return Part("growth minus the other, in loss and at equal cost", columns, rows, note)


def _budget(found: Estimate | None, words: Callable[[float], str]) -> str:
    return "no epoch" if found is None else _estimate(found, words)


def spent(found: Comparison) -> Part:
    """The cost of each to reach the other's best validation accuracy."""
    columns = ("against", "its best", "its cost", "growth", "last stage")
    rows = []
    for one in found.contrasts:
        every = one.speed_ups["total", "flops"]
        best = math.fsum(every.target) / len(every.target)
        took = [_took(one, account) for account in ("total", "marginal")]
        rows.append((_against(one, found), _percent(best), _costs(one), *took))
    note = (
        "FLOPs and CPU time until an epoch first reached the other's best validation accuracy, "
        "means over repeats; growth: all stages counted; last stage: only the last stage of growth"
    )
    title = "cost to reach the other's best validation accuracy"
    return Part(title, columns, tuple(rows), note)


def _costs(contrast: Contrast) -> str:
    return _cost([contrast.speed_ups["total", cost].other for cost in COSTS])


def _took(contrast: Contrast, account: Account) -> str:
    """What growth took; how often it got there where that was not always."""
    found = [contrast.speed_ups[account, cost] for cost in COSTS]
    took = [[value for value in one.growth if value is not None] for one in found]
    if len(took[0]) < len(found[0].growth):
        return _reached(found[0])
    return _cost(took)


def _cost(values: Sequence[Sequence[float]]) -> str:
    operations, seconds = (math.fsum(one) / len(one) for one in values)
    return f"{flops(operations)}, {duration(seconds)}"


def speed_ups(found: Comparison) -> tuple[Part, ...]:
    """How many times less growth spent, in both accounts."""
    return tuple(_speed_up(found, *account) for account in _ACCOUNTS)


def _speed_up(found: Comparison, account: Account, title: str, more: str) -> Part:
    columns = ("against", "FLOPs", "CPU time")
    rows = tuple(
        (_against(one, found), *(_factor(one.speed_ups[account, cost]) for cost in COSTS))
        for one in found.contrasts
    )
    note = (
        "cost of the other divided by that of growth, to reach the other's best validation "
        f"accuracy; geometric means with 95% CI{more}"
    )
    return Part(title, columns, rows, note)


def _factor(found: SpeedUp) -> str:
    if found.estimate is None:
        return _reached(found)
    told = found.estimate
    if told.low is None or told.high is None:
        return _times(told.mean)
    return f"{_times(told.mean)} ({_interval(told, _times)})"


def _reached(found: SpeedUp) -> str:
    return "not reached" if not found.reached else f"reached {found.reached}/{len(found.each)}"


def _times(factor: float) -> str:
    return f"{factor:.2f}x" if factor < 100 else f"{factor:.0e}x"


def _against(contrast: Contrast, found: Comparison) -> str:
    other = called(contrast.other)
    return f"{contrast.growth} - {other}" if len(found.verdicts) > 1 else other


def _estimate(found: Estimate, words: Callable[[float], str]) -> str:
    if found.low is None:
        return words(found.mean)
    half = words(found.mean - found.low).removesuffix("%").removeprefix("+")
    return f"{words(found.mean)} ±{half}"


def _interval(found: Estimate, words: Callable[[float], str]) -> str:
    low, high = found.low or 0.0, found.high or 0.0
    return f"{words(low)} to {words(high)}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f}%"


def _signed_loss(loss: float) -> str:
    return f"{loss:+.3f}".replace("-", "\N{MINUS SIGN}")


def _loss(loss: float) -> str:
    return f"{loss:.3f}"
