"""Which pictures belong together: patterns, folders, columns; and a split that keeps them so."""

import re
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.config.schema import CsvData, PathGroup
from grow.data.cache import index
from grow.data.manifest import Candidate, Listing, Picture
from grow.data.prepare import prepare
from grow.data.sources import grouping, matching
from grow.data.sources.outline import list_pictures
from grow.data.split import rank, set_aside_groups, settle
from grow.errors import DataError

SHAPE = (4, 4, 3)
BASE = Path("/")


def listing(*keys, classes=("cats", "dogs"), fraction=0.2, groups=None):
    candidates = tuple(
        Candidate(key, next((i for i, c in enumerate(classes) if f"{c}/" in key), 0), "train", "")
        for key in keys
    )
    return Listing("here", classes, candidates, (), fraction, (), groups)


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ({"pattern": r"clip_(\d+)"}, ["7", "8", ""]),
        ({"pattern": r"clip_\d+"}, ["clip_7", "clip_8", ""]),
        ({"pattern": r"(film)_\d|clip_(\d+)"}, ["7", "8", ""]),
        ({"folder": 1}, ["", "deep", "far"]),
        ({"folder": 2}, ["", "", "deep"]),
    ],
)
def test_a_group_is_named_by_the_path(group, names):
    keys = ["cats/clip_7_001.png", "dogs/deep/clip_8_001.png", "train/cats/deep/far/other.png"]
    found = grouping.by_path(PathGroup(**group), listing(*keys))
    assert found == {key: name for key, name in zip(keys, names, strict=True) if name}


def test_the_same_name_is_the_same_group_wherever_it_lies():
    keys = ["train/cats/p1/1.png", "val/dogs/p1/2.png"]
    assert set(grouping.by_path(PathGroup(folder=1), listing(*keys)).values()) == {"p1"}


@pytest.mark.parametrize("pattern", [r"(\w+)*!", r"(a|a)*$!", r"(.*)*x!", r"(\w+\s?)*!$"])
def test_a_pattern_that_would_take_for_ever_is_refused(pattern, monkeypatch):
    monkeypatch.setattr(grouping, "LIMIT_SECONDS", 0.5)
    keys = [f"cats/{'a' * 60}{number}.png" for number in range(3)]
    began = time.monotonic()
    with pytest.raises(DataError, match="which takes longer") as caught:
        grouping.by_path(PathGroup(pattern=pattern), listing(*keys))
    assert time.monotonic() - began < 20
    assert pattern in caught.value.message


def test_a_slow_pattern_over_many_paths_is_refused(monkeypatch):
    monkeypatch.setattr(grouping, "LIMIT_SECONDS", 0.0)
    with pytest.raises(DataError, match="which takes longer"):
        grouping.by_path(PathGroup(pattern=".*.*!"), listing(*(f"cats/{n}" for n in range(99))))


def test_a_pattern_with_repetitions_within_repetitions_works_where_it_is_quick():
    keys = ["cats/ab_cd_12.png", "dogs/ab_13.png"]
    found = grouping.by_path(PathGroup(pattern=r"((?:[a-z]+_)+)\d+\.png$"), listing(*keys))
    assert found == {keys[0]: "ab_cd_", keys[1]: "ab_"}


def test_both_ways_of_matching_say_the_same(monkeypatch):
    keys = ["cats/a1.png", "dogs/\udcff b2.png", "x/ü3.png"]
    pattern = r"(\w)\d"
    alone = grouping._in_own_process(pattern, keys)
    assert alone == list(matching.names(re.compile(pattern), keys)) == ["a", "b", "ü"]
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("no process is needed"))
    grouping.by_path(PathGroup(pattern=pattern), listing(*keys))


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(DataError, match=r'found "\(a": missing \)'):
        grouping.by_path(PathGroup(pattern="(a"), listing("cats/a"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pattern": "film"}, "by pattern: film, found none for any of 20 pictures"),
        ({"folder": 1}, "by folder: 1, found none for any of 20 pictures"),
        ({"pattern": "png$"}, 'of which all of them are in one group: "png"'),
        ({"pattern": "^(cats|dogs)"}, 'of which each class is one group: "cats", "dogs"'),
    ],
)
def test_groups_that_divide_nothing_are_refused(root, folder_data, settings, words):
    with pytest.raises(DataError, match=re.escape(words)):
        list_pictures(folder_data(root, group=settings), BASE)


# The split ---------------------------------------------------------------------------------


def pictures(groups, label=0):
    """A picture for each (group, number), and the group of each key."""
    found, named = [], {}
    for group, number in groups:
        key = f"{label}/{group}/{number}"
        found.append(Picture(key, label, "train", f"{label} {group} {number}"))
        if group:
            named[key] = str(group)
    return found, named


def sides(found, named, fraction=0.3):
    return {one.key: one.split for one in set_aside_groups(found, fraction, named)}


MEMBERS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), min_size=1, unique=True)


@given(one=MEMBERS, other=MEMBERS, fraction=st.floats(0.05, 0.95))
def test_a_group_is_on_one_side_and_each_class_on_both(one, other, fraction):
    cats, of_cats = pictures(one)
    dogs, of_dogs = pictures(other, 1)
    found, named = cats + dogs, of_cats | of_dogs
    split = sides(found, named, fraction)
    assert list(split) == [picture.key for picture in found]
    by_group = {}
    for key, name in named.items():
        by_group.setdefault(name, set()).add(split[key])
    assert all(len(side) == 1 for side in by_group.values())
    for mine in (cats, dogs):
        assert "train" in {split[picture.key] for picture in mine}


@given(one=MEMBERS, fraction=st.floats(0.05, 0.95))
def test_a_class_of_two_groups_or_more_is_on_both_sides(one, fraction):
    found, named = pictures(one)
    if len({named.get(picture.key, picture.key) for picture in found}) > 1:
        assert set(sides(found, named, fraction).values()) == {"train", "validation"}


@given(few=MEMBERS, more=MEMBERS, fraction=st.floats(0.05, 0.95))
def test_new_groups_and_new_pictures_of_a_group_move_no_other(few, more, fraction):
    # Two anchors see to it that no class needs the remedy for empty sides.
    ranked = sorted((f"anchor {n}" for n in range(400)), key=lambda name: rank(f"group {name}"))
    anchors = [(ranked[0], 0), (ranked[-1], 0)]
    before = sides(*pictures([*anchors, *few]), fraction)
    after = sides(*pictures([*anchors, *dict.fromkeys([*few, *more])]), fraction)
    assert before.items() <= after.items()


def test_a_copy_outside_of_groups_goes_with_its_group():
    found, named = pictures([(group, n) for group in range(1, 9) for n in range(3)])
    copies = [Picture(f"0/copy{n}", 0, "train", one.digest) for n, one in enumerate(found)]
    split = sides(found + copies, named)
    by_key = {one.key: one.digest for one in copies}
    for key, digest in by_key.items():
        original = next(one.key for one in found if one.digest == digest)
        assert split[key] == split[original]


# From stage file to manifest ---------------------------------------------------------------


@pytest.fixture
def clips(tmp_path, picture):
    """Eight clips of four pictures in two classes."""
    for clip in range(8):
        for frame in range(4):
            kind = ("cats", "dogs")[clip % 2]
            picture(tmp_path / "data" / kind / f"clip{clip}_{frame}.png", 10 * clip + frame)
    return tmp_path / "data"


def test_a_share_is_set_aside_by_groups_and_the_real_share_is_told(clips, folder_data, tmp_path):
    data = folder_data(clips, group={"pattern": r"clip(\d)"})
    prepared = prepare(data, BASE, SHAPE, tmp_path / "cache")
    split = {}
    for one in prepared.manifest.pictures:
        split.setdefault(one.key[:10], set()).add(one.split)
    assert all(len(side) == 1 for side in split.values())
    (remark,) = prepared.manifest.remarks
    aside = sum(side == {"validation"} for side in split.values())
    assert remark.note
    assert remark.words == (
        f"8 groups of pictures, {aside} of them set aside for validation, with "
        f"{aside / 8:.1%} of the pictures where 0.2 was asked for"
    )
    assert index.peek(data, BASE, SHAPE, tmp_path / "cache") == prepared.manifest


def test_a_group_is_part_of_the_cache_only_where_it_is_said(clips, folder_data, tmp_path):
    plain, grouped = folder_data(clips), folder_data(clips, group={"pattern": r"clip(\d)"})
    found = replace(list_pictures(plain, BASE), place="/pets")
    # As it was before there was such a key.
    assert index.entry(tmp_path, plain, found, SHAPE).name == "dd8f39d470e1f207"
    assert index.entry(tmp_path, grouped, found, SHAPE).name != "dd8f39d470e1f207"


def test_pictures_in_no_group_are_counted(clips, folder_data, picture):
    picture(clips / "cats" / "other.png", 99)
    found = list_pictures(folder_data(clips, group={"pattern": r"clip(\d)"}), BASE)
    told = settle(found, {one.key: one.key for one in found.candidates}, {}).remarks
    (alone,) = (one for one in told if one.code == "not-in-a-group")
    assert alone.words.startswith("1 of 33 pictures are in no group, such as cats/other.png")
    assert alone.keys == ("cats/other.png",)


def test_a_group_in_two_splits_of_ones_own_is_warned_of(tmp_path, folder_data, picture):
    for part, clip in (("train", 1), ("train", 2), ("val", 2), ("val", 3)):
        for kind in ("cats", "dogs"):
            picture(tmp_path / part / kind / f"clip{clip}.png", hash((part, clip, kind)) % 1000)
    found = list_pictures(folder_data(tmp_path, group={"pattern": r"clip(\d)"}), BASE)
    told = settle(found, {one.key: one.key for one in found.candidates}, {}).remarks
    (parted,) = (one for one in told if one.code == "group-in-several-splits")
    assert not parted.note
    assert parted.words == (
        '1 of 3 groups has pictures in several splits, such as "2" in train and validation'
    )


def test_a_column_of_the_table_names_the_group(tmp_path, picture):
    rows = ["path,label,Patient"]
    for number in range(12):
        picture(tmp_path / f"{number}.png", number)
        rows.append(f"{number}.png,{'ab'[number % 2]},{'' if number == 0 else number // 3}")
    (tmp_path / "t.csv").write_text("\n".join(rows))
    data = CsvData.model_validate(
        {"source": "csv", "path": str(tmp_path / "t.csv"), "group": {"column": "patient"}}
    )
    found = list_pictures(data, BASE)
    assert found.groups["11.png"] == found.groups["9.png"] == "3"
    assert "0.png" not in found.groups
    other = data.model_copy(update={"group": data.group.model_copy(update={"column": "patent"})})
    with pytest.raises(DataError, match=r'found "patent", which is none of "path", "label"') as why:
        list_pictures(other, BASE)
    assert 'Did you mean "patient"?' in why.value.hint
