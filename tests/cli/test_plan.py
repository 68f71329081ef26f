"""`grow plan` at the command line: plain lines in pipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import CONTROL, Command
from tests.finished import STAGES


@pytest.fixture(autouse=True)
def here(beside_tiny: Path) -> Path:
    """Every test stands in a folder of its own, with one stage file."""
    return beside_tiny


def test_in_pipes_there_are_no_control_codes_and_no_wrapped_lines(call: Command) -> None:
    out = call("plan", "tiny.yaml").out
    assert not CONTROL.search(out)
    assert all(line == line.rstrip() for line in out.splitlines())
    assert "dense_1  64x8       64x8       copy               520  same shape (" in out


def test_in_pipes_a_long_line_stays_a_line(call: Command, here: Path) -> None:
    name = "a-stage-that-has-as-long-a-name-as-a-stage-can-have-" + 10 * "x"
    (here / "tiny.yaml").write_text(STAGES.replace("name: small", f"name: {name}"))
    lines = call("plan", "tiny.yaml").out.splitlines()
    (line,) = [line for line in lines if line.startswith(f"1 {name}  ")]
    assert len(line) > 120
    assert " the images have not been read yet" in line or " not trained yet" in line
