"""Run folders and stage files made to do harm do none: nothing is run, nothing outside touched."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

import grow
from grow.errors import RunFolderError, StageFileError
from grow.planning import validate
from grow.runs import checkpoint, documents, verify
from grow.runs.checkpoint import DamagedError
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import seal
from tests.builders import run_values, same_states, state, tree
from tests.finished import make_run


class Bomb:
    """Unpickled, it would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """The path of a good checkpoint."""
    return checkpoint.write(tmp_path / "checkpoints", state(), {})


def reseal(path: Path, **more: object) -> None:
    """Makes the manifest fit whatever is there now, as one who means harm would."""
    names = ("tensors.safetensors", "state.json")
    files = {name: seal((path / name).read_bytes()) for name in names} | more
    manifest = {"schema": checkpoint.SCHEMA, "files": files, "versions": {}}
    (path / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json", "manifest.json"])
def test_a_pickle_is_not_unpickled(good: Path, tmp_path: Path, name: str) -> None:
    (good / name).write_bytes(pickle.dumps(Bomb(tmp_path / "boom")))
    if name != "manifest.json":
        reseal(good)
    with pytest.raises(DamagedError):
        checkpoint.read(good)
    assert not (tmp_path / "boom").exists()


def test_an_array_of_objects_cannot_even_be_written(tmp_path: Path) -> None:
    objects = np.array([Bomb(tmp_path / "boom")], object)
    with pytest.raises((ValueError, TypeError, KeyError, Exception)):
        checkpoint.write(tmp_path, state(tensors={"a": objects}), {})


def _tensors(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**63) + b"{}",
        _tensors({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}}, b"1234"),
        _tensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2**50]}}, b"1234"),
        _tensors({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"1234"),
        _tensors({"a": {"dtype": "OBJECT", "shape": [1], "data_offsets": [0, 4]}}, b"1234"),
        b"",
    ],
    ids=["long header", "huge", "outside", "negative", "objects", "empty"],
)
def test_tensors_that_claim_what_they_are_not(good: Path, content: bytes) -> None:
    (good / "tensors.safetensors").write_bytes(content)
    reseal(good)
    with pytest.raises(DamagedError):
        checkpoint.read(good)


def test_a_manifest_that_names_files_elsewhere_reads_none_of_them(
    good: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    reseal(good, **{"../../secret": seal(b"mine"), "/etc/passwd": {"bytes": 1, "sha256": ""}})
    assert same_states(checkpoint.read(good), state())
    checkpoint.remove(good.parent, 3)
    assert secret.read_text() == "mine"


@pytest.mark.parametrize(
    "changes",
    [
        {"number": -1},
        {"number": "3"},
        {"step": 1.5},
        {"step": None},
        {"seconds": "long"},
        {"tally": {"pictures": 1, "loss": "much", "right": 1}},
        {"history": [{"epoch": []}]},
    ],
    ids=str,
)
def test_counters_of_the_wrong_kind_are_damage(good: Path, changes: dict[str, object]) -> None:
    counters = json.loads((good / "state.json").read_text())
    (good / "state.json").write_text(json.dumps(counters | changes))
    reseal(good)
    with pytest.raises(DamagedError):
        checkpoint.read(good)


def test_json_nested_without_end_is_damage(good: Path) -> None:
    (good / "state.json").write_text("[" * 200_000)
    reseal(good)
    with pytest.raises(DamagedError, match="is not JSON"):
        checkpoint.read(good)


def test_a_checkpoint_under_another_number_is_not_used(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (small, _) = run.stage_folders()
    path = next(checkpoint.newest_first(small.checkpoints))
    shutil.copytree(path, path.with_name("999999"))
    training = grow.load(run.path).stages[0].plan.training
    start = verify.newest_start(small, training)
    assert start.names == (path.name,)
    assert [flaw.path.name for flaw in start.flaws] == ["999999"]


def test_files_that_done_json_names_elsewhere_are_not_read(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (small, _) = run.stage_folders()
    done = small.done()
    assert done is not None
    secret = tmp_path / "secret"
    secret.write_text("mine")
    files = {"../../secret": seal(b"mine")}
    documents.write(small.path / "done.json", "grow.done/1", {**done.__dict__, "files": files})
    (flaw,) = verify.stage_flaws(small, thorough=True)
    assert "it is missing" in flaw.words
    assert flaw.path.parent == small.path


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_an_alias_bomb_is_refused_in_a_stage_file_and_in_a_run_folder(tmp_path: Path) -> None:
    with pytest.raises(StageFileError, match="aliases expanded"):
        validate.parse(BOMB, "f")
    run = make_run(tmp_path / "run")
    header = run.header()
    del header["schema"]
    documents.write(run.path / "run.json", "grow.run/1", header | {"stages": BOMB})
    with pytest.raises(RunFolderError, match="aliases expanded"):
        grow.load(run.path)


NAMES = ["../x", "..", ".", "/etc", "a/b", "a\\b", "C:x", "a\0b", "~", "con", "x" * 65, "a\nb"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("place", ["run", "stage", "block"])
def test_no_name_leads_out_of_the_run_folder(name: str, place: str) -> None:
    values = run_values(**({"name": name} if place == "run" else {}))
    if place == "stage":
        values["stages"][1]["name"] = name
    if place == "block":
        values["model"]["blocks"] = [{"filters": 4, "name": name}]
    if place == "block" and name == "con":
        return  # a block's name is no file's
    with pytest.raises(StageFileError):
        validate.parse(json.dumps(values), "f")


def test_a_link_to_nowhere_in_place_of_a_stage_folder_is_named_and_left_alone(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path / "run")
    (run.path / "07-x-0123abcd").symlink_to(tmp_path / "nowhere")
    before = tree(run.path)
    assert len(RunFolder(run.path).stage_folders()) == 2
    (flaw,) = grow.verify(run.path).flaws
    assert (
        flaw.words == f"{flaw.path} is damaged: expected a folder, found a link that leads nowhere"
    )
    assert tree(run.path) == before
