"""The log of a run read back: with which command it was started, and on which pictures.

`eventlog` writes ``events.jsonl``; this room finds its last word on each thing. A log that is
missing, cut short or damaged tells less, and is never an error. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Logged:
    """What a run's log tells of the run as a whole.

    Attributes:
        command: the command line that started it last; empty where the log does not say.
        starts: how often it was started.
        began: when it was first started (UTC, ISO 8601); empty where the log does not say.
        counts: pictures by split and class; empty where the log does not say.
        unusable: the pictures left out, each ``(key, reason)``.
    """

    command: str = ""
    starts: int = 0
    began: str = ""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict, hash=False)
    unusable: tuple[tuple[str, str], ...] = ()


def recall(path: Path) -> Logged:
    """What the log at ``path``, a run's ``events.jsonl``, tells."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return Logged()
    starts, prepared = _all(lines, "RunStarted"), _all(lines, "Prepared")
    last_start, last_prepared = _object(starts[-1:]), _object(prepared[-1:])
    counts, unusable = last_prepared.get("counts"), last_prepared.get("unusable")
    return Logged(
        command=_text(last_start.get("command")),
        starts=len(starts),
        began=_text(_object(starts[:1]).get("time")),
        counts=_counts(counts) if isinstance(counts, dict) else {},
        unusable=_pairs(unusable) if isinstance(unusable, list) else (),
    )


def _all(lines: list[bytes], event: str) -> list[bytes]:
    mark = f'"event": "{event}"'.encode()
    return [line for line in lines if mark in line[:120]]


def _object(lines: list[bytes]) -> dict[str, Any]:
    """The JSON object in the one line there is; an empty one where there is none."""
    with suppress(ValueError, IndexError, RecursionError):
        value = json.loads(lines[0])
        if isinstance(value, dict):
            return value
    return {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _counts(values: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        split: {name: count for name, count in classes.items() if isinstance(count, int)}
        for split, classes in values.items()
        if isinstance(classes, dict)
    }


def _pairs(values: list[Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(pair[0]), str(pair[1])) for pair in values if isinstance(pair, list) and len(pair) == 2
    )
