"""The log of a run read back: with which command it was started, and on which pictures.

`eventlog` writes ``events.jsonl``; this room finds its last word on each thing. A log that is
missing, cut short or damaged tells less, and is never an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grow import plainfile

_LINE_BYTES = 1 << 26
_MOST_BYTES = 1 << 30


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
    starts, first, last, prepared = 0, b"", b"", b""
    with suppress(OSError):
        for line in _lines(path):
            if _is(line, "RunStarted"):
                starts, first, last = starts + 1, first or line, line
            elif _is(line, "Prepared"):
                prepared = line
    last_prepared = _object(prepared)
    counts, unusable = last_prepared.get("counts"), last_prepared.get("unusable")
    return Logged(
        command=_text(_object(last).get("command")),
        starts=starts,
        began=_text(_object(first).get("time")),
        counts=_counts(counts) if isinstance(counts, dict) else {},
        unusable=_pairs(unusable) if isinstance(unusable, list) else (),
    )


def last_run_command(path: Path) -> str:
    """The last `grow run` command line in a log; empty where it tells of none."""
    found = ""
    with suppress(OSError):
        for line in _lines(path):
            command = _text(_object(line).get("command")) if _is(line, "RunStarted") else ""
            found = command if command.startswith("grow run ") else found
    return found


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a log; of one that is too large to be one there are none."""
    if path.stat().st_size <= _MOST_BYTES:
        yield from plainfile.lines(path, _LINE_BYTES)


def _is(line: bytes, event: str) -> bool:
    return f'"event": "{event}"'.encode() in line[:120]


def _object(line: bytes) -> dict[str, Any]:
    """The JSON object in a line; an empty one where there is none."""
    with suppress(*plainfile.MALFORMED):
        value = json.loads(line)
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
