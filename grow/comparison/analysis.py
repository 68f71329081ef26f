"""From trials to a comparison: means, paired differences, speed-ups, verdicts.

Pure: trials come in as values, and the statistics are `evidence`'s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from grow.comparison import stats
from grow.comparison.arms import CONTROLS
from grow.comparison.result import Comparison, Contrast, Diverged, Setting, Summary
from grow.comparison.stats import ACCOUNTS, COSTS, Cost, Difference, Estimate, Point, Trial
from grow.comparison.verdict import decide
from grow.errors import GrowError


def compare_trials(setting: Setting, trials: Mapping[str, Sequence[Trial]]) -> Comparison:
    """What trials say.

    Args:
        setting: what was compared.
        trials: by variant, one per seed in the order of the setting's seeds; the first variant is
            the growth that budgets are taken from.
    """
    growths = [name for name in trials if name.partition(":")[0] == "growth"]
    controls = [name for name in CONTROLS if name in trials]
    pairs = [(one, control) for one in growths for control in controls]
    pairs += [(growths[0], other) for other in growths[1:]]
    told = stats.differences([_ends(trials[one], trials[other]) for one, other in pairs])
    budgets = trials[growths[0]]
    contrasts = tuple(
        _contrast(pair, difference, trials, budgets)
        for pair, difference in zip(pairs, told, strict=True)
    )
    summaries = tuple(_summary(name, trials[name], budgets) for name in trials)
    judged_on = setting.pictures.judged_on
    verdicts = tuple(
        decide(one, {c.other: c.accuracy for c in contrasts if c.growth == one}, judged_on)
        for one in growths
    )
    if setting.diverged:
        words = diverged_words(setting)
        verdicts = tuple(replace(one, sentence=f"{one.sentence} {words}") for one in verdicts)
    return Comparison(setting, summaries, contrasts, verdicts)


def leave_out_diverged(
    setting: Setting, trials: Mapping[str, Sequence[Trial]]
) -> tuple[Setting, dict[str, list[Trial]]]:
    """Without the repeats in which a trial ended with what is no number.

    Raises:
        GrowError: no repeat is left.
    """
    wrong = [
        Diverged(one.seed, name, f"the loss that stage {stage.name} ended with is no number")
        for name, several in trials.items()
        for one in several
        for stage in one.stages
        if not math.isfinite(stage.loss)
    ]
    gone = {one.seed for one in wrong}
    seeds = tuple(seed for seed in setting.seeds if seed not in gone)
    setting = replace(setting, seeds=seeds, diverged=(*setting.diverged, *wrong))
    if not seeds:
        raise GrowError(
            f"there is nothing to compare: in every repeat some training diverged ("
            f"{'; '.join(f'{one.variant}, seed {one.seed}' for one in setting.diverged)})",
            hint="lower the learning rate in the stage file, or say on_divergence: halve there; "
            + "; ".join(dict.fromkeys(one.words for one in setting.diverged)),
        )
    kept = {name: [one for one in several if one.seed in seeds] for name, several in trials.items()}
    return setting, kept


def diverged_words(setting: Setting) -> str:
    """Which trials diverged, and that their repeats do not count, in words; empty for none."""
    by_variant: dict[str, list[int]] = {}
    for one in setting.diverged:
        by_variant.setdefault(one.variant, []).append(one.seed)
    if not by_variant:
        return ""
    gone = {one.seed for one in setting.diverged}
    count = len(setting.seeds) + len(gone)
    listed = "; ".join(
        f"{name} in {len(set(seeds))} of {count} repeats (seed {', '.join(map(str, seeds))})"
        for name, seeds in by_variant.items()
    )
    repeats = "this repeat is" if len(gone) == 1 else f"these {len(gone)} repeats are"
    return f"Training diverged: {listed}; {repeats} excluded from all figures."


def _ends(one: Sequence[Trial], other: Sequence[Trial]) -> list[float]:
    pairs = zip(one, other, strict=True)
    return [mine.end.accuracy - theirs.end.accuracy for mine, theirs in pairs]


def _contrast(
    pair: tuple[str, str],
    difference: Difference,
    trials: Mapping[str, Sequence[Trial]],
    budgets: Sequence[Trial],
) -> Contrast:
    one, other = (trials[name] for name in pair)
    keys = [(account, cost) for account in ACCOUNTS for cost in COSTS]
    return Contrast(
        *pair,
        accuracy=difference,
        loss=_paired([trial.end.loss for trial in one], [trial.end.loss for trial in other]),
        at_equal_flops=_budgeted(one, other, budgets, "flops"),
        at_equal_time=_budgeted(one, other, budgets, "cpu_seconds"),
        speed_ups={key: stats.speed_up(one, other, key[1], key[0]) for key in keys},
    )


def _paired(one: Sequence[float], other: Sequence[float]) -> Estimate:
    return stats.estimate([mine - theirs for mine, theirs in zip(one, other, strict=True)])


def _budgeted(
    one: Sequence[Trial], other: Sequence[Trial], budgets: Sequence[Trial], cost: Cost
) -> Estimate | None:
    mine, theirs = (_within(trials, budgets, cost, _highest) for trials in (one, other))
    return None if mine is None or theirs is None else _paired(mine, theirs)


def _summary(name: str, trials: Sequence[Trial], grown: Sequence[Trial]) -> Summary:
    def best_within(cost: Cost, best: Callable[[Sequence[Point]], float]) -> Estimate | None:
        found = _within(trials, grown, cost, best)
        return None if found is None else stats.estimate(found)

    return Summary(
        name=name,
        trials=tuple(trials),
        accuracy=stats.estimate([trial.end.accuracy for trial in trials]),
        loss=stats.estimate([trial.end.loss for trial in trials]),
        flops=stats.estimate([float(trial.total.flops) for trial in trials]),
        cpu_seconds=stats.estimate([trial.total.cpu_seconds for trial in trials]),
        seconds=stats.estimate([trial.total.seconds for trial in trials]),
        at_equal_flops=best_within("flops", _highest),
        at_equal_time=best_within("cpu_seconds", _highest),
        loss_at_equal_flops=best_within("flops", _lowest),
        loss_at_equal_time=best_within("cpu_seconds", _lowest),
    )


def _within(
    trials: Sequence[Trial],
    grown: Sequence[Trial],
    cost: Cost,
    best: Callable[[Sequence[Point]], float],
) -> list[float] | None:
    """The best figures within what growth of the same seed cost; None where one has none."""
    found = [
        stats.within(trial.curve, cost, getattr(reference.total, cost))
        for trial, reference in zip(trials, grown, strict=True)
    ]
    comparable = [[point for point in points if point.all_classes] for points in found]
    return [best(points) for points in comparable] if all(comparable) else None


def _highest(points: Sequence[Point]) -> float:
    return max(point.val_accuracy for point in points)


def _lowest(points: Sequence[Point]) -> float:
    """Of validation losses; one that is no number is the lowest only where all are."""
    return min((point.val_loss for point in points), key=lambda loss: (math.isnan(loss), loss))
