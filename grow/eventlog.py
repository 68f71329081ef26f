"""A listener that keeps a run's events in ``events.jsonl``, one JSON object a line.

What happens many times a second (steps, progress) is left out.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grow.events import (
    CheckpointWritten,
    EpochDone,
    Event,
    Grown,
    Prepared,
    RunDone,
    RunStarted,
    StageDone,
    StageStarted,
    Warned,
)


class EventLog:
    """Appends events to a file; a listener."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, event: Event) -> None:
        """Writes one event, if it is one that is kept."""
        values = _values(event)
        if values is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": now, "event": type(event).__name__, **values}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _values(event: Event) -> dict[str, Any] | None:
    match event:
        case Prepared():
            return {"classes": event.classes, "counts": event.counts, "unusable": event.unusable}
        case RunStarted():
            lineup = [[e.stage.folder, e.action, e.reason] for e in event.entries]
            return {"name": event.name, "lineup": lineup}
        case StageStarted():
            epochs = len(event.history)
            return {"stage": event.stage.folder, "epochs": epochs, "step": event.step}
        case Grown():
            return {"stage": event.stage.folder, **event.shock.to_dict()}
        case EpochDone():
            return {"stage": event.stage.folder, **event.record.to_dict()}
        case CheckpointWritten():
            return {"path": str(event.path), "seconds": round(event.seconds, 4)}
        case StageDone():
            return {
                "stage": event.stage.folder,
                "reused": event.reused,
                "best": event.best,
                "reason": event.reason,
            }
        case Warned():
            return {"text": event.text}
        case RunDone():
            return {"name": event.name}
        case _:
            return None
