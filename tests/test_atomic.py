"""Atomic commits: whatever breaks, a reader sees the old one or the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from grow import atomic
from tests.builders import FAILURES, PowerCut, crash, crash_points, tree

BREAKS = pytest.mark.parametrize("failure", FAILURES, ids=lambda kind: kind.__name__)

OLD, NEW = b"the old content", b"the new content, which is longer"


def _points(root, prepare, act):
    """A fresh folder for each place where ``act`` can break."""
    trial = root / "trial"
    trial.mkdir()
    prepare(trial)
    for at in crash_points(lambda: act(trial)):
        folder = root / f"{at}"
        folder.mkdir()
        prepare(folder)
        yield at, folder


def _fill(path, **files):
    with atomic.new_folder(path) as beside:
        (beside / "inner").mkdir()
        for name, content in files.items():
            (beside / "inner" / name).write_bytes(content)


def test_a_file_is_written_and_replaced(tmp_path):
    atomic.write_file(tmp_path / "file", OLD)
    atomic.write_file(tmp_path / "file", NEW)
    assert tree(tmp_path) == {"file": NEW}


@BREAKS
def test_a_file_is_the_old_one_or_the_new_one_wherever_writing_breaks(tmp_path, failure):
    def prepare(folder):
        (folder / "file").write_bytes(OLD)

    def act(folder):
        atomic.write_file(folder / "file", NEW)

    seen = set()
    for at, folder in _points(tmp_path, prepare, act):
        error = crash(lambda: act(folder), at, failure)  # noqa: B023
        content = (folder / "file").read_bytes()
        assert content in (OLD, NEW)
        if isinstance(error, OSError):
            assert content == OLD
        if error is None:
            assert content == NEW
        if failure is PowerCut:
            atomic.sweep(folder)
        assert set(tree(folder)) == {"file"}
        act(folder)
        assert tree(folder) == {"file": NEW}
        seen.add(content)
    assert seen == {OLD, NEW}


def test_content_is_on_disk_before_it_is_renamed_and_the_rename_before_the_return(
    tmp_path, monkeypatch
):
    calls = []
    monkeypatch.setattr(atomic, "_flush", lambda path: calls.append(("flush", path.name)))
    replace = atomic.Path.replace

    def spied(source, target):
        calls.append(("rename", source.name))
        return replace(source, target)

    monkeypatch.setattr(atomic.Path, "replace", spied)
    atomic.write_file(tmp_path / "file", NEW)
    beside = calls[0][1]
    assert calls == [("flush", beside), ("rename", beside), ("flush", tmp_path.name)]


def test_each_file_of_a_folder_is_on_disk_before_it_is_renamed(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(atomic, "_flush", lambda path: calls.append(path.name))
    rename = atomic.Path.rename

    def spied(source, target):
        calls.append("rename")
        return rename(source, target)

    monkeypatch.setattr(atomic.Path, "rename", spied)
    _fill(tmp_path / "folder", a=OLD, b=NEW)
    renamed = calls.index("rename")
    assert {"a", "b"} <= set(calls[:renamed])
    assert calls[renamed + 1 :] == [tmp_path.name]


@BREAKS
def test_a_folder_is_there_whole_or_not_at_all_wherever_writing_breaks(tmp_path, failure):
    def act(folder):
        _fill(folder / "deep" / "new", a=OLD, b=NEW)

    def prepare(folder):
        (folder / "deep").mkdir()

    whole = {"inner/a": OLD, "inner/b": NEW}
    seen = set()
    for at, folder in _points(tmp_path, prepare, act):
        error = crash(lambda: act(folder), at, failure)  # noqa: B023
        there = (folder / "deep" / "new").exists()
        if there:
            assert tree(folder / "deep" / "new") == whole
        assert there or error is not None
        if failure is PowerCut:
            atomic.sweep(folder / "deep")
        assert [path.name for path in (folder / "deep").iterdir()] == ["new"] * there
        if not there:
            act(folder)
            assert tree(folder / "deep" / "new") == whole
        seen.add(there)
    assert seen == {True, False}


def test_a_folder_whose_block_raises_never_was(tmp_path):
    def half():
        with atomic.new_folder(tmp_path / "new") as beside:
            (beside / "half").write_bytes(OLD)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_not_replaced(tmp_path):
    _fill(tmp_path / "folder", a=OLD)
    with pytest.raises(OSError, match="folder"):
        _fill(tmp_path / "folder", a=NEW)
    assert tree(tmp_path) == {"folder/inner/a": OLD}


@pytest.mark.parametrize("there", ["folder", "file", "broken link"])
def test_what_is_in_the_place_of_a_new_folder_is_not_replaced(tmp_path, there):
    path = tmp_path / "place"
    if there == "folder":
        path.mkdir()
    elif there == "file":
        path.write_bytes(OLD)
    else:
        path.symlink_to(tmp_path / "nowhere")
    before = path.lstat()
    with pytest.raises(FileExistsError):
        _fill(path, a=NEW)
    assert path.lstat() == before
    assert [one.name for one in tmp_path.iterdir()] == ["place"]


def test_folders_within_a_folder_are_on_disk_before_it_is_renamed(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(atomic, "_flush", lambda path: calls.append(path.name))
    _fill(tmp_path / "folder", a=OLD)
    assert "inner" in calls


def test_what_is_set_aside_is_kept_under_another_name(tmp_path):
    asides = []
    for _ in range(2):
        (tmp_path / "file").write_bytes(OLD)
        asides.append(atomic.set_aside(tmp_path / "file"))
    assert len(set(asides)) == 2
    assert all(path.name.startswith("damaged-file-") for path in asides)
    assert list(tree(tmp_path).values()) == [OLD, OLD]


@BREAKS
def test_a_folder_is_removed_whole_or_not_at_all_wherever_removing_breaks(tmp_path, failure):
    def prepare(folder):
        _fill(folder / "doomed", a=OLD, b=NEW)

    def act(folder):
        atomic.remove_folder(folder / "doomed")

    for at, folder in _points(tmp_path, prepare, act):
        crash(lambda: act(folder), at, failure)  # noqa: B023
        if (folder / "doomed").exists():
            assert tree(folder / "doomed") == {"inner/a": OLD, "inner/b": NEW}
        else:
            atomic.sweep(folder)
            assert list(folder.iterdir()) == []


def test_sweeping_deletes_what_was_left_and_nothing_else(tmp_path):
    (tmp_path / f"{atomic.TEMPORARY}1-file").write_bytes(OLD)
    (tmp_path / f"{atomic.TEMPORARY}2-folder" / "inner").mkdir(parents=True)
    (tmp_path / "file").write_bytes(NEW)
    atomic.sweep(tmp_path)
    assert tree(tmp_path) == {"file": NEW}


def test_what_is_written_through_a_path_keeps_its_ending(tmp_path):
    seen = []

    def save(beside):
        seen.append(beside)
        beside.write_bytes(NEW)

    atomic.write_through(tmp_path / "model.keras", save)
    assert seen[0].suffix == ".keras"
    assert seen[0].parent == tmp_path
    assert tree(tmp_path) == {"model.keras": NEW}


def test_folders_that_cannot_be_flushed_are_no_obstacle(tmp_path, monkeypatch):
    def refuse(path):
        if path.is_dir():
            raise PermissionError(13, "folders cannot be opened here")

    monkeypatch.setattr(atomic, "_flush", refuse)
    atomic.write_file(tmp_path / "file", NEW)
    _fill(tmp_path / "folder", a=NEW)
    assert tree(tmp_path) == {"file": NEW, "folder/inner/a": NEW}


def test_a_full_disk_names_what_was_being_written(tmp_path, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "_flush", full)
    for act in (lambda path: atomic.write_file(path, NEW), lambda path: _fill(path, a=NEW)):
        with pytest.raises(OSError, match="No space left") as caught:
            act(tmp_path / "place")
        assert caught.value.filename == str(tmp_path / "place")


def test_a_folder_gives_way_only_to_a_whole_one(tmp_path, monkeypatch):
    path = tmp_path / "export"
    with atomic.new_folder(path, replace=True) as beside:
        (beside / "old").touch()
    with pytest.raises(ZeroDivisionError), atomic.new_folder(path, replace=True) as beside:
        raise ZeroDivisionError
    rename, calls = Path.rename, []

    def second_fails(self, target):
        calls.append(self)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", second_fails)
        with pytest.raises(OSError, match="No space"), atomic.new_folder(path, replace=True):
            pass
    assert [one.name for one in path.iterdir()] == ["old"]
    with atomic.new_folder(path, replace=True) as beside:
        (beside / "new").touch()
    assert [one.name for one in path.iterdir()] == ["new"]
    assert [one.name for one in tmp_path.iterdir()] == ["export"]
