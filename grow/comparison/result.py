"""A comparison as one frozen value: variants, trials, statistics, verdicts; and its JSON form.

Everything shown of a comparison is made from this value. Pure: `run` reads the trials
from disk, `analysis` works out what they say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from grow.comparison.stats import ACCOUNTS, Account, Cost, Difference, Estimate, SpeedUp, Trial
from grow.comparison.verdict import Verdict

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
class Diverged:
    """A trial whose training diverged, so that it has no result.

    Attributes:
        seed: which repeat.
        variant: which variant of it.
        words: where it diverged.
    """

    seed: int
    variant: str
    words: str


@dataclass(frozen=True)
class Setting:
    """What was compared, and how.

    Attributes:
        name: the stage file's name.
        folder: the comparison's folder.
        seeds: the seed of each repeat in which all variants came to their end.
        threads: how many threads each trial computed with; others give other weights.
        pictures: what it was judged on.
        missing: controls that could not be carried out, and why.
        versions: of what computed the weights.
        command: the command line that does the same; empty where it was not kept.
        settings: the stage file, written out; likewise.
        diverged: the trials that diverged. Their repeats are left out of all figures, since
            every difference is of the same seeds.
    """

    name: str
    folder: Path
    seeds: tuple[int, ...]
    threads: int
    pictures: Pictures
    missing: tuple[tuple[str, str], ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    settings: str = ""
    diverged: tuple[Diverged, ...] = ()


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
        loss_at_equal_flops: lowest validation loss within growth's training FLOPs, likewise.
        loss_at_equal_time: likewise within growth's processor time.
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
    loss_at_equal_flops: Estimate | None
    loss_at_equal_time: Estimate | None


@dataclass(frozen=True)
class Contrast:
    """A growth against another variant.

    Attributes:
        growth: the growth's name.
        other: the control's name, or another growth's.
        accuracy: at the end, growth less the other, paired by seed.
        loss: likewise; below zero growth's is lower.
        at_equal_flops: best validation accuracies within growth's training FLOPs, likewise; None
            where not even an epoch fits in some repeat.
        at_equal_time: likewise within growth's processor time.
        speed_ups: to the other's best validation accuracy, by account and cost.
    """

    growth: str
    other: str
    accuracy: Difference
    loss: Estimate
    at_equal_flops: Estimate | None
    at_equal_time: Estimate | None
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
            "variants": [_summary(one) for one in self.summaries],
            "missing": dict(setting.missing),
            "contrasts": [_contrast_values(contrast) for contrast in self.contrasts],
            "versions": dict(setting.versions),
            "command": setting.command,
            "settings": setting.settings,
            "diverged": [asdict(one) for one in setting.diverged],
        }
        plain: dict[str, Any] = _finite(values)
        return plain


def _summary(summary: Summary) -> dict[str, Any]:
    """A variant as plain values; what holds of nearly every epoch is said where it does not."""
    values = asdict(summary)
    for trial in values["trials"]:
        for point in trial["curve"]:
            if point["all_classes"]:
                del point["all_classes"]
    return values


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
        "loss": asdict(contrast.loss),
        "at_equal_flops": contrast.at_equal_flops and asdict(contrast.at_equal_flops),
        "at_equal_time": contrast.at_equal_time and asdict(contrast.at_equal_time),
        "speed_up": accounts,
    }
