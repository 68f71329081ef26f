"""What is wrong with a run folder is found and named; what is good is not complained of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import grow
from grow.errors import RunFolderError
from grow.planning.lineup import Action, line_up
from grow.runs import checkpoint, verify
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import StageFolder
from tests.builders import tree, with_a_bit_flipped
from tests.finished import make_run, plans


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run folder with two complete stages."""
    return make_run(tmp_path / "runs" / "tiny")


def files(run: RunFolder) -> list[str]:
    return sorted(name for name in tree(run.path) if name != "unusable.txt")


def test_nothing_is_wrong_with_a_good_run(run: RunFolder) -> None:
    found = grow.verify(run.path)
    assert found.flaws == ()
    assert found.checked >= len(files(run)) - 4
    assert [entry.action for entry in line_up(plans(), verify.survey(run))] == ["reuse"] * 2


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing"])
def test_every_file_is_checked(run: RunFolder, damage: str) -> None:
    vouched = {f"{plan.folder}/{name}" for plan in plans() for name in ("done.json", "growth.json")}
    missing_is_fine = vouched | {"run.json"} if damage == "missing" else set()
    for name in files(run):
        if name in missing_is_fine or (damage == "missing" and name.endswith("plan.json")):
            continue
        path = run.path / name
        good = path.read_bytes()
        if damage == "missing":
            path.unlink()
        else:
            path.write_bytes(good[:-9] if damage == "truncated" else with_a_bit_flipped(good))
        words = " ".join(flaw.words for flaw in grow.verify(run.path).flaws)
        path.write_bytes(good)
        assert str(path if "checkpoints" not in name else path.parent) in words, name
    assert grow.verify(run.path).flaws == ()


def test_old_stage_folders_are_checked_too(run: RunFolder) -> None:
    (small, _) = run.stage_folders()
    old = run.path / "01-older-0123abcd"
    shutil.copytree(small.path, old)
    words = [flaw.words for flaw in grow.verify(run.path).flaws]
    assert words == [f"{old / 'stage.json'} is damaged: it belongs to another folder"]


def test_a_recipe_that_was_changed_is_damage(run: RunFolder) -> None:
    from grow.runs import documents

    (small, _) = run.stage_folders()
    header = small.header()
    del header["schema"]
    header["recipe"]["seed"] += 1
    documents.write(small.path / "stage.json", "grow.stage/1", header)
    (flaw,) = verify.stage_flaws(small, thorough=False)
    assert "its fingerprint is not that of its recipe" in flaw.words


def test_what_is_no_run_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is not a run folder"):
        grow.verify(tmp_path)


def test_a_damaged_stage_is_lined_up_to_go_on(run: RunFolder) -> None:
    (small, _) = run.stage_folders()
    (small.path / "stage.json").write_text("{")
    first, second = line_up(plans(), verify.survey(run))
    assert first.action is Action.RESUME
    assert "stage.json is damaged" in first.reason
    assert second.action is Action.REUSE


def _start(folder: StageFolder) -> verify.Start:
    return verify.newest_start(folder, plans()[0].training)


def test_where_a_stage_goes_on(run: RunFolder) -> None:
    (small, _) = run.stage_folders()
    (name,) = [f"{number:06d}" for number in checkpoint.numbers(small.checkpoints)]
    start = _start(small)
    assert start.state is not None
    assert (len(start.state.history), start.names, start.flaws) == (2, (name,), ())
    (small.checkpoints / name / "state.json").unlink()
    start = _start(small)
    assert start.state is None
    assert [flaw.path.name for flaw in start.flaws] == [name]


def test_a_verification_as_json(run: RunFolder) -> None:
    (run.path / "stages.yaml").write_text("name: x")
    values = grow.verify(run.path).to_dict()
    assert json.loads(json.dumps(values)) == values
    assert values["flaws"] == [
        {
            "path": str(run.path / "stages.yaml"),
            "words": f"{run.path / 'stages.yaml'} is not what run.json says was run",
        }
    ]


def test_every_checkpoint_of_a_stage_is_checked(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", complete=1, step=3)
    path = next(checkpoint.newest_first(run.stage_folders()[1].checkpoints))
    tensors = path / "tensors.safetensors"
    tensors.write_bytes(with_a_bit_flipped(tensors.read_bytes()))
    (flaw,) = grow.verify(run.path).flaws
    assert flaw.path == path
    assert "its checksum is not that of the manifest" in flaw.words
