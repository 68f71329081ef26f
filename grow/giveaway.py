"""Whether a trivial statistic tells the classes, and whether it still does on other pictures.

This module owns the rule that guesses a class from a few figures, how well it does on pictures
it has not seen, what is beyond chance, and the verdicts. Arrays in, frozen values out: it knows
nothing of files or pictures. Imports the standard library and numpy only.

The rule is naive Bayes on figures cut into bins of about equally many pictures, all classes
taken as equally likely (Dougherty, Kohavi and Sahami, "Supervised and Unsupervised
Discretization of Continuous Features", ICML 1995). It needs no scale and no tuning, copes with
categories, gaps and any number of classes, and cannot learn single pictures by heart.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
Labels = NDArray[np.int64]

ALPHA = 0.01
"""Chance of one or more false alarms in a whole test of random labels, at most."""

PLAIN = 0.25
"""The skill from which on a statistic tells the classes plainly; 62.5% of two classes."""

FEWEST = 5
"""Classes with fewer training pictures than this cannot be judged."""

_FOLDS = 2
_MOST_BINS = 24
_AT_ONCE = 4096


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
        bound: a larger difference of the two is not chance.
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
        training: the training pictures, in an order that has nothing to do with the figures.
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


def bound(counts: Sequence[NDArray[np.float64]], tried: int) -> float:
    """How far a balanced accuracy strays from its mean by chance, at most.

    Hoeffding's inequality (Theorem 2 of "Probability Inequalities for Sums of Bounded Random
    Variables", JASA 58, 1963; section 6 for labels dealt out in fixed numbers): the balanced
    accuracy of K classes with n_k pictures each is a sum of independent terms of range
    1 / (K n_k), so it strays by t or more with probability exp(-2 t^2 K^2 / sum(1 / n_k)) at
    most. `ALPHA` is shared among all that is tried (Bonferroni), and the formula solved for t.

    The accuracy of a cross-validation is the mean of its folds'. Those depend on each other,
    so it is held to the bound of one fold, which is safe because the exponential function that
    the proof rests on is convex (section 5 of the same paper); pass the pictures of one fold.

    Args:
        counts: pictures per class of one accuracy, shape `(classes,)`; or of two, whose
            difference is meant.
        tried: how many accuracies or differences are looked at.
    """
    classes = len(counts[0])
    spread = sum(float((1.0 / one).sum()) for one in counts) / classes**2
    return math.sqrt(math.log(tried / ALPHA) * spread / 2.0)


def _only(sample: Sample, judged: NDArray[np.int64]) -> Sample:
    """The pictures of these classes, labelled from 0 on."""
    kept = np.isin(sample.labels, judged)
    return Sample(sample.values[kept], np.searchsorted(judged, sample.labels[kept]))


def _separation(
    training: Sample, others: Mapping[str, Sample], statistic: Statistic, classes: int, tried: int
) -> Separation:
    columns = list(statistic.columns)
    edges = [_edges(training.values[:, column], classes) for column in columns]
    cells = _cells(training.values[:, columns], edges)
    counts = np.bincount(training.labels, minlength=classes)
    recalls = _cross_validated(cells, training.labels, classes, edges)
    chance = 1.0 / classes
    rule = _rule([_counted(cells, training.labels, classes, edges)])
    held = {
        name: _held(sample, rule, edges, columns, (recalls, counts), tried * len(others))
        for name, sample in others.items()
    }
    limit = chance + bound([counts / _FOLDS], tried)
    return Separation(statistic.name, chance, limit, float(recalls.mean()), held)


def _held(
    sample: Sample,
    rule: list[NDArray[np.float64]],
    edges: list[Values],
    columns: list[int],
    training: tuple[NDArray[np.float64], NDArray[np.int64]],
    tried: int,
) -> Held:
    """The rule on another split, beside what training gives for the classes that are there."""
    recalls, counts = training
    right = _guesses(rule, _cells(sample.values[:, columns], edges)) == sample.labels
    there = np.bincount(sample.labels, minlength=len(counts))
    present = there > 0
    rights = np.bincount(sample.labels, weights=right, minlength=len(counts))
    return Held(
        accuracy=float((rights[present] / there[present]).mean()),
        training=float(recalls[present].mean()),
        bound=bound([counts[present] / _FOLDS, there[present].astype(np.float64)], tried),
        pictures=len(sample.labels),
    )


def _edges(values: Values, classes: int) -> Values:
    """Where a column is cut: each value apart where they are few, else equally filled bins.

    By Rice's rule there are twice the cube root of the pictures of a class, `_MOST_BINS` at
    most. A value that fills a bin alone is cut off on both sides.
    """
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    bins = min(_MOST_BINS, math.ceil(2.0 * (len(values) / classes) ** (1 / 3)))
    if len(distinct) <= bins:
        return distinct[1:]
    cuts = np.quantile(known, np.arange(1, bins) / bins, method="closest_observation")
    single, often = np.unique(cuts, return_counts=True)
    after = np.nextafter(single[often > 1], np.float32(np.inf), dtype=np.float32)
    found: Values = np.unique(np.concatenate([single, after])).astype(np.float32)
    return found


def _cells(values: Values, edges: list[Values]) -> NDArray[np.int64]:
    """The bin of each figure, `(pictures, columns)`; one beyond the last is for NaN."""
    found = np.empty(values.shape, np.int64)
    for place, cuts in enumerate(edges):
        column = values[:, place]
        found[:, place] = np.searchsorted(cuts, column, side="right")
        found[np.isnan(column), place] = len(cuts) + 1
    return found


Counts = list[NDArray[np.int64]]


def _counted(cells: NDArray[np.int64], labels: Labels, classes: int, edges: list[Values]) -> Counts:
    """Pictures per class and bin: for each column an array `(classes, bins)`."""
    found = []
    for place, cuts in enumerate(edges):
        bins = len(cuts) + 2
        flat = np.bincount(labels * bins + cells[:, place], minlength=classes * bins)
        found.append(flat.reshape(classes, bins))
    return found


def _rule(parts: Sequence[Counts]) -> list[NDArray[np.float64]]:
    """Log likelihoods `(classes, bins)` of each column, by Laplace's rule of succession."""
    found = []
    for columns in zip(*parts, strict=True):
        counts = sum(columns[1:], start=columns[0]) + 1.0
        found.append(np.log(counts) - np.log(counts.sum(1, keepdims=True)))
    return found


def _guesses(rule: list[NDArray[np.float64]], cells: NDArray[np.int64]) -> Labels:
    """The likeliest class of each picture."""
    found = np.empty(len(cells), np.int64)
    for start in range(0, len(cells), _AT_ONCE):
        some = cells[start : start + _AT_ONCE]
        scores = sum(likely[:, some[:, place]] for place, likely in enumerate(rule))
        found[start : start + len(some)] = np.argmax(scores, axis=0)
    return found


def _cross_validated(
    cells: NDArray[np.int64], labels: Labels, classes: int, edges: list[Values]
) -> NDArray[np.float64]:
    """The share of each class guessed rightly by rules that have not seen it, `(classes,)`."""
    folds = _folds(labels)
    parts = [
        _counted(cells[folds == fold], labels[folds == fold], classes, edges)
        for fold in range(_FOLDS)
    ]
    right = np.zeros(len(labels))
    for fold in range(_FOLDS):
        rule = _rule([part for other, part in enumerate(parts) if other != fold])
        mine = folds == fold
        right[mine] = _guesses(rule, cells[mine]) == labels[mine]
    counts = np.bincount(labels, minlength=classes)
    shares: NDArray[np.float64] = np.bincount(labels, weights=right, minlength=classes) / counts
    return shares


def _folds(labels: Labels) -> NDArray[np.int64]:
    """The fold of each picture: the pictures of each class go round."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], labels[order], side="left")
    found = np.empty(len(labels), np.int64)
    found[order] = (np.arange(len(labels)) - starts) % _FOLDS
    return found


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
