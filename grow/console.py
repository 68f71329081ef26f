"""The terminal: what a run looks like while it happens, and how pages and errors are printed.

`RunView` listens to the engine's events. On a terminal it keeps a few live lines below the
permanent ones; in pipes and logs there are only plain permanent lines. Rich only; no Keras.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL.Image import Image
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from grow.errors import GrowError, UsageError
from grow.events import (
    EpochDone,
    Event,
    Prepared,
    Preparing,
    RunStarted,
    StageDone,
    StageStarted,
    StepDone,
    Warned,
)
from grow.lineup import Action
from grow.planning import Plan
from grow.report import text
from grow.report.progress import Progress
from grow.report.words import duration, percent, plural, size
from grow.runs import Run

_PIPE_WIDTH = 120
"""Width of tables where there is no terminal to ask."""


def _console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def show_plan(plan: Plan) -> None:
    """Prints what a stage file would do."""
    _console().print(text.plan_page(plan))


def show_status(runs: list[Run]) -> None:
    """Prints where the stages of runs stand."""
    for run in runs:
        _console().print(text.status_page(run))


def show_report(run: Run) -> None:
    """Prints a run's transfer plans and epochs."""
    _console().print(text.report_page(run))


def show_result(run: Run) -> None:
    """Prints the closing table of a run."""
    console = _console()
    console.print()
    console.print(text.stages_table(run.stages))
    console.print(Text(f"models, histories and plans are in {run.path}"), soft_wrap=True)


def say(line: str) -> None:
    """Prints one line."""
    _console().print(Text(line), soft_wrap=True)


def complain(error: GrowError) -> None:
    """Prints what went wrong and what can be done, on standard error."""
    console = _console(stderr=True)
    for number, line in enumerate(error.message.splitlines()):
        head = Text("error: ", style="bold red") if number == 0 else Text("       ")
        console.print(head + Text(line), soft_wrap=True)
    if error.hint:
        console.print(Text(f"       {error.hint}"), soft_wrap=True)


def save_picture(picture: Image, path: Path) -> None:
    """Saves a picture in the format its ending names, and says so.

    Raises:
        UsageError: the ending names no picture format, or the file cannot be written.
    """
    try:
        picture.save(path)
    except (ValueError, OSError) as error:
        raise UsageError(
            f"{path} cannot be written: {error}", hint="name a file such as sheet.png"
        ) from error
    say(f"{size(picture.size)} pixels in {path}")


class RunView:
    """Shows a run while it happens; a listener and a context manager."""

    def __init__(self) -> None:
        self._console = _console()
        self._progress = Progress()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._progress.render,
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

    def __call__(self, event: Event) -> None:
        """Takes notice of one event."""
        self._progress.notice(event)
        for line in _lines(event):
            self._print(line)
        # Without live lines a long epoch says once a minute that it is alive.
        working = isinstance(event, StepDone | Preparing)
        if self._live is None and working and self._progress.due():
            self._print(self._progress.render())

    def preparing(self, done: int, total: int) -> None:
        """Takes notice of pictures being prepared outside a run."""
        self(Preparing(done, total))

    def announce_stop(self) -> None:
        """Says at once that a wish to stop was heard."""
        self._print(Text("stopping at the next step, with a checkpoint; once more: at once"))

    def _print(self, line: RenderableType) -> None:
        self._console.print(line)


def _lines(event: Event) -> list[RenderableType]:
    """The permanent lines of an event."""
    match event:
        case Prepared():
            return _prepared(event)
        case RunStarted():
            return [Text(f"run {event.name} in {event.folder}")]
        case StageStarted():
            return _stage_started(event)
        case EpochDone():
            return [_epoch(event)]
        case StageDone():
            return _stage_done(event)
        case Warned():
            return [Text(f"warning: {event.text}", style="yellow")]
        case _:
            return []


def _prepared(event: Prepared) -> list[RenderableType]:
    counts = ", ".join(
        f"{sum(classes.values()):,} {split}"
        for split, classes in event.counts.items()
        if any(classes.values())
    )
    named = ", ".join(event.classes[:8]) + (", ..." if len(event.classes) > 8 else "")
    lines: list[RenderableType] = [
        Text(f"{len(event.classes)} classes ({named}), pictures: {counts}")
    ]
    if event.unusable:
        left_out = plural(len(event.unusable), "file")
        lines.append(Text(f"warning: {left_out} left out:", style="yellow"))
        lines += [Text(f"  {key}: {reason}") for key, reason in event.unusable[:5]]
        if len(event.unusable) > 5:
            lines.append(Text(f"  and {len(event.unusable) - 5:,} more, all in unusable.txt"))
    return lines


def _stage_started(event: StageStarted) -> list[RenderableType]:
    stage = event.stage
    blocks = plural(len(stage.architecture.blocks), "block")
    lines: list[RenderableType] = [
        Text(),
        Text(
            f"stage {stage.number} {stage.name}: {size(stage.architecture.image)} pictures, "
            f"{blocks}, {plural(stage.architecture.parameters, 'parameter')}",
            style="bold",
        ),
    ]
    if event.history or event.step:
        lines.append(
            Text(f"goes on after {plural(len(event.history), 'epoch')} and {event.step} steps")
        )
    elif stage.transfer is not None:
        lines += [text.transfer_table(stage.transfer), Text()]
    return lines


def _epoch(event: EpochDone) -> Text:
    record, last = event.record, event.stage.training.epochs
    width = len(str(last))
    line = Text(
        f"epoch {record.epoch:>{width}}/{last}  loss {record.loss:.4f}  "
        f"accuracy {percent(record.accuracy):>6}  val loss {record.val_loss:.4f}  "
        f"val accuracy {percent(record.val_accuracy):>6}  {duration(record.seconds)}"
    )
    if event.best == record.epoch:
        line.append("  best", style="green")
    return line


def _stage_done(event: StageDone) -> list[RenderableType]:
    stage, best = event.stage, event.history[event.best - 1]
    figure = f"{percent(best.val_accuracy)} validation accuracy (epoch {best.epoch})"
    if event.reused:
        reuse = f"stage {stage.number} {stage.name}: {Action.REUSE}, {event.reason}; {figure}"
        return [Text(reuse)]
    return [Text(f"stage {stage.number} {stage.name} is done: {event.reason}; {figure}")]
