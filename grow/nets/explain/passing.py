"""Which layers give, outside training, exactly what they are given.

Dropout, noise and random pictures change nothing then; neither does the input of a nested
model, nor a layer whose settings make it the identity. Whether inputs are "what they were" is
asked behind such layers, and so is what stands beside a layer. That random layers are called
with ``training=True`` (Keras 3 writes that of all of them) says nothing: Keras overrules it
when it predicts. The tests hold each of them against Keras.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from grow.nets.explain.described import Layer, Source
from grow.nets.explain.kinds import COMMUTATIVE, PASSES_ON

_NOTHING_TO_DO = {
    "ZeroPadding": ("padding", 0),
    "Cropping": ("cropping", 0),
    "UpSampling": ("size", 1),
}
"""Layers of one, two and three dimensions, with the setting and value that change nothing."""


def passed_on(layer: Layer, call: int) -> Source | None:
    """The input that a layer gives on unchanged outside training; None where it does not.

    Args:
        layer: any layer.
        call: which of its calls.
    """
    if len(layer.calls) <= call or len(layer.calls[call].inputs) != 1:
        return None
    return layer.calls[call].inputs[0] if is_identity(layer) else None


def followed(source: Source, layers: Mapping[str, Layer]) -> Source:
    """The source itself, or the one whose output it passes on unchanged."""
    for _ in layers:
        before = passed_on(layers[source.layer], source.call)
        if before is None:
            break
        source = before
    return source


def is_identity(layer: Layer) -> bool:
    """Whether a layer with a single input gives it on unchanged outside training."""
    if layer.unknown or layer.weights or layer.settings is None:
        return False
    if layer.kind == "InputLayer":
        return bool(layer.calls)  # of a nested model
    settings = {name: json.loads(value) for name, value in layer.settings}
    return _does_nothing(layer.kind, settings, layer.input_shape)


def _does_nothing(kind: str, settings: Mapping[str, Any], shape: tuple[int, ...] | None) -> bool:
    if kind in PASSES_ON or kind in COMMUTATIVE or kind == "Concatenate":
        return True
    match kind:
        case "Activation":
            return settings.get("activation") in (None, "linear")
        case "Rescaling":
            return (settings.get("scale"), settings.get("offset")) in ((1, 0), (1, None))
        case "RandomCrop":
            # Keras 3.15 leaves pictures of any size alone, Keras 2 crops their middle.
            sides = (settings.get("height"), settings.get("width"))
            return shape is not None and len(shape) == 3 and sides == shape[:2]
        case "Flatten":
            return shape is not None and len(shape) == 1
        case "Reshape":
            return (
                shape is not None and -1 not in shape and settings.get("target_shape") == [*shape]
            )
        case "Permute":
            return settings.get("dims") == sorted(settings.get("dims") or [0])
        case "TimeDistributed":
            return _is_identity_inside(settings.get("layer"))
        case "Pipeline":
            layers = settings.get("layers") or []
            return bool(layers) and all(map(_is_identity_inside, layers))
    name, nothing = _NOTHING_TO_DO.get(kind[:-2], ("", None))
    return bool(name) and _all_equal(settings.get(name), nothing)


def _is_identity_inside(thing: Any) -> bool:
    if not isinstance(thing, dict) or not isinstance(thing.get("config"), dict):
        return False
    return _does_nothing(str(thing.get("class_name")), thing["config"], None)


def _all_equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(_all_equal(one, wanted) for one in value)
    return bool(value == wanted)
