"""How well each statistic tells the classes, in training and elsewhere, and what that means.

This module owns the values and the verdicts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from grow.data.checks.giveaway.limits import chance_limit, strays
from grow.data.checks.giveaway.rule import FOLDS, Labels, Values, cross_validated, learn

PLAIN = 0.25
"""The skill from which on a statistic tells the classes plainly; 62.5% of two classes."""

FEWEST = 5
"""Classes with fewer training pictures than this cannot be judged."""


class Verdict(StrEnum):
    """What is to be said of a statistic."""

    NOTHING = "nothing"
    """No better than chance."""
    SLIGHT = "slight"
    """Better than chance, but little."""
    TRAINING_ONLY = "training_only"
    """Tells the classes in training, and at most half as well elsewhere."""
    BOTH = "both"
    """Tells the classes in training and elsewhere."""
    UNCONFIRMED = "unconfirmed"
    """Tells the classes in training; whether elsewhere cannot be said."""


@dataclass(frozen=True)
class Statistic:
    """A few figures that are looked at together.

    Attributes:
        name: what they are, in words.
        columns: which columns of the values.
    """

    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Held:
    """How the rule of all training pictures does on pictures of another split.

    Attributes:
        accuracy: balanced accuracy over the classes that are there.
        training: that of training over the same classes.
        bound: a larger difference of the two is not chance (`chance_limit`, Theorem 2).
        pictures: how many.
    """

    accuracy: float
    training: float
    bound: float
    pictures: int


@dataclass(frozen=True)
class Separation:
    """How well one statistic tells the classes.

    Attributes:
        name: the statistic.
        chance: balanced accuracy of guessing: 1 / classes.
        bound: more than this in training is not chance.
        training: balanced accuracy on training pictures, by cross-validation.
        others: the same rule on each other split.
        verdict: what it comes to.
    """

    name: str
    chance: float
    bound: float
    training: float
    others: Mapping[str, Held] = field(default_factory=dict)
    verdict: Verdict = Verdict.NOTHING

    def skill(self, accuracy: float) -> float:
        """A balanced accuracy from 0, guessing, to 1, always right."""
        return (accuracy - self.chance) / (1.0 - self.chance)


@dataclass(frozen=True)
class Sample:
    """The pictures of one split.

    Attributes:
        values: figures, shape `(pictures, columns)`; NaN where one does not apply.
        labels: classes, shape `(pictures,)`.
    """

    values: Values
    labels: Labels


def separations(
    training: Sample,
    others: Mapping[str, Sample],
    statistics: Sequence[Statistic],
    *,
    independent: Collection[str],
) -> tuple[Separation, ...]:
    """How well each statistic tells the classes, in the order given.

    Args:
        training: the training pictures.
        others: the pictures of other splits, by name.
        statistics: what to look at.
        independent: which of the others were collected apart from the training pictures; only
            those can confirm or refute what training shows.

    Returns:
        One for each statistic; none where fewer than two classes have `FEWEST` training
        pictures. Only the classes that have are judged.
    """
    counts = np.bincount(training.labels)
    judged = np.flatnonzero(counts >= FEWEST)
    if len(judged) < 2:
        return ()
    training = _only(training, judged)
    others = {name: _only(sample, judged) for name, sample in others.items()}
    others = {name: sample for name, sample in others.items() if len(sample.labels)}
    found = []
    for statistic in statistics:
        one = _separation(training, others, statistic, len(judged), len(statistics))
        found.append(replace(one, verdict=_verdict(one, independent)))
    return tuple(found)


def _only(sample: Sample, judged: NDArray[np.int64]) -> Sample:
    """The pictures of these classes, labelled from 0 on."""
    kept = np.isin(sample.labels, judged)
    return Sample(sample.values[kept], np.searchsorted(judged, sample.labels[kept]))


def _separation(
    training: Sample, others: Mapping[str, Sample], statistic: Statistic, classes: int, tried: int
) -> Separation:
    columns = list(statistic.columns)
    values, labels = training.values[:, columns], training.labels
    counts = np.bincount(labels)
    recalls = cross_validated(values, labels, classes)
    rule = learn(values, labels, classes)
    held = {}
    for name, sample in others.items():
        right = rule.guess(sample.values[:, columns]) == sample.labels
        held[name] = _held(sample.labels, right, recalls, counts, tried * len(others))
    limit = chance_limit(counts // FOLDS, tried)
    return Separation(statistic.name, 1.0 / classes, limit, float(recalls.mean()), held)


def _held(
    labels: Labels,
    right: NDArray[np.bool_],
    recalls: NDArray[np.float64],
    counts: Labels,
    tried: int,
) -> Held:
    """The answers on another split, beside what training gives for the classes that are there."""
    there = np.bincount(labels, minlength=len(counts))
    present = there > 0
    rights = np.bincount(labels, right, len(counts))
    return Held(
        accuracy=float((rights[present] / there[present]).mean()),
        training=float(recalls[present].mean()),
        bound=strays([counts[present] / FOLDS, there[present]], tried),
        pictures=len(labels),
    )


def _verdict(one: Separation, independent: Collection[str]) -> Verdict:
    if one.training <= one.bound:
        return Verdict.NOTHING
    others = [held for name, held in one.others.items() if name in independent]
    if any(_is_lost(one, held) for held in others):
        return Verdict.TRAINING_ONLY
    if one.skill(one.training) < PLAIN:
        return Verdict.SLIGHT
    if others and all(_is_kept(one, held) for held in others):
        return Verdict.BOTH
    return Verdict.UNCONFIRMED


def _is_kept(one: Separation, held: Held) -> bool:
    return one.skill(held.accuracy) > one.skill(held.training) / 2.0


def _is_lost(one: Separation, held: Held) -> bool:
    """Whether another split shows half the skill or less, and that is no chance."""
    return not _is_kept(one, held) and held.training - held.accuracy > held.bound
