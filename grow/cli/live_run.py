"""What a run looks like while it happens: a listener to the engine's events.

On a terminal it keeps a few live lines below the permanent ones; in pipes and logs there are
only plain permanent lines; where quiet is wanted, warnings only, on standard error. A log file
gets all of it. Rich only; no Keras.
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

from grow import log as logfile
from grow.cli.console import is_quiet, is_terminal, open_console, plain
from grow.report import log
from grow.report.live import checkpoint_place, live_lines, sign_of_life
from grow.report.progress import Progress, Training, advance
from grow.train.events import CheckpointWritten, Event, Preparing, StageStarted, StepDone, Warned

_SIGN_OF_LIFE_SECONDS = 60.0
_SHOW_CURSOR = b"\x1b[?25h"


class RunView:
    """Shows a run while it happens; a listener and a context manager.

    Args:
        stderr: whether to show it on standard error, because the other is for JSON.
        unusable_in: where all pictures left out are listed, in words; empty for nowhere.
    """

    def __init__(self, *, stderr: bool = False, unusable_in: str = "") -> None:
        self._quiet = is_quiet()
        self._stderr = stderr or self._quiet
        self._console = open_console(stderr=self._stderr)
        self._unusable_in = unusable_in
        self._progress = Progress()
        self._checkpoint = ""
        self._stopping = False
        self._told = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if is_terminal(stderr=self._stderr) and not self._quiet:
            self._live = Live(
                get_renderable=self._moving,
                console=self._console,
                refresh_per_second=8,
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
        """Where the training stood at the newest checkpoint, in words; empty while unknown."""
        return self._checkpoint

    def __call__(self, event: Event) -> None:
        """Takes notice of one event."""
        self._progress = advance(self._progress, event, time.monotonic())
        if isinstance(event, CheckpointWritten):
            self._checkpoint = checkpoint_place(self._progress)
        elif isinstance(event, StageStarted | Warned):  # a warning may be that none was written
            self._checkpoint = ""
        lines = log.lines(event, unusable_in=self._unusable_in)
        level = logfile.WARNING if isinstance(event, Warned) else logfile.INFO
        for line in (*lines, *log.also_logged(event)) if logfile.is_kept() else ():
            logfile.note(plain(line), level=level)
        for line in log.warnings(event, unusable_in=self._unusable_in) if self._quiet else lines:
            self._told = time.monotonic()
            self._console.print(line)
        if self._live is None and not self._quiet and isinstance(event, StepDone | Preparing):
            self._show_sign_of_life()

    def announce_stop(self) -> None:
        """Says that the request to stop was received; called from a signal handler."""
        self._stopping = True  # the live lines say so by themselves
        if self._live is None:
            with suppress(RuntimeError):  # the signal came in the middle of another line
                self._console.print(self._stopping_line())

    def break_off(self, words: str) -> None:
        """Prints the last line before the process ends; called from a signal handler."""
        cursor = _SHOW_CURSOR if self._live is not None else b""
        with suppress(OSError):  # not through Python's buffers, which may be in use
            os.write(2 if self._stderr else 1, cursor + f"\n{words}\n".encode())

    def _moving(self) -> RenderableType:
        lines = live_lines(self._progress)
        return Group(*lines, self._stopping_line()) if self._stopping else Group(*lines)

    def _show_sign_of_life(self) -> None:
        """Without live lines a long epoch says once a minute that it is alive."""
        if time.monotonic() - self._told > _SIGN_OF_LIFE_SECONDS:
            self._told = time.monotonic()
            self._console.print(Text(sign_of_life(self._progress)))

    def _stopping_line(self) -> Text:
        training = isinstance(self._progress.phase, Training)
        how = " after this step, with a checkpoint" if training else ""
        return Text(f"Stopping{how}. Press Ctrl-C again to stop immediately.", "yellow")
