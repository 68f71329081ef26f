"""The wish to stop: the first signal asks, the second one ends the process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from grow.errors import Stopped
from grow.signals import StopSwitch

SIGNALS = [signal.SIGINT, signal.SIGTERM]

WAIT = """
import time
from grow.errors import Stopped
from grow.signals import StopSwitch
switch = StopSwitch()
with switch.listening(lambda: print("announced", switch.requested, flush=True)):
    print("listening", flush=True)
    try:
        while True:
            time.sleep(0.01)
            MODE
    except Stopped as stopped:
        print("stopped", stopped.signal_number, flush=True)
        raise SystemExit(stopped.exit_code)
"""


def _start(mode):
    script = WAIT.replace("MODE", mode)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=-1, text=True)
    assert process.stdout.readline() == "listening\n"
    return process


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_sets_the_switch_and_says_so_at_once(number):
    with _start("switch.check()") as process:
        process.send_signal(number)
        assert process.stdout.readline() == "announced True\n"
        assert process.stdout.readline() == f"stopped {int(number)}\n"
        assert process.wait(10) == 128 + number


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_the_second_signal_ends_a_process_that_does_not_listen(first, second):
    with _start("pass") as process:
        process.send_signal(first)
        assert process.stdout.readline() == "announced True\n"
        assert process.poll() is None
        process.send_signal(second)
        assert process.wait(10) == 128 + second
        assert process.stdout.read() == ""


def test_nobody_is_stopped_who_was_not_asked():
    switch = StopSwitch()
    assert not switch.requested
    switch.check()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_signal_decides_the_exit_code(number, code):
    switch = StopSwitch()
    switch.request(number)
    assert switch.requested
    with pytest.raises(Stopped) as caught:
        switch.check()
    assert (caught.value.signal_number, caught.value.exit_code) == (number, code)


def test_a_request_from_code_counts_as_ctrl_c():
    switch = StopSwitch()
    switch.request()
    with pytest.raises(Stopped) as caught:
        switch.check()
    assert caught.value.exit_code == 130


def test_the_handlers_of_before_come_back_also_after_an_error():
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(ValueError, match="inside"), StopSwitch().listening(lambda: None):  # noqa: PT012
        assert all(
            signal.getsignal(number) is not handler
            for number, handler in zip(SIGNALS, before, strict=True)
        )
        raise ValueError("inside")
    assert [signal.getsignal(number) for number in SIGNALS] == before
