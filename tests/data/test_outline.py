import builtins
import io
import os
import subprocess
import sys
from pathlib import Path

from grow.config.schema import DrawnData
from grow.data.sources.outline import DRAWN_CLASSES, list_pictures, outline
from grow.data.synthetic import drawn


def test_outline_of_a_folder(root, folder_data):
    (root / "notes.txt").touch()
    found = outline(folder_data(root), Path("/"))
    assert found.place == str(root)
    assert found.counts["train"] == {"cats": 10, "dogs": 10}
    assert found.fraction == 0.2
    assert [entry.key for entry in found.unusable] == ["notes.txt"]


def test_outline_of_drawn_pictures():
    found = outline(DrawnData(source="drawn", train=5, validation=4), Path("/"))
    assert found.classes == ("cat", "dog")
    assert found.counts["train"] == {"cat": 3, "dog": 2}
    assert found.counts["validation"] == {"cat": 2, "dog": 2}
    assert found.fraction is None


def test_drawn_classes_are_those_that_are_drawn():
    assert DRAWN_CLASSES == drawn.CLASSES


def test_more_drawn_training_pictures_keep_the_others():
    few = list_pictures(DrawnData(source="drawn", train=4, validation=2), Path("/")).candidates
    more = list_pictures(DrawnData(source="drawn", train=9, validation=2), Path("/")).candidates
    assert set(few) < set(more)
    assert few[-1].key == "drawn/validation/10000001"


def test_listing_opens_no_file(tmp_path, folder_data, monkeypatch):
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for number in range(50):
            (tmp_path / name / f"{number}.jpg").touch()
    opened = []
    for module, name in ((builtins, "open"), (io, "open"), (os, "open")):
        monkeypatch.setattr(module, name, lambda path, *_, **__: opened.append(path))
    counts = outline(folder_data(tmp_path), Path("/")).counts
    monkeypatch.undo()
    assert sum(counts["train"].values()) == 100
    assert opened == []


def test_planning_loads_neither_numpy_nor_pillow():
    code = (
        "import sys, grow.data, grow.data.cache.index, grow.data.sources.outline\n"
        "print(sorted({'numpy', 'PIL', 'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
