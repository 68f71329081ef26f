"""How a command that trains stops on Ctrl-C and SIGTERM, and says how to resume."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import grow
from grow.cli import manners
from grow.errors import Stopped


class View(AbstractContextManager[Any], Protocol):
    """What shows the training while it happens."""

    @property
    def checkpoint(self) -> str:
        """Where the training stood at the newest checkpoint, in words; empty while unknown."""

    def announce_stop(self) -> None:
        """Says that the request to stop was received."""

    def break_off(self, words: str) -> None:
        """Prints the last line before the process ends immediately."""


@contextmanager
def stoppable(view: View, kept: str) -> Iterator[grow.StopSwitch]:
    """A switch that a signal flips, while the view shows.

    Args:
        view: what shows the training.
        kept: what stays on disk when the process ends immediately, as a sentence.

    Raises:
        Stopped: the same as raised within, with the checkpoint and the command that resumes.
    """
    resume = f"Resume with: {manners.command()}"
    switch = grow.StopSwitch()

    def break_off() -> None:
        view.break_off(f"Stopped immediately. {kept} {resume}")

    with view, switch.listening(view.announce_stop, break_off):
        try:
            yield switch
        except Stopped as stopped:
            number, message = stopped.signal_number, stopped.message
            if view.checkpoint:
                message = f"{message} Checkpoint written at {view.checkpoint}."
            raise Stopped(message, signal_number=number, hint=resume) from None
