"""Where the program starts: ``grow``, and ``python -m grow``, which is the same."""

from __future__ import annotations

import gc
import sys


def start() -> int:
    """Runs the command line of this process; returns the exit code.

    Most commands end before there is anything to collect, and start a sixth sooner with the
    collector off; those that train turn it on again.
    """
    gc.disable()
    from grow.cli import main  # noqa: PLC0415  (after the line above)

    return main()


if __name__ == "__main__":
    sys.exit(start())
