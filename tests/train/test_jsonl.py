"""The event log: one JSON object a line, and nothing that happens many times a second."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from grow.planning.history import GrowthShock
from grow.planning.lineup import Action, Entry
from grow.planning.param_groups import Storage
from grow.train import events
from grow.train.loggers.jsonl import EventLog
from tests.builders import divergence, record, stage_plans

STAGE = stage_plans()[0]
FROZEN = stage_plans(
    data={"source": "drawn"},
    stages=[
        {"name": "a"},
        {"name": "b", "grow": [{"insert": {"filters": 4}}], "carried": {"freeze": 1}},
    ],
)[1]
COUNTS = {"train": {"cat": 3, "dog": 4}, "validation": {"cat": 1, "dog": 1}}

KEPT = [
    (
        events.Prepared(("cat", "dog"), COUNTS, (("cats/x.txt", "no picture"),)),
        {
            "classes": ["cat", "dog"],
            "counts": COUNTS,
            "unusable": [["cats/x.txt", "no picture"]],
        },
    ),
    (
        events.RunStarted("trial", Path("runs"), (Entry(STAGE, Action.RUN, "not trained yet"),)),
        {"name": "trial", "lineup": [[STAGE.folder, "run", "not trained yet"]], "command": ""},
    ),
    (
        events.StageStarted(STAGE, 9, (record(1),), 4),
        {"stage": STAGE.folder, "epochs": 1, "step": 4},
    ),
    (
        events.Grown(STAGE, GrowthShock(0.5, math.nan, 0.7, 0.6, 0.1, {"dense_1": 0.5})),
        {
            "stage": STAGE.folder,
            "loss_before": 0.5,
            "loss_after": None,
            "accuracy_before": 0.7,
            "accuracy_after": 0.6,
            "logit_drift": 0.1,
            "scales": {"dense_1": 0.5},
        },
    ),
    (
        events.EpochDone(STAGE, record(2, val_loss=math.nan), 1),
        {"stage": STAGE.folder, **record(2).to_dict(), "val_loss": None},
    ),
    (
        events.Diverged(STAGE, divergence(2), 9, 1, 0.005),
        {"stage": STAGE.folder, **divergence(2).to_dict(), "next_learning_rate": 0.005},
    ),
    (
        events.CheckpointWritten(Path("runs/000001"), 0.123456, 0.001234),
        {"path": "runs/000001", "seconds": 0.1235, "held_seconds": 0.0012},
    ),
    (
        events.GrowthEnded(STAGE, "growing does not pay any more"),
        {"stage": STAGE.folder, "reason": "growing does not pay any more"},
    ),
    (
        events.StageDone(STAGE, (record(1),), 1, "all 1 epochs trained", reused=False),
        {"stage": STAGE.folder, "reused": False, "best": 1, "reason": "all 1 epochs trained"},
    ),
    (
        events.FeaturesComputed(FROZEN, 60, 15360, Storage.MEMORY, 0.12345),
        {
            "stage": FROZEN.folder,
            "layer": "pool_1",
            "pictures": 60,
            "size_bytes": 15360,
            "storage": "memory",
            "seconds": 0.1235,
        },
    ),
    (
        events.Fetching("keras", "mnist", Path("cache/mnist.npz")),
        {"source": "keras", "name": "mnist", "place": "cache/mnist.npz"},
    ),
    (events.Warned("no room → none"), {"text": "no room → none"}),
    (events.Noted("16 bits"), {"text": "16 bits"}),
    (events.RunDone("trial", Path("runs")), {"name": "trial"}),
]
LEFT_OUT = [
    events.Preparing(1, 2),
    events.StepDone(1, 2, 32, 0.5, 0.5),
    events.Validating(1, 2),
]


def _lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("event", "values"), KEPT, ids=lambda value: type(value).__name__ if value in KEPT else None
)
def test_an_event_becomes_one_line(tmp_path, event, values):
    EventLog(tmp_path / "events.jsonl")(event)
    (line,) = _lines(tmp_path / "events.jsonl")
    time = datetime.fromisoformat(line.pop("time"))
    assert time.utcoffset() == timedelta(0)
    assert line.pop("event") == type(event).__name__
    assert line == values


@pytest.mark.parametrize("event", LEFT_OUT, ids=lambda event: type(event).__name__)
def test_what_happens_many_times_a_second_is_left_out(tmp_path, event):
    EventLog(tmp_path / "events.jsonl")(event)
    assert not (tmp_path / "events.jsonl").exists()


def test_every_event_is_kept_or_left_out_on_purpose():
    covered = {type(event) for event, _ in KEPT} | {type(event) for event in LEFT_OUT}
    assert covered == set(get_args(events.Event))


def test_lines_are_added_also_by_a_later_run(tmp_path):
    path = tmp_path / "events.jsonl"
    for text in ("one", "two", "three\nlines"):
        EventLog(path)(events.Warned(text))
    assert [line["text"] for line in _lines(path)] == ["one", "two", "three\nlines"]


def test_a_line_that_was_cut_short_stays_alone(tmp_path):
    path = tmp_path / "events.jsonl"
    EventLog(path)(events.Warned("one"))
    path.write_bytes(path.read_bytes() + b'{"time": "20')
    EventLog(path)(events.Warned("two"))
    first, half, last = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["text"] == "one"
    assert half == '{"time": "20'
    assert json.loads(last)["text"] == "two"
