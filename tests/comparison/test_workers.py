"""Work side by side in processes: what is told, what fails, and how all of it is stopped."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grow.comparison import workers
from grow.errors import DataError, GrowError, Stopped
from grow.signals import StopSwitch

Tell = Callable[[Any], None]


def report(piece: Any, tell: Tell, _switch: StopSwitch) -> None:
    tell((piece, os.getpid(), os.environ.get("GROW_TEST")))


def until_stopped(piece: Path, tell: Tell, switch: StopSwitch) -> None:
    """Works until it is stopped, and leaves a file when it has stopped in order."""
    tell("at work")
    try:
        while True:
            switch.check()
            time.sleep(0.01)
    except Stopped:
        piece.touch()
        raise


def fail_or_wait(piece: Path, tell: Tell, switch: StopSwitch) -> None:
    if piece.name == "bad":
        raise DataError("no pictures", hint="add some")
    until_stopped(piece, tell, switch)


def die(_piece: Any, _tell: Tell, _switch: StopSwitch) -> None:
    os._exit(7)


def blunder(_piece: Any, _tell: Tell, _switch: StopSwitch) -> None:
    raise ZeroDivisionError


def carried_out(work: workers.Work, *pieces: Any, jobs: int = 1, **environment: str) -> list[Any]:
    heard: list[Any] = []
    workers.run_workers(work, pieces, jobs, environment, heard.append, StopSwitch())
    return heard


def test_each_piece_is_worked_on_in_a_process_of_its_own() -> None:
    heard = carried_out(report, "a", "b", GROW_TEST="yes")
    assert [(piece, said) for piece, _, said in heard] == [("a", "yes"), ("b", "yes")]
    assert len({os.getpid(), *(process for _, process, _ in heard)}) == 3
    assert "GROW_TEST" not in os.environ


def test_a_wish_to_stop_reaches_every_process_and_is_waited_for(tmp_path: Path) -> None:
    switch, heard = StopSwitch(), []
    pieces = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]

    def hear(value: Any) -> None:
        heard.append(value)
        if len(heard) == 2:
            threading.Timer(0.05, switch.request, [signal.SIGTERM]).start()

    with pytest.raises(Stopped) as caught:
        workers.run_workers(until_stopped, pieces, 2, {}, hear, switch)
    assert caught.value.signal_number == signal.SIGTERM
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]  # c was not begun


def test_a_failure_is_raised_here_and_stops_the_others(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        carried_out(fail_or_wait, tmp_path / "good", tmp_path / "bad", jobs=2)
    assert (caught.value.message, caught.value.hint) == ("no pictures", "add some")
    assert (tmp_path / "good").exists()


def test_a_process_that_dies_is_named() -> None:
    with pytest.raises(GrowError, match="ended unexpectedly, exit code 7"):
        carried_out(die, "a")


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        carried_out(blunder, "a")
