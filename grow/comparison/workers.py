"""Independent pieces of work side by side, each in a process of its own that can be stopped.

Owns the processes and the pipes to them, and knows nothing of what is worked on. A process is
told through its pipe to stop, and stops as well when the pipe breaks, because this process is
gone; Ctrl-C, which a terminal sends to all of them, is left to this one.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from grow.errors import GrowError, Stopped
from grow.signals import StopSwitch

Work = Callable[[Any, Callable[[Any], None], StopSwitch], None]
"""A function of a module: of a piece of work, who hears of what happens, and the stop switch."""

_LOOK_SECONDS = 0.1
_HEARD, _DONE, _STOPPED, _FAILED, _BROKEN = "heard", "done", "stopped", "failed", "broken"


def run_workers(
    work: Work,
    pieces: Sequence[Any],
    jobs: int,
    environment: Mapping[str, str],
    hear: Callable[[Any], None],
    switch: StopSwitch,
) -> None:
    """Works on all pieces, up to ``jobs`` at a time, in order.

    Args:
        work: what is done with a piece, in the other process.
        pieces: values that can be pickled.
        jobs: how many processes at a time.
        environment: environment variables of those processes, beside this one's.
        hear: called here with whatever the processes tell, as it comes.
        switch: asks to stop; all processes are then stopped, and waited for.

    Raises:
        Stopped: stopped as asked.
        GrowError: a piece failed, with its own class; the others were stopped as if asked.
    """
    crew = _Crew(work, environment, hear)
    waiting = list(pieces)
    try:
        while waiting or crew.members:
            if switch.requested:
                break
            while waiting and len(crew.members) < jobs:
                crew.start_process(waiting.pop(0))
            crew.listen()
    except BaseException:
        crew.dismiss(signal.SIGTERM)
        raise
    crew.dismiss(switch.signal_number)
    switch.check()


class _Crew:
    """The processes at work, by this end of their pipes."""

    def __init__(
        self, work: Work, environment: Mapping[str, str], hear: Callable[[Any], None]
    ) -> None:
        self._work = work
        self._environment = environment
        self._hear = hear
        self.members: dict[Connection, BaseProcess] = {}

    def start_process(self, piece: Any) -> None:
        """Starts one more process."""
        # Not a fork: threads and TensorFlow do not survive that.
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(self._work, piece, there), daemon=False)
        with _environment(self._environment), _interrupts_held_back():
            process.start()
        there.close()
        self.members[here] = process

    def listen(self) -> None:
        """Hears what the processes tell, for a moment.

        Raises:
            GrowError: one of them failed, or ended without a word.
        """
        ready = wait(list(self.members), timeout=_LOOK_SECONDS)
        for pipe in [pipe for pipe in self.members if pipe in ready]:
            self._take(pipe)

    def _take(self, pipe: Connection) -> None:
        try:
            kind, value = pipe.recv()
        except EOFError:
            raise GrowError(f"a worker process ended unexpectedly, {self._leave(pipe)}") from None
        if kind == _HEARD:
            self._hear(value)
            return
        self._leave(pipe)
        if kind == _FAILED:
            raise value
        if kind == _STOPPED:
            raise Stopped("Stopped.", signal_number=value)
        if kind == _BROKEN:
            raise RuntimeError(f"in another process:\n{value}")

    def _leave(self, pipe: Connection) -> str:
        """Waits for a process to end; says how it did."""
        process = self.members.pop(pipe)
        process.join()
        pipe.close()
        return f"exit code {process.exitcode}"

    def dismiss(self, signal_number: int) -> None:
        """Asks all processes to stop, and waits until they have."""
        for pipe in self.members:
            with suppress(OSError):
                pipe.send(signal_number)
        while self.members:
            with suppress(Exception):  # the first failure is the one that is told
                self.listen()


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    """Environment variables that a process started in the block inherits."""
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Starts processes that Ctrl-C does not reach, from their first moment on.

    A blocked signal is inherited; what comes for this process meanwhile is delivered after.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(work: Work, piece: Any, pipe: Connection) -> None:
    """The other process: works on one piece and tells how it ended."""
    gc.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    switch = StopSwitch()
    signal.signal(signal.SIGTERM, lambda number, _frame: switch.request(number))
    threading.Thread(target=_obey, args=(pipe, switch), daemon=True).start()

    def tell(kind: str, value: Any) -> None:
        with suppress(OSError):  # nobody is there to hear it
            pipe.send((kind, value))

    try:
        work(piece, lambda value: tell(_HEARD, value), switch)
    except Stopped as stopped:
        tell(_STOPPED, stopped.signal_number)
    except GrowError as error:
        tell(_FAILED, error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        tell(_FAILED, GrowError(f"{where}{error.strerror or error}"))
    except Exception:  # noqa: BLE001  (told to the other side, which raises it)
        tell(_BROKEN, traceback.format_exc())
    else:
        tell(_DONE, None)
    sys.stdout.flush()


def _obey(pipe: Connection, switch: StopSwitch) -> None:
    """Waits for the word to stop; a pipe that breaks is one too."""
    try:
        switch.request(pipe.recv())
    except (EOFError, OSError):
        switch.request(signal.SIGTERM)
