"""A wish to stop, passed from the user to whatever is at work.

The first Ctrl-C or SIGTERM flips a switch that the engine looks at between steps; the second
one ends the process at once, which is safe, since everything on disk is committed by renames.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from grow.errors import Stopped


class StopSwitch:
    """Asks a run to stop: call `request` from anywhere, or let `listening` do it on signals."""

    def __init__(self) -> None:
        self._signal_number = 0

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._signal_number != 0

    @property
    def signal_number(self) -> int:
        """The signal in whose name somebody asked; 0 while nobody did."""
        return self._signal_number

    def request(self, signal_number: int = signal.SIGINT) -> None:
        """Asks to stop, in the name of a signal (it decides the exit code)."""
        self._signal_number = int(signal_number)

    def check(self) -> None:
        """Returns while nobody asked.

        Raises:
            Stopped: somebody asked to stop.
        """
        if self.requested:
            raise Stopped("Stopped.", signal_number=self._signal_number)

    @contextmanager
    def listening(
        self, announce: Callable[[], None], break_off: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """Listens for Ctrl-C and SIGTERM while the block runs; main thread only.

        Args:
            announce: called at the first signal, to say at once what happens.
            break_off: called at the second one, before the process ends.
        """

        def on_signal(number: int, _frame: FrameType | None) -> None:
            if self.requested:
                break_off()
                os._exit(128 + number)
            self.request(number)
            announce()

        before = {n: signal.signal(n, on_signal) for n in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
