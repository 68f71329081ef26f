"""What `grow clean` would free, and that it frees nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import grow
from grow import atomic
from grow.errors import RunFolderError
from grow.runs import checkpoint, lock
from grow.runs.folder import RunFolder
from tests.builders import tree
from tests.finished import make_run


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run folder with two complete stages."""
    return make_run(tmp_path / "runs" / "tiny")


def unused(run: RunFolder) -> Path:
    """A stage folder that the stage file does not use."""
    folder = run.path / "01-older-0123abcd"
    shutil.copytree(run.stage_folders()[0].path, folder)
    return folder


def test_of_a_tidy_run_nothing_can_go(run: RunFolder) -> None:
    before = tree(run.path)
    assert grow.clean(run.path).leftovers == ()
    assert grow.clean(run.path).apply() == ()
    assert tree(run.path) == before


def test_what_is_not_needed_is_shown_with_its_size_and_goes(run: RunFolder) -> None:
    good = tree(run.path)
    old = unused(run)
    small = run.stage_folders()[1]
    ended = checkpoint.read(next(checkpoint.newest_first(small.checkpoints)))
    middle = replace(ended, number=ended.number - 1, step=2, history=ended.history[:-1])
    superseded = checkpoint.write(small.checkpoints, middle, {})
    (small.path / "model.keras").write_bytes(b"12345")
    aside = atomic.set_aside(small.path / "model.keras")
    plan = grow.clean(run.path)
    assert {one.path for one in plan.leftovers} == {old, superseded, aside}
    assert plan.size_bytes == sum(
        len(content) for name, content in tree(run.path).items() if name not in good
    )
    assert grow.clean(run.path).apply() == plan.leftovers
    assert tree(run.path) == good
    assert plan.apply() == ()


def test_planning_deletes_nothing(run: RunFolder) -> None:
    unused(run)
    before = tree(run.path)
    values = grow.clean(run.path).to_dict()
    assert json.loads(json.dumps(values)) == values
    assert tree(run.path) == before


def test_what_has_come_into_use_since_it_was_planned_stays(run: RunFolder) -> None:
    old = unused(run)
    plan = grow.clean(run.path)
    old.rename(run.path / "somewhere else")
    assert plan.apply() == ()


def test_a_run_that_is_at_work_is_not_cleaned(run: RunFolder) -> None:
    old = unused(run)
    plan = grow.clean(run.path)
    with lock.held(run.path), pytest.raises(RunFolderError, match="is in use"):
        plan.apply()
    assert old.exists()


def test_what_a_link_points_to_is_never_deleted(run: RunFolder, tmp_path: Path) -> None:
    outside = tmp_path / "photographs"
    (outside / "000001").mkdir(parents=True)
    (outside / "000001" / "me.jpg").write_bytes(b"me")
    (outside / "damaged-me.jpg").write_bytes(b"me")
    before = tree(outside)
    (run.path / "09-linked-0123abcd").symlink_to(outside)
    inner = unused(run)
    (inner / "inner").symlink_to(outside)
    small = run.stage_folders()[2]
    shutil.rmtree(small.checkpoints)
    small.checkpoints.symlink_to(outside)
    gone = grow.clean(run.path).apply()
    assert {one.path.name for one in gone} == {"09-linked-0123abcd", inner.name}
    assert tree(outside) == before
    assert small.checkpoints.is_symlink()


def _grow(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grow", *arguments]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_the_command_shows_and_without_a_terminal_deletes_only_when_told(run: RunFolder) -> None:
    old = unused(run)
    shown = _grow("clean", str(run.path))
    assert shown.returncode == 0
    assert f"{old}: the stage file does not use it" in shown.stdout
    assert "nothing was deleted: there is no terminal to ask" in shown.stderr
    assert old.exists()
    as_json = json.loads(_grow("clean", str(run.path), "--json").stdout)
    assert (as_json["deleted"], old.exists()) == ([], True)
    assert "1 deleted" in _grow("clean", str(run.path), "--yes").stdout
    assert not old.exists()


def test_the_command_verifies(run: RunFolder) -> None:
    assert "nothing is damaged" in _grow("status", str(run.path), "--verify").stdout
    path = run.stage_folders()[0].path / "done.json"
    path.write_text(path.read_text().replace('"epochs": 2', '"epochs": 3'))
    found = _grow("status", str(run.path), "--verify")
    assert found.returncode == 4
    assert f"{path} is damaged: its seal is not that of its content" in found.stdout
    found = _grow("status", str(run.path), "--verify", "--json")
    assert (found.returncode, len(json.loads(found.stdout)["flaws"])) == (4, 1)


def test_a_run_whose_notes_are_damaged_is_not_cleaned(run: RunFolder) -> None:
    (run.path / "run.json").write_text("{")
    with pytest.raises(RunFolderError, match=r"run\.json is damaged"):
        grow.clean(run.path)
