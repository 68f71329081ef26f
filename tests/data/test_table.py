"""Picture files named in a table: columns, labels, rows that cannot be used."""

import os
from pathlib import Path

import pytest

from grow.config.schema import CsvData
from grow.data.cache.index import peek
from grow.data.manifest import Unusable
from grow.data.prepare import prepare
from grow.data.sources.outline import list_pictures, outline
from grow.errors import DataError

SHAPE = (4, 4, 3)
BASE = Path("/")


def table(folder, text, name="t.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return CsvData(source="csv", path=str(folder / name))


def listed(data, **settings):
    listing = list_pictures(data.model_copy(update=settings), BASE)
    return {c.key: (listing.classes[c.label], c.split) for c in listing.candidates}, listing


def test_pictures_are_found_from_the_table(tmp_path, picture):
    rows = ["path,label"]
    for number in range(8):
        picture(tmp_path / "deep" / "a b ü" / f"{number}.png", number)
        rows.append(f"deep/a b ü/{number}.png,{'dog' if number % 2 else 'cat'}")
    data = table(tmp_path, "\n".join(rows))
    prepared = prepare(data, BASE, SHAPE, tmp_path / "cache")
    assert prepared.manifest.classes == ("cat", "dog")
    assert prepared.manifest.unusable == ()
    names = {p.key: prepared.manifest.classes[p.label] for p in prepared.manifest.pictures}
    assert names["deep/a b ü/3.png"] == "dog"
    assert len(names) == 8
    assert prepare(data, BASE, SHAPE, tmp_path / "cache").decoded == 0


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_tables_as_programs_write_them(tmp_path, separator, ending, encoding):
    lines = ["Label,PATH,note", "a,1.png,x", 'b,"sub\\2.png",', ""]
    text = ending.join(lines).replace(",", separator)
    assert listed(table(tmp_path, text, encoding=encoding))[0] == {
        "1.png": ("a", "train"),
        "sub/2.png": ("b", "train"),
    }


def test_the_split_column_decides(tmp_path):
    data = table(tmp_path, "path,label,split\n1,a,train\n2,b,\n3,a,Val\n4,b,test\n5,b,validation\n")
    found, listing = listed(data)
    assert {key: split for key, (_, split) in found.items()} == {
        "1": "train",
        "2": "train",
        "3": "validation",
        "4": "test",
        "5": "validation",
    }
    assert listing.fraction is None
    found, listing = listed(data, validation="test")
    assert found["4"] == ("b", "validation")
    unused = "not used: data.validation says what to validate on"
    assert listing.unusable == (Unusable("3", unused, True), Unusable("5", unused, True))


def test_whole_numbers_are_classes_in_their_order(tmp_path):
    rows = "".join(f"{n}.png,{n}\n" for n in (10, 2, 1))
    assert outline(table(tmp_path, f"path,label\n{rows}"), BASE).classes == ("1", "2", "10")


def test_rows_that_cannot_be_used_are_named(tmp_path):
    data = table(
        tmp_path, "path,label\n1.png,a\n2.png,b\n./x/../1.png,a\n2.png,a\n,a\n3.png\n\n4.png,b\n"
    )
    found, listing = listed(data)
    assert list(found) == ["1.png", "2.png", "4.png"]
    assert {entry.key: entry.reason for entry in listing.unusable} == {
        "t.csv:4": "1.png is named already in line 2",
        "t.csv:5": '2.png is named already in line 3, there as "b"',
        "t.csv:6": "no path",
        "t.csv:7": "no label",
    }


def test_a_picture_that_is_not_there_is_looked_for_once(tmp_path, picture):
    rows = ["path,label"] + [f"{n}.png,{'ab'[n % 2]}" for n in range(9)]
    for number in range(8):
        picture(tmp_path / f"{number}.png", number)
    data, cache = table(tmp_path, "\n".join(rows)), tmp_path / "cache"
    (unusable,) = prepare(data, BASE, SHAPE, cache).manifest.unusable
    assert unusable == Unusable("8.png", "cannot be read: No such file or directory")
    assert peek(data, BASE, SHAPE, cache).unusable == (unusable,)
    assert prepare(data, BASE, SHAPE, cache).decoded == 0
    picture(tmp_path / "8.png", 8)
    assert prepare(data, BASE, SHAPE, cache).manifest.unusable == ()


def test_what_was_read_is_kept_when_it_is_not_enough_yet(tmp_path, picture):
    for number in range(3):
        picture(tmp_path / f"{number}.png", number)
    (tmp_path / "bad.png").write_bytes(b"x")
    data = table(tmp_path, "path,label\n0.png,a\n1.png,a\nbad.png,b\n")
    with pytest.raises(DataError, match='found none in "b"'):
        prepare(data, BASE, SHAPE, tmp_path / "cache")
    data = table(tmp_path, "path,label\n0.png,a\n1.png,a\n2.png,b\n")
    assert prepare(data, BASE, SHAPE, tmp_path / "cache").decoded == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected the columns path and label, found an empty file"),
        (
            "file,label\n1,a\n",
            't.csv:1: expected the columns path and label, found "file", "label"',
        ),
        ("path,labels\n1,a\n", 'Rename "labels" to "label"'),
        ("path,label\n", "expected a row for each picture"),
        ("path,label\n1,a\n2,a\n", 'expected two or more classes .* found only "a"'),
        ("path,label,split\n1,a,\n2,b,\n3,c,test\n", 't.csv:4: .* found "c"'),
        ("path,label,split\n1,a,\n2,b,later\n", 't.csv:3: expected the split .* found "later"'),
        (
            "path,label,split\n1,a,test\n2,b,test\n",
            "expected pictures to train on, found only test",
        ),
    ],
)
def test_what_is_refused_and_in_which_words(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        outline(table(tmp_path, text), BASE)


def test_another_encoding_is_said(tmp_path):
    data = table(tmp_path, "path,label\nü,a\n", encoding="latin-1")
    with pytest.raises(DataError, match="expected a table as text in UTF-8"):
        outline(data, BASE)


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(DataError, match=r"expected a \.csv file at .* is a folder"):
        outline(CsvData(source="csv", path=str(tmp_path)), BASE)


def test_lines_before_the_names_are_passed_over(tmp_path):
    data = table(tmp_path, "\nsep=;\npath;label\n1;a\n2;b\n;c\n")
    found, listing = listed(data)
    assert found == {"1": ("a", "train"), "2": ("b", "train")}
    assert listing.unusable == (Unusable("t.csv:6", "no path"),)


def test_a_quotation_mark_that_is_not_closed_swallows_no_rows(tmp_path):
    for text in ['1,a\n2,"b\n3,a\n4,b\n', '1,a\n2,"b\n3,"a\n4,b\n']:
        with pytest.raises(
            DataError, match="expected rows of cells, found behind line 2"
        ) as caught:
            listed(table(tmp_path, f"path,label\n{text}"))
        assert "quotation mark" in caught.value.hint


def test_a_path_with_a_separator_and_no_quotation_marks_is_no_label(tmp_path):
    listing = listed(table(tmp_path, "path,label\na, b.png,cat\n1,cat\n2,dog,\n"))[1]
    assert listing.classes == ("cat", "dog")
    (bad,) = listing.unusable
    assert (bad.key, bad.reason[:23]) == ("t.csv:2", "more cells than columns")


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match='each column once, found "label" twice'):
        listed(table(tmp_path, "path,label,label\n1,a,x\n2,b,x\n"))


def test_a_pipe_in_a_table_is_not_waited_for(tmp_path, picture):
    os.mkfifo(tmp_path / "pipe.png")
    rows = [f"{number}.png,{'ab'[number % 2]}" for number in range(8)]
    for number in range(8):
        picture(tmp_path / f"{number}.png", number)
    data = table(tmp_path, "\n".join(["path,label", "pipe.png,a", *rows]))
    prepared = prepare(data, BASE, SHAPE, tmp_path / "cache")
    assert prepared.manifest.unusable == (Unusable("pipe.png", "neither a file nor a folder"),)
    assert prepare(data, BASE, SHAPE, tmp_path / "cache").decoded == 0
