import shutil
from pathlib import Path

import pytest

from grow.data.manifest import Unusable, count
from grow.data.sources.folder import list_folder, resolve_root
from grow.data.sources.outline import list_pictures
from grow.errors import DataError

BASE = Path("/")


def _counts(listing):
    counts = count(listing.classes, listing.candidates)
    return {split: sum(classes.values()) for split, classes in counts.items()}


def _touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def _fails(data, *texts):
    with pytest.raises(DataError) as caught:
        list_folder(data, BASE)
    for text in texts:
        assert text in str(caught.value)
    assert caught.value.hint


# Where the folder is ---------------------------------------------------------------------


def test_a_relative_path_is_next_to_the_stage_file_first(tmp_path, monkeypatch, folder_data):
    for place in ("stages", "here"):
        (tmp_path / place / "pics").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    found = resolve_root(folder_data("pics"), tmp_path / "stages")
    assert found == (tmp_path / "stages" / "pics").resolve()
    (tmp_path / "stages" / "pics").rmdir()
    found = resolve_root(folder_data("pics"), tmp_path / "stages")
    assert found == (tmp_path / "here" / "pics").resolve()


def test_tilde_is_the_home_folder(tmp_path, monkeypatch, folder_data):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "pics").mkdir()
    assert resolve_root(folder_data("~/pics"), BASE) == (tmp_path / "pics").resolve()
    with pytest.raises(DataError, match="Write the path in full"):
        resolve_root(folder_data("~nobody-of-that-name/pics"), BASE)


def test_no_such_folder_names_both_places(tmp_path, monkeypatch, folder_data):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        resolve_root(folder_data("pics"), tmp_path / "stages")
    assert str(caught.value) == (
        'data.path: expected a folder of pictures at "pics", found no such folder. '
        f"Looked at {tmp_path}/stages/pics and {tmp_path}/pics.\n"
        "Correct data.path; it is relative to the stage file, or else to where the command runs."
    )


def test_a_file_is_no_folder(tmp_path, folder_data):
    (tmp_path / "pics.zip").touch()
    with pytest.raises(DataError, match=r"found .*pics\.zip is a file"):
        resolve_root(folder_data(tmp_path / "pics.zip"), BASE)


# Layouts ---------------------------------------------------------------------------------


def test_flat_folders_are_classes_and_a_fifth_is_set_aside(root, folder_data):
    listing = list_folder(folder_data(root), BASE)
    assert listing.classes == ("cats", "dogs")
    assert _counts(listing) == {"train": 20, "validation": 0, "test": 0}
    assert listing.fraction == 0.2
    assert listing.candidates[0].key == "cats/0.png"
    assert Path(listing.candidates[-1].path) == root / "dogs" / "9.png"
    assert list_folder(folder_data(root, validation=0.3), BASE).fraction == 0.3


@pytest.mark.parametrize("train", ["train", "Training", "training_set"])
@pytest.mark.parametrize("validation", ["val", "valid", "validation", "validation_set", "Dev"])
@pytest.mark.parametrize("test", ["test", "testing", "TEST_SET"])
def test_split_folders_by_name(tmp_path, folder_data, train, validation, test):
    names = [f"{part}/{c}/1.png" for part in (train, validation, test) for c in ("a", "b")]
    _touch(tmp_path, *names, f"{train}/a/2.png")
    listing = list_folder(folder_data(tmp_path), BASE)
    assert listing.classes == ("a", "b")
    assert _counts(listing) == {"train": 3, "validation": 2, "test": 2}
    assert listing.fraction is None
    assert listing.unusable == ()


def test_train_and_test_only_sets_a_fifth_of_train_aside(split_root, folder_data):
    listing = list_folder(folder_data(split_root), BASE)
    assert _counts(listing) == {"train": 6, "validation": 0, "test": 4}
    assert listing.fraction == 0.2


def test_the_named_folder_is_validation_and_no_longer_test(split_root, folder_data):
    listing = list_folder(folder_data(split_root, validation="test"), BASE)
    assert _counts(listing) == {"train": 6, "validation": 4, "test": 0}
    assert listing.fraction is None
    assert [c.split for c in listing.candidates] == ["train"] * 6 + ["validation"] * 4


def test_a_folder_of_any_name_can_be_validation(split_root, folder_data):
    shutil.copytree(split_root / "test", split_root / "held out")
    listing = list_folder(folder_data(split_root, validation="held out"), BASE)
    assert _counts(listing) == {"train": 6, "validation": 4, "test": 4}


def test_folders_that_get_no_part_are_named(split_root, folder_data):
    _touch(split_root, "val/cats/1.png", "raw/x.png", "licence.txt", "cover.jpg")
    _touch(split_root, "train/loose.png", "train/notes.md")
    listing = list_folder(folder_data(split_root, validation=0.5), BASE)
    assert listing.unusable == (
        Unusable("cover.jpg", "a picture outside the class folders"),
        Unusable("licence.txt", "not a picture file (.txt)"),
        Unusable("raw/", "not used: neither train, validation nor test folder"),
        Unusable("train/loose.png", "a picture outside the class folders"),
        Unusable("train/notes.md", "not a picture file (.md)"),
        Unusable("val/", "not used: data.validation says what to validate on", chosen=True),
    )
    assert _counts(listing) == {"train": 6, "validation": 0, "test": 4}


def test_two_folders_of_one_meaning_are_not_left_out_in_silence(split_root, folder_data):
    shutil.copytree(split_root / "test", split_root / "Val")
    shutil.copytree(split_root / "test", split_root / "valid")
    shutil.copytree(split_root / "train", split_root / "training")
    listing = list_folder(folder_data(split_root), BASE)
    assert listing.unusable == (
        Unusable("training/", 'not used: the train folder is "train"'),
        Unusable("valid/", 'not used: the validation folder is "Val"'),
    )


def test_a_class_without_pictures_says_what_is_there_instead(tmp_path, folder_data):
    _touch(tmp_path, "cats/1.png", "dogs/1.svg", "cats/notes.txt")
    _fails(
        folder_data(tmp_path),
        'found none in "dogs". Not usable there: dogs/1.svg (pictures of this kind are not read',
    )


@pytest.mark.parametrize(
    ("name", "spelt"), [("a\x1b[31m", "a\\x1b[31m"), ("b\nc", "b\\nc"), ("\udcff", "\\udcff")]
)
def test_a_class_name_that_no_terminal_and_no_model_can_hold(tmp_path, folder_data, name, spelt):
    _touch(tmp_path, f"{name}/1.png", "caf\u00e9 \U0001f431/1.png")
    with pytest.raises(DataError) as caught:
        list_pictures(folder_data(tmp_path), BASE)
    assert f'found "{spelt}"' in caught.value.message


def test_a_class_may_be_called_train(tmp_path, folder_data):
    _touch(tmp_path, "train/1.png", "car/1.png", "plane/1.png")
    listing = list_folder(folder_data(tmp_path), BASE)
    assert listing.classes == ("car", "plane", "train")


def test_a_class_may_be_missing_from_validation(tmp_path, folder_data):
    _touch(tmp_path, "train/a/1.png", "train/b/1.png", "val/b/1.png")
    listing = list_folder(folder_data(tmp_path), BASE)
    assert listing.candidates[-1].key == "val/b/1.png"
    assert listing.candidates[-1].label == 1


def test_the_order_is_not_the_folders_order(tmp_path, folder_data, monkeypatch):
    _touch(tmp_path, *(f"{c}/{n}.png" for c in "cab" for n in (3, 1, 2)))
    keys = [c.key for c in list_folder(folder_data(tmp_path), BASE).candidates]
    assert keys == [f"{c}/{n}.png" for c in "abc" for n in (1, 2, 3)]


# What can be wrong -----------------------------------------------------------------------


def test_pictures_without_class_folders(tmp_path, folder_data):
    _touch(tmp_path, "1.png", "2.png")
    _fails(
        folder_data(tmp_path),
        f"{tmp_path}: expected two or more class folders, found 2 pictures and no class folders.",
        "Put each class in a folder of its own",
    )


def test_train_with_pictures_but_no_class_folders(tmp_path, folder_data):
    _touch(tmp_path, "train/1.png", "test/2.png")
    _fails(
        folder_data(tmp_path), f"{tmp_path}/train: expected two", "1 pictures and no class folders"
    )


def test_an_empty_folder(tmp_path, folder_data):
    _fails(folder_data(tmp_path), "found no folder and no picture")


def test_one_class_only(tmp_path, folder_data):
    _touch(tmp_path, "cats/1.png")
    _fails(folder_data(tmp_path), 'expected two or more class folders, found only one folder, "ca')


def test_one_level_too_high(split_root, folder_data):
    _fails(folder_data(split_root.parent), f"Did you mean {split_root}?")


def test_a_class_without_pictures(tmp_path, folder_data):
    _touch(tmp_path, "cats/1.png", "dogs/readme.txt")
    _fails(
        folder_data(tmp_path),
        "expected pictures (JPEG, PNG,",
        'found none in "dogs"',
        "Add pictures",
    )


def test_a_class_that_train_does_not_have(split_root, folder_data):
    _touch(split_root, "test/wolves/1.png")
    _fails(
        folder_data(split_root),
        f'{split_root}/test: expected the classes of the train folder ("cats", "dogs"), found '
        '"wolves", which it does not have.',
        "Rename or remove the folder",
    )


def test_a_validation_folder_that_is_not_there(split_root, folder_data):
    _touch(split_root, "extra/1.png")
    _fails(
        folder_data(split_root, validation="tset"),
        f'data.validation: expected a folder named "tset" in {split_root}, found "extra", "test".',
        'Did you mean "test"? Name a folder that is there, or a share such as 0.2.',
    )


def test_a_validation_folder_without_a_train_folder(root, folder_data):
    _fails(
        folder_data(root, validation="test"),
        f'expected a train folder beside "test" in {root}, found only class folders: "cats"',
        "Name a share such as 0.2",
    )


def test_validation_and_test_without_train(tmp_path, folder_data):
    _touch(tmp_path, "val/cats/1.png", "test/cats/1.png")
    _fails(folder_data(tmp_path), "expected a train folder, found only", '"test", "val"')
