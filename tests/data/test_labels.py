"""Labels that are no names of classes, and ordinary ones, of which nothing is said."""

import numpy as np
import pytest

from grow.config.schema import CsvData, NpyData, NpzData
from grow.data.sources.labels import doubts, meant, used
from grow.data.sources.outline import list_pictures
from grow.errors import DataError


def told(pictures):
    """The codes of what is said of labels, given the pictures of each."""
    rows = [name for name, number in pictures.items() for _ in range(number)]
    uses = used((name, number) for number, name in enumerate(rows, start=2))
    return [remark.code for remark in doubts("t.csv", uses, "line")]


ORDINARY = [
    ["golden retriever", "labrador retriever", "poodle"],
    ["living room", "dining room", "kitchen", "bathroom"],
    ["0", "1", "2", "3", "10"],
    ["0.0", "1.0", "2.0"],
    ["cat", "dog"],
    ["a", "A", "b", "B"],
    ["hot_dog", "ice_cream", "not_hot_dog"],
    ["Apple___Black_rot", "Apple___healthy", "Grape___Black_rot", "Grape___healthy"],
    ["tench, Tinca tinca", "goldfish, Carassius auratus", "maillot", "maillot, tank suit"],
    ["T-shirt/top", "Trouser", "Dress"],
    ["Paris, France", "Austin, Texas", "Paris, Texas", "Berlin"],
    ["polar bear", "brown bear", "bear"],
    ["1-2", "3-4", "5+"],
    ["2024-01-01", "2024-01-02"],
    ["v1.5", "v2.5"],
    [f"class {n}" for n in range(200)],
    ["naïve", "native"],
    ["horse", "fly", "horse fly", *(f"animal {n}" for n in range(30))],
]


@pytest.mark.parametrize("names", ORDINARY)
def test_ordinary_labels_raise_no_doubt(names):
    assert told(dict.fromkeys(names, 20)) == []


@pytest.mark.parametrize(
    "names",
    [
        ["box", "round", "box round"],
        ["box", "box round", "disc", "disc round"],
        ["box", "round", "box|round"],
        ["box|round", "box|flat", "disc|flat"],
        ["box", "box;round"],
        ["box", "round", "box,round"],
        ["box", "round", "box, round"],
        ["box", "round", "Box/Round"],
        ["box,round", "box,flat", "disc,round", "disc,flat"],
        ["['box', 'round']", "['box']", "['round']"],
        ["box", "round", "box_round", "round_box"],
    ],
)
def test_several_labels_in_one_are_told(names):
    assert told(dict.fromkeys(names, 20)) == ["several-labels"]


@pytest.mark.parametrize(
    "names",
    [
        ["Box", "box", "disc"],
        ["ice cream", "ice  cream"],
        ["caf\u00e9", "cafe\u0301", "bar"],
        ["box\u200b", "box"],
        ["\uff42ox", "box"],
        ["01", "1", "2"],
        ["10", "10.0", "20"],
        ["stra\u00dfe", "STRASSE"],
    ],
)
def test_one_name_written_in_two_ways_is_told(names):
    assert told(dict.fromkeys(names, 20)) == ["same-name"]


def test_names_that_look_the_same_are_spelt_out():
    uses = used([("caf\u00e9", 2), ("cafe\u0301", 3)] * 9)
    (remark,) = doubts("t.csv", uses, "line")
    assert '"cafe\\u0301" (line 3, 9 pictures)' in remark.words


def test_numbers_to_predict_are_refused():
    with pytest.raises(DataError, match=r'found 3 different numbers such as "0\.5" \(line 2\)'):
        told({"0.5": 1, "1.25": 1, "7": 1})
    with pytest.raises(DataError, match="regression"):
        told({f"{n},5": 1 for n in range(30)})
    with pytest.raises(DataError):
        told({f"{n / 7:.3f}": 2 for n in range(30)} | {"unknown": 1})


def test_a_few_decimal_numbers_with_many_pictures_each_are_warned_of():
    assert told({"0.5": 20, "1.0": 20, "1.5": 20}) == ["decimal-labels"]


def test_identifiers_taken_for_labels_are_told():
    assert told({f"id{n}": 1 for n in range(30)} | {"x": 2}) == ["one-picture-classes"]
    assert told({str(n): 1 for n in range(30)} | {"99": 9}) == ["one-picture-classes"]
    with pytest.raises(DataError, match="found 30 labels of one picture each"):
        told({str(n): 1 for n in range(30)})
    assert told({f"id{n}": 1 for n in range(5)}) == []


def test_what_was_meant():
    assert meant("box ", ["Box", "boxer"]) == "Box"
    assert meant("bxo", ["box", "disc"]) == "box"
    assert meant("zzz", ["box", "disc"]) == ""


# In the sources ----------------------------------------------------------------------------


def table(folder, *rows):
    (folder / "t.csv").write_text("\n".join(["path,label", *rows]), encoding="utf-8")
    return CsvData(source="csv", path=str(folder / "t.csv"))


def test_a_picture_named_twice_with_two_labels_is_warned_of(tmp_path):
    data = table(tmp_path, "1,a", "2,b", "1,b", "2,b", "1,a")
    (remark,) = list_pictures(data, tmp_path).remarks
    assert remark.code == "several-labels"
    assert '1 with "a" in line 2 and "b" in line 4' in remark.words
    assert remark.keys == ("1",)


def test_the_same_label_twice_is_no_warning(tmp_path):
    assert list_pictures(table(tmp_path, "1,a", "2,b", "1,a"), tmp_path).remarks == ()


def test_labels_of_arrays_are_doubted_too(tmp_path):
    images = np.zeros((8, 4, 4, 3), np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=np.array(["box", "Box"] * 4))
    (remark,) = list_pictures(NpzData(source="npz", path="a.npz"), tmp_path).remarks
    assert '"Box" (row 1, 4 pictures) and "box" (row 0, 4 pictures)' in remark.words
    named = NpzData(source="npz", path="a.npz", classes=("box", "Box"))
    assert list_pictures(named, tmp_path).remarks == ()
    np.save(tmp_path / "x.npy", images)
    np.save(tmp_path / "y.npy", np.array(["0.5", "0.7", "0.9", "1", "2", "3", "4", "5"]))
    with pytest.raises(DataError, match="8 different numbers"):
        list_pictures(NpyData(source="npy", images="x.npy", labels="y.npy"), tmp_path)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.linspace(0, 1, 8), r"such as 0\.142857 in row 1"),
        (np.array([[1, 1, 0], [0, 1, 0]] * 4), "several labels for a picture"),
    ],
)
def test_arrays_of_what_is_not_supported_say_so(tmp_path, labels, words):
    np.savez(tmp_path / "a.npz", x_train=np.zeros((8, 4, 4, 3), np.uint8), y_train=labels)
    with pytest.raises(DataError) as caught:
        list_pictures(NpzData(source="npz", path="a.npz"), tmp_path)
    assert caught.match(words)
    assert "not supported" in caught.value.hint


def test_a_label_of_no_training_picture_is_explained(tmp_path):
    (tmp_path / "t.csv").write_text("path,label,split\n1,Box,\n2,disc,\n3,box,val\n")
    with pytest.raises(DataError) as caught:
        list_pictures(CsvData(source="csv", path=str(tmp_path / "t.csv")), tmp_path)
    assert 'Did you mean "Box"?' in caught.value.hint
