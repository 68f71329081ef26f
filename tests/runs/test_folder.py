"""The run folder: what is written is read back, and damage is named."""

from __future__ import annotations

import json
import math
from contextlib import suppress

import pytest

from grow import atomic
from grow.errors import RunFolderError
from grow.nets.transfer import TransferPlan
from grow.planning import validate
from grow.runs import documents
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import Done
from tests.builders import (
    CATS_DOGS,
    FAILURES,
    crash,
    crash_points,
    record,
    run_spec,
    run_values,
    stage_plans,
    tree,
)

SMALL, DEEPER, DEEPEST = stage_plans()
DONE = Done(epochs=6, best=4, checkpoint="000044", weights="a" * 64, reason="all 6 epochs trained")
HISTORY = (record(1), record(2, val_loss=math.nan))
BREAKS = pytest.mark.parametrize("failure", FAILURES, ids=lambda kind: kind.__name__)


@pytest.fixture
def folder(tmp_path):
    """A run folder in which nothing stands yet."""
    return RunFolder(tmp_path)


def test_a_stage_that_is_begun_has_its_recipe_its_plan_and_room_for_checkpoints(folder):
    stage = folder.begin(DEEPER)
    assert stage.path == folder.path / DEEPER.folder
    assert stage.header() == {
        "schema": "grow.stage/1",
        "number": 2,
        "name": "deeper",
        "fingerprint": DEEPER.fingerprint,
        "recipe": json.loads(json.dumps(DEEPER.recipe)),
    }
    assert stage.plan() == DEEPER.transfer
    assert stage.checkpoints.is_dir()
    assert (stage.history(), stage.done()) == ((), None)


def test_a_first_stage_has_no_plan(folder):
    assert folder.begin(SMALL).plan() is None


def test_a_stage_that_was_begun_is_left_as_it_is(folder):
    stage = folder.begin(SMALL)
    stage.write_history(HISTORY)
    before = tree(folder.path)
    assert folder.begin(SMALL) == stage
    assert tree(folder.path) == before


def test_a_history_comes_back_with_what_is_no_number(folder):
    stage = folder.begin(SMALL)
    stage.write_history(HISTORY)
    assert [one.to_dict() for one in stage.history()] == [one.to_dict() for one in HISTORY]
    assert len((stage.path / "history.jsonl").read_text().splitlines()) == 2
    stage.write_history(())
    assert stage.history() == ()


def test_what_a_complete_stage_says_comes_back(folder):
    stage = folder.begin(SMALL)
    stage.write_done(DONE)
    assert stage.done() == DONE


def test_a_model_is_committed_as_one_file_with_its_ending(folder):
    stage = folder.begin(SMALL)
    seen = []

    def save(path):
        seen.append(path.suffix)
        path.write_bytes(b"a model")

    stage.commit_model(save)
    assert seen == [".keras"]
    assert stage.model.read_bytes() == b"a model"


def test_a_run_notes_its_stage_file_and_where_it_stood(folder, tmp_path):
    spec = run_spec()
    folder.write_run(spec, tmp_path / "elsewhere", CATS_DOGS)
    assert validate.read(folder.stage_file) == spec
    assert folder.header() == {
        "schema": "grow.run/1",
        "name": "trial",
        "base": str(tmp_path / "elsewhere"),
        "classes": ["cat", "dog"],
        "pictures": CATS_DOGS.digest,
        "stages": folder.stage_file.read_text(),
    }
    assert folder.spec() == spec


@pytest.mark.parametrize(
    "wrong", [5, None, "x", [5], [{}], {"a": 1}, [{"classes": 3, "pictures": "x"}]]
)
def test_classes_of_earlier_stages_of_another_form_are_damage(folder, tmp_path, wrong):
    folder.write_run(run_spec(), tmp_path, CATS_DOGS)
    values = folder.header()
    del values["schema"]
    documents.write(folder.run_file, "grow.run/1", {**values, "earlier": wrong})
    with pytest.raises(RunFolderError, match="expected the classes and pictures of each"):
        folder.header()


def test_an_edited_stage_gets_a_folder_of_its_own_and_the_old_one_stays(folder):
    folder.begin(SMALL).write_done(DONE)
    edited = stage_plans(train={"epochs": 7})[0]
    folder.begin(edited)
    assert folder.of(SMALL).path != folder.of(edited).path
    assert folder.of(SMALL).done() == DONE
    assert folder.of(edited).done() is None


def test_a_stage_that_was_renamed_is_found_in_its_old_folder(folder):
    old = folder.begin(SMALL)
    old.write_done(DONE)
    values = run_values()
    values["stages"][0]["name"] = "tiny"
    (renamed, *_) = stage_plans(**values)
    assert renamed.folder != SMALL.folder
    assert folder.of(renamed) == folder.begin(renamed) == old
    assert folder.of(renamed).done() == DONE


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    nowhere = RunFolder(tmp_path / "nowhere")
    assert nowhere.stage_folders() == ()
    assert nowhere.of(SMALL).done() is None
    with pytest.raises(RunFolderError, match=r"is not a run folder: it has no run\.json") as caught:
        nowhere.header()
    assert "grow run" in caught.value.hint


DAMAGE = [
    ("stage.json", "", "header", "Expecting value"),
    ("stage.json", "[]", "header", "expected a JSON object"),
    ("stage.json", '{"schema": "grow.stage/2"}', "header", "expected schema grow.stage/1, found"),
    ("stage.json", "{}", "header", "expected schema grow.stage/1, found None"),
    ("stage.json", {"number": "1"}, "header", "'number' is missing"),
    ("done.json", "{", "done", "Expecting property name"),
    ("done.json", '{"schema": "grow.done/2"}', "done", "expected schema grow.done/1, found"),
    ("done.json", {"epochs": 6}, "done", "'best' is missing"),
    ("done.json", DONE.__dict__ | {"checkpoint": "../../x"}, "done", "expected a checkpoint"),
    ("done.json", '{"schema": "grow.done/1", "epochs": 6}', "done", "its seal is not that of"),
    ("done.json", '{"a": ' * 100_000, "done", "recursion"),
    ("plan.json", "nonsense", "plan", "Expecting value"),
    (
        "plan.json",
        '{"schema": "grow.transfer-plan/9"}',
        "plan",
        "expected schema grow.transfer-plan/1",
    ),
    ("plan.json", '{"schema": "grow.transfer-plan/1"}', "plan", "policy"),
    (
        "plan.json",
        '{"schema": "grow.transfer-plan/1", "policy": "shape", "layers": [7], "gone": []}',
        "plan",
        "",
    ),
    (
        "plan.json",
        '{"schema": "grow.transfer-plan/1", "policy": "shape", "layers": [{"name": "x", '
        '"kind": "conv", "old": [3], "new": null, "decision": "skip", "reason": "new", '
        '"words": ""}], "gone": [], "optimizer": "reset"}',
        "plan",
        "",
    ),
    ("history.jsonl", '{"epoch": 1', "history", "Expecting"),
    ("history.jsonl", "\n", "history", "Expecting value"),
    ("history.jsonl", '{"epoch": 1}\n', "history", "missing"),
    ("history.jsonl", "[1]\n", "history", ""),
    ("history.jsonl", "7\n", "history", ""),
    ("history.jsonl", json.dumps(record(2).to_dict()), "history", "expected the epochs 1, 2, 3"),
    (
        "history.jsonl",
        json.dumps(record(1).to_dict() | {"val_loss": "x"}),
        "history",
        "val_loss: expected a number, found 'x'",
    ),
    ("history.jsonl", "\udcff", "history", "codec can't decode"),
]


@pytest.mark.parametrize(("name", "content", "read", "why"), DAMAGE)
def test_a_damaged_file_is_named_with_what_to_do(folder, name, content, read, why):
    stage = folder.begin(DEEPER)
    if isinstance(content, dict):
        documents.write(stage.path / name, f"grow.{name.partition('.')[0]}/1", content)
    else:
        (stage.path / name).write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(RunFolderError) as caught:
        getattr(stage, read)()
    assert caught.value.message.startswith(f"{stage.path / name} is damaged: ")
    assert why in caught.value.message
    assert caught.value.hint.startswith("run again: it is put aside")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("key", ["number", "name", "fingerprint", "recipe"])
def test_a_recipe_with_something_missing_is_damaged(folder, key):
    stage = folder.begin(SMALL)
    header = stage.header()
    del header[key], header["schema"]
    documents.write(stage.path / "stage.json", "grow.stage/1", header)
    with pytest.raises(RunFolderError, match=rf"stage\.json is damaged: '{key}' is missing"):
        stage.header()


def test_no_bit_of_a_sealed_file_turns_unnoticed(folder):
    stage = folder.begin(SMALL)
    stage.write_done(DONE)
    path = stage.path / "done.json"
    data = path.read_bytes()
    for offset in range(len(data)):
        path.write_bytes(data[:offset] + bytes([data[offset] ^ 4]) + data[offset + 1 :])
        with suppress(RunFolderError):
            assert stage.done() == DONE  # between the values, say: a blank line more


def test_notes_that_are_missing_are_written_anew(folder):
    stage = folder.begin(DEEPER)
    before = tree(stage.path)
    for name in ("stage.json", "plan.json"):
        (stage.path / name).unlink()
    folder.begin(DEEPER)
    assert tree(stage.path) == before


@BREAKS
def test_a_stage_is_begun_whole_or_not_at_all_wherever_it_breaks(tmp_path, failure):
    def act(folder):
        folder.begin(DEEPER)

    (tmp_path / "trial").mkdir()
    seen = set()
    for at in crash_points(lambda: act(RunFolder(tmp_path / "trial"))):
        folder = RunFolder(tmp_path / f"{at}")
        folder.path.mkdir()
        crash(lambda: act(folder), at, failure)  # noqa: B023
        begun = [(one.header()["number"], one.plan()) for one in folder.stage_folders()]
        assert begun in ([], [(2, DEEPER.transfer)])
        seen.add(len(begun))
        atomic.sweep(folder.path)
        act(folder)
        assert isinstance(folder.of(DEEPER).plan(), TransferPlan)
        assert len(list(folder.path.iterdir())) == 1
    assert seen == {0, 1}


@BREAKS
def test_a_stage_is_done_or_not_wherever_it_breaks(tmp_path, failure):
    stage = RunFolder(tmp_path).begin(SMALL)
    later = Done(epochs=7, best=7, checkpoint="000077", weights="b" * 64, reason="again")
    seen = set()
    for at in crash_points(lambda: stage.write_done(DONE)):
        stage.write_done(DONE)
        crash(lambda: stage.write_done(later), at, failure)
        assert stage.done() in (DONE, later)
        seen.add(stage.done())
    assert seen == {DONE, later}


@BREAKS
def test_a_history_is_the_old_or_the_new_one_wherever_writing_breaks(tmp_path, failure):
    stage = RunFolder(tmp_path).begin(SMALL)
    before, after = (record(1),), (record(1), record(2))
    seen = set()
    for at in crash_points(lambda: stage.write_history(before)):
        stage.write_history(before)
        crash(lambda: stage.write_history(after), at, failure)
        assert stage.history() in (before, after)
        seen.add(stage.history())
    assert seen == {before, after}


@BREAKS
def test_a_run_can_be_read_wherever_noting_it_breaks(tmp_path, failure):
    folder = RunFolder(tmp_path)
    before, after = run_spec(seed=1), run_spec(seed=2)
    for at in crash_points(lambda: folder.write_run(before, tmp_path, CATS_DOGS)):
        folder.write_run(before, tmp_path, CATS_DOGS)
        crash(lambda: folder.write_run(after, tmp_path, CATS_DOGS), at, failure)
        assert validate.read(folder.stage_file) in (before, after)
        assert folder.spec() in (before, after)
        assert folder.header()["classes"] == ["cat", "dog"]
