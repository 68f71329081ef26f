"""`grow status` at the command line: where runs stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Command
from tests.finished import lock, make_run


@pytest.fixture(autouse=True)
def here(beside_tiny: Path) -> Path:
    """Every test stands in a folder of its own, with one stage file."""
    return beside_tiny


def test_the_status_of_all_runs_with_a_damaged_one_among_them(call: Command, here: Path) -> None:
    make_run(here / "runs" / "a")
    (make_run(here / "runs" / "b").path / "run.json").write_text("{")
    make_run(here / "runs" / "c", complete=1, step=3)
    said = call("status")
    assert said.code == 4
    assert said.out.count("1 small ") == 2
    assert f"error: {Path('runs/b/run.json')} is damaged" in said.err
    values = json.loads(call("status", "--json").out)
    assert [one.get("folder") for one in values] == [str(Path("runs/a")), None, str(Path("runs/c"))]
    assert values[1]["exit_code"] == 4
    assert values[2]["stages"][1]["step"] == 3


def test_the_status_of_one_run(call: Command, here: Path) -> None:
    make_run(here / "runs" / "a")
    lock(here / "runs" / "a", 12345, "elsewhere")
    said = call("status", "runs/a")
    assert said.code == 0
    assert "(process 12345 on elsewhere)" in said.out
    assert json.loads(call("status", "runs/a", "--json").out)["running"]["process"] == 12345
