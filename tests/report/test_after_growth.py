"""What people read of training after a growth."""

from __future__ import annotations

import pytest

from grow.planning.param_groups import IN_FILE_BYTES, Storage
from grow.report import log
from grow.report.after_growth import training_lines
from grow.train.events import FeaturesComputed
from tests.builders import record, stage_plans

EACH = 4 * 4 * 4 * 4
"""Bytes of what pool_1 gives for one picture."""


def planned(carried, *, at="end", augment=None, **train):
    return stage_plans(
        data={"source": "drawn", "augment": augment or {}},
        train={"epochs": 6, **train},
        stages=[
            {"name": "a"},
            {"name": "b", "grow": [{"insert": {"filters": 4, "at": at}}], "carried": carried},
        ],
    )[1]


@pytest.mark.parametrize(
    ("carried", "how"),
    [
        ({"freeze": 1}, "frozen for 1 epoch, then trained"),
        ({"freeze": 2, "learning_rate": "0.1x"}, "frozen for 2 epochs, then trained at 0.1x"),
        ({"learning_rate": 0.5}, "trained at 0.5x the learning rate"),
        ({"freeze": 6, "learning_rate": 0.5}, "frozen until the end of the stage"),
    ],
)
def test_how_carried_layers_are_trained(carried, how):
    first = training_lines(planned(carried), {})[0]
    assert first.startswith(f"carried layers (conv_1, dense_1, dense_2): {how}")


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (100, "outputs up to pool_1 are computed once: 26 kB in memory"),
        (2**30 // EACH + 1, "outputs up to pool_1 are computed once: 1,073.7 MB in a temporary"),
        (IN_FILE_BYTES // EACH + 1, "outputs are computed in each step: 34,359.7 MB up to pool_1"),
        (0, "outputs up to pool_1 are computed once, if they fit"),
    ],
)
def test_where_outputs_are_kept(pictures, words):
    (_, line) = training_lines(planned({"freeze": 1}), {"train": pictures, "test": 9})
    assert line.startswith(f"while frozen, {words}")


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        (planned({"freeze": 1}, augment={"zoom": 0.1}), "pictures are augmented anew"),
        (planned({"freeze": 1}, at="start"), "conv_2 is trained and comes before them"),
    ],
)
def test_why_outputs_are_not_kept(stage, why):
    (_, line) = training_lines(stage, {"train": 100})
    assert line.startswith(f"while frozen, their outputs are computed in each step: {why}")


def test_a_warm_up_is_said_and_nothing_where_there_is_nothing():
    (line,) = training_lines(planned({}, warm_up=1.5), {})
    assert line == "learning rate warm-up: from 0 over the first 1.5 epochs"
    assert training_lines(planned({}), {"train": 100}) == []


def test_what_the_log_of_a_run_says():
    stage = planned({"freeze": 1})
    (line,) = log.lines(FeaturesComputed(stage, 100, 25600, Storage.FILE, 61.0))
    assert str(line) == (
        "outputs up to pool_1 computed once for 100 pictures: 26 kB in a temporary file, 1:01"
    )
    lines = [log.lines(log.EpochDone(stage, record(n), 2))[0] for n in (1, 2)]
    assert [str(each).rsplit("  ", 1)[1] for each in lines] == ["frozen", "best"]
