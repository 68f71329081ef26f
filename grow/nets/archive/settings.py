"""What one layer does, from its configuration, and whether that is known.

Left out is what does not change what the layer computes from given weights: names, where
weights start, what training does with them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from grow.nets.explain.described import Settings
from grow.nets.explain.kinds import ACTIVATIONS, CALLED_BY_NAME, KNOWN, OF_KERAS_2, OPAQUE, words

_LEFT_OUT = words(
    """
    activity_regularizer autocast batch_input_shape batch_shape build_config build_input_shape
    compile_config dropout dtype implementation input_length input_shape key_shape lora_alpha
    lora_rank momentum name quantization_config query_shape ragged recurrent_dropout renorm
    renorm_clipping renorm_momentum seed shape shared_object_id sparse synchronized time_major
    trainable unit_forget_bias unroll use_cudnn value_shape
    """
)
_PARTS = ("layer", "backward_layer", "cell", "cells")
"""Settings of a layer that hold layers; the last one a list of them."""

_LEFT_OUT_ENDINGS = ("_initializer", "_regularizer", "_constraint")


def is_of_keras(thing: dict[str, Any]) -> bool:
    """Whether Keras itself defines the class of a serialised object."""
    module = thing.get("module")
    return isinstance(module, str) and (module == "keras" or module.startswith("keras."))


def is_operation(thing: dict[str, Any]) -> bool:
    """Whether it is a function of ``keras.ops``: no layer, and nothing that is saved."""
    return is_of_keras(thing) and ".ops" in str(thing["module"])


def kind_of(thing: dict[str, Any]) -> str:
    """The class of a serialised layer; that of a function behind ``ops.``."""
    name = str(thing.get("class_name", "?"))
    return f"ops.{name}" if is_operation(thing) else name


def unknown_in(thing: dict[str, Any]) -> str:
    """Why nothing is known of what a serialised layer computes; empty where it is known."""
    name = str(thing.get("class_name", "?"))
    if is_operation(thing):
        return ""
    if not is_of_keras(thing):
        full = thing.get("registered_name") or name
        return f"the class {full} is not one of Keras's"
    if name in OPAQUE:
        return f"what a {name} computes is a program, which is not read"
    if name not in KNOWN | OF_KERAS_2:
        return f"the class {name} is not known here"
    config = thing.get("config")
    if name in CALLED_BY_NAME and isinstance(config, dict) and not config.get("vocabulary"):
        return f"the vocabulary of a {name} is not read"
    return _unknown_inside(_kept(config))


def is_foreign(thing: dict[str, Any]) -> bool:
    """Whether the class of a layer, or of one inside it, may load weights in its own way."""
    if not is_of_keras(thing) or (thing.get("class_name") not in KNOWN and not is_operation(thing)):
        return True
    config = thing.get("config")
    parts = [config.get(name) for name in _PARTS] if isinstance(config, dict) else []
    cells = parts.pop() if parts else None
    parts += cells if isinstance(cells, list) else []
    return any(is_foreign(part) for part in parts if isinstance(part, dict))


def _unknown_inside(value: Any) -> str:
    """The first thing in a layer's settings that is not known."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name.endswith("activation") and isinstance(part, str) and part not in ACTIVATIONS:
                return f"the function {part} is not one of Keras's"
        if value.get("class_name") == "function":
            return f"the function {value.get('config')} is not one of Keras's"
        if "class_name" in value and "config" in value and not _is_plain(value):
            return unknown_in(value) if is_of_keras(value) else _foreign(value)
        value = list(value.values())
    if isinstance(value, list):
        return next(filter(None, map(_unknown_inside, value)), "")
    return ""


def _is_plain(value: dict[str, Any]) -> bool:
    """Whether it is Keras's own but no layer: an activation, a tensor, a slice."""
    if str(value["class_name"]).startswith("__"):
        return bool(value["class_name"] != "__lambda__")
    return is_of_keras(value) and str(value["module"]) not in ("keras", "keras.layers")


def _foreign(value: dict[str, Any]) -> str:
    if value["class_name"] == "__lambda__":
        return "a lambda in it is a program, which is not read"
    return f"the class {value.get('registered_name') or value['class_name']} is not one of Keras's"


def settings_of(config: dict[str, Any], rank: int | None = None) -> Settings:
    """What a layer does beside its weights, from its configuration of whatever age.

    Args:
        config: of the layer.
        rank: number of axes of its input, the batch included; None where it is not known.
    """
    kept = _same_words(_kept(config), rank)
    return tuple(sorted((name, _json(value)) for name, value in kept.items()))


_UNLESS_SAID = {
    "antialias": False,
    "data_format": "channels_last",
    "fill_mode": "constant",
    "fill_value": 0,
    "groups": 1,
    "keepdims": False,
    "optional": False,
    "pad_to_aspect_ratio": False,
    "use_gate": False,
    "zero_output_for_mask": False,
}
"""Values that some version of Keras does not write; for all others they are the default."""

_OF_OBJECTS = ("module", "registered_name", "build_config")


def _same_words(value: Any, rank: int | None = None) -> Any:
    """Settings as every version of Keras would have written them."""
    if isinstance(value, list):
        return [_same_words(part) for part in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, dict):
        return value
    drop = _OF_OBJECTS if "class_name" in value else ()
    said: dict[str, Any] = {}
    for name, part in value.items():
        if name in drop or (name in _UNLESS_SAID and part == _UNLESS_SAID[name]):
            continue
        if name.endswith("activation"):
            said[name] = ACTIVATIONS.get(part or "linear", part) if _is_word(part) else part
        elif name == "axis":
            said[name] = _axis(part, rank)
        elif name == "dilation_rate" and part in (1, [1], [1, 1], [1, 1, 1]):
            continue
        elif part is not None:
            said[name] = _same_words(part)
    return said


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _axis(value: Any, rank: int | None) -> Any:
    """An axis counted from the end, as far as the rank is known."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if rank and isinstance(value, int) and value >= 0:
        return value - rank
    return value


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _kept(value: Any) -> Any:
    """A configuration without what does not matter, names of nested layers numbered."""
    if isinstance(value, list):
        return [_kept(part) for part in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("layers"), list):
        value = _numbered(value)
    return {
        name: _kept(part)
        for name, part in value.items()
        if name not in _LEFT_OUT and not name.endswith(_LEFT_OUT_ENDINGS)
    }


def _numbered(config: dict[str, Any]) -> dict[str, Any]:
    """A nested model whose layers are called by number wherever they are mentioned."""
    layers = [layer for layer in config["layers"] if isinstance(layer, dict)]
    names = [layer.get("name") or layer.get("config", {}).get("name") for layer in layers]
    text = json.dumps(config)
    for number, name in enumerate(names):
        text = re.sub(rf'\["{re.escape(str(name))}", (?=\d)', f'["#{number}", ', text)
    result: dict[str, Any] = json.loads(text)
    return result


def call_arguments(call: dict[str, Any]) -> str:
    """Everything a call is given beside tensors, in JSON; unset arguments are left out.

    Tensors are left out where they stand as Keras expects them: one, a list of them, or query,
    value and key in that order, whether named or not.
    """
    given = {name: value for name, value in call.get("kwargs", {}).items() if _says(value)}
    args, kwargs = _without_tensors([call.get("args", []), given])
    if _only_tensors(args):
        if tuple(name for name, value in kwargs.items() if value == "#") in _NAMED_TENSORS:
            kwargs = {name: value for name, value in kwargs.items() if value != "#"}
        args = []
    return _json([args, kwargs]) if args or kwargs else ""


_NAMED_TENSORS = (("value",), ("value", "key"))


def _only_tensors(value: Any) -> bool:
    return value == "#" or (isinstance(value, list) and all(map(_only_tensors, value)))


def _says(value: Any) -> bool:
    return value is not None and value is not False


def _without_tensors(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return "#"
        return {name: _without_tensors(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_tensors(part) for part in value]
    return value


def tensors_in(value: Any) -> list[tuple[str, int, int]]:
    """The tensors in a call's arguments: layer, call and output of each, in order."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            layer, call, output = value["config"]["keras_history"]
            return [(str(layer), int(call), int(output))]
        value = list(value.values())
    if isinstance(value, list):
        return [found for part in value for found in tensors_in(part)]
    return []
