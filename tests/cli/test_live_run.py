"""What a run says while it happens where there are no live lines."""

from __future__ import annotations

import pytest

from grow.cli import live_run
from grow.train import events
from tests.finished import plans


def test_within_an_epoch_a_stop_promises_a_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    view = live_run.RunView()
    view(events.StageStarted(plans()[0], 4, (), 0))
    capsys.readouterr()
    view.announce_stop()
    said = "Stopping after this step, with a checkpoint. Press Ctrl-C again to stop immediately.\n"
    assert capsys.readouterr().out == said


def test_without_live_lines_a_long_epoch_gives_signs_of_life(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("grow.cli.live_run.time.monotonic", lambda: now[0])
    view = live_run.RunView()
    view(events.StageStarted(plans()[0], 4, (), 0))
    capsys.readouterr()
    for now[0] in (30.0, 61.0, 90.0, 130.0):
        view(events.StepDone(1, 1, 16, 0.7, 0.5))
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert all(
        line.startswith("stage 1/0 small  epoch 1/2  step 1/4  loss 0.7000") for line in said
    )
