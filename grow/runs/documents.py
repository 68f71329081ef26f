"""JSON files of a run folder: written in one step, sealed, and read with schema and seal checked.

A seal is the SHA-256 of everything else in the file, so that no bit of it can turn unnoticed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from grow import atomic, plainfile
from grow.atomic import Guard, unguarded
from grow.errors import RunFolderError

Values = dict[str, Any]

SEAL = "seal"


def encode(schema: str, values: Values) -> bytes:
    """The file's content: ``values`` with the schema before and the seal after them."""
    content = {"schema": schema, **values}
    return to_json({**content, SEAL: _seal(content)})


def write(path: Path, schema: str, values: Values, guard: Guard = unguarded) -> None:
    """Replaces a file in one step.

    Raises:
        OSError: it could not be written; what was there before is still there.
    """
    atomic.write_file(path, encode(schema, values), guard)


def read(path: Path, schema: str) -> Values:
    """What `write` wrote, the seal left out.

    Raises:
        RunFolderError: the file is missing, no such file, or changed since.
    """
    values = read_object(path)
    if values.get("schema") != schema:
        raise damaged(path, f"expected schema {schema}, found {values.get('schema')!r}")
    seal = values.pop(SEAL, None)
    try:
        fits = seal == _seal(values)
    except RecursionError:
        fits = False
    if not fits:
        raise damaged(path, "its seal is not that of its content")
    return values


def read_object(path: Path) -> Values:
    """The JSON object in a file.

    Raises:
        RunFolderError: the file is missing or holds something else.
    """
    try:
        value = json.loads(plainfile.read_bytes(path))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, reason(error)) from error
    if not isinstance(value, dict):
        raise damaged(path, "expected a JSON object")
    return value


def to_json(value: object) -> bytes:
    """JSON as all files here have it."""
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def reason(error: Exception) -> str:
    """What went wrong, without the path that the message begins with anyway."""
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error})"
    return str(error)


def damaged(path: Path, why: str) -> RunFolderError:
    """The failure that a damaged file is, with what to do."""
    return RunFolderError(
        f"{path} is damaged: {why}",
        hint="run again: it is put aside, and the stage goes on from its newest good checkpoint",
    )


def _seal(values: Values) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
