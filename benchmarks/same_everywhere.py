"""The same pictures in `grow predict`, plain Keras, ONNX Runtime, LiteRT and TensorFlow.

Usage: ``python benchmarks/same_everywhere.py RUN FOLDER``, with the extras `onnx` and `litert`.
Exports the run's last complete stage to a temporary folder, reads the pictures with the lines of
docs/using-the-model.md, and prints for each way the largest difference of a probability from
`grow predict`, how many classes are the same, and the seconds it took.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import grow
from grow.data.preprocessing import Preprocessing
from grow.deploy import formats

PAGE = Path(__file__).parents[1] / "docs" / "using-the-model.md"


def main() -> None:
    run, folder = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()
    began = time.perf_counter()
    found = grow.predict(run, folder)
    print(f"grow predict: {len(found.pictures):,} pictures, {time.perf_counter() - began:.1f} s")
    expected = np.array([one.probabilities for one in found.pictures])
    names = [one.picture for one in found.pictures]
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        for to in formats.FILES:
            grow.export(run, to, out=place / to)
        last = [stage for stage in grow.load(run).stages if stage.done is not None][-1]
        page = page_of(last.path)
        began = time.perf_counter()
        batch = np.stack([page["read"](name) for name in names])
        print(f"read as the page says: {time.perf_counter() - began:.1f} s")
        how = Preprocessing.from_dict(page["notes"]["grow"])
        same = all(
            np.array_equal(how.read(n), pixels) for n, pixels in zip(names, batch, strict=True)
        )
        print(f"pixels are those of grow, bit for bit: {same}")
        compare(page, "plain Keras", expected, lambda: page["model"].predict_on_batch(batch))
        for to, file in formats.FILES.items():
            path = place / to / file
            compare(page, to, expected, lambda to=to, path=path: formats.run(to, path, batch))


def page_of(stage: Path) -> dict[str, Any]:
    """What the page's lines for plain Keras define, run in a stage's folder."""
    part = PAGE.read_text("utf-8").partition("\n## With Keras alone\n")[2]
    lines = re.findall(r"^```python\n(.*?)^```$", part, re.M | re.S)[0]
    names: dict[str, Any] = {}
    os.chdir(stage)
    exec(lines.partition("\npictures = ")[0], names)
    return names


def compare(
    page: dict[str, Any], name: str, expected: np.ndarray, run: Callable[[], np.ndarray]
) -> None:
    began = time.perf_counter()
    given = page["probabilities"](run())
    seconds = time.perf_counter() - began
    same = int((given.argmax(axis=1) == expected.argmax(axis=1)).sum())
    print(
        f"{name}: probabilities differ by at most {np.abs(given - expected).max():.2g}, "
        f"same class for {same:,} of {len(expected):,}, {seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
