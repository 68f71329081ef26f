"""Training after a growth: frozen layers, their outputs computed once, rates, warm-up, noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grow import phases, schedule
from grow.checkpoint import State
from grow.errors import Stopped
from grow.events import EpochDone, Event, StepDone, Validating
from grow.stopping import StopSwitch
from grow.store import RunFolder
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
    ("kind", "count", "act", "raised"),
    [
        (StepDone, 4, stop, Stopped),  # in the warm-up of stage 1
        (StepDone, FIRST + 1, stop, Stopped),  # in the first frozen epoch, in the warm-up
        (StepDone, FIRST + STEPS + 2, kill, Killed),  # in the second
        (Validating, 4, stop, Stopped),  # at the end of the first frozen epoch
        (EpochDone, 4, stop, Stopped),  # as the layers thaw
        (EpochDone, 4, kill, Killed),
        (StepDone, FIRST + 2 * STEPS + 1, kill, Killed),  # just thawed
    ],
)
def test_a_run_interrupted_anywhere_after_a_growth_goes_on_as_if_it_had_not_been(
    kind: type[Event],
    count: int,
    act: Callable[[StopSwitch], None],
    raised: type[BaseException],
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
) -> None:
    with pytest.raises(raised):
        carry_out(tmp_path / "run", at(kind, count, act))
    carry_out(tmp_path / "run")
    for one, other in zip(last_states(tmp_path / "run"), reference, strict=True):
        assert differences(one, other) == []


def only(stage_file: Path, name: str) -> None:
    if stage_file.read_text() != TEXTS[name]:
        pytest.skip("of the other stage file")


@pytest.mark.parametrize("what", ["features", "warm-up"])
def test_a_run_that_resumes_with_something_else_ends_elsewhere(
    what: str,
    stage_file: Path,
    tmp_path: Path,
    carry_out: Run,
    reference: list[State],
    last_states: States,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: the features and the warm-up are part of what the weights come from."""
    only(stage_file, "once")
    with pytest.raises(Stopped):
        carry_out(tmp_path / "run", at(StepDone, FIRST + 2, stop))
    if what == "warm-up":
        monkeypatch.setattr(schedule, "warm_up", lambda *_: 1.0)
    else:
        whole = phases.features.compute

        def wrong(*args: object) -> object:
            found = whole(*args)
            found.training[:] *= np.float32(1.001)
            return found

        monkeypatch.setattr(phases.features, "compute", wrong)
    carry_out(tmp_path / "run")
    assert differences(last_states(tmp_path / "run")[1], reference[1]) != []


def states(folder: Path) -> dict[int, State]:
    """The checkpoints of the grown stage, by epochs done."""
    from grow import checkpoint

    found = [
        checkpoint.read(path)
        for path in checkpoint.newest_first(RunFolder(folder).stage_folders()[1].checkpoints)
    ]
    return {len(state.history): state for state in found if state.step == 0}
