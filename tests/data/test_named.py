"""Which files are meant by names of files and folders."""

from __future__ import annotations

import pytest

from grow.data.sources.named import NamedFile, find_pictures
from grow.errors import DataError, UsageError

CLASSES = ("cats", "dogs")


@pytest.fixture
def here(tmp_path, monkeypatch, picture):
    monkeypatch.chdir(tmp_path)
    for name in ("b.png", "cats/2.png", "cats/old/1.png", "x/dogs/y/3.PNG", ".hidden.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("hello")
    return tmp_path


def test_a_folder_is_searched_in_sorted_order_and_a_file_is_taken_as_it_is(here):
    found = find_pictures(["notes.txt", "."], CLASSES)
    assert found.files == (
        NamedFile("notes.txt"),
        NamedFile("b.png"),
        NamedFile("cats/2.png", 0),
        NamedFile("cats/old/1.png", 0),
        NamedFile("x/dogs/y/3.PNG", 1),
    )
    assert [one.key for one in found.skipped] == ["notes.txt"]
    assert found.unusable == ()


def test_names_are_kept_as_they_were_given(here):
    assert find_pictures([f"{here}/x/"]).files == (NamedFile(f"{here}/x/dogs/y/3.PNG"),)
    assert find_pictures(["./cats/2.png"]).files[0].name == "./cats/2.png"


def test_the_folder_that_is_named_counts_but_none_above_it(here):
    assert {one.folder_label for one in find_pictures(["cats"], CLASSES).files} == {0}
    assert {one.folder_label for one in find_pictures(["x/dogs/y"], CLASSES).files} == {None}
    assert find_pictures(["cats/2.png"], CLASSES).files[0].folder_label == 0
    assert find_pictures(["cats/old/1.png"], CLASSES).files[0].folder_label is None


def test_what_hides_pictures_is_unusable(here):
    (here / "cats" / "gone.png").symlink_to("nowhere")
    (one,) = find_pictures(["cats"]).unusable
    assert (one.key, one.reason) == ("cats/gone.png", "a link that leads nowhere")


@pytest.mark.parametrize(
    ("names", "kind", "message"),
    [
        ([], UsageError, "expected pictures or folders of them, found none"),
        (["b.png", "nope"], UsageError, "nope: there is no such file or folder"),
        ([""], UsageError, "'': there is no such file"),
        (["a\0b"], UsageError, "there is no such file"),
        (["-"], UsageError, "not read from standard input"),
        (["empty"], DataError, "empty: expected pictures .*, found no file"),
        (["texts", "empty"], DataError, r"texts, empty: .* found only other files \(1\)"),
    ],
)
def test_names_that_lead_to_no_picture_are_refused(here, names, kind, message):
    (here / "empty").mkdir()
    (here / "texts").mkdir()
    (here / "texts" / "a.txt").write_text("hello")
    with pytest.raises(kind, match=message):
        find_pictures(names)
