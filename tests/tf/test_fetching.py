"""Data sets that are fetched, from archives of our own where Keras and TFDS keep theirs."""

from __future__ import annotations

import functools
import gzip
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grow.backend import load_tfds
from grow.config.schema import KerasData, TfdsData
from grow.data.decode import decode
from grow.data.prepare import no_stop, prepare
from grow.data.sources import fetching
from grow.data.sources.outline import outline
from grow.errors import DataError

pytestmark = pytest.mark.tf

BASE = Path("/")
FASHION = KerasData(source="keras", name="fashion_mnist")
STAGES = """
name: fashion
data: {source: keras, name: fashion_mnist, validation: test}
model: {image: [14, 14, 1], blocks: [{filters: 2}], head: {dense: []}}
train: {epochs: 1}
stages: [{name: only}]
"""


def archive(folder: Path) -> None:
    """Twenty training and ten test pictures, packed as fashion_mnist is."""
    place = folder / "datasets" / "fashion-mnist"
    place.mkdir(parents=True)
    for name, number in (("train", 20), ("t10k", 10)):
        pixels = np.random.default_rng(number).integers(0, 256, (number, 28, 28), np.uint8)
        labels = (np.arange(number) % 10).astype(np.uint8)
        for kind, head, values in (("images-idx3", 16, pixels), ("labels-idx1", 8, labels)):
            with gzip.open(place / f"{name}-{kind}-ubyte.gz", "wb") as file:
                file.write(bytes(head) + values.tobytes())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for what Keras fetches, and no network."""
    from keras.src.backend import config
    from keras.src.utils import file_utils

    def unreachable(*_: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setattr(config, "keras_home", lambda: str(tmp_path / "keras"))
    monkeypatch.setattr(file_utils, "urlretrieve", unreachable)
    (tmp_path / "keras").mkdir()
    return tmp_path / "keras"


def test_a_data_set_of_keras_is_written_once(home: Path, tmp_path: Path) -> None:
    archive(home)
    cache, told = tmp_path / "cache", []
    local = fetching.fetch(FASHION, cache, lambda *said: told.append(said), no_stop)
    place = cache / "datasets" / "keras-fashion_mnist.npz"
    assert told == [("keras", "fashion_mnist", place)]
    seen = outline(local, BASE)
    assert seen.classes[:2] == ("T-shirt/top", "Trouser")
    assert set(seen.counts["train"].values()) == {2}
    prepared = prepare(local, BASE, (28, 28, 1), cache)
    pixels = np.random.default_rng(20).integers(0, 256, (20, 28, 28), np.uint8)
    for row, picture in enumerate(prepared.manifest.pictures):
        if picture.key.startswith("x_train/"):
            number = int(picture.key.partition("/")[2])
            np.testing.assert_array_equal(prepared.images[row, :, :, 0], pixels[number])
    fetching.fetch(FASHION, cache, lambda *said: told.append(said), no_stop)
    assert len(told) == 1


def test_without_a_network_it_says_so_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected Keras to fetch fashion_mnist, found: ") as caught:
        fetching.fetch(FASHION, tmp_path / "cache", lambda *_: None, no_stop)
    assert "connection" in caught.value.hint
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_a_run_on_what_keras_keeps(tmp_path: Path) -> None:
    archive(tmp_path / "keras")
    (tmp_path / "f.yaml").write_text(STAGES)
    env = {
        **os.environ,
        "KERAS_HOME": str(tmp_path / "keras"),
        "GROW_CACHE": str(tmp_path / "cache"),
    }
    command = [sys.executable, "-m", "grow"]
    said = {
        verb: subprocess.run(
            [*command, *verb.split(), "f.yaml"],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        for verb in ("plan", "run")
    }
    assert "fetched when the run starts" in said["plan"].stdout
    assert said["run"].returncode == 0, said["run"].stderr
    assert "fetching fashion_mnist (keras), once" in said["run"].stdout
    assert "20 train, 10 validation" in said["run"].stdout


# TensorFlow Datasets ---------------------------------------------------------------------

needs_tfds = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_datasets") is None, reason="extra tfds"
)


SIZES = ((5, 7), (8, 8), (9, 4))


def noise(part_size: int, number: int) -> np.ndarray:
    """What the tiny data set shows as a picture of a part."""
    shape = (*SIZES[number % 3], 3)
    return np.random.default_rng(number + 100 * part_size).integers(0, 256, shape, np.uint8)


@functools.cache
def tiny_pets_class() -> type:
    """A data set of our own; defining it is registering it, which can be done once."""
    tfds = load_tfds()

    class TinyPets(tfds.core.GeneratorBasedBuilder):
        """Noise, called pets."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "image": tfds.features.Image(encoding_format="png"),
                "label": tfds.features.ClassLabel(names=["dog", "cat", "an owl"]),
            }
            return self.dataset_info_from_configs(
                features=tfds.features.FeaturesDict(features), supervised_keys=("image", "label")
            )

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples(9), "test": self._generate_examples(6)}

        def _generate_examples(self, number):
            for i in range(number):
                yield i, {"image": noise(number, i), "label": i % 3}

    return TinyPets


@pytest.fixture
def tiny_pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known to TFDS under its name, and kept in a folder of the test's."""
    tiny_pets_class()
    builder = load_tfds().builder
    keep = str(tmp_path / "tfds")
    monkeypatch.setattr(load_tfds(), "builder", lambda name: builder(name, data_dir=keep))


@needs_tfds
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_data_set_of_tfds_becomes_files_and_a_table(tiny_pets: None, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    data = TfdsData(source="tfds", name="tiny_pets", validation="test")
    local = fetching.fetch(data, cache, lambda *_: None, no_stop)
    seen = outline(local, BASE)
    assert seen.classes == ("an owl", "cat", "dog")
    assert seen.counts["train"] == {"an owl": 3, "cat": 3, "dog": 3}
    assert seen.counts["validation"] == {"an owl": 2, "cat": 2, "dog": 2}
    prepared = prepare(local, BASE, (8, 8, 3), cache)
    assert prepared.manifest.unusable == ()
    folder = cache / "datasets" / "tfds-tiny_pets"
    originals = {noise(9, number).tobytes() for number in range(9)}
    kept = {np.asarray(Image.open(path)).tobytes() for path in (folder / "train").iterdir()}
    assert kept == originals
    for row, picture in enumerate(prepared.manifest.pictures):
        expected = decode((folder / picture.key).read_bytes(), (8, 8, 3), "stretch")
        np.testing.assert_array_equal(prepared.images[row], expected)


@needs_tfds
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_stop_leaves_no_half_data_set(tiny_pets: None, tmp_path: Path) -> None:
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt

    data = TfdsData(source="tfds", name="tiny_pets")
    with pytest.raises(KeyboardInterrupt):
        fetching.fetch(data, tmp_path / "cache", lambda *_: None, stop)
    assert list((tmp_path / "cache" / "datasets").iterdir()) == []


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_tfds.cache_clear()
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(DataError, match="tfds needs TensorFlow Datasets") as caught:
        fetching.fetch(
            TfdsData(source="tfds", name="mnist"), tmp_path / "c", lambda *_: None, no_stop
        )
    assert 'pip install "grow-trainer[tfds]"' in caught.value.hint
