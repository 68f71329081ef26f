"""Student's t: the quantiles of printed tables, and sample sizes that textbooks give."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.comparison.student import MOST_REPEATS, quantile, repeats_needed, two_sided_p, within

# Two-sided 95% and 99%, as in any printed table of the distribution.
TABLE = {
    1: (12.706, 63.657),
    2: (4.303, 9.925),
    3: (3.182, 5.841),
    4: (2.776, 4.604),
    5: (2.571, 4.032),
    9: (2.262, 3.250),
    10: (2.228, 3.169),
    30: (2.042, 2.750),
    120: (1.980, 2.617),
}


@pytest.mark.parametrize("freedom", TABLE)
def test_the_quantiles_are_those_of_the_tables(freedom: int) -> None:
    found = (quantile(0.975, freedom), quantile(0.995, freedom))
    assert found == pytest.approx(TABLE[freedom], abs=5e-4)


@given(st.floats(0.51, 0.9999), st.integers(1, 200))
def test_a_quantile_has_its_share_below_it(share: float, freedom: int) -> None:
    assert within(quantile(share, freedom), freedom) == pytest.approx(2 * share - 1, abs=1e-9)


def test_one_degree_of_freedom_is_the_cauchy_distribution() -> None:
    assert within(1.0, 1) == pytest.approx(0.5)
    assert two_sided_p(math.tan(0.45 * math.pi), 1) == pytest.approx(0.1)


def test_many_degrees_of_freedom_come_to_the_normal_distribution() -> None:
    assert within(1.959964, 100_000) == pytest.approx(0.95, abs=1e-5)


@pytest.mark.parametrize(("share", "freedom"), [(0.5, 3), (1.0, 3), (0.9, 0)])
def test_what_has_no_quantile_is_refused(share: float, freedom: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        quantile(share, freedom)


@pytest.mark.parametrize(("effect", "repeats"), [(1.0, 10), (0.8, 15), (0.5, 34), (0.2, 199)])
def test_sample_sizes_of_a_paired_t_test(effect: float, repeats: int) -> None:
    """Two-sided 5%, power 80%: the numbers that G*Power gives for these effect sizes."""
    assert repeats_needed(effect, 1.0, alpha=0.05) == repeats


def test_a_larger_difference_or_a_smaller_spread_takes_fewer_repeats() -> None:
    counts = [repeats_needed(difference, 1.0, alpha=0.05) for difference in (0.3, 0.5, 1.0, 5.0)]
    assert counts == sorted(counts, key=lambda count: -(count or 0))
    assert repeats_needed(1.0, 2.0, alpha=0.05) == repeats_needed(0.5, 1.0, alpha=0.05)
    assert repeats_needed(-0.5, 1.0, alpha=0.05) == repeats_needed(0.5, 1.0, alpha=0.05)


def test_no_difference_is_never_told_and_no_spread_at_once() -> None:
    assert repeats_needed(0.0, 1.0, alpha=0.05) is None
    assert repeats_needed(1.0, 0.0, alpha=0.05) == 2
    assert repeats_needed(0.001, 1.0, alpha=0.05) is None
    assert MOST_REPEATS == 1000
