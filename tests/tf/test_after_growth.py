"""Training after a growth: frozen layers, their outputs computed once, rates, warm-up, noise."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grow.backend import load_keras
from grow.errors import Stopped
from grow.planning import param_groups, schedule
from grow.planning.param_groups import Storage
from grow.runs import result
from grow.runs.checkpoint import State
from grow.signals import StopSwitch
from grow.train import features
from grow.train.events import EpochDone, Event, FeaturesComputed, Grown, StepDone
from grow.train.features import Features
from tests.tf.conftest import Killed, differences

pytestmark = pytest.mark.tf

Run = Callable[..., list[Event]]
States = Callable[[Path], list[State]]

HEAD = """
name: after
seed: 3
checkpoint: {every: 0s}
"""

# The grown stage: what stands before the new block is frozen for two of four epochs, and nothing
# changes in front of it, so its outputs are computed once. Behind it there is dropout.
ONCE = (
    HEAD
    + """
data: {source: drawn, train: 44, validation: 20}
model:
  image: [8, 8, 3]
  blocks: [{filters: 4, batch_norm: true}]
  head: {dense: [6], dropout: 0.3}
train: {batch: 8, learning_rate: 0.01, epochs: 2, optimizer: adamw, warm_up: 1.5, best: last}
stages:
  - name: small
  - name: deeper
    grow: [{insert: {filters: 4, batch_norm: true}}]
    transfer: {optimizer: carry}
    carried: {freeze: 2, learning_rate: 0.1x}
    epochs: 4
"""
)

# The same where pictures change from epoch to epoch, and nothing can be computed once.
ANEW = (
    ONCE.replace("validation: 20}", "validation: 20, augment: {flip: horizontal}}")
    .replace("adamw", "nadam")
    .replace("optimizer: carry", "shrink_perturb: {shrink: 0.4, perturb: 0.1}")
)

BIASES_TAKEN_AWAY = {"weights/conv_1/bias", "weights/conv_2/bias"}

TEXTS = {"once": ONCE, "anew": ANEW}
STEPS = 6
FIRST = 2 * STEPS
"""Steps of an epoch, and steps before the grown stage."""


@pytest.fixture(params=sorted(TEXTS))
def stage_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "after.yaml"
    path.write_text(TEXTS[request.param])
    return path


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("straight")


@pytest.fixture
def reference(straight: Path, stage_file: Path, carry_out: Run, last_states: States) -> list[State]:
    folder = straight / ("once" if stage_file.read_text() == ONCE else "anew")
    if not folder.exists():
        carry_out(folder)
    return last_states(folder)


def at(kind: type[Event], count: int, act: Callable[[StopSwitch], None]) -> Callable[..., None]:
    left = [count]

    def hear(event: Event, switch: StopSwitch) -> None:
        if isinstance(event, kind):
            left[0] -= 1
            if left[0] == 0:
                act(switch)

    return hear


def stop(switch: StopSwitch) -> None:
    switch.request(15)


def kill(_switch: StopSwitch) -> None:
    raise Killed


@pytest.mark.parametrize(
    ("kind", "count", "act"),
    [
        (StepDone, 4, stop),  # in the warm-up of stage 1
        (StepDone, FIRST + 1, stop),  # in the first frozen epoch, in the warm-up
        (StepDone, FIRST + STEPS + 2, kill),  # in the second
        (Grown, 1, kill),
        (EpochDone, 4, stop),  # as the layers thaw
        (StepDone, FIRST + 2 * STEPS + 1, kill),  # just thawed
    ],
)
def test_a_run_interrupted_anywhere_after_a_growth_goes_on_as_if_it_had_not_been(
    kind: type[Event],
    count: int,
    act: Callable[[StopSwitch], None],
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
) -> None:
    with pytest.raises((Stopped, Killed)):
        carry_out(tmp_path / "run", at(kind, count, act))
    carry_out(tmp_path / "run")
    for one, other in zip(last_states(tmp_path / "run"), reference, strict=True):
        assert differences(one, other) == []


@pytest.mark.parametrize("stage_file", ["once"], indirect=True)
@pytest.mark.parametrize("what", ["features", "warm-up"])
def test_a_run_that_resumes_with_something_else_ends_elsewhere(
    what: str,
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: were this to pass as equal, the test above would show nothing."""
    with pytest.raises(Stopped):
        carry_out(tmp_path / "run", at(StepDone, FIRST + 2, stop))
    if what == "warm-up":
        monkeypatch.setattr(schedule, "warm_up", lambda *_: 1.0)
    else:
        distort_features(monkeypatch)
    carry_out(tmp_path / "run")
    assert differences(last_states(tmp_path / "run")[1], reference[1]) != []


def distort_features(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = features.compute

    def distorted(*args: Any) -> Features:
        found = whole(*args)
        found.training[:] *= np.float32(1.001)
        return found

    monkeypatch.setattr(features, "compute", distorted)


@pytest.mark.parametrize("stage_file", ["once"], indirect=True)
def test_outputs_in_a_file_are_those_in_memory(
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(param_groups, "IN_MEMORY_BYTES", 0)
    events = carry_out(tmp_path / "run")
    (computed,) = [event for event in events if isinstance(event, FeaturesComputed)]
    assert (computed.storage, computed.pictures) == (Storage.FILE, 64)
    assert computed.size_bytes == 64 * 4 * 4 * 4 * 4
    for one, other in zip(last_states(tmp_path / "run"), reference, strict=True):
        assert differences(one, other) == []


@pytest.mark.parametrize("stage_file", ["once"], indirect=True)
def test_outputs_computed_once_train_what_the_pictures_would(
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond rounding: the same pictures in each batch, the same dropout, the same rates."""
    monkeypatch.setattr(param_groups, "IN_FILE_BYTES", 0)
    events = carry_out(tmp_path / "run")
    assert not [event for event in events if isinstance(event, FeaturesComputed)]
    found, wanted = last_states(tmp_path / "run")[1], reference[1]
    assert found.tensors.keys() == wanted.tensors.keys()
    for name, value in found.tensors.items():
        # Batch normalisation takes away the bias in front of it, so its gradient is rounding
        # alone, which Adam makes whole steps of: another machine, other biases, same function.
        if name not in BIASES_TAKEN_AWAY:
            np.testing.assert_allclose(value, wanted.tensors[name], 1e-2, 1e-3, err_msg=name)
    assert found.tensors.keys() >= BIASES_TAKEN_AWAY
    costs = [[record.training_flops for record in state.history] for state in (found, wanted)]
    assert costs[0][1] > costs[1][1]
    assert costs[0][2:] == costs[1][2:]


def test_frozen_layers_and_their_moments_are_untouched_and_then_train(
    tmp_path: Path, carry_out: Run, reference: list[State], last_states: States
) -> None:
    with pytest.raises(Stopped):
        carry_out(tmp_path / "run", at(StepDone, FIRST + 1, stop))
    start = last_states(tmp_path / "run")[1].tensors
    with pytest.raises(Stopped):
        carry_out(tmp_path / "run", at(EpochDone, 1, stop))
    frozen, last = last_states(tmp_path / "run")[1], reference[1].tensors
    assert (len(frozen.history), frozen.step) == (1, 1)  # in the second frozen epoch
    carried = ("conv_1", "norm_1", "dense_1", "dense_2")
    for name, value in start.items():
        layer = name.partition("/")[2].replace("/", "_")
        if layer.startswith(carried):
            np.testing.assert_array_equal(value, frozen.tensors[name], err_msg=name)
            assert not np.array_equal(value, last[name]), name
        elif layer.startswith(("conv_2", "norm_2")):
            assert not np.array_equal(value, frozen.tensors[name]), name


@pytest.mark.parametrize("stage_file", ["anew"], indirect=True)
def test_shrinking_is_measured_as_a_growth_shock(straight: Path, reference: list[State]) -> None:
    run = result.load(straight / "anew")
    plan, shock = run.stages[1].plan.transfer, run.stages[1].shock
    assert plan is not None
    assert shock is not None
    assert plan.verdict == "approximate"
    assert shock.logit_drift > 0.01
    assert shock.loss_before != shock.loss_after


def test_the_rate_of_each_epoch_is_that_of_its_last_step(reference: list[State]) -> None:
    for state in reference:
        rates = [record.learning_rate for record in state.history]
        assert rates[:2] == pytest.approx([0.01 * 6 / 9, 0.01])


def test_the_saved_model_needs_plain_keras_alone(straight: Path, reference: list[State]) -> None:
    for path in straight.glob("*/*/model.keras"):
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        optimizer = config["compile_config"]["optimizer"]
        assert optimizer["module"] == "keras.optimizers"
        assert "grow" not in json.dumps(config["compile_config"])
        model = load_keras().saving.load_model(path)
        assert all(layer.trainable for layer in model.layers)
