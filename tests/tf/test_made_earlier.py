"""What an earlier version left is read, reused and gone on with, to the same weights.

`tests/earlier/made-by-04c6af7.tar.xz` was made by that commit with one thread: a finished run, the
same run stopped after the second step of stage 2's epoch 2 (batch normalisation, a frozen phase,
a smaller last batch), a comparison of two repeats, and the cache of prepared pictures.
"""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ARCHIVE = Path(__file__).parents[1] / "earlier" / "made-by-04c6af7.tar.xz"

pytestmark = pytest.mark.slow


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def grow(where: Path, *arguments: str) -> str:
    environment = {**os.environ, "GROW_THREADS": "1", "GROW_CACHE": str(where / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "grow", *arguments],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def models(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("*/model.keras"))}


def without_words(value: object) -> object:
    """The same without sentences, whose wording is no promise."""
    if isinstance(value, list):
        return [without_words(one) for one in value]
    if isinstance(value, dict):
        return {k: without_words(v) for k, v in value.items() if k != "sentence"}
    return value


def trained_steps(folder: Path, since: int) -> int:
    lines = (folder / "events.jsonl").read_text().splitlines()[since:]
    return sum(json.loads(line)["event"] in ("EpochDone", "CheckpointWritten") for line in lines)


def test_a_finished_run_is_reused_under_its_fingerprints(earlier: Path) -> None:
    before = models(earlier / "finished")
    planned = json.loads(grow(earlier, "plan", "stages.yaml", "--run-dir", "finished", "--json"))
    found = [f"{s['number']:02d}-{s['name']}-{s['fingerprint'][:8]}" for s in planned["stages"]]
    assert found == [*before]
    assert [stage["action"] for stage in planned["stages"]] == ["reuse"] * 3
    since = len((earlier / "finished" / "events.jsonl").read_text().splitlines())
    grow(earlier, "run", "stages.yaml", "--run-dir", "finished")
    assert models(earlier / "finished") == before
    assert not trained_steps(earlier / "finished", since)


def test_a_stopped_run_goes_on_to_the_weights_it_would_have_had(earlier: Path) -> None:
    grow(earlier, "run", "stages.yaml", "--run-dir", "stopped")
    grow(earlier, "run", "stages.yaml", "--run-dir", "anew")
    wanted, anew, found = (models(earlier / name) for name in ("finished", "anew", "stopped"))
    assert found.keys() == wanted.keys()
    first = min(wanted)
    assert found[first] == wanted[first]
    if anew[first] != wanted[first]:
        pytest.skip("this processor rounds otherwise than the one that made the archive")
    assert found == wanted


def test_a_comparison_is_reused_with_its_result(earlier: Path) -> None:
    path = earlier / "compared" / "compare.json"
    before = json.loads(path.read_text())
    grow(earlier, "compare", "compare.yaml", "--repeats", "2", "--run-dir", "compared")
    after = json.loads(path.read_text())
    for key in before.keys() - {"command", "versions", "folder", "seal"}:
        assert without_words(after[key]) == without_words(before[key]), key


def test_the_prepared_pictures_are_not_prepared_again(earlier: Path) -> None:
    images = {path: path.stat().st_mtime_ns for path in (earlier / "cache").rglob("images*")}
    assert images
    grow(earlier, "run", "stages.yaml", "--run-dir", "finished")
    assert {path: path.stat().st_mtime_ns for path in images} == images
