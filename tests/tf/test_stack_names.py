"""A stack trace of a run or of a trial tells its functions apart by their names alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import grow
from grow.comparison import trial
from grow.comparison.trial import Task
from grow.planning import validate
from grow.signals import StopSwitch

pytestmark = pytest.mark.tf

ROOT = str(Path(grow.__file__).parent)
SHARED = {"to_dict"}
"""What values of every kind are asked for, and a value asks the values in it."""


def ours(frame: FrameType) -> bool:
    """Whether it is a function of this package with a name of its own."""
    code = frame.f_code
    named = not code.co_name.startswith(("<", "__")) and code.co_name not in SHARED
    return named and code.co_filename.startswith(ROOT) and code.co_filename.endswith(".py")


def repeated(work: Callable[[], object]) -> set[str]:
    """Pairs of functions of one name, one called below the other; recursion is none."""
    found: set[str] = set()

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not ours(frame):
            return
        code, above = frame.f_code, frame.f_back
        while above is not None:
            other = above.f_code
            if other.co_name == code.co_name and other is not code and ours(above):
                found.add(f"{other.co_filename}:{other.co_qualname} {code.co_filename}")
            above = above.f_back

    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def test_no_function_name_occurs_twice(stage_file: Path, tmp_path: Path) -> None:
    assert repeated(lambda: grow.run(stage_file, run_dir=tmp_path / "run", listeners=[print])) == (
        set()
    )
    spec = validate.read(stage_file)
    task = Task(spec, stage_file.parent, tmp_path / "trial", spec.seed)
    assert repeated(lambda: trial.run_trial(task, lambda told: None, StopSwitch())) == set()
    assert repeated(lambda: grow.load(tmp_path / "run").to_dict()) == set()
