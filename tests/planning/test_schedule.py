"""Decisions of training, against plain stateful versions of the same rules."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grow.config.schema import OnDivergence, Plateau, ReduceOnPlateau, Training, Until
from grow.planning import schedule
from tests.builders import divergence, history, record

NAN, INF = math.nan, math.inf
MONITORS = ("val_loss", "val_accuracy", "loss", "accuracy")

# Sixteenths add and subtract without rounding, so that ties are ties in both versions.
sixteenths = st.integers(0, 16).map(lambda number: number / 16)
figures = st.lists(sixteenths | st.sampled_from([NAN, INF]), max_size=30)
deltas = st.sampled_from([0.0, 1 / 16, 1 / 8])

plateaus = st.builds(
    ReduceOnPlateau,
    monitor=st.sampled_from(MONITORS),
    factor=st.sampled_from([0.5, 0.1]),
    patience=st.integers(1, 4),
    min_delta=deltas,
    cooldown=st.integers(0, 4),
    minimum=st.sampled_from([0.0, 0.125, 0.3, 4.0]),
)
stoppings = st.builds(
    Plateau,
    monitor=st.sampled_from(MONITORS),
    patience=st.integers(1, 4),
    min_delta=deltas,
)


class ReduceLROnPlateau:
    """Keras's callback, written down again from its documentation and its source.

    With the best figure starting at infinity, as it did up to Keras 3.4; the later ``None`` takes
    a first loss that is no number for the best for ever.
    """

    def __init__(self, settings, learning_rate):
        self.settings = settings
        self.learning_rate = learning_rate
        self.upwards = settings.monitor.endswith("accuracy")
        self.best = -INF if self.upwards else INF
        self.wait = 0
        self.cooldown_counter = 0

    def on_epoch_end(self, current):
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if _improves(current, self.best, self.settings.min_delta, upwards=self.upwards):
            self.best = current
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.settings.patience and self.learning_rate > self.settings.minimum:
                lowered = self.learning_rate * self.settings.factor
                self.learning_rate = max(lowered, self.settings.minimum)
                self.cooldown_counter = self.settings.cooldown
                self.wait = 0


class EarlyStoppingCallback:
    """Keras's callback likewise; but Keras never stops after the very first epoch."""

    def __init__(self, settings):
        self.settings = settings
        self.upwards = settings.monitor.endswith("accuracy")
        self.best = -INF if self.upwards else INF
        self.wait = 0
        self.stop_training = False

    def on_epoch_end(self, current):
        self.wait += 1
        if _improves(current, self.best, self.settings.min_delta, upwards=self.upwards):
            self.best = current
            self.wait = 0
        elif self.wait >= self.settings.patience:
            self.stop_training = True


def _improves(current, best, min_delta, *, upwards):
    # An accuracy is never infinite; where a strategy draws one, it counts as an improvement.
    return current > best + min_delta if upwards else current < best - min_delta


def _training(**settings):
    return Training(**({"epochs": 1000, "learning_rate": 1.0} | settings))


@given(plateau=plateaus, values=figures)
@example(plateau=ReduceOnPlateau(patience=1, minimum=4.0), values=[0.5, 0.5])
@example(plateau=ReduceOnPlateau(patience=1, cooldown=1), values=[NAN, 0.5, 0.5, 0.5])
def test_the_learning_rate_is_that_of_keras(plateau, values):
    training = _training(reduce_on_plateau=plateau)
    callback = ReduceLROnPlateau(plateau, 1.0)
    for done in range(len(values) + 1):
        records = history(values[:done], plateau.monitor)
        if done:
            callback.on_epoch_end(values[done - 1])
        assert schedule.learning_rate(training, records) == callback.learning_rate


@given(stopping=stoppings, values=figures)
@example(stopping=Plateau(patience=1), values=[NAN])
def test_a_stage_ends_early_where_the_callback_stops(stopping, values):
    training = _training(until=Until(plateau=stopping))
    callback = EarlyStoppingCallback(stopping)
    for done in range(len(values) + 1):
        records = history(values[:done], stopping.monitor)
        if done:
            callback.on_epoch_end(values[done - 1])
        ended = schedule.end_of_stage(training, records)
        assert bool(ended) == callback.stop_training
        if ended:
            assert ended.startswith(f"{stopping.monitor} has not improved by more than ")
            break


@given(stopping=stoppings, values=figures, more=figures)
def test_a_stage_that_has_ended_stays_so_whatever_would_follow(stopping, values, more):
    training = _training(until=Until(plateau=stopping))
    before = history(values, stopping.monitor)
    after = history([*values, *more], stopping.monitor)
    if schedule.end_of_stage(training, before):
        assert schedule.end_of_stage(training, after)


@given(plateau=plateaus, stopping=stoppings, values=figures, other=figures, cut=st.integers(0, 30))
def test_decisions_depend_on_the_epochs_before_and_on_nothing_else(
    plateau, stopping, values, other, cut
):
    training = _training(reduce_on_plateau=plateau, until=Until(plateau=stopping))
    decisions = (schedule.learning_rate, schedule.end_of_stage, schedule.best_epoch)
    cut = min(cut, len(values))
    before = history(values[:cut], plateau.monitor)
    asked_first = [decide(training, before) for decide in decisions]
    for decide in decisions:  # what another future, or another stage, is asked in between
        decide(training, history([*values[:cut], *other], plateau.monitor))
        decide(training, history(other, stopping.monitor))
    assert [decide(training, before) for decide in decisions] == asked_first


def test_the_learning_rate_stays_without_a_schedule():
    assert schedule.learning_rate(_training(), history([1.0] * 9)) == 1.0


def test_a_learning_rate_below_the_minimum_is_not_raised():
    training = _training(
        learning_rate=1e-5, reduce_on_plateau=ReduceOnPlateau(patience=1, minimum=1e-3)
    )
    assert schedule.learning_rate(training, history([1.0, 1.0, 1.0])) == 1e-5


@pytest.mark.parametrize(
    ("values", "rates"),
    [
        # Patience 2, cooldown 1: two epochs without a gain, one that does not count, two more.
        ([8, 8, 8, 8, 8, 8, 8], [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.125]),
        ([8, 7, 6, 5], [1, 1, 1, 1, 1]),
        ([NAN, NAN, 8, 8, 8], [1, 1, 0.5, 0.5, 0.5, 0.25]),
    ],
)
def test_the_learning_rate_by_hand(values, rates):
    training = _training(reduce_on_plateau=ReduceOnPlateau(patience=2, cooldown=1))
    found = [
        schedule.learning_rate(training, history(values[:done])) for done in range(len(values) + 1)
    ]
    assert found == rates


@pytest.mark.parametrize(
    ("settings", "values", "reason"),
    [
        ({"epochs": 3}, [3, 2], ""),
        ({"epochs": 3}, [3, 2, 1], "all 3 epochs trained"),
        ({"epochs": 3}, [3, 2, 1, 1], "all 3 epochs trained"),
        ({"epochs": 1}, [], ""),
        ({"until": Until(plateau=Plateau(patience=2))}, [3, 3], ""),
        (
            {"until": Until(plateau=Plateau(patience=2))},
            [3, 3, 3],
            "val_loss has not improved by more than 0 for 2 epochs",
        ),
        (
            {"until": Until(plateau=Plateau(patience=2, min_delta=0.5))},
            [3, 2.75, 2.5],
            "val_loss has not improved by more than 0.5 for 2 epochs",
        ),
        (
            {"epochs": 3, "until": Until(plateau=Plateau(patience=2))},
            [3, 3, 3],
            "all 3 epochs trained",
        ),
    ],
)
def test_why_a_stage_ends(settings, values, reason):
    assert schedule.end_of_stage(_training(**settings), history(values)) == reason


@pytest.mark.parametrize(
    ("best", "records", "epoch"),
    [
        ("val_accuracy", [], 0),
        ("last", [], 0),
        ("last", [record(1, val_accuracy=0.9), record(2)], 2),
        ("val_accuracy", [record(1), record(2, val_accuracy=0.9), record(3)], 2),
        ("val_accuracy", [record(1, val_loss=2.0), record(2, val_loss=1.0)], 2),
        ("val_accuracy", [record(1), record(2), record(3)], 1),
        ("val_accuracy", [record(1, val_loss=NAN), record(2, val_loss=9.0)], 2),
        ("val_accuracy", [record(1, val_accuracy=0.9, loss=INF), record(2)], 2),
        ("last", [record(1), record(2, val_loss=NAN)], 1),
        ("val_loss", [record(1, val_loss=NAN), record(2, val_loss=9.0)], 2),
        ("val_loss", [record(1, val_loss=2.0), record(2, val_loss=1.0), record(3)], 3),
        ("val_loss", [record(1, val_loss=NAN), record(2, val_loss=NAN)], 0),
        ("loss", [record(1, loss=2.0), record(2, loss=1.0), record(3, loss=1.5)], 2),
        ("accuracy", [record(1, accuracy=0.1), record(2, accuracy=0.3)], 2),
    ],
)
def test_the_best_epoch(best, records, epoch):
    assert schedule.best_epoch(_training(best=best), tuple(records)) == epoch


@given(
    rows=st.lists(st.tuples(sixteenths, sixteenths | st.just(NAN)), min_size=1, max_size=9),
    best=st.sampled_from(["val_accuracy", "val_loss"]),
)
def test_no_epoch_beats_the_best_and_no_earlier_one_equals_it(rows, best):
    records = tuple(
        record(n, val_accuracy=accuracy, val_loss=loss)
        for n, (accuracy, loss) in enumerate(rows, start=1)
    )
    number = schedule.best_epoch(_training(best=best), records)
    good = [one for one in records if one.is_finite]
    assert bool(number) == bool(good)
    if not number:
        return
    chosen = records[number - 1]

    def rank(one):
        return (-one.val_accuracy, one.val_loss) if best == "val_accuracy" else (one.val_loss,)

    assert chosen in good
    assert all(rank(chosen) <= rank(one) for one in good)
    assert all(rank(chosen) < rank(one) for one in good if one.epoch < number)


def test_the_warm_up_rises_with_each_step_and_then_holds():
    training = _training(warm_up=1.5)
    shares = [
        schedule.warm_up(training, history([1.0] * epoch), step, 4)
        for epoch in (0, 1)
        for step in range(4)
    ]
    assert shares == [pytest.approx(min(1.0, done / 6)) for done in range(1, 9)]
    assert shares[5:] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("length", [0.0, 1e-9, 0.1])
def test_a_warm_up_of_less_than_a_step_is_none(length):
    assert schedule.warm_up(_training(warm_up=length), (), 0, 4) == 1.0


def test_the_warm_up_does_not_look_at_figures():
    training = _training(warm_up=4, reduce_on_plateau=ReduceOnPlateau(patience=1, factor=0.5))
    assert schedule.learning_rate(training, history([1.0, 1.0])) == 0.5
    for value in (1.0, NAN):
        assert schedule.warm_up(training, history([value, value]), 1, 2) == 6 / 8


def test_each_divergence_halves_the_rate_from_its_epoch_on():
    training = _training(learning_rate=0.8)
    found = (divergence(2), divergence(2), divergence(4))
    rates = [schedule.learning_rate(training, history([1.0] * done), found) for done in range(5)]
    assert rates == [0.8, 0.2, 0.2, 0.1, 0.1]


def test_a_divergence_is_no_epoch_to_a_plateau():
    plateau = ReduceOnPlateau(patience=2, factor=0.1, cooldown=1)
    training = _training(reduce_on_plateau=plateau, until=Until(plateau=Plateau(patience=3)))
    for done in range(6):
        records = history([8.0] * done)
        for at in range(1, done + 2):
            rate = schedule.learning_rate(training, records, (divergence(at),))
            assert rate == pytest.approx(schedule.learning_rate(training, records) / 2)


def test_a_rate_halved_below_the_minimum_of_a_plateau_stays_there():
    plateau = ReduceOnPlateau(patience=1, minimum=0.4)
    training = _training(learning_rate=0.5, reduce_on_plateau=plateau)
    assert schedule.learning_rate(training, history([8, 8, 8]), (divergence(1),)) == 0.25


@pytest.mark.parametrize(
    ("halve", "epochs", "found", "ends"),
    [
        (0, [], (), False),
        (0, [1.0], (divergence(2),), True),
        (1, [1.0], (divergence(2),), False),
        (1, [1.0], (divergence(1), divergence(2)), True),
        (1, [1.0, 1.0], (divergence(1), divergence(2)), False),  # it was trained after all
        (9, [], (divergence(1, step=0),), True),  # what it grew into is no number
    ],
)
def test_when_a_stage_gives_up(halve, epochs, found, ends):
    training = _training(on_divergence=OnDivergence(halve=halve))
    end = schedule.given_up(training, history(epochs), found)
    assert end == (found[-1] if ends else None)
