"""Student's t distribution for whole degrees of freedom, and what rests on it.

The distribution is the finite sum of Abramowitz and Stegun, Handbook of Mathematical Functions,
26.7.3 and 26.7.4, which is exact; quantiles are found in it by bisection. So the intervals of a
handful of repeats need no numerical library.
"""

from __future__ import annotations

import math

_BISECTIONS = 200
MOST_REPEATS = 1000
"""More repeats than this are not counted."""


def within(t: float, freedom: int) -> float:
    """The probability that a t of ``freedom`` degrees of freedom lies in [-|t|, |t|].

    Raises:
        ValueError: fewer than one degree of freedom.
    """
    if freedom < 1:
        raise ValueError(f"expected at least one degree of freedom, found {freedom}")
    angle = math.atan(abs(t) / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    if freedom == 1:
        return 2 * angle / math.pi
    term = cosine if odd else 1.0
    total = term
    for step in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine * cosine * (step - 1) / step
        total += term
    return min(1.0, 2 / math.pi * (angle + sine * total) if odd else sine * total)


def quantile(share: float, freedom: int) -> float:
    """The t below which ``share`` of the distribution lies, for ``share`` in (0.5, 1).

    Raises:
        ValueError: the share is outside that range, or there is no degree of freedom.
    """
    if not 0.5 < share < 1.0:
        raise ValueError(f"expected a share between 0.5 and 1, found {share}")
    low, high = 0.0, 1.0
    while within(high, freedom) < 2 * share - 1:
        high *= 2
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if within(middle, freedom) < 2 * share - 1 else (low, middle)
    return high


def two_sided_p(t: float, freedom: int) -> float:
    """The probability of a t at least as far from zero, were there no difference."""
    return max(0.0, 1.0 - within(t, freedom))


def repeats_needed(
    difference: float, spread: float, *, alpha: float, power: float = 0.8
) -> int | None:
    """How many pairs tell a paired difference from none, with this power.

    The smallest n with n >= (spread / difference)**2 * (t(1 - alpha/2, n-1) + t(power, n-1))**2:
    Zar, Biostatistical Analysis, sample size for a mean by Student's t (one sample; pairs are
    one sample of differences).

    Args:
        difference: the mean difference to be told.
        spread: standard deviation of the differences over pairs.
        alpha: two-sided level of the test.
        power: probability that it is told.

    Returns:
        At least 2; None when it is more than `MOST_REPEATS`, or the difference is zero.
    """
    if difference == 0.0:
        return None
    ratio = (spread / difference) ** 2

    def enough(count: int) -> bool:
        both = quantile(1 - alpha / 2, count - 1) + quantile(power, count - 1)
        return count >= ratio * both**2

    low, high = 1, 2  # never enough, perhaps enough
    while not enough(high):
        low, high = high, high * 2
        if high > MOST_REPEATS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
