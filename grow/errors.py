"""What can go wrong, as values: one exception class for each exit code of the command line.

Every message says where, what was expected, what was found and what to do. This module
imports the standard library only, so that any room can raise without loading another.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = "grow.error/1"
"""Name and version of the JSON form of a failure."""


class GrowError(Exception):
    """A failure that is explained to the user in words; never shown as a traceback.

    Attributes:
        message: what happened and where, one sentence or more.
        hint: what the user can do about it; empty when the message says it all.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def to_dict(self) -> dict[str, Any]:
        """The failure as plain JSON values."""
        told = {"error": self.message, "hint": self.hint, "exit_code": self.exit_code}
        return {"schema": SCHEMA, **told}


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a stage file.

    Attributes:
        path: the key's path, such as ``stages[2].grow[0].insert.filters``; empty for the file.
        line: line in the file, counted from 1; 0 when the file has no such place.
        column: column in that line, counted from 1.
        text: what was expected and what was found, and the remedy where there is one.
        source: what caused it, where that is not the file: ``--set train.epochs=0``.
    """

    path: str
    line: int
    column: int
    text: str
    source: str = ""

    def render(self, file: str) -> str:
        """The problem as one line: ``file:line:column path: text``."""
        place = f"{file}:{self.line}:{self.column}" if self.line else self.source or file
        return f"{place} {self.path}: {self.text}" if self.path else f"{place}: {self.text}"


class StageFileError(GrowError):
    """A stage file cannot be used; carries every problem found in it at once."""

    exit_code = 2

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(problem.render(file) for problem in problems))
        self.file = file
        self.problems = problems

    def to_dict(self) -> dict[str, Any]:
        """The failure as plain JSON values, each problem by itself."""
        problems = [asdict(problem) for problem in self.problems]
        return {**super().to_dict(), "file": self.file, "problems": problems}


class UsageError(GrowError):
    """A command or a call was given arguments that cannot be used."""

    exit_code = 2


class GrowthError(GrowError):
    """A growth operator cannot be applied to an architecture.

    Attributes:
        path: where in the operator the trouble is, such as ``(0, "insert", "after")``.
    """

    exit_code = 2

    def __init__(self, message: str, *, path: tuple[str | int, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class DataError(GrowError):
    """The pictures are missing, unreadable or not enough to train on."""

    exit_code = 3


MOST_HALVINGS = 100
"""How often a stage file may say that a learning rate is halved."""


class DivergedError(GrowError):
    """Training met what is no finite number, and may not go on with a lower learning rate.

    Attributes:
        key: where the stage file says the learning rate, such as ``train.learning_rate``.
        learning_rate: what it says there.
        halvings: how often it was halved without helping; None where that cannot help.
    """

    def __init__(
        self,
        message: str,
        *,
        key: str = "",
        learning_rate: float = 0.0,
        halvings: int | None = None,
    ) -> None:
        super().__init__(message, hint=_lower("the stage file", key, learning_rate, halvings))
        self.key, self.learning_rate, self.halvings = key, learning_rate, halvings

    def advise(self, file: str) -> None:
        """Makes the hint name the stage file."""
        self.hint = _lower(file, self.key, self.learning_rate, self.halvings)


def _lower(file: str, key: str, rate: float, halvings: int | None) -> str:
    words = f"lower {key} (now {rate:g}) in {file}"
    if halvings is None:
        return words
    if halvings >= MOST_HALVINGS:
        return words
    if halvings:
        more = min(2 * halvings, MOST_HALVINGS)
        return f"{words}, or let it be halved more often: on_divergence: {{halve: {more}}}"
    return f"{words}, or add on_divergence: halve next to it"


class RunFolderError(GrowError):
    """A run folder is locked by another process, damaged, or not a run folder."""

    exit_code = 4


class Stopped(GrowError):  # noqa: N818  (a wish, not an error)
    """The user asked to stop; what was earned is on disk.

    Attributes:
        signal_number: the signal that asked (2 for Ctrl-C, 15 for SIGTERM).
    """

    def __init__(self, message: str, *, signal_number: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What the system says where there is no room left, or the disk fails."""


def unwritten(place: object, error: OSError, *, hint: str = "name another with --out") -> GrowError:
    """The failure that a place which cannot be written is.

    A disk that is full is no mistake of whoever named the place: it has its own exit code.
    """
    message = f"{place} cannot be written: {error.strerror or error}"
    if error.errno in FULL:
        return GrowError(message, hint="free some space and run again")
    return UsageError(message, hint=hint)


@contextmanager
def writing(place: object, *, hint: str = "name another with --out") -> Iterator[None]:
    """Says so in words where what the user named cannot be written.

    Args:
        place: the file or folder, as the user said it.
        hint: what to do.

    Raises:
        UsageError: it cannot be written.
        GrowError: there is no room for it.
    """
    try:
        yield
    except OSError as error:
        raise unwritten(place, error, hint=hint) from error
