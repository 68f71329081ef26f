"""A comparison end to end on tiny pictures: trained, judged, stopped, gone on with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import grow
from grow.comparison import trial
from grow.comparison.run import run_comparison
from grow.comparison.trial import Task
from grow.errors import RunFolderError, Stopped, UsageError
from grow.planning import validate
from grow.runs.folder import RunFolder
from grow.signals import StopSwitch
from grow.train.events import EpochDone, StageDone, StepDone, Told

pytestmark = pytest.mark.tf

STAGES = """
name: tiny
seed: 3
data: {source: folder, path: pictures, validation: 0.3}
model:
  image: [8, 8, 3]
  blocks: [{filters: 4}]
  head: {dense: [6], dropout: 0.3}
train: {batch: 8, epochs: 2}
stages:
  - name: small
  - name: deeper
    grow: [{resize: 16}, {insert: {filters: 4}}]
"""
NAMES = ["growth", "scratch_flops", "scratch_epochs", "resize_only"]


@pytest.fixture
def stage_file(tmp_path: Path) -> Path:
    """A stage file beside a folder of dark and bright pictures, train and test."""
    random = np.random.default_rng(0)
    for split, count in (("train", 24), ("test", 10)):
        for name, level in (("bright", 120), ("dark", 60)):
            folder = tmp_path / "pictures" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 2 * level, (16, 16, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    path = tmp_path / "tiny.yaml"
    path.write_text(STAGES)
    return path


def task_of(stage_file: Path, folder: Path, *policies: Any) -> Task:
    spec = validate.read(stage_file)
    return Task(spec, stage_file.parent, folder, spec.seed, policies)


def carried_out(task: Task, hear: Callable[[Told, StopSwitch], None] | None = None) -> list[Told]:
    heard: list[Told] = []
    switch = StopSwitch()

    def listen(told: Told) -> None:
        heard.append(told)
        if hear is not None:
            hear(told, switch)

    trial.run_trial(task, listen, switch)
    return heard


def trained(heard: list[Told]) -> list[tuple[str, str]]:
    """The stages that were trained, not found trained."""
    ends = [(told.variant, told.event) for told in heard if isinstance(told.event, StageDone)]
    return [(name, event.stage.name) for name, event in ends if not event.reused]


def timeless(value: Any) -> Any:
    """A result without what depends on the clock."""
    times = ("cpu_seconds", "seconds", "at_equal_time", "loss_at_equal_time")
    clocked = (*times, "folder", "command", "seal")
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in clocked}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def test_a_trial_carries_out_every_variant_once(stage_file: Path, tmp_path: Path) -> None:
    task = task_of(stage_file, tmp_path / "seed-3", "strict", "preserve")
    heard = carried_out(task)
    assert trained(heard) == [
        ("growth:strict", "small"),
        ("growth:strict", "deeper"),
        ("growth:preserve", "deeper"),  # the first stage is shared
        ("scratch_flops", "scratch"),
        ("scratch_epochs", "scratch"),
        ("resize_only", "small"),
        ("resize_only", "deeper"),
    ]
    done = [told.variant for told in heard if told.event is None]
    assert done == ["growth:strict", "growth:preserve", *NAMES[1:]]
    # The longer control goes on from the shorter one instead of beginning again.
    flops = [t for t in heard if t.variant == "scratch_flops" and isinstance(t.event, EpochDone)]
    epochs = [t for t in heard if t.variant == "scratch_epochs" and isinstance(t.event, EpochDone)]
    assert (len(flops), len(epochs)) == (3, 1)
    assert trained(carried_out(task)) == []
    assert grow.load(task.folder).stages[1].plan.transfer.policy == "strict"  # notes of growth


def test_the_figures_on_test_pictures_are_kept_and_made_again_when_damaged(
    stage_file: Path, tmp_path: Path
) -> None:
    task = task_of(stage_file, tmp_path / "seed-3")
    carried_out(task)
    folder = RunFolder(task.folder).stage_folders()[0]
    tested = folder.tested()
    assert tested is not None
    assert tested.pictures == 20
    assert tested.weights == folder.done().weights
    (folder.path / "test.json").write_text("{}")
    with pytest.raises(RunFolderError, match=r"test\.json is damaged"):
        folder.tested()
    carried_out(task)
    assert folder.tested() == tested


@pytest.mark.slow
def test_a_comparison_stopped_anywhere_comes_to_the_same(stage_file: Path, tmp_path: Path) -> None:
    whole = run_comparison(stage_file, repeats=2, jobs=2, run_dir=tmp_path / "whole")
    assert [summary.name for summary in whole.summaries] == NAMES
    assert whole.setting.pictures.judged_on == "test"
    steps = 0

    def stop_in_the_middle(told: Told) -> None:
        nonlocal steps
        steps += isinstance(told.event, StepDone | EpochDone)
        if steps == 3:
            switch.request()

    switch = StopSwitch()
    options: dict[str, Any] = {"repeats": 2, "jobs": 1, "run_dir": tmp_path / "stopped"}
    with pytest.raises(Stopped):
        run_comparison(stage_file, **options, listeners=[stop_in_the_middle], stop=switch)
    assert not (tmp_path / "stopped" / "compare.json").exists()
    again = grow.compare(stage_file, **options)
    assert timeless(again.to_dict()) == timeless(whole.to_dict())
    kept = json.loads((tmp_path / "stopped" / "compare.json").read_text())
    assert timeless(kept) == timeless(again.to_dict())
    assert grow.load_comparison(tmp_path / "stopped") == again
    assert again.verdict.sentence in (tmp_path / "stopped" / "report.md").read_text()
    assert "grow compare" in (tmp_path / "stopped" / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"repeats": 0}, "at least 1 for repeats"),
        ({"jobs": 0}, "at least 1 for jobs"),
        ({"threads": -1}, "at least 1 for threads"),
        ({"policies": ("strict", "strict")}, "each policy once"),
        ({"policies": ("strict", "loose")}, "found 'loose'"),
    ],
)
def test_options_that_make_no_sense(stage_file: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run_comparison(stage_file, **options)


def test_a_file_in_which_nothing_grows(stage_file: Path) -> None:
    stage_file.write_text(STAGES.partition("  - name: deeper")[0])
    with pytest.raises(UsageError, match="nothing grows"):
        run_comparison(stage_file)


def test_the_folder_of_a_run_is_left_alone(stage_file: Path, tmp_path: Path) -> None:
    task = task_of(stage_file, tmp_path / "seed-3")
    RunFolder(task.folder).path.mkdir()
    (task.folder / "run.json").write_text("{}")
    with pytest.raises(RunFolderError, match="folder of a run"):
        run_comparison(stage_file, run_dir=task.folder)
