"""Folders that are classes, folders that are parts of a data set, and those that can be both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from grow.config.schema import FolderData
from grow.data.manifest import count
from grow.data.sources.folder import list_folder
from grow.errors import DataError

BASE = Path("/")


def folder(root: Path, *names: str) -> Path:
    """Empty files; those whose names end in a slash stand for two pictures."""
    for name in names:
        for file in (f"{name}1.png", f"{name}2.png") if name.endswith("/") else (name,):
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).touch()
    return root


def product(*outer: str, inner: tuple[str, ...] = ("box", "disc")) -> list[str]:
    return [f"{one}/{name}/" for one in outer for name in inner]


def listing(root: Path, **keys: object):
    data = {"source": "folder", "path": str(root), **keys}
    return list_folder(FolderData.model_validate(data), BASE)


def counts(found) -> tuple[int, ...]:
    return tuple(sum(n.values()) for n in count(found.classes, found.candidates).values())


def codes(found) -> set[str]:
    return {remark.code for remark in found.remarks}


def refused(root: Path, **keys: object) -> str:
    with pytest.raises(DataError) as caught:
        listing(root, **keys)
    assert caught.value.hint
    return str(caught.value)


def advised(said: str) -> dict[str, object]:
    """The key that a message says to write down."""
    (key,) = re.findall(r"`([^`]+)` in data", said)
    return yaml.safe_load(key)


# Understood: the words of the names say it, and the class folders are the same -----------------


@pytest.mark.parametrize(
    "outer",
    [
        ("train_data", "test_data"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("Training set", "Testing set"),
        ("images_train/images", "images_test/images"),
        ("TrainData", "TestData"),
        ("train2017", "test2017"),
        ("my-training-pictures", "my-test-pictures"),
        ("train/train", "test/test"),
        ("train/images", "test/images"),
        ("train", "test_data"),
        ("trainval", "test"),
        ("train_val", "test"),
    ],
)
def test_parts_by_the_words_of_their_names(tmp_path: Path, outer: tuple[str, ...]) -> None:
    found = listing(folder(tmp_path, *product(*outer)))
    assert found.classes == ("box", "disc")
    assert counts(found) == (4, 0, 4)
    assert found.fraction == 0.2
    assert found.candidates[0].key == f"{outer[1]}/box/1.png"
    assert found.remarks == found.unusable == ()


@pytest.mark.parametrize(
    "aside", ["val_set", "valid_data", "dev-set", "eval_images", "Validation2"]
)
def test_validation_by_the_words_of_its_name(tmp_path: Path, aside: str) -> None:
    found = listing(folder(tmp_path, *product("train_set", aside, "test_images")))
    assert counts(found) == (4, 4, 4)
    assert found.fraction is None
    share = listing(tmp_path, validation=0.5)
    assert counts(share) == (4, 0, 4)
    assert share.unusable[0].chosen
    assert counts(listing(tmp_path, validation="test_images")) == (4, 4, 0)


def test_pictures_to_predict_beside_the_parts_are_no_part(tmp_path: Path) -> None:
    parts = product("seg_train/seg_train", "seg_test/seg_test")
    found = listing(folder(tmp_path, *parts, "seg_pred/seg_pred/"))
    assert counts(found) == (4, 0, 4)
    assert [one.key for one in found.unusable] == ["seg_pred/"]
    assert found.remarks == ()


def test_wrapped_parts_name_what_lies_in_the_wrappers(tmp_path: Path) -> None:
    parts = product("seg_train/seg_train", "seg_test/seg_test")
    found = listing(folder(tmp_path, *parts, "seg_train/licence.txt"))
    assert [one.key for one in found.unusable] == ["seg_train/licence.txt"]


def test_a_longer_name_for_validation_beside_train_is_told_how_to_be_used(tmp_path: Path) -> None:
    found = listing(folder(tmp_path, *product("train", "val_data")))
    assert counts(found) == (4, 0, 0)  # as it always was: what was trained keeps its fingerprint
    (remark,) = found.remarks
    assert remark.code == "part-not-used"
    assert "`validation: val_data`" in remark.advice
    assert listing(tmp_path, validation="val_data").remarks == ()


# Refused: plainly parts, and not which ---------------------------------------------------------


@pytest.mark.parametrize(
    "outer",
    [
        ("train_a", "train_b", "test"),
        ("val_data", "test_data"),
        ("train_1", "test_1", "test_2"),
        ("train_x", "test_x", "extra"),
        ("fold1", "fold2", "fold3"),
        ("batch_a", "batch_b"),
    ],
)
def test_parts_of_which_nobody_can_tell_which_is_which(
    tmp_path: Path, outer: tuple[str, ...]
) -> None:
    said = refused(folder(tmp_path, *product(*outer)))
    assert "which hold the same folders" in said
    assert listing(tmp_path, **advised(said)).classes == tuple(sorted(outer))


def test_parts_with_pictures_and_no_class_folders(tmp_path: Path) -> None:
    said = refused(folder(tmp_path, "train_images/", "test_images/", "labels.csv"))
    assert "parts of a data set by their names" in said
    assert "Sort the pictures of each by class" in said
    refused(folder(tmp_path / "more", *("cat_train/", "cat_test/", "dog_train/", "dog_test/")))


def test_a_part_beside_the_classes_that_holds_them_once_more(tmp_path: Path) -> None:
    said = refused(folder(tmp_path, "box/", "disc/", *product("test")))
    assert 'found "test", which holds the folders beside it once more' in said
    refused(folder(tmp_path, *product("val_data")))


# A remark: it can be either --------------------------------------------------------------------


@pytest.mark.parametrize(
    "outer", [("color", "grayscale"), ("hospital", "clinic", "practice"), ("Trainingsbilder", "x")]
)
def test_the_same_folders_in_all_classes(tmp_path: Path, outer: tuple[str, ...]) -> None:
    found = listing(folder(tmp_path, *product(*outer)))
    assert found.classes == tuple(sorted(outer))
    assert codes(found) == {"same-folders-in-classes"}
    assert '"box", "disc"' in found.remarks[0].words
    assert listing(tmp_path, **advised(found.remarks[0].advice)).remarks == ()


def test_nearly_the_same_folders_and_one_class_less(tmp_path: Path) -> None:
    inner = ("oak", "elm", "ash", "fir")
    found = listing(
        folder(tmp_path, *product("summer", inner=inner), *product("winter", inner=inner[:3]))
    )
    assert codes(found) == {"same-folders-in-classes"}


def test_the_same_folders_below_train(tmp_path: Path) -> None:
    names = product("train/color", "train/grayscale", "test/color", "test/grayscale")
    assert codes(listing(folder(tmp_path, *names))) == {"same-folders-in-classes"}


def test_parts_inside_the_classes(tmp_path: Path) -> None:
    found = listing(folder(tmp_path, *product("cat", "dog", inner=("train", "test"))))
    assert codes(found) == {"splits-inside-classes"}
    assert "train/cat instead of cat/train" in found.remarks[0].advice


@pytest.mark.parametrize("name", ["test", "Validation", "val", "testing"])
def test_a_part_among_the_classes(tmp_path: Path, name: str) -> None:
    found = listing(folder(tmp_path, "cat/", "dog/", f"{name}/"))
    assert codes(found) == {"split-taken-for-class"}
    chosen = listing(tmp_path, **advised(found.remarks[0].advice))
    assert chosen.classes == ("cat", "dog")
    assert chosen.remarks == ()


def test_unlabelled_pictures_among_the_classes(tmp_path: Path) -> None:
    found = listing(folder(tmp_path, "train/cat/", "train/dog/", "train/unlabeled/"))
    assert codes(found) == {"unlabelled-taken-for-class"}
    assert listing(tmp_path, **advised(found.remarks[0].advice)).classes == ("cat", "dog")


@pytest.mark.parametrize("again", ["cell_images", "augmented", "Cat"])
def test_a_folder_that_holds_the_classes_once_more(tmp_path: Path, again: str) -> None:
    found = listing(folder(tmp_path, "box/", "disc/", *product(again)))
    assert codes(found) == {"classes-inside-a-class"}
    assert listing(tmp_path, **advised(found.remarks[0].advice)).classes == ("box", "disc")


def test_a_class_called_train_with_folders_inside(tmp_path: Path) -> None:
    found = listing(folder(tmp_path, *product("train", inner=("steam", "diesel")), "bus/"))
    assert codes(found) == {"folder-beside-train"}
    both = listing(tmp_path, **advised(found.remarks[0].advice))
    assert both.classes == ("bus", "train")
    assert counts(both) == (6, 0, 0)
    assert both.remarks == ()


# Ordinary folders get no remark ----------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("train/", "bus/"),
        ("train/", "bus/", "plane/"),
        ("freight train/", "passenger train/"),
        ("train station/", "test tube/", "bus/"),
        ("valid/", "invalid/"),
        ("valid/", "invalid/", "unsure/"),
        ("dev board/", "arduino/"),
        ("pass/", "fail/"),
        ("test_positive/", "test_negative/"),
        (*product("cat", "dog", inner=("a", "b")),),
        (*product("cat", "dog", inner=("2019", "2020")),),
        (*product("cat", "dog", inner=("batch_1", "batch_2")),),
        (*product("cat", "dog", inner=("images",)),),
        ("cat/persian/", "cat/siamese/", "dog/beagle/", "dog/husky/"),
        ("cat/", "cat/more/", "dog/", "dog/more/"),
        ("cat/", "dog/", "others/cow/", "others/dog/", "others/hen/"),
        ("0/", "1/", "2/"),
        ("train/cat/", "train/dog/", "test/cat/", "test/dog/", "val/cat/", "val/dog/"),
        ("train/cat/", "train/dog/", "test/cat/", "test/dog/", "raw/", "masks/a/"),
    ],
)
def test_ordinary_folders_get_no_remark(tmp_path: Path, names: tuple[str, ...]) -> None:
    found = listing(folder(tmp_path, *names, "README.md", "labels.txt", f"{names[0]}notes.json"))
    assert found.remarks == ()


# Parts without classes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", "unlabeled/", "images/", "test/", "un-labelled/", "batch1/", "unknown/"]
)
def test_test_pictures_without_classes_are_left_out_with_a_remark(
    tmp_path: Path, name: str
) -> None:
    found = listing(folder(tmp_path, *product("train"), f"test/{name}"))
    assert counts(found) == (4, 0, 0)
    (remark,) = found.remarks
    assert remark.code == "pictures-without-classes"
    assert remark.words == "test/ holds 2 pictures and no class folders, and is left out"
    assert f"grow predict RUN {tmp_path}/test" in remark.advice
    assert [one.key for one in found.unusable] == ["test/"]


def test_unlabelled_pictures_beside_the_classes_of_the_test_folder(tmp_path: Path) -> None:
    found = listing(folder(tmp_path, *product("train", "test"), "test/unlabeled/"))
    assert counts(found) == (4, 0, 4)
    assert codes(found) == {"pictures-without-classes"}
    assert [one.key for one in found.unusable] == ["test/unlabeled/"]


def test_a_validation_folder_without_classes_sets_a_share_aside(tmp_path: Path) -> None:
    found = listing(folder(tmp_path, *product("train"), "val/images/"))
    assert found.fraction == 0.2
    assert "set aside to validate on instead" in found.remarks[0].advice
    assert "found pictures without classes" in refused(tmp_path, validation="val")


def test_parts_by_their_words_of_which_one_has_no_classes(tmp_path: Path) -> None:
    found = listing(folder(tmp_path, *product("train_data"), "test_data/"))
    assert found.classes == ("box", "disc")
    assert codes(found) == {"pictures-without-classes"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["test/dsc/"], 'Did you mean "disc"?'),
        (["test/box/", "test/dsc/"], 'Did you mean "disc"?'),
        (["test/box/", "test/wolf/"], "Rename or remove the folder"),
        (["test/wolf/"], "Rename or remove the folder"),
        (["test/wolf/", "test/fox/"], "Rename or remove the folder"),
        (["test/images/", "test/wolf/"], "Rename or remove the folder"),
    ],
)
def test_a_class_that_train_lacks_is_refused(tmp_path: Path, names: list[str], said: str) -> None:
    found = refused(folder(tmp_path, *product("train"), *names))
    assert 'expected the classes of the train folder ("box", "disc")' in found
    assert said in found


def test_numbers_are_classes_where_the_classes_are_numbers(tmp_path: Path) -> None:
    names = product("train", inner=("1", "2"))
    assert 'found "10"' in refused(folder(tmp_path, *names, "test/10/"))


# Names that look equal -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trained", "tested", "said"),
    [
        ("caf\u00e9", "cafe\u0301", "U+00E9 (latin small letter e with acute) in the first"),
        ("Box", "box", "capitals only"),
        ("box", "box ", "U+0020 (space)"),
        ("old box", "old\u00a0box", "U+00A0 (no-break space)"),
        ("box", "b\u043ex", "U+043E (cyrillic small letter o)"),
        ("box", "box\u200b", "U+200B (zero width space)"),
    ],
)
def test_a_class_spelt_otherwise_in_the_test_folder(
    tmp_path: Path, trained: str, tested: str, said: str
) -> None:
    names = (*product("train", inner=("disc", trained)), *product("test", inner=("disc", tested)))
    found = listing(folder(tmp_path, *names))
    assert found.classes == tuple(sorted(("disc", trained)))
    assert counts(found) == (4, 0, 4)
    assert {one.label for one in found.candidates if tested in one.key} == {
        found.classes.index(trained)
    }
    (remark,) = found.remarks
    assert remark.code == "class-spelt-otherwise"
    assert said in remark.words.replace("in the second", "in the first")


@pytest.mark.parametrize(("one", "other"), [("Box", "box"), ("\u00fc", "u\u0308"), ("a", "\u0430")])
def test_two_classes_that_look_equal(tmp_path: Path, one: str, other: str) -> None:
    found = listing(folder(tmp_path, f"{one}/", f"{other}/", "disc/"))
    assert len(found.classes) == 3
    (remark,) = found.remarks
    assert remark.code == "class-names-alike"
    assert f'"{one}"' in remark.words
    assert f'"{other}"' in remark.words
    beside = folder(tmp_path / "two", *product("train", "test", inner=(one, other)))
    assert counts(listing(beside)) == (4, 0, 4)


def test_many_names_that_are_spelt_otherwise_are_one_remark(tmp_path: Path) -> None:
    inner = ("Box", "Disc", "Star")
    names = (*product("train", inner=inner), *product("test", inner=("box", "disc", "star")))
    (remark,) = listing(folder(tmp_path, *names)).remarks
    assert remark.words.endswith("they differ in capitals only; and 2 more such")
    assert len(remark.keys) == 3


def test_one_name_for_two_classes_of_train(tmp_path: Path) -> None:
    names = product("train", inner=("Box", "box"))
    assert 'It can mean "Box", "box"' in refused(folder(tmp_path, *names, "test/BOX/"))


# Classes that are chosen -----------------------------------------------------------------------


def test_classes_are_chosen_among_folders_in_their_usual_order(tmp_path: Path) -> None:
    found = listing(folder(tmp_path, "cat/", "dog/", "wolf/"), classes=["wolf", "cat"])
    assert found.classes == ("cat", "wolf")
    assert counts(found) == (4, 0, 0)
    assert [(one.key, one.chosen) for one in found.unusable] == [("dog/", True)]


def test_classes_are_chosen_in_all_parts(tmp_path: Path) -> None:
    inner = ("cat", "dog", "wolf")
    names = product("train", "val", "test", inner=inner)
    found = listing(folder(tmp_path, *names, "test/bird/"), classes=["cat", "dog"])
    assert counts(found) == (4, 4, 4)
    assert all(one.chosen for one in found.unusable)
    assert [one.key for one in found.unusable] == [
        "test/bird/", "test/wolf/", "train/wolf/", "val/wolf/"
    ]  # fmt: skip
    folder(tmp_path, "test/dgo/")
    assert 'Did you mean "dog"?' in refused(tmp_path, classes=["cat", "dog"])


def test_a_chosen_class_that_is_not_there(tmp_path: Path) -> None:
    folder(tmp_path, "cat/", "dog/", "wolf/")
    said = refused(tmp_path, classes=["cat", "dgo"])
    assert said.startswith(f'data.classes: expected folders in {tmp_path}, found "dgo"')
    assert 'Did you mean "dog"?' in said
    assert 'found "cat" twice' in refused(tmp_path, classes=["cat", "cat"])
    names = product("train", inner=("cat", "dog", "wolf"))
    assert 'Did you mean "wolf"?' in refused(folder(tmp_path / "x", *names), classes=["wlf", "cat"])


def test_a_class_may_be_chosen_in_another_spelling(tmp_path: Path) -> None:
    found = listing(folder(tmp_path, "cafe\u0301/", "bar/", "x/"), classes=["caf\u00e9", "bar"])
    assert found.classes == ("bar", "cafe\u0301")
