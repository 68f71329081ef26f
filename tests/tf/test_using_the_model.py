"""The Python of docs/using-the-model.md, run where `grow` cannot be imported, gives the same."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import grow
from grow.data.preprocessing import Preprocessing
from grow.deploy.export import TOLERANCE

pytestmark = [pytest.mark.tf, pytest.mark.slow]

PAGE = (Path(__file__).parents[2] / "docs" / "using-the-model.md").read_text(encoding="utf-8")
_, KERAS, ONNX, LITERT, TENSORFLOW = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)

ALONE = """
import sys
sys.modules["grow"] = None  # importing it now fails
"""
ALL = """
import pathlib
pictures = sorted(str(path) for path in pathlib.Path("pictures").rglob("*.*"))
batch = np.stack([read(path) for path in pictures])
np.save("pixels.npy", batch)
np.save("keras.npy", probabilities(model.predict_on_batch(batch)))
"""

STAGES = """
name: docs
data: {{source: folder, path: pictures, fit: {fit}, master: [30, 45]}}
model: {{image: [10, 15, {channels}], blocks: [{{filters: 8}}], head: {{dense: [16]}}}}
train: {{batch: 16, learning_rate: 0.01, epochs: 2}}
stages: [{{name: only}}]
"""


def picture(path: Path, seed: int) -> None:
    """A picture of one of many kinds and sizes, its class in its colours."""
    chance = np.random.default_rng(seed)
    height, width = chance.integers(5, 90, 2)
    low = 100 * (seed % 2)
    pixels = chance.integers(low, low + 156, (height, width, 4), np.uint8)
    image = Image.fromarray(pixels)
    path.parent.mkdir(parents=True, exist_ok=True)
    match seed % 12:
        case 0:
            image.save(path.with_suffix(".png"))  # transparent in part
        case 1:
            image.convert("RGB").convert("CMYK").save(path.with_suffix(".jpg"))
        case 2 | 3:
            exif = Image.Exif()
            exif[0x0112] = 1 + int(chance.integers(0, 8))  # orientation
            image.convert("RGB").save(path.with_suffix(".jpg"), exif=exif)
        case 4:
            image.convert("LA").save(path.with_suffix(".png"))
        case 5:
            image.convert("L").save(path.with_suffix(".bmp"))
        case 6:
            image.convert("RGB").convert("P").save(path.with_suffix(".gif"), transparency=7)
        case 7:
            image.save(path.with_suffix(".webp"))
        case 8:
            image.convert("1").save(path.with_suffix(".png"))
        case _:
            image.convert("RGB").save(path.with_suffix(".jpg"))


@pytest.mark.parametrize(("fit", "channels", "classes"), [("stretch", 3, 2), ("crop", 1, 3)])
def test_every_way_on_the_page_gives_what_grow_predict_gives(
    fit: str, channels: int, classes: int, tmp_path: Path
) -> None:
    for module in ("onnx", "onnxruntime", "tf2onnx", "ai_edge_litert"):
        pytest.importorskip(module)
    for seed in range(240):
        picture(tmp_path / "pictures" / f"class {seed % classes}" / str(seed), seed)
    picture(tmp_path / "holiday.jpg", 2)
    picture(tmp_path / "garden.png", 0)
    (tmp_path / "stages.yaml").write_text(STAGES.format(fit=fit, channels=channels))
    run = grow.run(tmp_path / "stages.yaml", run_dir=tmp_path / "run")
    found = grow.predict(run.path, tmp_path / "pictures")
    expected = np.array([one.probabilities for one in found.pictures])
    assert len(expected) == 240

    shutil.copy(run.stages[0].path / "model.keras", tmp_path)
    for to, file in (("onnx", "model.onnx"), ("litert", "model.tflite")):
        shutil.copy(grow.export(run.path, to).folder / file, tmp_path)
    saved = grow.export(run.path, "saved_model").folder / "saved_model"
    shutil.copytree(saved, tmp_path / "saved_model")
    script = [ALONE, KERAS, ALL]
    for name, lines in (("onnx", ONNX), ("litert", LITERT), ("tensorflow", TENSORFLOW)):
        script += [lines, f'np.save("{name}.npy", probabilities(outputs))\n']
    (tmp_path / "page.py").write_text("".join(script), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^holiday\.jpg class \d 0\.\d+$", done.stdout, re.MULTILINE)

    how = Preprocessing((10, 15, channels), (30, 45), fit)
    names = [one.picture for one in found.pictures]
    np.testing.assert_array_equal(
        np.load(tmp_path / "pixels.npy"), np.stack([how.read(name) for name in names])
    )
    for name, tolerance in (
        ("keras", 1e-6),
        ("tensorflow", 1e-6),
        ("onnx", TOLERANCE),
        ("litert", TOLERANCE),
    ):
        given = np.load(tmp_path / f"{name}.npy")
        np.testing.assert_allclose(given, expected, rtol=0, atol=tolerance, err_msg=name)
        sure = np.ptp(np.sort(expected, axis=1)[:, -2:], axis=1) > 2 * tolerance
        assert sure.sum() > 200
        assert (given.argmax(axis=1) == expected.argmax(axis=1))[sure].all(), name
