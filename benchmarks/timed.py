"""A Python program as a whole process: how long it takes, and how much of the processors."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import NamedTuple


class Spent(NamedTuple):
    """Seconds from start to end, and processor seconds of the process and its children."""

    seconds: float
    cpu_seconds: float


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> Spent:
    """Runs Python with these arguments; ends the benchmark where that fails."""
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], check=False, capture_output=True, text=True, env=quiet
    )
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout[-1000:] + done.stderr[-2000:])
    return Spent(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
