import os

from grow.data.manifest import Unusable
from grow.data.sources.walk import look, walk


def _keys(level):
    return sorted(key for key, _ in level.pictures)


def test_pictures_are_found_by_suffix_in_any_case(tmp_path):
    names = ["a.jpg", "b.JPEG", "c.Png", "d.bmp", "e.gif", "f.WEBP"]
    for name in names:
        (tmp_path / name).touch()
    level = walk(str(tmp_path), "")
    assert _keys(level) == sorted(names)
    assert level.unusable == []


def test_clutter_is_ignored_and_all_else_is_named(tmp_path):
    for name in [".hidden.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", "notes.TXT", "README"]:
        (tmp_path / name).touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.jpg").touch()
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "b.jpg").touch()
    os.mkfifo(tmp_path / "pipe.jpg")
    level = walk(str(tmp_path), "cats/")
    assert level.pictures == []
    assert sorted(level.unusable, key=lambda entry: entry.key) == [
        Unusable("cats/README", "not a picture file (no extension)"),
        Unusable("cats/notes.TXT", "not a picture file (.txt)"),
        Unusable("cats/pipe.jpg", "neither a file nor a folder"),
    ]


def test_nested_spaced_and_unicode_names(tmp_path):
    deep = tmp_path / "gute Katzen" / "日本"
    deep.mkdir(parents=True)
    (deep / "mein Kätzchen 🐈.jpg").touch()
    assert _keys(walk(str(tmp_path), "cats/")) == ["cats/gute Katzen/日本/mein Kätzchen 🐈.jpg"]


def test_links_are_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.jpg").touch()
    cats = tmp_path / "cats"
    cats.mkdir()
    (cats / "linked").symlink_to(tmp_path / "elsewhere")
    (cats / "b.jpg").symlink_to(tmp_path / "elsewhere" / "a.jpg")
    assert _keys(walk(str(cats), "")) == ["b.jpg", "linked/a.jpg"]


def test_loops_end_and_broken_links_are_named(tmp_path):
    for one, other in [("x", "y"), ("y", "x")]:
        (tmp_path / one).mkdir()
        (tmp_path / one / f"{one}.jpg").touch()
        (tmp_path / one / f"to-{other}").symlink_to(tmp_path / other)
        (tmp_path / one / "up").symlink_to(tmp_path)
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/null")
    level = walk(str(tmp_path), "")
    assert sorted(key.rpartition("/")[2] for key in _keys(level)) == ["x.jpg", "y.jpg"]
    reasons = {entry.key: entry.reason for entry in level.unusable}
    assert reasons["gone.jpg"] == reasons["self.jpg"] == "a link that leads nowhere"
    assert reasons["zero.jpg"] == "neither a file nor a folder"
    assert reasons["x/up/"] == "a link to a folder listed already"


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.jpg").touch()
    real = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    level = walk(str(tmp_path), "")
    assert _keys(level) == ["a.jpg"]
    assert level.unusable == [Unusable("locked/", "cannot be listed: Permission denied")]


def test_look_lists_one_level_with_folders_in_name_order(tmp_path):
    for name in ["b", "a", "c"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "deep.jpg").touch()
    level = look(str(tmp_path), "")
    assert list(level.folders) == ["a", "b", "c"]
    assert level.pictures == []
