"""A growth that repeats while it pays ends where its history says, interrupted or not."""

from __future__ import annotations

from pathlib import Path

import pytest

import grow
from grow.train.events import EpochDone, GrowthEnded, StageDone
from tests.tf.conftest import Killed

pytestmark = pytest.mark.tf

STAGES = """
name: again
seed: 3
data: {source: drawn, train: 24, validation: 12}
model:
  image: [4, 4, 3]
  blocks: [{filters: 2}]
  head: {dense: [3]}
train: {batch: 8, epochs: 1}
stages:
  - name: small
  - name: deeper
    repeat: up to 3
    grow: [{resize: 2x}, {insert: {filters: 2}}]
    stop: {gain: GAIN}
"""


def _file(tmp_path: Path, gain: str) -> Path:
    path = tmp_path / "again.yaml"
    path.write_text(STAGES.replace("GAIN", gain))
    return path


def _states(run: grow.Run) -> list[str]:
    return [stage.state for stage in run.stages]


def _weights(run: grow.Run) -> list[str]:
    return [stage.done.weights for stage in run.stages if stage.done]


def test_growing_ends_by_itself_and_says_why(tmp_path):
    events = []
    run = grow.run(_file(tmp_path, "99%"), run_dir=tmp_path / "run", listeners=[events.append])
    assert _states(run) == ["done", "done", "not needed", "not needed"]
    (ended,) = (event for event in events if isinstance(event, GrowthEnded))
    assert ended.stage.name == "deeper-2"
    assert ended.reason == run.stages[2].not_needed == run.stages[3].not_needed
    assert "a gain of less than 99 points" in ended.reason
    again = []
    grow.run(_file(tmp_path, "99%"), run_dir=tmp_path / "run", listeners=[again.append])
    assert [type(event) for event in again if isinstance(event, EpochDone | GrowthEnded)] == [
        GrowthEnded
    ]


def test_without_a_bar_to_take_it_grows_as_often_as_it_says(tmp_path):
    spec = STAGES.replace("    stop: {gain: GAIN}\n", "")
    (tmp_path / "again.yaml").write_text(spec)
    run = grow.run(tmp_path / "again.yaml", run_dir=tmp_path / "run")
    assert _states(run) == ["done"] * 4
    assert [stage.plan.architecture.image[0] for stage in run.stages] == [4, 8, 16, 32]


@pytest.mark.parametrize("place", [1, 2])
def test_a_run_that_was_killed_decides_the_same(tmp_path, place):
    stages = _file(tmp_path, "99%")
    straight = grow.run(stages, run_dir=tmp_path / "straight")
    done = []

    def kill(event: object) -> None:
        if isinstance(event, StageDone):
            done.append(event)
            if len(done) == place:
                raise Killed

    with pytest.raises(Killed):
        grow.run(stages, run_dir=tmp_path / "run", listeners=[kill])
    run = grow.run(stages, run_dir=tmp_path / "run")
    assert _states(run) == _states(straight)
    assert run.stages[2].not_needed == straight.stages[2].not_needed
    assert _weights(run) == _weights(straight)


def test_asking_less_of_it_goes_on_growing(tmp_path):
    grow.run(_file(tmp_path, "99%"), run_dir=tmp_path / "run")
    events = []
    (tmp_path / "again.yaml").write_text(STAGES.replace("    stop: {gain: GAIN}\n", ""))
    run = grow.run(tmp_path / "again.yaml", run_dir=tmp_path / "run", listeners=[events.append])
    reused = [event.stage.name for event in events if isinstance(event, StageDone) if event.reused]
    assert reused == ["small", "deeper"]
    assert _states(run) == ["done"] * 4
