"""`grow run` and `grow resume`, without training: what is said, and how they stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import grow
from grow.cli import live_run
from grow.errors import Stopped
from grow.train import events
from tests.builders import record
from tests.commands import ROOT, Command, Said, in_terminal
from tests.finished import make_run, plans


@pytest.fixture(autouse=True)
def here(beside_tiny: Path) -> Path:
    """Every test stands in a folder of its own, with one stage file."""
    return beside_tiny


def fake_run(*happens: events.Event, stop_by: int = 0) -> Callable[..., grow.Run]:
    """A run that emits some events, and is asked to stop or ends."""

    def run(_file: Path, *, listeners: Any, stop: grow.StopSwitch, **_: Any) -> grow.Run:
        for event in happens:
            for listener in listeners:
                listener(event)
        if stop_by:
            os.kill(os.getpid(), stop_by)
        stop.check()
        return grow.load("runs/tiny")

    return run


EPOCH = events.EpochDone(plans()[0], record(1), 1)


def test_a_run_prints_plain_lines_and_a_closing_table(
    call: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(here / "runs" / "tiny")
    monkeypatch.setattr(grow, "run", fake_run(EPOCH), raising=False)
    said = call("run", "tiny.yaml")
    assert (said.code, said.err) == (0, "")
    first, *_, last = said.out.splitlines()
    assert first == ("epoch 1/2  loss 0.7000  accuracy  50.0%  val 0.7000   50.0%   0:02  best")
    assert last == f"models, histories and plans are in {Path('runs/tiny')}"
    assert "1 small   8x8x3           641     2/2      54.0% @2" in said.out


def test_with_json_only_the_result_is_on_standard_output(
    call: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(here / "runs" / "tiny")
    monkeypatch.setattr(grow, "run", fake_run(EPOCH), raising=False)
    monkeypatch.setattr(grow, "resume", fake_run(EPOCH), raising=False)
    for arguments in [("run", "tiny.yaml"), ("resume", "runs/tiny")]:
        said = call(*arguments, "--json")
        assert json.loads(said.out) == json.loads(json.dumps(grow.load("runs/tiny").to_dict()))
        assert said.err.startswith("epoch 1/2")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
@pytest.mark.parametrize(
    ("arguments", "again"),
    [
        (("run", "tiny.yaml"), "grow run tiny.yaml"),
        (("run", "a b.yaml", "--run-dir", "x"), "grow run 'a b.yaml' --run-dir x"),
        (("resume", "runs/tiny"), "grow resume runs/tiny"),
    ],
)
def test_a_stop_says_at_once_what_happens_and_then_what_goes_on(
    call: Command,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: int,
    arguments: tuple[str, ...],
    again: str,
) -> None:
    monkeypatch.setattr(grow, arguments[0], fake_run(stop_by=number), raising=False)
    before = signal.getsignal(number)
    said = call(*arguments)
    assert said == Said(
        code,
        "Stopping. Press Ctrl-C again to stop immediately.\n",
        f"Stopped.\nResume with: {again}\n",
    )
    assert signal.getsignal(number) == before
    values = json.loads(call(*arguments, "--json").out)
    assert (values["exit_code"], values["hint"]) == (code, f"Resume with: {again} --json")
    quiet = call(*arguments, "--quiet", "--log-file", "grow.log")
    assert quiet.err.endswith(f"\nResume with: {again} --quiet --log-file grow.log\n")


@pytest.mark.skipif(os.name == "nt", reason="needs a terminal to pretend")
def test_the_live_lines_say_that_a_wish_to_stop_was_heard() -> None:
    script = (
        "import os, signal, sys, grow, grow.cli\n"
        "from grow.train.events import Preparing\n"
        "def run(*_, listeners, stop, **__):\n"
        "    listeners[0](Preparing(5, 9))\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    stop.check()\n"
        "grow.run = run\n"
        "sys.exit(grow.cli.main(['run', 'tiny.yaml']))\n"
    )
    code, said = in_terminal("-c", script, TERM="xterm-256color")
    assert code == 130
    assert b"5 of 9 prepared" in said
    assert b"Stopping. Press Ctrl-C again to stop immediately." in said
    assert said.endswith(b"Resume with: grow run tiny.yaml\r\n")
    assert said.rfind(b"\x1b[?25h") > said.rfind(b"\x1b[?25l") >= 0  # the cursor is back


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_a_second_wish_to_stop_ends_the_process_at_once() -> None:
    """The terminal gets its last words although Python is in the middle of something."""
    script = (
        "import os, signal, time, grow, grow.cli\n"
        "def run(*_, **__):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('never said')\n"
        "grow.run = run\n"
        "grow.cli.main(['run', 'tiny.yaml'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert process.returncode == 130
    assert process.stdout == (
        "Stopping. Press Ctrl-C again to stop immediately.\n"
        "\nStopped immediately. The newest checkpoint is kept. Resume with: grow run tiny.yaml\n"
    )


def test_a_stop_says_where_the_checkpoint_stands(
    call: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, listeners: list[live_run.RunView], **__: object) -> None:
        (view,) = listeners
        stage = plans()[1]
        view(events.StageStarted(stage, 120, (), 0))
        view(events.StepDone(3, 118, 16, 0.5, 0.5))
        view(events.CheckpointWritten(Path("checkpoints/000118"), 0.1))
        raise Stopped("Stopped.", signal_number=2)

    monkeypatch.setattr(grow, "run", run, raising=False)
    assert call("run", "tiny.yaml").err == (
        "Stopped. Checkpoint written at stage 2, epoch 3, step 118.\n"
        "Resume with: grow run tiny.yaml\n"
    )
