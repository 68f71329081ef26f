"""Files that a table names and that are not there."""

import pytest

from grow.config.schema import CsvData
from grow.data.cache.index import stamps
from grow.data.sources.outline import list_pictures
from grow.data.sources.there import absent, check_there
from grow.errors import DataError


def looked(folder, *rows):
    (folder / "t.csv").write_text("\n".join(["path,label", *rows]))
    listing = list_pictures(CsvData(source="csv", path=str(folder / "t.csv")), folder)
    gone = absent(listing, stamps(listing))
    check_there(listing, gone)
    return [one.key for one in gone]


@pytest.fixture
def photos(tmp_path, picture):
    for number in range(4):
        picture(tmp_path / "photos" / f"{number:03d}.png", number)
    return tmp_path


def test_some_that_are_not_there_are_named(photos):
    assert looked(photos, "photos/000.png,a", "photos/001.png,b") == []
    assert looked(photos, "photos/000.png,a", "photos/001.png,b", "no/7.png,b") == ["no/7.png"]


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("photos/001", "photos/001.png"),
        ("photos/001.jpg", "photos/001.png"),
        ("photos/001.PNG.png", "photos/001.png"),
        ("photos\\01.png", "photos/001.png"),
        ("001.png", "photos/001.png"),
        ("/data/mine/photos/001.png", "photos/001.png"),
        ("../mine/photos/001.png", "photos/001.png"),
    ],
)
def test_what_was_meant_is_proposed(photos, named, meant):
    with pytest.raises(DataError) as caught:
        looked(photos, "photos/000.png,a", f"{named},b")
    assert 'found none of "b": 1 file is not there' in caught.value.message
    assert f"Did you mean {meant}?" in caught.value.hint


def test_where_nothing_is_near_only_the_rule_is_told(photos):
    with pytest.raises(DataError) as caught:
        looked(photos, "elsewhere/x.png,a", "elsewhere/y.png,b")
    assert caught.value.hint == f"Paths are relative to {photos.resolve()}."
