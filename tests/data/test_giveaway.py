"""The giveaway test on numbers: what it finds, and above all what it does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.data.checks.giveaway import FEWEST, Sample, Separation, Statistic, Verdict, separations
from grow.data.checks.giveaway.limits import ALPHA, chance_limit
from grow.data.checks.giveaway.rule import cross_validated, learn

ONE = (Statistic("one", (0,)),)
APART = {"validation", "test"}


def sample(seed: int, each: int, classes: int = 2, columns: int = 1) -> Sample:
    """Noise that has nothing to do with the labels."""
    values = np.random.default_rng(seed).normal(size=(each * classes, columns)).astype(np.float32)
    return Sample(values, np.arange(each * classes) % classes)


def shifted(seed: int, each: int, by: float, classes: int = 2) -> Sample:
    """Noise that is higher by ``by`` with each class."""
    found = sample(seed, each, classes)
    return Sample(found.values + np.float32(by) * found.labels[:, None], found.labels)


def judged(training: Sample, independent=APART, **others: Sample) -> Separation:
    (found,) = separations(training, others, ONE, independent=independent)
    return found


@pytest.mark.parametrize(("each", "classes"), [(5, 2), (20, 2), (7, 3), (20, 10), (300, 2)])
def test_labels_that_mean_nothing_raise_no_alarm(each: int, classes: int) -> None:
    statistics = [Statistic(str(i), (i,)) for i in range(6)]
    statistics.append(Statistic("all together", tuple(range(6))))
    for seed in range(12):
        training, held = sample(seed, each, classes, 6), sample(9000 + seed, each, classes, 6)
        found = separations(training, {"validation": held}, statistics, independent=APART)
        assert {one.verdict for one in found} == {Verdict.NOTHING}


def test_what_only_training_shows_gives_the_class_away() -> None:
    found = judged(shifted(1, 500, 3.0), validation=sample(2, 200))
    assert found.verdict is Verdict.TRAINING_ONLY
    assert found.training > 0.9
    assert found.others["validation"].accuracy == pytest.approx(0.5, abs=0.08)


def test_what_a_third_of_the_pictures_shows_is_found_too() -> None:
    training = sample(1, 1000)
    spoilt = (training.labels == 0) & (np.arange(2000) % 3 == 0)
    training.values[spoilt] -= 6.0
    assert judged(training, validation=sample(2, 400)).verdict is Verdict.TRAINING_ONLY


def test_one_split_that_does_not_show_it_is_enough() -> None:
    here, there = shifted(2, 200, 3.0), sample(3, 200)
    found = judged(shifted(1, 500, 3.0), validation=here, test=there)
    assert found.verdict is Verdict.TRAINING_ONLY


def test_what_all_splits_show_may_be_real() -> None:
    found = judged(shifted(1, 500, 2.0), validation=shifted(2, 200, 2.0))
    assert found.verdict is Verdict.BOTH


def test_what_no_other_pictures_can_show_is_unconfirmed() -> None:
    training, held = shifted(1, 500, 3.0), sample(2, 200)
    assert judged(training).verdict is Verdict.UNCONFIRMED
    assert judged(training, independent=(), validation=held).verdict is Verdict.UNCONFIRMED


def test_too_few_other_pictures_refute_nothing() -> None:
    assert judged(shifted(1, 500, 3.0), validation=sample(2, 2)).verdict is Verdict.UNCONFIRMED


def test_a_little_better_than_chance_is_slight() -> None:
    found = judged(shifted(1, 4000, 0.3), validation=shifted(2, 1000, 0.3))
    assert found.verdict is Verdict.SLIGHT
    assert found.bound < found.training < 0.62


def test_many_classes() -> None:
    found = judged(shifted(1, 100, 4.0, 10), validation=shifted(2, 50, 4.0, 10))
    assert found.verdict is Verdict.BOTH
    assert found.chance == pytest.approx(0.1)
    assert found.training > 0.8


def test_a_class_between_two_others_is_told() -> None:
    values = np.random.default_rng(0).normal(size=(600, 1)).astype(np.float32)
    labels = (np.abs(values[:, 0]) < 0.67).astype(np.int64)
    assert judged(Sample(values, labels)).training > 0.85


def test_figures_that_are_missing_and_categories_tell_too() -> None:
    labels = np.arange(200) % 2
    missing = np.where(labels == 0, np.nan, 75.0).astype(np.float32)[:, None]
    assert judged(Sample(missing, labels)).training == 1.0
    formats = np.where(labels == 0, 1.0, np.arange(200) % 4 // 2 * 3.0).astype(np.float32)
    assert judged(Sample(formats[:, None], labels)).training == 1.0


def test_a_value_that_nearly_all_share_is_a_bin_of_its_own() -> None:
    values = np.full((400, 1), 75.0, np.float32)
    labels = np.arange(400) % 2
    odd = np.flatnonzero(labels == 1)[::2]
    values[odd, 0] = 75.0 + np.linspace(0.001, 0.01, len(odd), dtype=np.float32)
    assert judged(Sample(values, labels)).training == pytest.approx(0.75, abs=0.01)


def test_a_small_class_counts_like_a_large_one() -> None:
    values = np.zeros((1000, 1), np.float32)
    labels = (np.arange(1000) % 20 == 0).astype(np.int64)
    assert judged(Sample(values, labels)).training == 0.5


def test_classes_with_too_few_pictures_are_not_judged() -> None:
    two = sample(1, FEWEST - 1)
    assert separations(two, {}, ONE, independent=APART) == ()
    training, held = shifted(1, 100, 5.0, 3), shifted(2, 20, 5.0, 3)
    rare = np.flatnonzero(training.labels == 1)[: 100 - FEWEST + 1]
    training = Sample(np.delete(training.values, rare, 0), np.delete(training.labels, rare))
    found = judged(training, validation=held)
    assert found.chance == 0.5
    assert found.others["validation"].pictures == 40


def test_a_class_that_the_other_split_lacks_is_not_held_against_it() -> None:
    held = shifted(2, 100, 3.0, 3)
    there = held.labels != 1
    found = judged(shifted(1, 300, 3.0, 3), test=Sample(held.values[there], held.labels[there]))
    assert found.verdict is Verdict.BOTH


def test_cross_validation_learns_nothing_by_heart() -> None:
    found = sample(5, 200, columns=15)
    seen = (learn(found.values, found.labels, 2).guess(found.values) == found.labels).mean()
    unseen = cross_validated(found.values, found.labels, 2).mean()
    assert seen > 0.6
    assert unseen == pytest.approx(0.5, abs=0.1)


@given(st.integers(5, 10_000), st.integers(2, 50), st.integers(1, 20))
def test_the_limit_of_chance_falls_with_pictures_and_rises_with_trials(
    each: int, classes: int, tried: int
) -> None:
    def limit(each: int, tried: int) -> float:
        return chance_limit(np.full(classes, each), tried)

    assert limit(each, tried) > 1.0 / classes
    assert limit(2 * each, tried) < limit(each, tried) < limit(each, 2 * tried)


def test_the_limit_of_chance_holds_for_fair_coins() -> None:
    """Exactly: the binomial tail at the limit is no heavier than what is allowed."""
    for each in (5, 20, 100):
        total = 2 * each
        limit = chance_limit(np.full(2, each), 1)
        least = math.floor(limit * total) + 1
        tail = sum(math.comb(total, right) for right in range(least, total + 1)) / 2**total
        assert tail <= ALPHA
