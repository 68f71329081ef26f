"""What trials say: curves, budgets, intervals, differences and speed-ups, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.comparison import stats
from grow.comparison.stats import StageEnd, Trial
from tests.builders import record


def trial(*stages: tuple[tuple[float, int], ...], seed: int = 0) -> Trial:
    """A trial of epochs given as (validation accuracy, FLOPs), a second of CPU time each."""
    histories = [
        tuple(
            record(n, val_accuracy=accuracy, training_flops=flops, cpu_seconds=1.0, seconds=2.0)
            for n, (accuracy, flops) in enumerate(stage, start=1)
        )
        for stage in stages
    ]
    ends = tuple(StageEnd("s", 9, len(stage), 1, stage[-1][0], 0.5) for stage in stages)
    return Trial(seed, ends, stats.curve(histories))


GROWN = trial(((0.6, 10), (0.7, 10)), ((0.75, 100), (0.72, 100), (0.8, 100)))


def test_a_curve_counts_cost_from_the_first_stage_on() -> None:
    flops = [(point.stage, point.epoch, point.flops) for point in GROWN.curve]
    assert flops == [(1, 1, 10), (1, 2, 20), (2, 1, 120), (2, 2, 220), (2, 3, 320)]
    assert (GROWN.total.cpu_seconds, GROWN.total.seconds) == (5.0, 10.0)


def test_a_budget_takes_whole_epochs_and_the_best_so_far() -> None:
    def at(budget: float) -> float | None:
        points = stats.within(GROWN.curve, "flops", budget)
        return max((point.val_accuracy for point in points), default=None)

    assert [at(b) for b in (9, 10, 119, 120, 319, 320)] == [None, 0.6, 0.7, 0.75, 0.75, 0.8]


def test_the_cost_of_a_target_in_both_accounts() -> None:
    reach = stats.cost_to_reach
    assert reach(GROWN.curve, 0.75, "flops") == 120
    assert reach(GROWN.curve, 0.75, "flops", "marginal") == 100
    assert reach(GROWN.curve, 0.8, "cpu_seconds", "marginal") == 3
    assert reach(GROWN.curve, 0.81, "flops") is None


def test_epochs_among_fewer_classes_count_as_cost_alone() -> None:
    easy = replace(
        GROWN,
        curve=tuple(
            replace(p, all_classes=p.stage > 1)
            for p in trial(((0.99, 10), (0.99, 10)), ((0.75, 100), (0.8, 100))).curve
        ),
    )
    assert stats.cost_to_reach(easy.curve, 0.6, "flops") == 120
    assert stats.cost_to_reach(easy.curve, 0.6, "flops", "marginal") == 100
    assert stats.cost_to_reach(easy.curve, 0.9, "flops") is None
    told = stats.speed_up([GROWN], [easy], "flops", "total")
    assert told.target == (0.8,)


def test_which_stages_know_fewer_classes_is_noted_in_the_curve() -> None:
    points = stats.curve([(record(1),), (record(1), record(2))], fewer_classes=[1])
    assert [point.all_classes for point in points] == [False, True, True]


def test_what_the_small_model_had_already_counts_in_the_last_stage_only_once_it_has_it() -> None:
    assert stats.cost_to_reach(GROWN.curve, 0.65, "flops", "marginal") == 100
    worse = trial(((0.9, 10),), ((0.5, 100),))
    assert stats.cost_to_reach(worse.curve, 0.8, "flops") == 10
    assert stats.cost_to_reach(worse.curve, 0.8, "flops", "marginal") is None


def test_an_interval_by_hand() -> None:
    found = stats.estimate([1.0, 2.0, 3.0])
    half = 4.302653 / math.sqrt(3)
    assert (found.mean, found.spread, found.repeats) == (2.0, 1.0, 3)
    assert (found.low, found.high) == pytest.approx((2 - half, 2 + half), abs=1e-5)


def test_one_repeat_has_no_interval_and_tells_nothing() -> None:
    assert stats.estimate([0.5]) == stats.Estimate(0.5, None, None, None, 1)
    assert stats.paired_p([0.5]) is None
    (found,) = stats.differences([[0.02]])
    assert (found.p, found.repeats_for_observed, found.repeats_for_a_point) == (None, None, None)


def test_no_values_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        stats.estimate([])


def test_a_paired_t_test_by_hand() -> None:
    # Mean 2, standard deviation sqrt(2.5): t = 2 / sqrt(2.5 / 5) = 2.828 with 4 degrees.
    assert stats.paired_p([0.0, 1.0, 2.0, 3.0, 4.0]) == pytest.approx(0.0474, abs=1e-4)


@pytest.mark.parametrize(("values", "p"), [([0.1, 0.1], 0.0), ([0.0, 0.0], 1.0)])
def test_equal_differences_need_no_spread(values: list[float], p: float) -> None:
    assert stats.paired_p(values) == p


def test_holms_rule_by_hand() -> None:
    assert stats.holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert stats.holm([0.04, None, 0.01]) == pytest.approx((0.04, None, 0.02))
    assert stats.holm([0.9, 0.8]) == (1.0, 1.0)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holms_rule_never_lowers_a_p_and_keeps_their_order(ps: list[float]) -> None:
    adjusted = [p for p in stats.holm(ps) if p is not None]
    assert all(p <= more <= 1 for p, more in zip(ps, adjusted, strict=True))
    pairs = sorted(zip(ps, adjusted, strict=True))
    assert [more for _, more in pairs] == sorted(adjusted)


def test_so_many_repeats_are_told_by_holms_rule_in_any_company() -> None:
    values, none = [0.03, -0.01, 0.02, 0.0], [0.02, -0.02, 0.02, -0.02]
    alone, among = (stats.differences([values, *[none] * more])[0] for more in (0, 3))
    assert alone.repeats_for_observed
    assert among.repeats_for_observed
    assert among.repeats_for_observed > alone.repeats_for_observed
    assert (among.repeats_for_a_point or 0) > (alone.repeats_for_a_point or 0)
    # The same mean and spread again, in as many repeats as it said.
    told = repeated(values, among.repeats_for_observed)
    beside = [repeated(none, len(told))] * 3
    assert (stats.differences([told, *beside])[0].p_adjusted or 1.0) < stats.LEVEL


def repeated(values: list[float], count: int) -> list[float]:
    """So many values, near enough of the same mean and spread."""
    return (values * count)[:count]


def test_a_speed_up_is_to_the_controls_best_of_the_same_seed() -> None:
    control = trial(((0.5, 100), (0.74, 100), (0.75, 100), (0.7, 100)))
    found = stats.speed_up([GROWN], [control], "flops", "total")
    assert found.each == (300 / 120,)
    assert stats.speed_up([GROWN], [control], "flops", "marginal").each == (3.0,)
    assert found.estimate is not None
    assert found.estimate.mean == pytest.approx(2.5)


def test_a_target_that_was_not_reached_is_never_averaged() -> None:
    easy, hard = trial(((0.75, 240),)), trial(((0.99, 240),))
    found = stats.speed_up([GROWN, GROWN], [easy, hard], "flops", "total")
    assert (found.each, found.reached, found.estimate) == ((2.0, None), 1, None)
    assert (found.target, found.other, found.growth) == ((0.75, 0.99), (240, 240), (120, None))


def test_speed_ups_are_averaged_as_ratios() -> None:
    half, double = trial(((0.75, 60),)), trial(((0.75, 240),))
    found = stats.speed_up([GROWN, GROWN], [half, double], "flops", "total").estimate
    assert found is not None
    assert found.mean == pytest.approx(1.0)
    assert (found.low or 0) * (found.high or 0) == pytest.approx(1.0)
