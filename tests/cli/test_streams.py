"""Closed standard streams, and those whose disk is full, stop no command without a word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.finished import STAGES, make_run

CLOSED = (">&-", "2>&-", "<&-", ">&- 2>&-", ">&- 2>&- <&-")


def shell(folder: Path, words: str, streams: str) -> subprocess.CompletedProcess[str]:
    line = f"exec '{sys.executable}' -m grow {words} {streams}"
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_run(tmp_path / "runs" / "tiny")
    (tmp_path / "tiny.yaml").write_text(STAGES)
    return tmp_path


@pytest.mark.skipif(os.name != "posix", reason="a shell that closes streams")
@pytest.mark.parametrize("streams", CLOSED)
@pytest.mark.parametrize(("words", "code"), [("status", 0), ("status nowhere", 4)])
def test_a_command_whose_streams_are_closed_runs(
    folder: Path, words: str, code: int, streams: str
) -> None:
    done = shell(folder, words, streams)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)


@pytest.mark.skipif(os.name != "posix", reason="a shell that closes streams")
def test_no_file_gets_the_number_of_a_closed_stream(folder: Path) -> None:
    """Else what is printed would land in it."""
    done = shell(folder, "status --log-file log --verbose", ">&- 2>&- <&-")
    assert done.returncode == 0
    assert "stage" not in (folder / "log").read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", ["status", "plan tiny.yaml --json", "schema", "--help"])
def test_output_to_a_full_disk_ends_in_words_with_exit_code_1(folder: Path, words: str) -> None:
    done = shell(folder, words, "> /dev/full")
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "free some space" in done.stderr
    assert "Traceback" not in done.stderr
