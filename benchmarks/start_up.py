"""How long the commands take that need no TensorFlow, beside Python itself and what it would cost.

Runs each command in a fresh process, all by turns, and prints a table: the median of seconds and
of processor seconds, the ratio to an empty Python program, and the least and most seconds.

Usage: ``python benchmarks/start_up.py [--rounds 7]``.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import timed
from timed import Spent

STAGES = Path(__file__).parents[1] / "stages"

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "import grow": ("-c", "import grow"),
    "grow --help": ("-m", "grow", "--help"),
    "grow plan quickstart.yaml": ("-m", "grow", "plan", str(STAGES / "quickstart.yaml")),
    "grow plan cats-dogs.yaml": ("-m", "grow", "plan", str(STAGES / "cats-dogs.yaml")),
    "import keras": ("-c", "import keras"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds: int = parser.parse_args().rounds
    found: dict[str, list[Spent]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, arguments in COMMANDS.items():
            spent = timed.run(*arguments)
            if number:  # the first round fills the caches of files
                found[name].append(spent)
    table(found)


def table(found: dict[str, list[Spent]]) -> None:
    empty = statistics.median(seconds for seconds, _ in found["python -c pass"])
    print(f"{'':26} {'s':>6} {'CPU s':>6} {'of python':>9} {'least to most':>15}")
    for name, rows in found.items():
        seconds = [row[0] for row in rows]
        middle = statistics.median(seconds)
        print(
            f"{name:26} {middle:6.2f} {statistics.median(row[1] for row in rows):6.2f} "
            f"{middle / empty:9.1f} {min(seconds):7.2f} {max(seconds):7.2f}"
        )


if __name__ == "__main__":
    main()
