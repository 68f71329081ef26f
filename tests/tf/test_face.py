"""The command line and the Python API end to end: a tiny run that is stopped and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import grow
from tests.finished import STAGES

pytestmark = pytest.mark.tf

ROOT = Path(__file__).resolve().parents[2]

# At the end of the first epoch another process tries the same run, then Ctrl-C is pressed.
STOPPED = """
import os, signal, subprocess, sys
from grow.cli import live_run
from grow.train import events
from grow.cli import main

show = live_run.RunView.__call__

def hear(self, event):
    show(self, event)
    if isinstance(event, events.EpochDone) and event.record.epoch == 1:
        subprocess.run([sys.executable, "-m", "grow", "run", "tiny.yaml", "--json"])
        os.kill(os.getpid(), signal.SIGINT)

live_run.RunView.__call__ = hear
sys.exit(main(["run", "tiny.yaml"]))
"""


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_run_is_stopped_and_the_same_command_finishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.yaml").write_text(STAGES.replace("epochs: 12", "epochs: 1"))

    stopped = python(tmp_path, "-c", STOPPED)
    assert stopped.returncode == 130
    assert stopped.stderr == (
        "Stopped. Checkpoint written at stage 1, epoch 2, step 1.\n"
        "Resume with: grow run tiny.yaml\n"
    )
    begun, rest = stopped.stdout.split("{", 1)
    assert begun.splitlines()[1:4] == [
        f"run tiny in {Path('runs/tiny')}",
        "",
        "stage 1 small: 8x8x3, 1 block, 641 parameters",
    ]
    refused, end = json.JSONDecoder().raw_decode("{" + rest)
    assert refused["exit_code"] == 4
    assert "is in use by process" in refused["error"]
    assert rest[end - 1 :].strip() == (
        "Stopping after this step, with a checkpoint. Press Ctrl-C again to stop immediately."
    )
    monkeypatch.chdir(tmp_path)
    small, deeper = grow.load("runs/tiny").stages
    assert (small.state, len(small.history), small.step) == ("begun", 1, 1)
    assert deeper.state == "waiting"
    assert [entry.action for entry in grow.plan("tiny.yaml").entries] == ["resume", "run"]

    finished = python(tmp_path, "-m", "grow", "run", "tiny.yaml")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "\nresuming after 1 epoch and 1 step\nepoch 2/2  loss" in finished.stdout
    assert "\ngrowth shock: val loss " in finished.stdout
    assert "\x1b" not in finished.stdout
    assert [entry.action for entry in grow.plan("tiny.yaml").entries] == ["reuse", "reuse"]

    again = python(tmp_path, "-m", "grow", "resume", "runs/tiny", "--json")
    values = json.loads(again.stdout)
    assert again.returncode == 0
    assert [stage["state"] for stage in values["stages"]] == ["done", "done"]
    assert "stage 1 small: reuse, finished before" in again.stderr


def test_from_python(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(STAGES.replace("epochs: 12", "epochs: 1").replace("epochs: 2", "epochs: 1"))
    heard: list[str] = []
    run = grow.run(
        file, run_dir=tmp_path / "run", listeners=[lambda event: heard.append(type(event).__name__)]
    )
    assert run == grow.load(tmp_path / "run")
    assert heard[-1] == "RunDone"
    assert heard.count("StageDone") == 2
    pixels = np.zeros((2, 16, 16, 3), np.float32)
    outputs = run.model().predict_on_batch(pixels)
    assert outputs.shape == (2, 1)
    np.testing.assert_array_equal(outputs, run.stages[1].model().predict_on_batch(pixels))
    assert run.stages[0].model().input_shape == (None, 8, 8, 3)

    stop = grow.StopSwitch()
    stop.request()
    with pytest.raises(grow.GrowError) as stopped:
        grow.run(file, run_dir=tmp_path / "other", stop=stop)
    assert stopped.value.exit_code == 130
