"""`grow run` as a whole program against the script of ``by_hand.py``, on the same pictures.

Both train the three networks of ``stages/cats-dogs.yaml`` in a fresh process, by turns; `grow`
once with nothing prepared and once with the pictures in its cache. `grow` also writes
checkpoints, plans, histories, three models and the report, and measures growth shocks. Prints
a table: seconds and processor seconds from start to end, the ratio to the script, least and most.

Usage: ``python benchmarks/whole_program.py [--rounds 3] [--epochs 3]``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import timed
from timed import Spent

from grow.planning import validate

HERE = Path(__file__).parent
STAGES = HERE.parent / "stages" / "cats-dogs.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    folder = (STAGES.parent / validate.read(STAGES).data.path).resolve()
    if not folder.is_dir():
        sys.exit(f"{folder}: the pictures of {STAGES.name} are not here")
    found: dict[str, list[Spent]] = {"by hand": [], "grow, first time": [], "grow, again": []}
    with tempfile.TemporaryDirectory() as made:
        for number in range(arguments.rounds):
            place = Path(made) / str(number)
            found["by hand"].append(by_hand(folder, arguments.epochs))
            found["grow, first time"].append(grow(place, "first", arguments.epochs))
            found["grow, again"].append(grow(place, "again", arguments.epochs))
    table(found)


def by_hand(folder: Path, epochs: int) -> Spent:
    return timed.run(str(HERE / "by_hand.py"), str(folder), str(epochs))


def grow(place: Path, name: str, epochs: int) -> Spent:
    """One run into a folder of its own; runs of one ``place`` share the prepared pictures."""
    command = ["-m", "grow", "run", str(STAGES), "--run-dir", str(place / name)]
    changes = ["data.validation=test", f"train.epochs={epochs}", f"stages.deepest.epochs={epochs}"]
    for change in changes:
        command += ["--set", change]
    return timed.run(*command, environment={"GROW_CACHE": str(place / "cache")})


def table(found: dict[str, list[Spent]]) -> None:
    ours = [seconds for seconds, _ in found["by hand"]]
    print(f"{'':17} {'s':>6} {'CPU s':>6} {'of by hand':>10} {'least to most':>15}")
    for name, rows in found.items():
        seconds = [row[0] for row in rows]
        ratio = statistics.median(one / other for one, other in zip(seconds, ours, strict=True))
        print(
            f"{name:17} {statistics.median(seconds):6.1f} "
            f"{statistics.median(row[1] for row in rows):6.1f} {ratio:10.2f} "
            f"{min(seconds):7.1f} {max(seconds):7.1f}"
        )


if __name__ == "__main__":
    main()
