"""What is beyond chance: limits of balanced accuracies, for any number of pictures and classes.

Pure formulas.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.01
"""Probability of one or more false alarms in a whole test of random labels, at most."""

Counts = NDArray[np.int64] | NDArray[np.float64]


def chance_limit(counts: Counts, tried: int) -> float:
    """The balanced accuracy in training that guessing stays below; 1 or more: nothing is beyond.

    Hoeffding's inequality ("Probability Inequalities for Sums of Bounded Random Variables",
    JASA 58, 1963; section 6 for labels dealt out in fixed numbers). Guessing has the balanced
    accuracy 1 / K whatever it guesses. It is a sum of independent terms, 1 / (K n_k) for each
    picture of class k that is right, so it reaches q with a probability of at most

    - exp(-n d(q, 1 / K)), n = K min(n_k), d the relative entropy of two coins (Theorem 1, and
      terms smaller than the largest can only help, by the convexity of its proof), and
    - exp(-2 t^2 K^2 / sum(1 / n_k)), t = q - 1 / K (Theorem 2).

    `ALPHA` is shared among all that is tried (Bonferroni), and the smaller q taken. The
    accuracy of a cross-validation is the mean of its folds', which depend on each other, so it
    is held to the limit of one fold: safe, again by convexity (section 5).

    Args:
        counts: pictures of each class in one fold, shape `(classes,)`.
        tried: how many accuracies are looked at.
    """
    chance, room = 1.0 / len(counts), math.log(tried / ALPHA)
    by_variance = chance + strays([counts], tried)
    low, high = chance, 1.0
    pictures = len(counts) * float(counts.min())
    if pictures * _relative_entropy(1.0, chance) < room:
        return by_variance
    while high - low > 1e-6:
        middle = (low + high) / 2.0
        if pictures * _relative_entropy(middle, chance) < room:
            low = middle
        else:
            high = middle
    return min(high, by_variance)


def strays(counts: Sequence[Counts], tried: int) -> float:
    """By how much one balanced accuracy, or the difference of two, strays from its mean."""
    classes = len(counts[0])
    spread = sum(float((1.0 / one).sum()) for one in counts) / classes**2
    return math.sqrt(math.log(tried / ALPHA) * spread / 2.0)


def _relative_entropy(one: float, other: float) -> float:
    """Of a coin that falls on its head with probability ``one``, against another; in nats."""
    rest = (1.0 - one) * math.log((1.0 - one) / (1.0 - other)) if one < 1.0 else 0.0
    return one * math.log(one / other) + rest
