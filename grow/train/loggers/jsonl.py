"""A listener that keeps a run's events in ``events.jsonl``, one JSON object a line.

What happens many times a second (steps, progress) is left out. The pictures that cannot be used
are listed in ``unusable.txt`` beside it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from grow import atomic
from grow.data.manifest import shown
from grow.train.events import (
    CheckpointWritten,
    Diverged,
    EpochDone,
    Event,
    FeaturesComputed,
    Fetching,
    Grown,
    GrowthEnded,
    Noted,
    Prepared,
    Preparing,
    RunDone,
    RunStarted,
    StageDone,
    StageStarted,
    StepDone,
    Validating,
    Warned,
)


class EventLog:
    """Appends events to a file, ``events.jsonl`` in a run folder; a listener.

    Args:
        path: the file.
        command: the command line that started the run, kept with its start.
    """

    def __init__(self, path: Path, command: str = "") -> None:
        self._path = path
        self._command = command

    def __call__(self, event: Event) -> None:
        """Writes one event, if it is one that is kept.

        Raises:
            OSError: it cannot be written.
        """
        values = _values(event)
        if values is None:
            return
        if isinstance(event, RunStarted):
            values["command"] = self._command
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": now, "event": type(event).__name__, **values}
        text = json.dumps(line) + "\n"
        with self._path.open("a+b") as file:
            # A process that was killed may have left half a line: it stays one of its own.
            if file.tell() and not _ends_a_line(file):
                text = "\n" + text
            file.write(text.encode())
        if isinstance(event, Prepared):
            _list_unusable(event, self._path.with_name("unusable.txt"))


def _ends_a_line(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _list_unusable(event: Prepared, path: Path) -> None:
    lines = [f"{shown(key)}: {reason}\n" for key, reason in event.unusable]
    if lines:
        atomic.write_file(path, "".join(lines).encode(errors="surrogateescape"))
    else:
        path.unlink(missing_ok=True)


def _values(event: Event) -> dict[str, Any] | None:
    match event:
        case Prepared():
            return {"classes": event.classes, "counts": event.counts, "unusable": event.unusable}
        case RunStarted():
            lineup = [[e.stage.folder, e.action, e.reason] for e in event.entries]
            return {"name": event.name, "lineup": lineup}
        case CheckpointWritten():
            times = {"seconds": event.seconds, "held_seconds": event.held_seconds}
            return {"path": str(event.path), **{k: round(v, 4) for k, v in times.items()}}
        case Fetching() | Warned() | Noted():
            return {key: str(value) for key, value in asdict(event).items()}
        case RunDone():
            return {"name": event.name}
        case StepDone() | Validating() | Preparing():
            return None
        case _:
            return {"stage": event.stage.folder, **_of_stage(event)}


_OfStage = StageStarted | Grown | FeaturesComputed | EpochDone | Diverged | StageDone | GrowthEnded


def _of_stage(event: _OfStage) -> dict[str, Any]:
    match event:
        case StageStarted():
            return {"epochs": len(event.history), "step": event.step}
        case Grown():
            return event.shock.to_dict()
        case FeaturesComputed():
            size = {"pictures": event.pictures, "size_bytes": event.size_bytes}
            spent = {"storage": event.storage, "seconds": round(event.seconds, 4)}
            return {"layer": event.stage.groups.prefix[-1], **size, **spent}
        case EpochDone():
            return event.record.to_dict()
        case Diverged():
            return {**event.divergence.to_dict(), "next_learning_rate": event.learning_rate}
        case StageDone():
            return {"reused": event.reused, "best": event.best, "reason": event.reason}
        case GrowthEnded():
            return {"reason": event.reason}
