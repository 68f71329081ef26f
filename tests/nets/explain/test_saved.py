"""Reading saved models without Keras: configurations old and new, and files that are none."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from grow.errors import UsageError
from grow.nets.archive import read
from grow.nets.explaining import explain

CONV = {"filters": 2, "kernel_size": [1, 1], "activation": "relu", "use_bias": True}
STORED = {
    "layers/conv2d": {"0": (1, 1, 3, 2), "1": (2,)},
    "layers/conv2d_1": {"0": (1, 1, 2, 2), "1": (2,)},
}


def write_weights(file: Any, stored: dict[str, dict[str, tuple[int, ...]]]) -> None:
    with h5py.File(file, "w") as weights:
        for address, arrays in stored.items():
            group = weights.create_group(f"{address}/vars")
            for key, shape in arrays.items():
                group[key] = np.zeros(shape, "float32")


def write_archive(path: Path, config: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
        with archive.open("model.weights.h5", "w") as file:
            beside = path.with_suffix(".h5")
            write_weights(beside, STORED)
            file.write(beside.read_bytes())
            beside.unlink()
    return path


def layer(name: str, kind: str, config: dict[str, Any], inbound: list[Any]) -> dict[str, Any]:
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": inbound,
    }


def tensor(name: str) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def functional(first: list[Any], second: list[Any], module: str) -> dict[str, Any]:
    layers = [
        layer("pix", "InputLayer", {"batch_shape": [None, 8, 8, 3]}, []),
        layer("conv2d_3", "Conv2D", CONV, first),
        layer("mine", "Conv2D", CONV, second),
    ]
    config = {"name": "functional", "layers": layers, "output_layers": [["mine", 0, 0]]}
    return {"module": module, "class_name": "Functional", "config": config}


THREE = functional(
    [{"args": [tensor("pix")], "kwargs": {}}],
    [{"args": [tensor("conv2d_3")], "kwargs": {"mask": None}}],
    "keras.src.models.functional",
)
TWO = functional([[["pix", 0, 0, {}]]], [[["conv2d_3", 0, 0, {}]]], "keras.src.engine.functional")


@pytest.mark.parametrize("config", [THREE, TWO], ids=["keras 3", "keras 2"])
def test_layers_weights_and_connections(config: dict[str, Any], tmp_path: Path) -> None:
    found = read(write_archive(tmp_path / "m.keras", config))
    pix, first, second = found.layers
    assert (pix.input_shape, first.own, second.own) == ((8, 8, 3), (), ("mine",))
    assert first.shapes == {"kernel": (1, 1, 3, 2), "bias": (2,)}
    assert second.address == "layers/conv2d_1"
    assert [source.layer for source in second.calls[0].inputs] == ["conv2d_3"]
    assert [source.layer for source in found.outputs] == ["mine"]


def test_both_ways_of_writing_calls_mean_the_same(tmp_path: Path) -> None:
    old = write_archive(tmp_path / "old.keras", TWO)
    new = write_archive(tmp_path / "new.keras", THREE)
    decisions = [line.carry.decision for line in explain(old, new).layers if line.weights]
    assert decisions == ["copy", "copy"]


def test_a_model_class_that_is_not_known_leaves_the_addresses(tmp_path: Path) -> None:
    config = {"module": "mine", "class_name": "Net", "registered_name": "mine>Net", "config": {}}
    found = read(write_archive(tmp_path / "m.keras", config))
    assert [one.kind for one in found.layers] == ["Conv2D", "Conv2D"]
    assert all(one.settings is None for one in found.layers)
    assert "mine>Net is not known" in found.notes[0]


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    model = write_archive(tmp_path / "m.keras", THREE)
    weights = tmp_path / "w.weights.h5"
    write_weights(weights, {"layers/conv2d": {"0": (5, 5, 3, 2), "1": (2,)}})
    with pytest.raises(
        UsageError, match=r"not weights of the model in .*m\.keras: at layers/conv2d"
    ):
        read(weights, model)


def test_a_model_beside_a_model_is_refused(tmp_path: Path) -> None:
    model = write_archive(tmp_path / "m.keras", THREE)
    with pytest.raises(UsageError, match="holds its own model"):
        read(model, model)


def test_links_in_a_weights_file_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "w.weights.h5"
    write_weights(path, STORED)
    with h5py.File(path, "a") as file:
        file["layers/dense"] = h5py.ExternalLink("/etc/passwd", "/layers")
        file["layers/again"] = h5py.SoftLink("/layers")
    assert set(read(path).stored) == set(STORED)


def nothing_like_it(path: Path) -> None:
    path.write_text("no model")


def weights_alone(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("model_weights")


def no_weights_in_it(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["numbers"] = np.zeros(3)


def a_folder(path: Path) -> None:
    path.mkdir()


def another_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("page.html", "")


def only_a_configuration(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")


def broken_configuration(path: Path) -> None:
    config = {**THREE, "config": {"layers": [{"config": 3, "class_name": "Dense"}]}}
    write_archive(path, config)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (nothing_like_it, "not a saved Keras model that can be read"),
        (weights_alone, r"holds weights only \(it has no model_config\)"),
        (no_weights_in_it, "holds no weights that Keras saved"),
        (a_folder, "is a folder"),
        (another_archive, "holds no config.json"),
        (only_a_configuration, "holds no model.weights.h5"),
        (broken_configuration, "not one that Keras writes"),
        (lambda path: None, "there is no such file"),
    ],
)
def test_what_is_no_saved_model_is_explained(make: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    make(path)
    with pytest.raises(UsageError, match=message) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert caught.value.exit_code == 2


def test_neither_keras_nor_tensorflow_is_loaded(tmp_path: Path) -> None:
    model = write_archive(tmp_path / "m.keras", THREE)
    program = (
        "import sys, grow\n"
        f"found = grow.explain({str(model)!r}, {str(model)!r})\n"
        "assert found.counts()['copy'] == 2\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
