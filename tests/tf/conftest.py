"""Tests that need TensorFlow, on tiny tensors: one small stage file, and ways to interrupt it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grow.data.cache import cache_folder
from grow.planning import validate
from grow.runs import checkpoint
from grow.runs.checkpoint import State
from grow.runs.folder import RunFolder
from grow.signals import StopSwitch
from grow.train import engine
from grow.train.events import Event

pytestmark = pytest.mark.tf

# Everything that has state is on: dropout, batch normalisation, augmentation, a plateau
# schedule that acts within three epochs, early stopping, a last batch that is smaller.
TINY = """
name: tiny
seed: 3
data:
  source: drawn
  train: 44
  validation: 20
  augment: {flip: horizontal, zoom: 0.2, shear: 0.1, shift: 0.1, brightness: 0.2}
model:
  image: [8, 8, 3]
  blocks: [{filters: 4, batch_norm: true, dropout: 0.1}]
  head: {dense: [6], dropout: 0.3}
train:
  batch: 8
  learning_rate: 0.01
  epochs: 3
  reduce_on_plateau: {patience: 1, factor: 0.5, min_delta: 0.1}
  until: {plateau: {patience: 3}}
stages:
  - name: small
  - name: deeper
    grow: [{resize: 16}, {insert: {filters: 4}}, {widen: {block: block_1, filters: 6}}]
    transfer: {weights: preserve, optimizer: carry}
    epochs: 2
"""


class Killed(BaseException):
    """What a power cut looks like from inside: nothing is caught, nothing is tidied."""


@pytest.fixture
def stage_file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


@pytest.fixture
def carry_out(stage_file: Path) -> Callable[..., list[Event]]:
    """Runs the tiny stage file in a folder; ``hear`` may stop or kill it at any event."""

    def run(folder: Path, hear: Callable[[Event, StopSwitch], None] | None = None) -> list[Event]:
        events: list[Event] = []
        switch = StopSwitch()

        def emit(event: Event) -> None:
            events.append(event)
            if hear is not None:
                hear(event, switch)

        spec = validate.read(stage_file)
        engine.train_stages(
            spec, stage_file.parent, RunFolder(folder), cache_folder(), emit, switch
        )
        return events

    return run


@pytest.fixture(scope="session")
def last_states() -> Callable[[Path], list[State]]:
    """The newest checkpoint of every stage of a run folder."""

    def read(folder: Path) -> list[State]:
        stages = RunFolder(folder).stage_folders()
        return [checkpoint.read(next(checkpoint.newest_first(s.checkpoints))) for s in stages]

    return read


def differences(one: State, other: State) -> list[str]:
    """Names of everything that is not bit for bit the same, times of day aside."""
    found = [
        name
        for name in sorted(one.tensors.keys() | other.tensors.keys())
        if name not in one.tensors
        or name not in other.tensors
        or one.tensors[name].dtype != other.tensors[name].dtype
        or not np.array_equal(one.tensors[name], other.tensors[name])
    ]
    for name in ("number", "step", "tally"):
        if getattr(one, name) != getattr(other, name):
            found.append(name)
    if [_timeless(r) for r in one.history] != [_timeless(r) for r in other.history]:
        found.append("history")
    return found


def _timeless(record: object) -> dict[str, object]:
    kept = dict(vars(record))
    del kept["seconds"], kept["cpu_seconds"]
    return kept
