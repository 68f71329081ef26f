"""The rule that guesses a class from a few figures, and how well it does on unseen pictures.

It is naive Bayes on figures cut into bins of about equally many pictures, all classes taken as
equally likely (Dougherty, Kohavi and Sahami, "Supervised and Unsupervised Discretization of
Continuous Features", ICML 1995). It needs no scale and no tuning, copes with categories, gaps
and any number of classes, and cannot learn single pictures by heart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
Labels = NDArray[np.int64]

FOLDS = 2
"""Halves: the fewer the folds, the closer the limit of chance, which counts one of them."""

_MOST_BINS = 24
_AT_ONCE = 4096


@dataclass(frozen=True)
class Rule:
    """What is known of each class.

    Attributes:
        cuts: where each column is cut into bins.
        likelihoods: for each column the log likelihood of each bin, `(classes, bins)`.
    """

    cuts: tuple[Values, ...]
    likelihoods: tuple[NDArray[np.float64], ...]

    def guess(self, values: Values) -> Labels:
        """The likeliest class of each picture; ``values`` of shape `(pictures, columns)`."""
        return _likeliest(self.likelihoods, _binned(values, self.cuts))


def learn(values: Values, labels: Labels, classes: int) -> Rule:
    """The rule of these pictures: ``values`` `(pictures, columns)`, ``labels`` `(pictures,)`."""
    cuts = _cuts(values, classes)
    return Rule(cuts, _likelihoods(_counted(_binned(values, cuts), labels, classes, cuts)))


def cross_validated(values: Values, labels: Labels, classes: int) -> NDArray[np.float64]:
    """The share of each class guessed rightly by rules that have not seen it, `(classes,)`.

    Where to cut is decided by all pictures, without looking at their classes.
    """
    cuts, folds = _cuts(values, classes), _folds(labels)
    cells = _binned(values, cuts)
    right = np.zeros(len(labels))
    for fold in range(FOLDS):
        mine = folds == fold
        seen = _counted(cells[~mine], labels[~mine], classes, cuts)
        right[mine] = _likeliest(_likelihoods(seen), cells[mine]) == labels[mine]
    shares: NDArray[np.float64] = np.bincount(labels, right, classes) / np.bincount(labels)
    return shares


def _cuts(values: Values, classes: int) -> tuple[Values, ...]:
    """Where each column is cut: each value apart where they are few, else equally filled bins.

    By Rice's rule there are twice the cube root of the pictures of a class, `_MOST_BINS` at
    most. A value that fills a bin alone is cut off on both sides.
    """
    bins = min(_MOST_BINS, math.ceil(2.0 * (len(values) / classes) ** (1 / 3)))
    return tuple(_cut(column[~np.isnan(column)], bins) for column in values.T)


def _cut(known: Values, bins: int) -> Values:
    distinct = np.unique(known)
    if len(distinct) <= bins:
        return distinct[1:]
    places = np.quantile(known, np.arange(1, bins) / bins, method="closest_observation")
    single, often = np.unique(places.astype(np.float32), return_counts=True)
    after = np.nextafter(single[often > 1], np.float32(np.inf))
    return np.unique(np.concatenate([single, after]))


def _binned(values: Values, cuts: Sequence[Values]) -> Labels:
    """The bin of each figure, `(pictures, columns)`; one beyond the last is for NaN."""
    found = np.empty(values.shape, np.int64)
    for place, cut in enumerate(cuts):
        column = values[:, place]
        found[:, place] = np.searchsorted(cut, column, side="right")
        found[np.isnan(column), place] = len(cut) + 1
    return found


def _counted(cells: Labels, labels: Labels, classes: int, cuts: Sequence[Values]) -> list[Labels]:
    """Pictures per class and bin: for each column an array `(classes, bins)`."""
    found = []
    for place, cut in enumerate(cuts):
        bins = len(cut) + 2
        flat = np.bincount(labels * bins + cells[:, place], minlength=classes * bins)
        found.append(flat.reshape(classes, bins))
    return found


def _likelihoods(counts: Sequence[Labels]) -> tuple[NDArray[np.float64], ...]:
    """Log likelihoods of the bins of each column, by Laplace's rule of succession."""
    smooth = [one + 1.0 for one in counts]
    return tuple(np.log(one) - np.log(one.sum(1, keepdims=True)) for one in smooth)


def _likeliest(likelihoods: Sequence[NDArray[np.float64]], cells: Labels) -> Labels:
    found = np.empty(len(cells), np.int64)
    for start in range(0, len(cells), _AT_ONCE):
        some = cells[start : start + _AT_ONCE]
        scores = np.zeros((len(likelihoods[0]), len(some)))
        for place, likely in enumerate(likelihoods):
            scores += likely[:, some[:, place]]
        found[start : start + len(some)] = np.argmax(scores, axis=0)
    return found


def _folds(labels: Labels) -> Labels:
    """The fold of each picture: the pictures of each class go round, well shuffled.

    Only the raw numbers of Philox are used, which NumPy promises never to change (NEP 19).
    """
    order = np.lexsort((np.random.Philox(key=0).random_raw(len(labels)), labels))
    starts = np.searchsorted(labels[order], labels[order], side="left")
    found = np.empty(len(labels), np.int64)
    found[order] = (np.arange(len(labels)) - starts) % FOLDS
    return found
