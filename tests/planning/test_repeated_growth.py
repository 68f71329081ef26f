"""Stages that repeat while it pays: how they unfold, and when they end."""

from __future__ import annotations

import json

import pytest

from grow.config.schema import Stop
from grow.errors import GrowthError
from grow.nets import operators
from grow.planning import lineup, schedule, stages
from grow.planning.lineup import Action, Found
from tests.builders import CATS_DOGS, record, run_spec

HALF_A_POINT = {"gain": 0.005}
AGAIN = [{"name": "small"}, {"name": "deeper", "repeat": 3, "grow": [{"insert": {"filters": 4}}]}]


def _spec(stop=HALF_A_POINT, repeat=3, grow=None):
    deeper = {"name": "deeper", "repeat": repeat, "grow": grow or [{"insert": {"filters": 4}}]}
    if stop:
        deeper["stop"] = stop
    model = {"image": [16, 16, 3], "blocks": [{"filters": 4}], "head": {"dense": [5]}}
    return run_spec(model=model, stages=[{"name": "small"}, deeper])


def _plans(**settings):
    return stages.plan_stages(_spec(**settings), CATS_DOGS)


def _done(plan, accuracy, **changes):
    values = {
        "number": plan.number,
        "name": plan.name,
        "fingerprint": plan.fingerprint,
        "recipe": json.loads(json.dumps(plan.recipe)),
        "epochs": 1,
        "done": True,
        "history": (record(1, val_accuracy=accuracy),),
    }
    return Found(**(values | changes))


def test_a_repeated_entry_unfolds_into_stages_with_names_of_their_own():
    plans = _plans()
    assert [(p.number, p.name) for p in plans] == [
        (1, "small"),
        (2, "deeper"),
        (3, "deeper-2"),
        (4, "deeper-3"),
    ]
    assert [len(p.architecture.blocks) for p in plans] == [1, 2, 3, 4]
    assert [p.recipe["parent"] for p in plans[1:]] == [p.fingerprint for p in plans[:-1]]


def test_the_first_repetition_comes_anyway():
    assert [plan.stop is None for plan in _plans()] == [True, True, False, False]
    assert {plan.stop for plan in _plans(stop=None)} == {None}


def test_what_stops_a_growth_changes_no_address():
    one, other = _plans(), _plans(stop={"gain": 0.2, "monitor": "loss"})
    assert [p.fingerprint for p in one] == [p.fingerprint for p in other]


def test_repeating_more_often_leaves_the_stages_before_as_they_were():
    one, other = _plans(repeat=2), _plans(repeat=3)
    assert [p.fingerprint for p in one] == [p.fingerprint for p in other][:3]


def test_sizes_multiply():
    spec = _spec(grow=[{"resize": "2x"}, {"insert": {"filters": 4}}])
    assert [a.image for a in operators.lineage(spec, 2)] == [
        (16, 16, 3),
        (32, 32, 3),
        (64, 64, 3),
        (128, 128, 3),
    ]
    assert stages.master_size(spec) == (128, 128)


def test_the_sign_for_times_is_taken_too():
    assert _spec(grow=[{"resize": "3\u00d7"}]).stages[1].grow[0].resize == "3x"


def test_what_cannot_be_repeated_says_at_which_repetition():
    spec = _spec(repeat=9, grow=[{"resize": "2x"}])
    with pytest.raises(GrowthError, match="in repetition 9: expected pictures of at most 4096"):
        operators.lineage(spec, 2)


@pytest.mark.parametrize(
    ("before", "after", "goes_on"),
    [
        (0.80, 0.805, True),  # just so much, though 0.805 - 0.8 is not 0.005 in binary
        (0.80, 0.8049, False),
        (0.80, 0.79, False),
        (0.80, 0.90, True),
    ],
)
def test_the_gain_of_accuracy_decides(before, after, goes_on):
    why = schedule.end_of_growth(
        Stop(gain=0.005), record(1, val_accuracy=before), record(1, val_accuracy=after)
    )
    assert (why == "") is goes_on


def test_a_gain_in_loss_is_a_fall():
    stop = Stop(gain=0.1, monitor="val_loss")
    assert schedule.end_of_growth(stop, record(1, val_loss=1.0), record(1, val_loss=0.8)) == ""
    why = schedule.end_of_growth(stop, record(1, val_loss=1.0), record(1, val_loss=1.2))
    assert why == "val_loss 1.0000 → 1.2000, a gain of less than 0.1"


def test_a_loss_that_is_no_number_gains_nothing():
    stop = Stop(gain=0.0, monitor="val_loss")
    nan = float("nan")
    assert schedule.end_of_growth(stop, record(1, val_loss=1.0), record(1, val_loss=nan))
    assert schedule.end_of_growth(stop, record(1, val_loss=nan), record(1, val_loss=nan))
    assert not schedule.end_of_growth(stop, record(1, val_loss=nan), record(1, val_loss=1.0))


def test_stages_that_may_not_come_say_on_what_it_depends():
    entries = lineup.line_up(_plans(), [])
    assert [entry.action for entry in entries] == [Action.RUN] * 4
    assert [entry.reason for entry in entries] == [
        "not trained yet",
        "not trained yet",
        "only if deeper gains 0.5 points of val_accuracy; not trained yet",
        "only if deeper-2 gains 0.5 points of val_accuracy; not trained yet",
    ]


def test_growing_ends_where_it_does_not_pay():
    plans = _plans()
    entries = lineup.line_up(plans, [_done(plans[0], 0.7), _done(plans[1], 0.701)])
    assert [entry.action for entry in entries] == ["reuse", "reuse", "skip", "skip"]
    assert entries[2].reason == entries[3].reason
    assert entries[2].reason == (
        "growing no longer pays off: small to deeper, val_accuracy 70.00% → 70.10%, "
        "a gain of less than 0.5 points"
    )


def test_growing_goes_on_where_it_pays():
    plans = _plans()
    entries = lineup.line_up(plans, [_done(plans[0], 0.7), _done(plans[1], 0.8)])
    assert [entry.action for entry in entries] == ["reuse", "reuse", "run", "run"]
    assert entries[2].reason == "not trained yet"


def test_a_stage_that_is_not_complete_decides_nothing():
    plans = _plans()
    begun = _done(plans[1], 0.1, done=False)
    entries = lineup.line_up(plans, [_done(plans[0], 0.7), begun])
    assert [entry.action for entry in entries] == ["reuse", "resume", "run", "run"]


def test_a_stage_trained_before_is_not_needed_once_more_is_asked_of_growing():
    plans = _plans(stop={"gain": 0.2})
    found = [_done(plan, 0.7 + plan.number / 10) for plan in plans[:3]]
    assert [entry.action for entry in lineup.line_up(plans, found)] == [
        "reuse",
        "reuse",
        "skip",
        "skip",
    ]
