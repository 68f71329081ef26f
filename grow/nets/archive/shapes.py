"""The shape of what reaches each layer, where a file does not tell it: the older formats.

From the shapes of the inputs forward, layer by layer, through the classes whose rule is known;
behind any other nothing is said. Shapes are without the batch, a side of any length is -1. Only
the channel-last layout is followed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from grow.nets.architecture import Shape
from grow.nets.explain.described import Layer
from grow.nets.explain.kinds import COMMUTATIVE, PASSES_ON

_SAME = (PASSES_ON - {"RandomHeight", "RandomWidth"}) | {
    "Activation",
    "AutoContrast",
    "BatchNormalization",
    "ELU",
    "GroupNormalization",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "Normalization",
    "PReLU",
    "RMSNormalization",
    "ReLU",
    "Rescaling",
    "Softmax",
    "ThresholdedReLU",
    "UnitNormalization",
}


def with_input_shapes(layers: Sequence[Layer]) -> dict[str, Shape]:
    """The shape of the first input of each layer by path, as far as it can be told."""
    outputs: dict[tuple[str, int], Shape] = {}
    told: dict[str, Shape] = {}
    settled = False
    while not settled:
        settled = True
        for layer in layers:
            for number in range(max(len(layer.calls), 1)):
                if (layer.path, number) in outputs:
                    continue
                given = _given(layer, number, outputs)
                if given is None:
                    continue
                if number == 0 and given:
                    told[layer.path] = given[0]
                shape = _output(layer, given)
                if shape is not None:
                    outputs[layer.path, number] = shape
                    settled = False
    return told


def _given(
    layer: Layer, number: int, outputs: Mapping[tuple[str, int], Shape]
) -> list[Shape] | None:
    """The shapes of a call's inputs; None while one of them is not known."""
    if not layer.calls or not layer.calls[number].inputs:
        return [] if layer.kind == "InputLayer" else None
    found = []
    for source in layer.calls[number].inputs:
        shape = outputs.get((source.layer, source.call)) if source.output == 0 else None
        if shape is None:
            return None
        found.append(shape)
    return found


def _output(layer: Layer, given: list[Shape]) -> Shape | None:
    """The shape of what a layer gives; None where there is no rule for it."""
    if layer.kind == "InputLayer":
        return given[0] if given else layer.input_shape
    if layer.unknown or layer.settings is None:
        return None
    settings = {name: json.loads(value) for name, value in layer.settings}
    if settings.get("data_format", "channels_last") != "channels_last":
        return None
    try:
        return _rule(layer, settings, given)
    except (LookupError, TypeError, ValueError, ZeroDivisionError):
        return None  # settings of another version, or not of Keras


def _rule(layer: Layer, settings: Mapping[str, Any], given: list[Shape]) -> Shape | None:
    kind, first = layer.kind, given[0]
    if kind in _SAME:
        return first
    if kind in COMMUTATIVE or kind == "Subtract":
        return first if all(shape == first for shape in given) else None
    if kind == "Concatenate":
        return _concatenated(given, settings.get("axis", -1))
    for stem, rule in _BY_STEM.items():
        if kind.startswith(stem) and kind[len(stem) :] in ("", "1D", "2D", "3D"):
            return rule(settings, first)
    return None


def _concatenated(given: list[Shape], axis: int) -> Shape | None:
    at = axis if axis < 0 else axis - 1 - len(given[0])
    sides = [shape[at] for shape in given]
    total = -1 if -1 in sides else sum(sides)
    before = given[0][:at]
    return (*before, total, *(given[0][at + 1 :] if at < -1 else ()))


def _convolved(settings: Mapping[str, Any], given: Shape) -> Shape:
    sides = given[:-1]
    kernel = _each(settings["kernel_size"], len(sides))
    strides = _each(settings.get("strides", 1), len(sides))
    wide = _each(settings.get("dilation_rate", 1), len(sides))
    padding = settings.get("padding", "valid")
    out = [
        _slid(side, (size - 1) * apart + 1, step, padding)
        for side, size, step, apart in zip(sides, kernel, strides, wide, strict=True)
    ]
    return (*out, settings["filters"])


def _depthwise(settings: Mapping[str, Any], given: Shape) -> Shape:
    channels = given[-1] * settings.get("depth_multiplier", 1)
    return _convolved({**settings, "filters": channels}, given)


def _transposed(settings: Mapping[str, Any], given: Shape) -> Shape | None:
    sides = given[:-1]
    if settings.get("output_padding") is not None or settings.get("dilation_rate"):
        return None
    kernel = _each(settings["kernel_size"], len(sides))
    strides = _each(settings.get("strides", 1), len(sides))
    same = settings.get("padding", "valid") == "same"
    out = [
        -1 if side < 0 else side * step + (0 if same else max(size - step, 0))
        for side, size, step in zip(sides, kernel, strides, strict=True)
    ]
    return (*out, settings["filters"])


def _pooled(settings: Mapping[str, Any], given: Shape) -> Shape:
    sides = given[:-1]
    size = settings["pool_size"]
    steps = _each(settings.get("strides") or size, len(sides))
    padding = settings.get("padding", "valid")
    windows = zip(sides, _each(size, len(sides)), steps, strict=True)
    return (*(_slid(side, window, step, padding) for side, window, step in windows), given[-1])


def _slid(side: int, window: int, step: int, padding: str) -> int:
    """How often a window fits along a side."""
    if side < 0:
        return -1
    return -(-side // step) if padding in ("same", "causal") else (side - window) // step + 1


def _each(value: Any, count: int) -> list[int]:
    return [int(one) for one in value] if isinstance(value, list) else [int(value)] * count


def _pooled_away(settings: Mapping[str, Any], given: Shape) -> Shape:
    if settings.get("keepdims"):
        return (*(1 for _ in given[:-1]), given[-1])
    return given[-1:]


def _flattened(_settings: Mapping[str, Any], given: Shape) -> Shape:
    return (-1,) if -1 in given else (math.prod(given),)


def _reshaped(settings: Mapping[str, Any], given: Shape) -> Shape | None:
    target = [int(side) for side in settings["target_shape"]]
    if -1 not in target:
        return tuple(target)
    if -1 in given:
        return None
    rest = math.prod(side for side in target if side != -1)
    return tuple(math.prod(given) // rest if side == -1 else side for side in target)


def _permuted(settings: Mapping[str, Any], given: Shape) -> Shape:
    return tuple(given[axis - 1] for axis in settings["dims"])


def _padded(settings: Mapping[str, Any], given: Shape) -> Shape:
    return _widened(given, settings["padding"], 1)


def _cropped(settings: Mapping[str, Any], given: Shape) -> Shape:
    return _widened(given, settings["cropping"], -1)


def _widened(given: Shape, amount: Any, sign: int) -> Shape:
    sides = given[:-1]
    each = amount if isinstance(amount, list) else [amount] * len(sides)
    if len(sides) == 1 and len(each) == 2:
        each = [each]
    both = [sum(one) if isinstance(one, list) else 2 * one for one in each]
    out = [-1 if s < 0 else s + sign * more for s, more in zip(sides, both, strict=True)]
    return (*out, given[-1])


def _repeated(settings: Mapping[str, Any], given: Shape) -> Shape:
    times = _each(settings["size"], len(given) - 1)
    out = [-1 if s < 0 else s * t for s, t in zip(given[:-1], times, strict=True)]
    return (*out, given[-1])


def _resized(settings: Mapping[str, Any], given: Shape) -> Shape:
    return (settings["height"], settings["width"], given[-1])


def _recurrent(settings: Mapping[str, Any], given: Shape) -> Shape:
    units = settings["units"]
    return (given[0], units) if settings.get("return_sequences") else (units,)


_BY_STEM = {
    "AveragePooling": _pooled,
    "CenterCrop": _resized,
    "Conv": _convolved,
    "Conv1DTranspose": _transposed,
    "Conv2DTranspose": _transposed,
    "Conv3DTranspose": _transposed,
    "Cropping": _cropped,
    "Dense": lambda settings, given: (*given[:-1], settings["units"]),
    "DepthwiseConv": _depthwise,
    "Embedding": lambda settings, given: (*given, settings["output_dim"]),
    "Flatten": _flattened,
    "GRU": _recurrent,
    "GlobalAveragePooling": _pooled_away,
    "GlobalMaxPooling": _pooled_away,
    "LSTM": _recurrent,
    "MaxPooling": _pooled,
    "Permute": _permuted,
    "RandomCrop": _resized,
    "RepeatVector": lambda settings, given: (settings["n"], *given),
    "Reshape": _reshaped,
    "Resizing": _resized,
    "SeparableConv": _convolved,
    "SimpleRNN": _recurrent,
    "UpSampling": _repeated,
    "ZeroPadding": _padded,
}
