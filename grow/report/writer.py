"""Writes reports where something ended: a listener that a run or a comparison tells.

A report that cannot be written, for whatever reason, costs a warning and no training; only a lock
that was lost ends the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from grow.atomic import Guard
from grow.comparison.result import Comparison
from grow.errors import RunFolderError
from grow.runs.folder import RunFolder
from grow.runs.result import Run, load
from grow.train.events import Diverged, Event, Listener, StageDone, Warned


class ReportWriter:
    """Writes the reports of a run into its folder whenever a stage is done or has diverged.

    Args:
        folder: the run folder, locked.
        emit: told where a report could not be written.
    """

    def __init__(self, folder: RunFolder, emit: Listener) -> None:
        self._folder = folder
        self._emit = emit

    def __call__(self, event: Event) -> None:
        """Takes notice of one event."""
        done = isinstance(event, StageDone) and not event.reused
        if done or (isinstance(event, Diverged) and event.learning_rate is None):
            self._write(load(self._folder.path))

    def finish(self) -> Run:
        """Writes the reports of the finished run, and returns it."""
        result = replace(load(self._folder.path), running=None)
        self._write(result)
        return result

    def _write(self, result: Run) -> None:
        def write() -> None:
            from grow.report.files import write_reports  # noqa: PLC0415  (loads Jinja)

            write_reports(result, self._folder.guard)

        _try(result.path, write, self._emit)


def write_comparison(found: Comparison, guard: Guard, emit: Listener) -> None:
    """Writes the reports of a comparison into its folder."""

    def write() -> None:
        from grow.report import files  # noqa: PLC0415  (loads Jinja)

        files.write_comparison_reports(found, guard)

    _try(found.setting.folder, write, emit)


def _try(folder: Path, write: Callable[[], None], emit: Listener) -> None:
    try:
        write()
    except RunFolderError:  # the lock is lost
        raise
    except Exception as error:  # noqa: BLE001  (not even a defect of a report may)
        why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        emit(Warned(f"{folder}: the reports could not be written: {why}"))
