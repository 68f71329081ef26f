"""All benchmarks that compare `grow` with what one would do without it, one after the other.

Usage: ``python benchmarks [--quick]``; more than half an hour on two slow cores, a third of that
with ``--quick``, and noisier. Each can be run alone, with options of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
THOROUGH = (
    ("start_up.py",),
    ("against_keras.py",),
    ("whole_program.py",),
    ("checkpoint_cost.py", "2"),
)
QUICK = (
    ("start_up.py", "--rounds", "3"),
    ("against_keras.py", "--rounds", "1", "--epochs", "2"),
    ("whole_program.py", "--rounds", "1", "--epochs", "1"),
    ("checkpoint_cost.py", "1"),
)


def main() -> None:
    for name, *arguments in QUICK if "--quick" in sys.argv[1:] else THOROUGH:
        print(f"\n## python benchmarks/{' '.join((name, *arguments))}\n", flush=True)
        if code := subprocess.run(
            [sys.executable, HERE / name, *arguments], check=False
        ).returncode:
            sys.exit(code)


if __name__ == "__main__":
    main()
