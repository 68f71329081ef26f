"""What a network is fed from a file is what it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from grow.data.decode import Undecodable
from grow.data.prepare import prepare
from grow.data.preprocessing import Preprocessing
from grow.data.reduce import area_mean
from grow.planning import validate
from grow.planning.stages import Pictures, plan_stages
from grow.runs import model_file


@pytest.mark.parametrize("fit", ["stretch", "crop"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_is_read_as_the_prepared_pictures_are(root, folder_data, tmp_path, fit, channels):
    prepared = prepare(folder_data(root, fit=fit), root, (12, 6, channels), tmp_path / "cache")
    how = Preprocessing((4, 3, channels), (12, 6), fit)
    expected = area_mean(prepared.images, 4, 3)
    for picture, pixels in zip(prepared.manifest.pictures, expected, strict=True):
        np.testing.assert_array_equal(how.read(root / picture.key), pixels)


def test_what_cannot_be_read_says_why(tmp_path):
    how = Preprocessing((4, 4, 3), (4, 4), "stretch")
    (tmp_path / "text.jpg").write_text("hello")
    for name, reason in [("text.jpg", "not a JPEG"), ("none", "cannot be read"), (".", "cannot")]:
        with pytest.raises(Undecodable, match=reason):
            how.read(tmp_path / name)
    with pytest.raises(Undecodable, match="cannot be read: embedded null byte"):
        how.read("a\0b")


def test_a_range_is_followed_and_kept(tmp_path):
    values = np.arange(0, 480, 30, dtype=np.uint16).reshape(4, 4)
    Image.fromarray(values).save(tmp_path / "a.png")
    how = Preprocessing((4, 4, 1), (4, 4), "stretch", (0.0, 450.0))
    np.testing.assert_array_equal(
        how.read(tmp_path / "a.png")[:, :, 0], np.rint(values * 255.0 / 450)
    )
    assert how.to_dict()["range"] == [0.0, 450.0]
    assert Preprocessing.from_dict(how.to_dict()) == how
    plain = Preprocessing((4, 4, 1), (4, 4), "stretch")
    assert "range" not in plain.to_dict()
    for wrong in [[1], [2, 1], [0, float("inf")], ["a", "b"], 3]:
        with pytest.raises((TypeError, ValueError)):
            Preprocessing.from_dict({**how.to_dict(), "range": wrong})


def test_it_survives_json_and_refuses_what_it_cannot_be():
    how = Preprocessing((4, 2, 1), (8, 2), "crop")
    assert Preprocessing.from_dict({**how.to_dict(), "more": 1}) == how
    for wrong in [
        {"image": [4, 2, 2]},
        {"image": [4, 2]},
        {"image": [4.0, 2, 1]},
        {"image": [0, 2, 1]},
        {"image": None},
        {"master": [6, 2]},
        {"master": [8, "2"]},
        {"fit": "pad"},
    ]:
        with pytest.raises((TypeError, ValueError)):
            Preprocessing.from_dict({**how.to_dict(), **wrong})
    with pytest.raises(KeyError):
        Preprocessing.from_dict({"image": [1, 1, 1], "fit": "crop"})


@pytest.mark.parametrize("kind", ["sixteen", "grey", "colour"])
def test_the_page_for_plain_keras_follows_the_range_too(tmp_path, kind):
    page = (Path(__file__).parents[2] / "docs" / "using-the-model.md").read_text("utf-8")
    code = page[page.index("def read(path)") : page.index("def probabilities")]
    values = np.random.default_rng(0).integers(0, 200, (9, 7, 3))
    image = {
        "sixteen": Image.fromarray((values[:, :, 0] * 2).astype(np.uint16)),
        "grey": Image.fromarray(values[:, :, 0].astype(np.uint8)),
        "colour": Image.fromarray(values.astype(np.uint8)),
    }[kind]
    image.save(tmp_path / "a.png")
    how = Preprocessing((4, 2, 3), (8, 4), "crop", (10.0, 150.0))
    names = {"np": np, "Image": Image, "ImageOps": ImageOps, "notes": {"grow": how.to_dict()}}
    names |= {"height": 4, "width": 2, "channels": 3, "down": 8, "across": 4}
    exec(code, names)
    np.testing.assert_array_equal(names["read"](tmp_path / "a.png"), how.read(tmp_path / "a.png"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("source: folder, path: p", None),
        ("source: folder, path: p, range: [0, 1]", (0, 1)),
        ("source: npz, path: p, range: [0, 478]", (0, 478)),
        ("source: npz, path: p, range: [0, 1]", None),
        ("source: npz, path: p, range: [-2.1, 2.6]", None),
    ],
)
def test_a_saved_model_carries_the_range_that_files_are_on(data, expected):
    text = (
        f"name: a\ndata: {{{data}}}\nmodel: {{image: [8, 8, 3], blocks: [{{filters: 1}}]}}\n"
        "train: {epochs: 1}\nstages: [{name: a}]\n"
    )
    (stage,) = plan_stages(validate.parse(text, "a.yaml"), Pictures(("a", "b"), None))
    assert model_file.notes_of(stage).preprocessing.scale == expected
