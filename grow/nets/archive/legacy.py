"""Configurations as Keras 1.2 to 2.15 and the older HDF5 format write them, in today's form.

They name classes without modules, write calls as nested lists, count the making of a nested
model as its first call, and mark tuples. What comes out is what `graph` and `settings` read:
each object of Keras's with its module, each call with its tensors. Nothing is built, and code
in a ``Lambda`` stays text.
"""

from __future__ import annotations

from typing import Any

from grow.nets.explain.kinds import KNOWN, OF_KERAS_2, OPAQUE

_MODELS = {"Functional": "Functional", "Model": "Functional", "Sequential": "Sequential"}
_RENAMED = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
}
_CALLS_OF_FUNCTIONS = frozenset({"SlicingOpLambda", "TFOpLambda"})
"""What Keras 2 makes of ``x * 2.0`` and ``tf.nn.relu(x)``: layers that call a named function."""

_CONSTANT = "_CONSTANT_VALUE"
_OPERATIONS = "keras.src.ops"

_OF_LAYERS = frozenset({"batch_input_shape", "batch_shape", "dtype", "layer", "trainable"})
"""Settings of layers: Keras 3 writes an operation as if it were one, but without these."""


def modern(config: dict[str, Any]) -> dict[str, Any]:
    """A model's configuration in the form that Keras 3 writes; that form stays as it is.

    Args:
        config: of any age, as read from JSON.
    """
    return _object(_plain(config))


def _plain(value: Any) -> Any:
    """Without marks of tuples and shapes."""
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") in ("__tuple__", "TensorShape") and "items" in value:
        return _plain(value["items"])
    return {name: _plain(part) for name, part in value.items()}


def _object(thing: dict[str, Any]) -> dict[str, Any]:
    """A serialised layer or model, with its module and what is inside it."""
    name, config = thing.get("class_name"), thing.get("config")
    if not isinstance(name, str):
        return thing
    if name == "Sequential" and isinstance(config, list):
        config = {"name": thing.get("name", "sequential"), "layers": config}
    if isinstance(config, dict):
        config = _inside(config)
    thing = {**thing, "config": config}
    return thing if "module" in thing else {**thing, **_class(name, config)}


def _class(full: str, config: Any) -> dict[str, Any]:
    """The class of an object that comes without its module."""
    name = _RENAMED.get(full, full)
    settings = config if isinstance(config, dict) else {}
    if name in _MODELS and "layers" in settings:
        return {"class_name": _MODELS[name], "module": "keras"}
    if name in _CALLS_OF_FUNCTIONS and isinstance(settings.get("function"), str):
        called = {"name": settings.get("name", name)}
        return {"class_name": f"tf.{settings['function']}", "module": _OPERATIONS, "config": called}
    of_keras = name in KNOWN | OF_KERAS_2 | OPAQUE
    if not settings.keys() & _OF_LAYERS and (of_keras or settings.keys() <= {"name"}):
        return {"class_name": name, "module": _OPERATIONS}
    if of_keras:
        return {"class_name": name, "module": "keras.layers"}
    return {"class_name": name.rpartition(">")[2], "module": None, "registered_name": full}


def _inside(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration with every layer inside it in today's form."""
    config = {name: _part(part) for name, part in config.items()}
    if isinstance(config.get("layers"), list):
        config = _with_calls(_with_input(config))
    return config


def _with_input(config: dict[str, Any]) -> dict[str, Any]:
    """A sequential model whose first layer says what shape it is given, with an input layer."""
    first = next(iter(config["layers"]), None)
    inside = first.get("config") if isinstance(first, dict) else None
    if first is None or not isinstance(inside, dict) or "output_layers" in config:
        return config
    if first.get("class_name") == "InputLayer" or "batch_input_shape" not in inside:
        return config
    shape = {"name": "input_layer", "batch_shape": inside["batch_input_shape"]}
    start = {"module": "keras.layers", "class_name": "InputLayer", "config": shape}
    return {**config, "layers": [start, *config["layers"]]}


def _part(value: Any) -> Any:
    if isinstance(value, list):
        return [_part(part) for part in value]
    if isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value:
        name = value["class_name"]
        is_layer = name in KNOWN | OF_KERAS_2 | OPAQUE | _MODELS.keys() | _RENAMED.keys()
        if is_layer or "inbound_nodes" in value:
            return _object(value)
    return value


def _with_calls(config: dict[str, Any]) -> dict[str, Any]:
    """A model whose calls are nested lists, with those as Keras 3 writes them."""
    layers = [layer for layer in config["layers"] if isinstance(layer, dict)]
    counts = {str(layer.get("name")): len(layer.get("inbound_nodes") or ()) for layer in layers}
    models = {str(layer.get("name")) for layer in layers if layer.get("class_name") in _MODELS}
    mentioned = _mentioned([layer.get("inbound_nodes") for layer in layers])
    ends = _mentioned(config.get("output_layers"))
    offsets = {
        name: 1
        for name in models
        if max(mentioned.get(name, 0), ends.get(name, 0)) >= counts[name] > 0 and name in mentioned
    }
    return {
        **config,
        "layers": [
            {**layer, "inbound_nodes": [_call(n, counts, offsets) for n in layer["inbound_nodes"]]}
            if isinstance(layer.get("inbound_nodes"), list)
            else layer
            for layer in layers
        ],
    }


def _mentioned(value: Any) -> dict[str, int]:
    """The largest number of a call of each layer that nested lists mention."""
    if _is_tensor(value):
        return {value[0]: value[1]}
    found: dict[str, int] = {}
    parts = value.values() if isinstance(value, dict) else value
    for part in parts if isinstance(value, dict | list) else ():
        for name, call in _mentioned(part).items():
            found[name] = max(call, found.get(name, 0))
    return found


def _is_tensor(value: Any) -> bool:
    """Whether it is ``[layer, call, output]``, perhaps with arguments behind."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(isinstance(number, int) and not isinstance(number, bool) for number in value[1:3])
    )


def _call(node: Any, layers: dict[str, int], offsets: dict[str, int]) -> Any:
    """One call; one that Keras 3 wrote stays."""
    if isinstance(node, dict) and "args" in node:
        return node
    parts = list(node.values()) if isinstance(node, dict) else node
    if not isinstance(parts, list):
        return node
    if parts and isinstance(parts[0], str):
        parts = [parts]
    keywords = [part[3] for part in parts if isinstance(part, list) and len(part) > 3]
    first = keywords[0] if keywords and isinstance(keywords[0], dict) else {}
    given = [_argument(part, layers, offsets) for part in parts]
    return {
        "args": given if len(given) == 1 else [given],
        "kwargs": {
            name: _argument(value, layers, offsets)
            for name, value in first.items()
            if name != "name"
        },
    }


def _argument(value: Any, layers: dict[str, int], offsets: dict[str, int]) -> Any:
    if not isinstance(value, list):
        return value
    if len(value) > 2 and value[0] == _CONSTANT:
        return value[2]
    if _is_tensor(value) and value[0] in layers:
        call = max(value[1] - offsets.get(value[0], 0), 0)
        history = {"keras_history": [value[0], call, value[2]]}
        return {"class_name": "__keras_tensor__", "config": history}
    return [_argument(part, layers, offsets) for part in value]
