"""Keras 2's form of whole-model HDF5 files, written by hand: TensorFlow 1.13 to 2.12 wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Arrays = Sequence[tuple[str, Any]]


def write(
    path: Path,
    config: dict[str, Any] | None,
    lists: Mapping[str, Arrays],
    *,
    optimizer: bool = False,
) -> Path:
    """Writes a file.

    Args:
        path: of the file.
        config: the model's ``{"class_name": …, "config": …}``; None for weights alone.
        lists: names and arrays of each outermost layer, in order.
        optimizer: whether to write an optimizer's weights too, as after training.
    """
    with h5py.File(path, "w") as file:
        group = file
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
            file.attrs["keras_version"] = b"2.9.0"
            file.attrs["backend"] = b"tensorflow"
            group = file.create_group("model_weights")
        if optimizer:
            file.create_group("optimizer_weights/Adam")["iter:0"] = np.int64(3)
            file["optimizer_weights"].attrs["weight_names"] = [b"Adam/iter:0"]
        group.attrs["layer_names"] = [name.encode() for name in lists]
        group.attrs["backend"] = b"tensorflow"
        group.attrs["keras_version"] = b"2.9.0"
        for layer, arrays in lists.items():
            inside = group.create_group(layer)
            inside.attrs["weight_names"] = [name.encode() for name, _ in arrays]
            for name, array in arrays:
                inside[name] = array
    return path


def as_keras_2(value: Any, *, for_keras_3: bool = False) -> Any:
    """A configuration of Keras 3's older format as Keras 2 would have written it.

    Args:
        value: the configuration.
        for_keras_3: whether to leave out two things that Keras 3 no longer reads: that the
            making of a nested model counts as a call, and layers in wrappers without a module.
    """
    if isinstance(value, list):
        return [as_keras_2(part, for_keras_3=for_keras_3) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "DTypePolicy":
        return value["config"]["name"]
    dropped = () if for_keras_3 and value.get("module") == "keras.layers" else _NEW
    value = {
        name: as_keras_2(part, for_keras_3=for_keras_3)
        for name, part in value.items()
        if name not in dropped
    }
    _rename_settings(value)
    if isinstance(value.get("inbound_nodes"), list):
        value["inbound_nodes"] = [_node(node) for node in value["inbound_nodes"]]
    if isinstance(value.get("layers"), list) and "output_layers" in value:
        if not for_keras_3:
            _count_the_making(value)
        for name in ("input_layers", "output_layers"):
            ends = value[name]
            value[name] = ends if isinstance(ends[0], list) else [ends]
    return value


_NEW = ("module", "registered_name", "build_config", "quantization_config")


def _rename_settings(thing: dict[str, Any]) -> None:
    config: Any = thing.get("config")
    if thing.get("class_name") == "InputLayer":
        config["batch_input_shape"] = config.pop("batch_shape")
        config.pop("optional", None)
    if thing.get("class_name") == "BatchNormalization":
        config["axis"] = [3]
        for name in ("synchronized", "renorm", "renorm_clipping", "renorm_momentum"):
            config.pop(name, None)


def _node(node: dict[str, Any]) -> list[Any]:
    """One call as a list of ``[layer, call, output, arguments]``."""
    tensors: list[Any] = []

    def visit(part: Any) -> None:
        if isinstance(part, dict) and part.get("class_name") == "__keras_tensor__":
            tensors.append([*part["config"]["keras_history"], {}])
        for one in part if isinstance(part, list) else ():
            visit(one)

    visit(node["args"])
    tensors[0][3].update({k: v for k, v in node["kwargs"].items() if v is not None})
    return tensors


def _count_the_making(config: dict[str, Any]) -> None:
    """Keras 2 counts the making of a nested model that has inputs of its own as a call."""
    models = {
        layer["name"]
        for layer in config["layers"]
        if layer["class_name"] in ("Functional", "Sequential")
    }
    for layer in config["layers"]:
        for node in layer["inbound_nodes"]:
            for tensor in node:
                tensor[1] += tensor[0] in models
