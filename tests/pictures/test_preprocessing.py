"""What a network is fed from a file is what it was trained on."""

from __future__ import annotations

import numpy as np
import pytest

from grow.pictures.decode import Undecodable
from grow.pictures.prepare import prepare
from grow.pictures.preprocessing import Preprocessing
from grow.pictures.reduce import area_mean


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
