"""What a command that trains does on Ctrl-C and SIGTERM: it stops well, and says how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import grow
from grow.cli import manners
from grow.errors import Stopped


class View(AbstractContextManager[Any], Protocol):
    """What shows the training while it happens."""

    def announce_stop(self) -> None:
        """Says that a wish to stop was heard."""

    def break_off(self, words: str) -> None:
        """The last words before the process ends at once."""


@contextmanager
def stoppable(view: View, kept: str) -> Iterator[grow.StopSwitch]:
    """A switch that a signal flips, while the view shows.

    Args:
        view: what shows the training.
        kept: what stays when the process ends at once, in words.

    Raises:
        Stopped: the same that comes from within, with the command that goes on.
    """
    go_on = f"go on with: {manners.command()}"
    switch = grow.StopSwitch()

    def break_off() -> None:
        view.break_off(f"stopped at once, {kept}; {go_on}")

    with view, switch.listening(view.announce_stop, break_off):
        try:
            yield switch
        except Stopped as stopped:
            number = stopped.signal_number
            raise Stopped(stopped.message, signal_number=number, hint=go_on) from None
