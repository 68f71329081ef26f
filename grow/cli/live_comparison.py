"""What a comparison looks like while it happens: one live line per trial.

In pipes and logs there are only plain permanent lines. Rich only; no Keras.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from grow import log
from grow.cli.console import is_quiet, is_terminal, open_console, plain
from grow.report.trials import Trials, advance_trials, log_lines, trial_lines
from grow.train.events import Told, Warned

_SIGN_OF_LIFE_SECONDS = 60.0
_SHOW_CURSOR = b"\x1b[?25h"


class TrialsView:
    """Shows the trials of a comparison; a listener and a context manager.

    Args:
        stderr: whether to show it on standard error, because the other is for JSON.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        self._quiet = is_quiet()
        self._stderr = stderr or self._quiet
        self._console = open_console(stderr=self._stderr)
        self._trials = Trials()
        self._stopping = False
        self._told = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if is_terminal(stderr=self._stderr) and not self._quiet:
            self._live = Live(
                get_renderable=self._moving,
                console=self._console,
                refresh_per_second=4,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @property
    def checkpoint(self) -> str:
        """Empty: each trial has a checkpoint of its own."""
        return ""

    def __call__(self, told: Told) -> None:
        """Takes notice of what happened in a trial."""
        now = time.monotonic()
        self._trials = advance_trials(self._trials, told, now)
        lines = log_lines(told)
        for line in lines if log.is_kept() else ():
            log.note(plain(line))
        if self._quiet:
            lines = lines if isinstance(told.event, Warned) else []
        elif self._live is None and not lines and now - self._told > _SIGN_OF_LIFE_SECONDS:
            lines = trial_lines(self._trials)
        for line in lines:
            self._told = now
            self._console.print(line)

    def announce_stop(self) -> None:
        """Says that the request to stop was received; called from a signal handler."""
        self._stopping = True  # the live lines say so by themselves
        if self._live is None:
            with suppress(RuntimeError):  # the signal came in the middle of another line
                self._console.print(_STOPPING)

    def break_off(self, words: str) -> None:
        """Prints the last line before the process ends; called from a signal handler."""
        cursor = _SHOW_CURSOR if self._live is not None else b""
        with suppress(OSError):  # not through Python's buffers, which may be in use
            os.write(2 if self._stderr else 1, cursor + f"\n{words}\n".encode())

    def _moving(self) -> RenderableType:
        lines = trial_lines(self._trials)
        return Group(*lines, _STOPPING) if self._stopping else Group(*lines)


_STOPPING = Text("Stopping every trial after its current step, with a checkpoint.", "yellow")
