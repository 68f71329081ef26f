"""The log file: what happens in words, each line with its time, for whoever looks later.

Python's own `logging`, so that what other packages say there is kept too; TensorFlow does. Lines
are only appended.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INFO, WARNING, ERROR = logging.INFO, logging.WARNING, logging.ERROR
"""How much a line matters."""

_LOG = logging.getLogger("grow")
_LOG.addHandler(logging.NullHandler())  # where nobody keeps a log, Python prints nothing either


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Keeps a log at the end of a file until here.

    Raises:
        OSError: the file cannot be written.
    """
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s")
    form.datefmt, form.converter = "%Y-%m-%dT%H:%M:%S", time.gmtime
    handler.setFormatter(form)
    handler.handleError = _let_go  # type: ignore[method-assign]
    root, before = logging.getLogger(), _LOG.level
    root.addHandler(handler)
    _LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        _LOG.setLevel(before)
        root.removeHandler(handler)
        handler.close()


def _let_go(record: logging.LogRecord) -> None:
    """A full disk costs lines of the log, and no training."""


def is_kept() -> bool:
    """Whether somebody keeps a log."""
    return _LOG.isEnabledFor(INFO)


def note(text: str, *, level: int = INFO) -> None:
    """Writes text to the log, where one is kept; each of its lines is a line there."""
    if is_kept():
        for line in text.splitlines():
            if line.strip():
                _LOG.log(level, "%s", line.rstrip())
