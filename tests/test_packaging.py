"""Wheel and source archive: they build, hold what they should, and the wheel works alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import grow
from grow.config import examples

ROOT = Path(__file__).resolve().parent.parent
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tiff", ".npz", ".npy"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both archives, built by the backend that pyproject.toml names."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    said = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return folder


def test_the_source_archive_has_nobody_s_pictures_and_no_path_of_this_machine(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        names = [Path(*Path(member.name).parts[1:]) for member in file if member.isfile()]
        pictures = {name for name in names if name.suffix.lower() in PICTURES}
        assert pictures == {Path("dataset/drawn.png")}  # which grow has drawn
        for wanted in ("README.md", "LICENSE", "pyproject.toml", "check.py", "stages/seed.yaml"):
            assert Path(wanted) in names
        own = [str(place).encode() for place in (ROOT, Path.home()) if len(place.parts) > 1]
        for member in file:
            opened = file.extractfile(member) if member.isfile() else None
            content = opened.read() if opened else b""
            found = [place for place in own if re.search(re.escape(place) + rb"[/\\]", content)]
            assert not found, f"{member.name} names {found}"


def test_the_wheel_works_outside_the_repository(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert wheel.name.startswith(f"grow_trainer-{grow.__version__}-")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "site")
        names = file.namelist()
    assert {f"grow/stages/{name}.yaml" for name in examples.NAMES} < set(names)
    assert not [name for name in names if name.startswith(("tests", "docs", "dataset"))]

    def carry_out(*words: str) -> str:
        said = subprocess.run(
            [sys.executable, "-m", "grow", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        return said.stdout

    assert carry_out("--version") == f"grow {grow.__version__}\n"
    assert "run " in carry_out("--help")
    carry_out("init", "--example", "quickstart")
    assert "quickstart -> " in carry_out("plan", "stages.yaml")
    small = ["data.train=64", "data.validation=32", "train.epochs=1", "stages.deepest.epochs=1"]
    said = carry_out("run", "stages.yaml", *(word for one in small for word in ("--set", one)))
    assert "3 deepest  64x64x3     281,793     1/1" in said
    assert (tmp_path / "runs" / "quickstart" / "report.html").is_file()


def test_the_version_stands_in_one_place() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert 'dynamic = ["version"]' in text
    assert f'version = "{grow.__version__}"' not in text


def test_every_example_is_a_ready_stage_file() -> None:
    there = {path.stem for path in (ROOT / "stages").glob("*.yaml")}
    assert set(examples.NAMES) == there
