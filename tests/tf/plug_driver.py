"""Runs the tiny stage file as a process of its own, and breaks itself where it is told to.

Usage: ``python plug_driver.py STAGES.yaml RUN [HOW CALL NUMBER]``. HOW is ``exit`` (the process is
gone at once, nothing is tidied), ``stop`` (SIGTERM to itself), ``twice`` (two of them) or ``full``
(the call fails, and all after it: the disk is full). CALL names a function, such as ``os.fsync``
or ``grow.train.engine._grow_model``; NUMBER says at which call of it.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import grow
from grow.errors import GrowError
from grow.signals import StopSwitch


def main() -> int:
    stage_file, run_dir, *fault = sys.argv[1:]
    if fault:
        install(fault[0], fault[1], int(fault[2]))
    switch = StopSwitch()
    with switch.listening(lambda: print("stopping", time.monotonic(), flush=True)):
        try:
            grow.run(stage_file, run_dir=run_dir, listeners=[tell], stop=switch)
        except GrowError as error:
            print("ended", time.monotonic(), error, flush=True)
            return error.exit_code
    return 0


def tell(event: Any) -> None:
    if type(event).__name__ == "Warned":
        print("warned", event.text, flush=True)


def install(how: str, call: str, number: int) -> None:
    """Puts the fault in the place of the call."""
    holder, name = find(call)
    whole = getattr(holder, name)
    calls = [0]

    def broken(*arguments: Any, **keywords: Any) -> Any:
        calls[0] += 1
        if calls[0] == number or (how == "full" and calls[0] > number):
            act(how)
        return whole(*arguments, **keywords)

    setattr(holder, name, broken)


def find(call: str) -> tuple[Any, str]:
    *way, name = call.split(".")
    for length in range(len(way), 0, -1):
        try:
            holder: Any = importlib.import_module(".".join(way[:length]))
        except ImportError:
            continue
        for part in way[length:]:
            holder = getattr(holder, part)
        return holder, name
    raise SystemExit(f"there is no {call}")


def act(how: str) -> None:
    actions: dict[str, Callable[[], None]] = {"exit": lambda: os._exit(9), "full": refuse}
    if how in actions:
        actions[how]()
    os.kill(os.getpid(), signal.SIGTERM)
    if how == "twice":
        if threading.current_thread() is not threading.main_thread():
            time.sleep(1)  # two that wait for the main thread would count as one
        os.kill(os.getpid(), signal.SIGTERM)


def refuse() -> None:
    raise OSError(28, "No space left on device")


if __name__ == "__main__":
    sys.exit(main())
