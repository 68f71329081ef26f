"""A listener that keeps a run's figures as TensorBoard event files, a folder for each stage.

Steps are counted from a stage's start. A run that goes on begins its new file with a session
start at its first step, upon which TensorBoard drops what an earlier process wrote from there
on: no step and no epoch is shown twice. Needs the extra ``tensorboard``, loaded when the first
stage begins; no TensorFlow of its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from grow.errors import UsageError
from grow.planning.history import EpochRecord, GrowthShock, History
from grow.planning.stages import StagePlan
from grow.train.events import Diverged, EpochDone, Event, Grown, StageDone, StageStarted, StepDone

_EVERY_SECONDS = 0.2
"""A step's loss is kept at most so often: more of them nobody can see."""


class BoardLog:
    """Writes event files below a folder, ``tensorboard`` in a run folder; a listener.

    Args:
        folder: where they go; made when the first stage begins.

    Raises:
        UsageError: the extra is not installed.
    """

    def __init__(self, folder: Path) -> None:
        if find_spec("tensorboard") is None:
            raise UsageError(
                "TensorBoard is not installed, which writes and shows its event files",
                hint="pip install 'grow-trainer[tensorboard]'",
            )
        self._folder = folder
        self._writer: Any = None
        self._steps = 0
        self._kept = 0.0

    def __call__(self, event: Event) -> None:
        """Writes what is to be seen of one event.

        Raises:
            OSError: it cannot be written.
        """
        match event:
            case Grown():
                self._open(event.stage, 0)
                self._text(0, "growth", growth_words(event.stage, event.shock))
            case StageStarted():
                self._begin(event)
            case StepDone():
                self._step(event)
            case EpochDone():
                self._epoch(event.record)
            case Diverged():
                self._diverged(event)
            case StageDone(reused=True):
                self._earlier(event.stage, event.history)
            case StageDone():
                self.close()

    def close(self) -> None:
        """Ends the file that is being written."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _begin(self, event: StageStarted) -> None:
        self._steps = event.steps
        if self._writer is not None and not event.again:  # it has just grown
            return
        known = self._is_there(event.stage)
        self._open(event.stage, len(event.history) * event.steps + event.step + 1 if known else 0)
        if not known:
            self._all(event.history)

    def _earlier(self, stage: StagePlan, history: History) -> None:
        """A stage that was trained without this log: its epochs are added."""
        if self._is_there(stage):
            return
        pictures = history[0].training_flops // stage.architecture.training_flops if history else 0
        self._steps = -(-pictures // stage.training.batch)
        self._open(stage, 0)
        self._all(history)
        self.close()

    def _all(self, history: History) -> None:
        for record in history:
            self._epoch(record)

    def _is_there(self, stage: StagePlan) -> bool:
        return any((self._folder / stage.folder).glob("events.out.tfevents.*"))

    def _open(self, stage: StagePlan, first: int) -> None:
        """A new file; TensorBoard forgets what it has of step ``first`` and later ones."""
        self.close()
        events = import_module("tensorboard.summary.writer.event_file_writer")
        proto = import_module("tensorboard.compat.proto.event_pb2")
        self._writer = events.EventFileWriter(str(self._folder / stage.folder))
        start = proto.SessionLog(status=proto.SessionLog.START)
        self._writer.add_event(proto.Event(wall_time=time.time(), step=first, session_log=start))

    def _step(self, event: StepDone) -> None:
        now = time.monotonic()
        if now - self._kept < _EVERY_SECONDS:
            return
        self._kept = now
        figures = {"step/loss": event.loss, "step/accuracy": event.accuracy}
        self._scalars((event.epoch - 1) * self._steps + event.step, figures)

    def _epoch(self, record: EpochRecord) -> None:
        figures = {
            "loss/training": record.loss,
            "loss/validation": record.val_loss,
            "accuracy/training": record.accuracy,
            "accuracy/validation": record.val_accuracy,
            "epoch/learning_rate": record.learning_rate,
            "epoch/seconds": record.seconds,
            "epoch/cpu_seconds": record.cpu_seconds,
            "epoch/training_flops": record.training_flops,
        }
        self._scalars(record.epoch * self._steps, figures)
        self._writer.flush()

    def _diverged(self, event: Diverged) -> None:
        if self._writer is None:  # in its growth
            self._open(event.stage, 0)
        # At the step it goes on from: what is later TensorBoard is told to forget.
        step = (event.divergence.epoch - 1) * event.steps
        self._text(step, "divergence", f"epoch {event.divergence.epoch} {event.words}")
        self._writer.flush()

    def _scalars(self, step: int, figures: Mapping[str, float]) -> None:
        summary = import_module("tensorboard.compat.proto.summary_pb2").Summary
        values = [
            summary.Value(tag=tag, simple_value=figure)
            for tag, figure in figures.items()
            if math.isfinite(figure)
        ]
        self._add(step, summary(value=values))

    def _text(self, step: int, tag: str, words: str) -> None:
        summaries = import_module("tensorboard.compat.proto.summary_pb2")
        tensor = import_module("tensorboard.compat.proto.tensor_pb2").TensorProto
        shape = import_module("tensorboard.compat.proto.tensor_shape_pb2").TensorShapeProto
        kinds = import_module("tensorboard.compat.proto.types_pb2")
        plugin = summaries.SummaryMetadata.PluginData(plugin_name="text")
        value = summaries.Summary.Value(
            tag=tag,
            metadata=summaries.SummaryMetadata(plugin_data=plugin),
            tensor=tensor(
                dtype=kinds.DT_STRING,
                string_val=[words.encode(errors="backslashreplace")],
                tensor_shape=shape(dim=[shape.Dim(size=1)]),
            ),
        )
        self._add(step, summaries.Summary(value=[value]))

    def _add(self, step: int, summary: Any) -> None:
        event = import_module("tensorboard.compat.proto.event_pb2").Event
        self._writer.add_event(event(wall_time=time.time(), step=step, summary=summary))


def growth_words(stage: StagePlan, shock: GrowthShock) -> str:
    """A growth in words: what was carried over, and what it cost."""
    plan = stage.transfer
    if plan is None:
        return ""
    why = f": {'; '.join(plan.why)}" if plan.why else ""
    if not shock.validated:
        return f"{plan.totals()}; verdict {plan.verdict}{why}; nothing is validated on"
    return (
        f"{plan.totals()}; verdict {plan.verdict}{plan.scope and f' {plan.scope}'}{why}; "
        f"validation loss {shock.loss_before:.4f} before, {shock.loss_after:.4f} after; "
        f"validation accuracy {shock.accuracy_before:.1%} before, {shock.accuracy_after:.1%} after"
    )
