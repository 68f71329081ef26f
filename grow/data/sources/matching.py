"""Names found in paths by a regular expression; also a program of its own, for `grouping`.

A regular expression can take longer than the universe lasts, and Python's cannot be interrupted.
One that may is matched by this file in a process of its own, which can be ended; so this module
imports nothing but the standard library.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterable, Iterator

LAST_RESORT_SECONDS = 60
"""When the process ends itself, should whoever started it be gone."""


def names(pattern: re.Pattern[str], paths: Iterable[str]) -> Iterator[str]:
    """For each path what the first group that matched names, or the whole match; else nothing."""
    for path in paths:
        found = pattern.search(path)
        named = () if found is None else (one for one in found.groups() if one)
        yield next(iter(named), found.group() if found and not found.re.groups else "")


def main() -> None:
    """Reads a pattern and paths as JSON, and writes their names."""
    if hasattr(signal, "alarm"):
        signal.alarm(LAST_RESORT_SECONDS)
    pattern, paths = json.load(sys.stdin)
    json.dump(list(names(re.compile(pattern), paths)), sys.stdout)


if __name__ == "__main__":
    main()
