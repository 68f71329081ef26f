"""Files as Keras 2 wrote them: Keras 3 loads them, and `grow explain` reads the same of them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from grow.backend import load_keras
from grow.nets.archive import read
from grow.nets.explaining import explain
from tests.nets.explain.keras2 import as_keras_2, write
from tests.tf.test_explain_hdf5 import compare
from tests.tf.test_explain_loading import PAIRS, residual, row, scatter
from tests.tf.test_explain_matrix import FAMILY, OTHER

pytestmark = pytest.mark.tf


def written_by_keras_2(model: Any, folder: Path, name: str, *, for_keras_3: bool = False) -> Path:
    """The model in a file of Keras 2's form."""
    beside = folder / "beside.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(beside)
    with h5py.File(beside) as file:
        config = as_keras_2(json.loads(file.attrs["model_config"]), for_keras_3=for_keras_3)
        group = file["model_weights"]
        lists = {
            layer: [
                (f"{weight}:0", np.array(group[layer][weight]))
                for weight in group[layer].attrs["weight_names"]
            ]
            for layer in group.attrs["layer_names"]
        }
    return write(folder / f"{name}.h5", config, lists, optimizer=True)


MODELS: dict[str, Callable[[Any], Any]] = {
    **{name: FAMILY[name] for name in ("flat", "nested named", "nested functional", "both")},
    **{name: OTHER[name] for name in ("normalised nested", "frozen nested", "model twice")},
    "residual": lambda k: residual(2)(k, k.layers),
    "recurrent": lambda k: PAIRS["recurrent"][0](k, k.layers),
    "bidirectional": lambda k: PAIRS["bidirectional"][1](k, k.layers),
    "separable": lambda k: PAIRS["separable"][0](k, k.layers),
    "time distributed": lambda k: PAIRS["time distributed"][1](k, k.layers),
    "two inputs": lambda k: PAIRS["two inputs"][0](k, k.layers),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_file_of_keras_2_is_read_as_what_it_is(name: str, tmp_path: Path) -> None:
    keras = load_keras()
    model = MODELS[name](keras)
    scatter(model, 1)
    today = tmp_path / "today.keras"
    model.save(today)
    older = written_by_keras_2(model, tmp_path, "older")

    loadable = written_by_keras_2(model, tmp_path, "loadable", for_keras_3=True)
    theirs = keras.models.load_model(loadable, compile=False)
    for one, other in zip(theirs.weights, model.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    stored = {
        address: arrays
        for address, arrays in read(today).stored.items()
        if arrays and address.startswith("layers/")
    }
    assert read(older).stored == read(loadable).stored == stored
    pairs = [(older, today), (today, older), (older, older), (older, loadable), (loadable, today)]
    for old, new in pairs:
        found = explain(old, new)
        missed = [
            (line.layer, line.carry.words)
            for line in found.layers
            if line.weights and (line.carry.decision != "copy" or line.difference != "same")
        ]
        assert not missed
        assert not found.silent


@pytest.mark.parametrize("pair", ["seed", "insert in between", "nested", "branches swapped"])
def test_keras_loads_from_it_what_is_said(pair: str, tmp_path: Path) -> None:
    keras = load_keras()
    old, new = (build(keras, keras.layers) for build in PAIRS[pair])
    scatter(old, 1)
    scatter(new, 2)
    older = written_by_keras_2(old, tmp_path, "older")
    new.save(tmp_path / "new.keras")
    found = explain(older, tmp_path / "new.keras")
    for by_name in (False, True):
        compare(new, tmp_path / "new.keras", older, found, by_name=by_name)


def test_weights_alone_are_read_beside_their_model(tmp_path: Path) -> None:
    keras = load_keras()
    model = row(lambda at: at.Conv2D(3, 3), lambda at: at.Flatten(), lambda at: at.Dense(2))(
        keras, keras.layers
    )
    whole = written_by_keras_2(model, tmp_path, "whole")
    with h5py.File(whole) as file:
        group = file["model_weights"]
        lists = {
            layer: [
                (weight, np.array(group[layer][weight]))
                for weight in map(_text, group[layer].attrs["weight_names"])
            ]
            for layer in map(_text, group.attrs["layer_names"])
        }
    alone = write(tmp_path / "alone.h5", None, lists)
    model.save(tmp_path / "today.keras")
    for beside in (whole, tmp_path / "today.keras"):
        found = explain(alone, whole, old_model=beside)
        assert found.counts()["copy"] == 2
        assert found.loads.by == "order"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
