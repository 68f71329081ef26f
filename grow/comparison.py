"""A comparison as one frozen value: variants, trials, statistics, verdicts; and its JSON form.

Everything shown of a comparison is made from this value. Pure: `comparing` reads the trials
from disk, this room works out what they say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from grow import evidence
from grow.evidence import ACCOUNTS, COSTS, Account, Cost, Difference, Estimate, SpeedUp, Trial
from grow.variants import CONTROLS
from grow.verdict import Verdict, decide

SCHEMA = "grow.compare/1"
"""Name and version of the JSON form of a comparison."""

Key = tuple[Account, Cost]


@dataclass(frozen=True)
class Pictures:
    """What the comparison was judged on.

    Attributes:
        judged_on: ``test``, or ``validation`` where there are no test pictures: then the figures
            are of the pictures that the best epochs were chosen on.
        counts: pictures of each split.
    """

    judged_on: Literal["test", "validation"]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Setting:
    """What was compared, and how.

    Attributes:
        name: the stage file's name.
        folder: the comparison's folder.
        seeds: the seed of each repeat.
        threads: how many threads each trial computed with; others give other weights.
        pictures: what it was judged on.
        missing: controls that could not be carried out, and why.
        versions: of what computed the weights.
    """

    name: str
    folder: Path
    seeds: tuple[int, ...]
    threads: int
    pictures: Pictures
    missing: tuple[tuple[str, str], ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """One variant over all repeats.

    Attributes:
        name: the variant.
        trials: one per seed.
        accuracy: at the end, on the pictures judged on.
        loss: likewise.
        flops: training FLOPs of all its stages.
        cpu_seconds: processor time of all its stages.
        seconds: wall-clock time of all its stages.
        at_equal_flops: best validation accuracy within growth's training FLOPs; None where not
            even an epoch fits in some repeat.
        at_equal_time: likewise within growth's processor time.
    """

    name: str
    trials: tuple[Trial, ...]
    accuracy: Estimate
    loss: Estimate
    flops: Estimate
    cpu_seconds: Estimate
    seconds: Estimate
    at_equal_flops: Estimate | None
    at_equal_time: Estimate | None


@dataclass(frozen=True)
class Contrast:
    """A growth against another variant.

    Attributes:
        growth: the growth's name.
        other: the control's name, or another growth's.
        accuracy: growth less the other, paired by seed.
        speed_ups: to the other's best validation accuracy, by account and cost.
    """

    growth: str
    other: str
    accuracy: Difference
    speed_ups: Mapping[Key, SpeedUp]


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes:
        setting: what was compared, and how.
        summaries: each variant over all repeats, growth first.
        contrasts: each growth against each control, then other growths against the first.
        verdicts: one per growth, the first one's first.
    """

    setting: Setting
    summaries: tuple[Summary, ...]
    contrasts: tuple[Contrast, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict on growth as the stage file has it, or on the first policy."""
        return self.verdicts[0]

    def __repr__(self) -> str:
        return f"<comparison {self.setting.name}: {self.verdict.sentence}>"

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain JSON values, in the form that ``SCHEMA`` names."""
        setting = self.setting
        values = {
            "schema": SCHEMA,
            "name": setting.name,
            "folder": str(setting.folder),
            "seeds": list(setting.seeds),
            "threads": setting.threads,
            "judged_on": setting.pictures.judged_on,
            "pictures": dict(setting.pictures.counts),
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "variants": [asdict(summary) for summary in self.summaries],
            "missing": dict(setting.missing),
            "contrasts": [_contrast_values(contrast) for contrast in self.contrasts],
            "versions": dict(setting.versions),
        }
        plain: dict[str, Any] = _finite(values)
        return plain


def _finite(value: Any) -> Any:
    """JSON has no word for what is no number (divergence): null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _contrast_values(contrast: Contrast) -> dict[str, Any]:
    accounts: dict[str, dict[str, Any]] = {account: {} for account in ACCOUNTS}
    for (account, cost), speed_up in contrast.speed_ups.items():
        accounts[account][cost] = asdict(speed_up)
    return {
        "growth": contrast.growth,
        "other": contrast.other,
        "accuracy": asdict(contrast.accuracy),
        "speed_up": accounts,
    }


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
    accuracies = [_paired(trials[one], trials[other]) for one, other in pairs]
    contrasts = tuple(
        Contrast(one, other, difference, _speed_ups(trials[one], trials[other]))
        for (one, other), difference in zip(pairs, evidence.differences(accuracies), strict=True)
    )
    summaries = tuple(_summary(name, trials[name], trials[growths[0]]) for name in trials)
    judged_on = setting.pictures.judged_on
    verdicts = tuple(
        decide(one, {c.other: c.accuracy for c in contrasts if c.growth == one}, judged_on)
        for one in growths
    )
    return Comparison(setting, summaries, contrasts, verdicts)


def _paired(one: Sequence[Trial], other: Sequence[Trial]) -> list[float]:
    pairs = zip(one, other, strict=True)
    return [mine.end.accuracy - theirs.end.accuracy for mine, theirs in pairs]


def _speed_ups(one: Sequence[Trial], other: Sequence[Trial]) -> dict[Key, SpeedUp]:
    keys = [(account, cost) for account in ACCOUNTS for cost in COSTS]
    return {key: evidence.speed_up(one, other, key[1], key[0]) for key in keys}


def _summary(name: str, trials: Sequence[Trial], grown: Sequence[Trial]) -> Summary:
    return Summary(
        name=name,
        trials=tuple(trials),
        accuracy=evidence.estimate([trial.end.accuracy for trial in trials]),
        loss=evidence.estimate([trial.end.loss for trial in trials]),
        flops=evidence.estimate([float(trial.total.flops) for trial in trials]),
        cpu_seconds=evidence.estimate([trial.total.cpu_seconds for trial in trials]),
        seconds=evidence.estimate([trial.total.seconds for trial in trials]),
        at_equal_flops=_within(trials, grown, "flops"),
        at_equal_time=_within(trials, grown, "cpu_seconds"),
    )


def _within(trials: Sequence[Trial], grown: Sequence[Trial], cost: Cost) -> Estimate | None:
    """Best validation accuracies within what growth of the same seed cost."""
    found = [
        evidence.best_within(trial.curve, cost, getattr(reference.total, cost))
        for trial, reference in zip(trials, grown, strict=True)
    ]
    reached = [point.val_accuracy for point in found if point is not None]
    return evidence.estimate(reached) if len(reached) == len(found) else None
