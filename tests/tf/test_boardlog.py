"""TensorBoard event files: every epoch once, whatever came between."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from grow.errors import UsageError
from grow.planning.history import EpochRecord
from grow.train.events import Diverged, EpochDone, Grown, StageDone, StageStarted, StepDone
from grow.train.loggers import tensorboard
from grow.train.loggers.tensorboard import BoardLog
from tests.builders import divergence, record
from tests.finished import SHOCK, plans

pytestmark = pytest.mark.tf

pytest.importorskip("tensorboard")

SMALL, DEEPER = plans()
STEPS = 4
PICTURES = 64


def epoch(number: int, **figures: Any) -> EpochRecord:
    flops = SMALL.architecture.training_flops * PICTURES
    return record(number, training_flops=flops, val_loss=1 / number, **figures)


def read(folder: Path, stage: Any = SMALL) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder / stage.folder))
    found.Reload()
    return found


def figures(found: Any, tag: str) -> list[tuple[int, float]]:
    return [(event.step, round(event.value, 4)) for event in found.Scalars(tag)]


def train(log: BoardLog, first: int, last: int, step: int = 0) -> None:
    """Epochs ``first`` to ``last``, begun after ``step`` steps of the first; all steps kept."""
    history = tuple(epoch(n) for n in range(1, first))
    log(StageStarted(SMALL, STEPS, history, step))
    for number in range(first, last + 1):
        for one in range(step + 1, STEPS + 1):
            log._kept = -math.inf  # as if the step had taken long
            log(StepDone(number, one, 16, 0.5, 0.5))
        log(EpochDone(SMALL, epoch(number), number))
        step = 0


def test_every_epoch_and_step_is_there(tmp_path: Path) -> None:
    log = BoardLog(tmp_path)
    train(log, 1, 3)
    log.close()
    found = read(tmp_path)
    assert figures(found, "loss/validation") == [(4, 1.0), (8, 0.5), (12, 0.3333)]
    assert [step for step, _ in figures(found, "step/loss")] == list(range(1, 13))


def test_after_an_interruption_nothing_is_there_twice(tmp_path: Path) -> None:
    killed = BoardLog(tmp_path)
    train(killed, 1, 3)
    killed.close()
    going_on = BoardLog(tmp_path)
    train(going_on, 2, 4, step=2)  # what came after step 2 of epoch 2 was lost
    going_on.close()
    found = read(tmp_path)
    assert [step for step, _ in figures(found, "loss/validation")] == [4, 8, 12, 16]
    assert [step for step, _ in figures(found, "step/loss")] == list(range(1, 17))


def test_epochs_trained_without_the_log_are_added_once(tmp_path: Path) -> None:
    history = (epoch(1), epoch(2, loss=math.nan))
    for _ in range(2):
        log = BoardLog(tmp_path)
        log(StageDone(SMALL, history, 2, "finished before", reused=True))
        log.close()
    found = read(tmp_path)
    steps = -(-PICTURES // SMALL.training.batch)
    assert [step for step, _ in figures(found, "loss/validation")] == [steps, 2 * steps]
    assert [step for step, _ in figures(found, "loss/training")] == [steps]


def test_a_growth_is_told_in_words(tmp_path: Path) -> None:
    log = BoardLog(tmp_path)
    log(Grown(DEEPER, SHOCK))
    log(StageStarted(DEEPER, STEPS, (), 0))
    log(StageDone(DEEPER, (), 1, "done", reused=False))
    (event,) = read(tmp_path, DEEPER).Tensors("growth")
    words = event.tensor_proto.string_val[0].decode()
    assert "validation loss 0.5000 before, 0.6250 after" in words


def test_a_divergence_is_told_where_it_goes_on_and_its_steps_are_forgotten(
    tmp_path: Path,
) -> None:
    log = BoardLog(tmp_path)
    train(log, 1, 2)
    log(StepDone(3, 1, 16, 9.0, 0.5))
    log(Diverged(SMALL, divergence(3), STEPS, 1, 0.005))
    log(StageStarted(SMALL, STEPS, (epoch(1), epoch(2)), 0, again=True))
    for one in range(1, STEPS + 1):
        log._kept = -math.inf
        log(StepDone(3, one, 16, 0.5, 0.5))
    log(EpochDone(SMALL, epoch(3), 3))
    log.close()
    found = read(tmp_path)
    assert figures(found, "step/loss") == [(step, 0.5) for step in range(1, 13)]
    (event,) = found.Tensors("divergence")
    assert event.step == 8
    assert "learning rate 0.01 -> 0.005" in event.tensor_proto.string_val[0].decode()


def test_a_growth_that_diverged_is_told_too(tmp_path: Path) -> None:
    log = BoardLog(tmp_path)
    log(Diverged(DEEPER, divergence(1, step=0), 0, 0, None))
    log.close()
    (event,) = read(tmp_path, DEEPER).Tensors("divergence")
    assert "diverged in its growth" in event.tensor_proto.string_val[0].decode()


def test_without_the_extra_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="TensorBoard is not installed") as caught:
        BoardLog(tmp_path)
    assert "grow-trainer[tensorboard]" in caught.value.hint
