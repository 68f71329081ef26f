"""Pictures in arrays: what names and labels are understood, what values mean, what is refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from grow.config.schema import NpyData, NpzData
from grow.data.cache.index import peek
from grow.data.prepare import prepare
from grow.data.sources import arrayreader
from grow.data.sources.outline import list_pictures, outline
from grow.errors import DataError

BASE = Path("/")
SHAPE = (4, 4, 3)


def noise(number, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (number, *shape), np.uint8)


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def data_of(path, **settings):
    return NpzData.model_validate({"source": "npz", "path": str(path), **settings})


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def parts(tmp_path):
    """Twelve training and six test pictures of three classes, shape (4, 4, 3)."""
    return npz(
        tmp_path / "a.npz",
        x_train=noise(12, 4, 4, 3),
        y_train=np.arange(12) % 3,
        x_test=noise(6, 4, 4, 3, seed=1),
        y_test=(np.arange(6) % 3)[:, None],
    )


def test_each_row_is_its_picture(parts, cache):
    prepared = prepare(data_of(parts), BASE, SHAPE, cache)
    manifest = prepared.manifest
    assert manifest.classes == ("0", "1", "2")
    assert len(manifest.indices("test")) == 6
    assert len(manifest.indices("train")) + len(manifest.indices("validation")) == 12
    with np.load(parts) as arrays:
        for row, picture in enumerate(manifest.pictures):
            name, _, number = picture.key.partition("/")
            np.testing.assert_array_equal(prepared.images[row], arrays[name][int(number)])
            labels = arrays[name.replace("x_", "y_")].reshape(-1)
            assert manifest.labels[row] == labels[int(number)]


def test_a_second_time_nothing_is_read(parts, cache, monkeypatch):
    first = prepare(data_of(parts), BASE, SHAPE, cache)
    monkeypatch.setattr(arrayreader, "_opened", lambda path: pytest.fail("opened"))
    again = prepare(data_of(parts), BASE, SHAPE, cache)
    assert (again.decoded, again.manifest) == (0, first.manifest)
    assert peek(data_of(parts), BASE, SHAPE, cache) == first.manifest


def test_a_changed_file_is_read_again(parts, cache):
    first = prepare(data_of(parts), BASE, SHAPE, cache)
    npz(parts, x_train=noise(15, 4, 4, 3), y_train=np.arange(15) % 3)
    again = prepare(data_of(parts), BASE, SHAPE, cache)
    assert len(again.images) == 15
    assert again.manifest.digest != first.manifest.digest
    kept = {p.digest for p in first.manifest.pictures if p.key.startswith("x_train")}
    assert kept <= {p.digest for p in again.manifest.pictures}


def test_other_labels_of_the_same_pictures_are_another_manifest(tmp_path, cache):
    images = noise(8, 4, 4)
    one = npz(tmp_path / "a.npz", images=images, labels=np.arange(8) % 2)
    first = prepare(data_of(one), BASE, SHAPE, cache).manifest
    npz(one, images=images, labels=(np.arange(8) + 1) % 2)
    assert prepare(data_of(one), BASE, SHAPE, cache).manifest.digest != first.digest


@pytest.mark.parametrize(
    "images",
    [
        lambda x: x,
        lambda x: (x / 255).astype(np.float32),
        lambda x: (x / 255).astype(np.float64),
        lambda x: x.astype(np.float16),
        lambda x: x.astype(np.int64),
        np.asfortranarray,
    ],
    ids=["bytes", "to 1", "doubles to 1", "floats to 255", "whole", "fortran"],
)
@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (4, 4, 3)], ids=str)
def test_values_mean_the_same_however_they_are_stored(tmp_path, cache, images, shape):
    pixels = noise(6, *shape)
    pixels[0] = 255  # so that the greatest value is there
    labels = np.arange(6) % 2
    plain = npz(tmp_path / "plain.npz", images=pixels, labels=labels)
    other = npz(tmp_path / "other.npz", images=images(pixels), labels=labels)
    expected = prepare(data_of(plain), BASE, SHAPE, cache)
    found = prepare(data_of(other), BASE, SHAPE, cache)
    np.testing.assert_array_equal(found.images, expected.images)
    assert found.manifest.digest == expected.manifest.digest


def test_compressed_and_pair_of_files_are_read_alike(tmp_path, cache):
    pixels, labels = noise(6, 5, 7, 3), np.array(["b", "a"] * 3)
    np.savez_compressed(tmp_path / "a.npz", images=pixels, labels=labels)
    np.save(tmp_path / "x.npy", pixels)
    np.save(tmp_path / "y.npy", labels)
    one = prepare(data_of(tmp_path / "a.npz"), BASE, SHAPE, cache)
    pair = NpyData(source="npy", images="x.npy", labels="y.npy")
    other = prepare(pair, tmp_path, SHAPE, cache)
    assert one.manifest.classes == other.manifest.classes == ("a", "b")
    np.testing.assert_array_equal(one.images, other.images)
    assert [p.digest for p in one.manifest.pictures] == [p.digest for p in other.manifest.pictures]


def test_an_alpha_channel_lies_over_white(tmp_path, cache):
    pixels = np.zeros((4, 4, 4, 4), np.uint8)
    pixels[:, :, :2, 3] = 255
    pixels[:, :, 2:, 0] = np.arange(4)[:, None, None]  # unseen, but no two are the same picture
    file = npz(tmp_path / "a.npz", images=pixels, labels=[0, 1, 0, 1])
    images = prepare(data_of(file), BASE, SHAPE, cache).images
    assert (images[:, :, :2] == 0).all()
    assert (images[:, :, 2:] == 255).all()


def test_a_picture_that_is_no_number_is_unusable(tmp_path, cache):
    pixels = noise(6, 4, 4).astype(np.float32)
    pixels[3, 0, 0] = np.nan
    file = npz(tmp_path / "a.npz", images=pixels, labels=np.arange(6) % 2)
    (unusable,) = prepare(data_of(file), BASE, SHAPE, cache).manifest.unusable
    assert unusable.key == "images/00000003"
    assert unusable.reason == "holds values that are no numbers"


# Classes and parts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "settings", "arrays", "classes"),
    [
        ([3, 10, 3, 10], {}, {}, ("3", "10")),
        ([1.0, 0.0, 1.0, 0.0], {}, {}, ("0", "1")),
        ([True, False, True, False], {}, {}, ("False", "True")),
        ([[0, 1], [1, 0], [0, 1], [1, 0]], {}, {}, ("0", "1")),
        ([b"x", b"y", b"x", b"y"], {}, {}, ("x", "y")),
        (["caf\u00e9".encode(), b"y"] * 2, {}, {}, ("caf\u00e9", "y")),
        ([1, 0, 1, 0], {"classes": ["z", "a"]}, {}, ("z", "a")),
        ([1, 0, 1, 0], {}, {"class_names": ["z", "a"]}, ("z", "a")),
        (["a", "z", "a", "z"], {"classes": ["z", "a"]}, {}, ("z", "a")),
    ],
)
def test_labels_of_all_kinds_become_classes(tmp_path, labels, settings, arrays, classes):
    file = npz(tmp_path / "a.npz", images=noise(4, 2, 2), labels=labels, **arrays)
    found = outline(data_of(file, **settings), BASE)
    assert found.classes == classes
    assert list(found.counts["train"].values()) == [2, 2]


def test_labels_that_are_no_text_are_refused(tmp_path):
    file = npz(tmp_path / "a.npz", images=noise(2, 2, 2), labels=[b"\xff", b"y"])
    with pytest.raises(DataError, match='"labels" expected texts in UTF-8'):
        outline(data_of(file), BASE)


def test_named_classes_keep_the_order_of_their_labels(tmp_path):
    file = npz(tmp_path / "a.npz", images=noise(3, 2, 2), labels=[1, 0, 0])
    listing = list_pictures(data_of(file, classes=["z", "a"]), BASE)
    assert {c.key: listing.classes[c.label] for c in listing.candidates} == {
        "images/00000000": "a",
        "images/00000001": "z",
        "images/00000002": "z",
    }


@pytest.mark.parametrize(
    ("settings", "there", "splits", "fraction", "unused"),
    [
        ({}, "train test", {"train": 4, "validation": 0, "test": 4}, 0.2, ()),
        ({}, "train val test", {"train": 4, "validation": 4, "test": 4}, None, ()),
        ({"validation": "test"}, "train test", {"train": 4, "validation": 4, "test": 0}, None, ()),
        (
            {"validation": "test"},
            "train val test",
            {"train": 4, "validation": 4, "test": 0},
            None,
            ("x_val/",),
        ),
        (
            {"validation": 0.5},
            "train validation",
            {"train": 4, "validation": 0, "test": 0},
            0.5,
            ("x_validation/",),
        ),
    ],
)
def test_what_the_parts_are_used_for(tmp_path, settings, there, splits, fraction, unused):
    arrays = {}
    for part in there.split():
        arrays |= {f"x_{part}": noise(4, 2, 2), f"y_{part}": np.arange(4) % 2}
    found = outline(data_of(npz(tmp_path / "a.npz", **arrays), **settings), BASE)
    assert {split: sum(counts.values()) for split, counts in found.counts.items()} == splits
    assert found.fraction == fraction
    assert tuple(entry.key for entry in found.unusable) == unused


# What is refused -------------------------------------------------------------------------

GOOD = {"images": noise(4, 2, 2), "labels": np.arange(4) % 2}


@pytest.mark.parametrize(
    ("arrays", "settings", "said"),
    [
        ({"pixels": noise(2, 2, 2)}, {}, 'expected the arrays x_train and y_train .* "pixels"'),
        ({"images": noise(4, 2, 2)}, {}, 'expected the labels of "images" as "labels"'),
        ({**GOOD, "labels": [0, 1]}, {}, "one label for each of 4 pictures, .* shape \\(2,\\)"),
        ({**GOOD, "labels": [0, 0, 0, 0]}, {}, "expected two or more classes .* only 0"),
        ({**GOOD, "labels": [0.5, 0, 1, 0]}, {}, "whole numbers or texts, found float64"),
        ({**GOOD, "labels": [0, 1, 2, 0]}, {"classes": ["a", "b"]}, "row 2.* labels 0, 1, found 2"),
        ({**GOOD, "labels": [0, 1, -1, 0]}, {"classes": ["a", "b"]}, "found -1"),
        ({**GOOD}, {"classes": ["a", "a"]}, "expected class names that differ"),
        ({**GOOD, "classes": [1, 2]}, {}, '"classes" expected the class names as texts'),
        ({**GOOD, "images": noise(4, 2)}, {}, "expected pictures of shape"),
        ({**GOOD, "images": noise(4, 3, 9, 9)}, {}, "transpose\\(0, 2, 3, 1\\)"),
        ({**GOOD, "images": noise(4, 0, 9)}, {}, "found \\(4, 0, 9\\)"),
        ({**GOOD, "images": np.full((4, 2, 2), "a")}, {}, "found <U1"),
        ({**GOOD, "images": np.full((4, 2, 2), {}, object)}, {}, "found: Python objects"),
        ({**GOOD, "labels": np.array([{}, 1, 2, 3])}, {}, "found: Python objects"),
        ({**GOOD}, {"validation": "test"}, "expected test pictures .* found only train"),
        ({"x_test": noise(2, 2, 2), "y_test": [0, 1]}, {}, "found only test pictures"),
        (
            {**GOOD, "x_test": noise(1, 2, 2), "y_test": [7]},
            {},
            '"y_test" row 0: expected one of the labels 0, 1, found 7',
        ),
    ],
)
def test_what_is_refused_and_in_which_words(tmp_path, arrays, settings, said):
    with pytest.raises(DataError, match=said):
        outline(data_of(npz(tmp_path / "a.npz", **arrays), **settings), BASE)


@pytest.mark.parametrize("values", [np.array([-1.0, 1.0]), np.array([0, 4000])])
def test_values_out_of_bounds_are_refused(tmp_path, cache, values):
    images = np.broadcast_to(values, (4, 2, 2))
    file = npz(tmp_path / "a.npz", images=images, labels=np.arange(4) % 2)
    with pytest.raises(DataError, match="expected values from 0 to 255 or from 0 to 1, found "):
        prepare(data_of(file), BASE, SHAPE, cache)


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: b"not an archive",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:60] + bytes(200) + raw[260:],
    ],
    ids=["empty", "text", "cut", "overwritten"],
)
def test_a_damaged_file_is_said(parts, cache, damage):
    parts.write_bytes(damage(parts.read_bytes()))
    with pytest.raises(DataError, match=r"a\.npz.* expected arrays that numpy saved, found: "):
        prepare(data_of(parts), BASE, SHAPE, cache)


def test_nothing_a_file_holds_is_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    trap = np.array([Trap(), Trap()], dtype=object)
    np.savez(tmp_path / "a.npz", images=noise(2, 2, 2), labels=trap, allow_pickle=True)
    with pytest.raises(DataError):
        outline(data_of(tmp_path / "a.npz"), BASE)
    assert not (tmp_path / "sprung").exists()


def test_no_such_file_names_the_places(tmp_path):
    with pytest.raises(DataError, match=r'expected an .npz file at "b.npz", found no such file'):
        outline(data_of("b.npz"), tmp_path)


def test_memory_stays_bounded_for_a_packed_array(tmp_path, cache, monkeypatch):
    """Rows come from a map of an unpacked file, not from an array in memory."""
    np.savez_compressed(tmp_path / "a.npz", **GOOD)
    opened = arrayreader._opened(tmp_path / "a.npz")
    assert isinstance(opened.arrays["images"], np.memmap)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert archive.infolist()[0].compress_type == zipfile.ZIP_DEFLATED
    np.testing.assert_array_equal(opened.arrays["images"], GOOD["images"])


# Heads that lie --------------------------------------------------------------------------


def lying(path, shape, data=b"\0" * 64, descr="<i8", fortran=False):
    """An .npy file whose head says what its body does not hold."""
    head = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    body = (head + " " * (63 - (len(head) + 10) % 64) + "\n").encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body + data)
    return path


LIES = [
    {"shape": "(1000000000000,)"},
    {"shape": "(4, 1000000000000)"},
    {"shape": "(-4,)"},
    {"shape": "(4, -1)"},
    {"shape": "(1000000000000, 0)"},
    {"shape": "(4,)", "descr": "|O"},
    {"shape": "(4,)", "descr": "<U1000000000"},
    {"shape": "(4,)", "descr": "<U0"},
    {"shape": "(1000000000000,)", "descr": "|S0"},
    {"shape": "(4,)", "descr": "nonsense"},
    {"shape": "(4,)", "descr": [("a", "<i4"), ("b", "<i4")]},
    {"shape": "(4,)", "data": b"\0" * 31},
    {"shape": "(4,)", "data": b""},
    {"shape": "(True, 4)"},
    {"shape": "(4.0,)"},
    {"shape": "(4"},
    {"shape": "((" * 400 + "4,"},
    {"shape": "(" + "9" * 5000 + ",)"},
]


def both_sources(folder, images, labels):
    """The two files as npy, and the same bytes as the members of an archive."""
    with zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(images, "images.npy")
        archive.write(labels, "labels.npy")
    pair = {"source": "npy", "images": str(images), "labels": str(labels)}
    return [data_of(folder / "a.npz"), NpyData.model_validate(pair)]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: str(lie)[:60])
@pytest.mark.parametrize("about", ["labels", "images"])
def test_a_head_that_lies_is_refused_in_words(tmp_path, lie, about):
    np.save(tmp_path / "images.npy", noise(4, 2, 2))
    np.save(tmp_path / "labels.npy", np.arange(4) % 2)
    lying(tmp_path / f"{about}.npy", **lie)
    for data in both_sources(tmp_path, tmp_path / "images.npy", tmp_path / "labels.npy"):
        with pytest.raises(DataError, match="expected ") as refused:
            list_pictures(data, BASE)
        assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    "shape", ["(1000, 2, 2)", "(1000000000000, 2, 2)", "(4, 1000000, 1000000)"]
)
def test_images_that_are_fewer_than_their_head_says(tmp_path, shape):
    lying(tmp_path / "images.npy", shape, descr="|u1")
    np.save(tmp_path / "labels.npy", np.arange(1000) % 2)
    for data in both_sources(tmp_path, tmp_path / "images.npy", tmp_path / "labels.npy"):
        with pytest.raises(DataError, match="a head that says"):
            list_pictures(data, BASE)


def test_labels_as_objects_say_how_to_save_them(tmp_path):
    labels = np.array(["cat", "dog", "cat", "dog"], object)
    np.savez(tmp_path / "a.npz", images=noise(4, 2, 2), labels=labels, allow_pickle=True)
    with pytest.raises(DataError, match="Python objects") as refused:
        list_pictures(data_of(tmp_path / "a.npz"), BASE)
    assert "labels.astype(str)" in refused.value.hint


@pytest.mark.parametrize("order", ["C", "F"])
def test_labels_are_read_in_either_order(tmp_path, order):
    columns = np.asarray([[1, 0], [0, 1], [0, 1], [1, 0]], order=order)
    file = npz(tmp_path / "a.npz", images=noise(4, 2, 2), labels=columns)
    labels = {c.key: c.label for c in list_pictures(data_of(file), BASE).candidates}
    assert [labels[f"images/{row:08d}"] for row in range(4)] == [0, 1, 1, 0]
