"""Look-alikes among prepared pictures: found once, kept in the cache, and told."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grow.config.schema import DrawnData
from grow.data import lookalikes
from grow.data.prepare import no_stop, prepare
from grow.errors import Stopped

SHAPE = (16, 16, 3)
BASE = Path("/")


@pytest.fixture
def films(tmp_path):
    """Ten clips of six pictures, nearly the same within each."""
    rng = np.random.default_rng(0)
    for clip in range(10):
        scene = rng.integers(0, 250, (16, 16, 3), np.uint8)
        for frame in range(6):
            path = tmp_path / "data" / ("cats", "dogs")[clip % 2] / f"clip{clip}_{frame}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            scene[0, 0] = frame
            Image.fromarray(scene).save(path)
    return tmp_path / "data"


def test_they_are_found_once_and_kept(films, folder_data, tmp_path, monkeypatch):
    data = folder_data(films)
    first = prepare(data, BASE, SHAPE, tmp_path / "cache").leak(no_stop)
    assert r"group: {pattern: 'clip(\d+)'}" in str(first)
    monkeypatch.setattr(lookalikes, "_thumbs", lambda *_: pytest.fail("found already"))
    assert prepare(data, BASE, SHAPE, tmp_path / "cache").leak(no_stop) == first


def test_what_is_kept_of_other_pictures_or_damaged_does_not_count(films, folder_data, tmp_path):
    data = folder_data(films)
    prepared = prepare(data, BASE, SHAPE, tmp_path / "cache")
    first = prepared.leak(no_stop)
    kept = Path(prepared.images.filename).with_name(lookalikes.FILE)
    for text in ("", "[]", '{"version": 1}', '{"version": 1, "images": "x", "groups": []}'):
        kept.write_text(text)
        assert lookalikes.kept(Path(prepared.images.filename), prepared.manifest) is None
        assert prepared.leak(no_stop) == first
    (films / "cats" / "clip0_0.png").unlink()
    again = prepare(data, BASE, SHAPE, tmp_path / "cache")
    assert lookalikes.kept(Path(again.images.filename), again.manifest) is None


def test_where_somebody_has_said_what_belongs_together_nothing_is_said(
    films, folder_data, tmp_path
):
    data = folder_data(films, group={"pattern": r"clip(\d)"})
    assert prepare(data, BASE, SHAPE, tmp_path / "cache").leak(no_stop) is None


def test_nothing_is_said_of_a_split_of_ones_own_nor_of_drawn_pictures(tmp_path):
    drawn = DrawnData(source="drawn", train=8, validation=4)
    assert prepare(drawn, BASE, SHAPE, tmp_path / "cache").leak(no_stop) is None


def test_small_pictures_and_very_many_are_not_compared(films, folder_data, tmp_path, monkeypatch):
    data = folder_data(films)
    assert prepare(data, BASE, (8, 8, 3), tmp_path / "cache").leak(no_stop) is None
    monkeypatch.setattr(lookalikes, "MOST", 59)
    assert prepare(data, BASE, SHAPE, tmp_path / "cache").leak(no_stop) is None


def test_a_stop_is_heard(films, folder_data, tmp_path):
    def stop():
        raise Stopped("", signal_number=2)

    prepared = prepare(folder_data(films), BASE, SHAPE, tmp_path / "cache")
    with pytest.raises(Stopped):
        prepared.leak(stop)


def test_a_cache_that_cannot_be_written_costs_nothing_else(
    films, folder_data, tmp_path, monkeypatch
):
    def refuse(*_):
        raise OSError("full")

    prepared = prepare(folder_data(films), BASE, SHAPE, tmp_path / "cache")
    monkeypatch.setattr(Path, "write_text", refuse)
    assert prepared.leak(no_stop) is not None
