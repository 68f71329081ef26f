"""Small described models: a line of text for each layer, addressed as Keras would."""

from __future__ import annotations

import math

from grow.nets.architecture import Shape
from grow.nets.explain.addresses import Numbering, is_automatic
from grow.nets.explain.described import Call, Group, Layer, Model, Source, Weight

_WEIGHTLESS = {
    "Add",
    "Concatenate",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "InputLayer",
    "MaxPooling2D",
    "ReLU",
}


def model(*lines: str, file: str = "model.keras", outputs: tuple[str, ...] = ()) -> Model:
    """A model of lines such as ``conv_1: Conv2D 3 4 < pixels``.

    A line has a name, a class, numbers (a conv's channels in and out, a dense layer's inputs
    and units, a shape elsewhere) and behind ``<`` the names of its inputs; without ``<`` the
    layer before. ``!`` behind the class makes it one that is not known.
    """
    numbering, layers = Numbering(), list[Layer]()
    for line in lines:
        head, _, inputs = line.partition("<")
        name, _, rest = head.partition(":")
        kind, *numbers = rest.split()
        sources = inputs.split() or [one.path for one in layers[-1:]]
        address = f"layers/{numbering.next(kind.rstrip('!'))}"
        layers.append(_layer(name, kind, tuple(map(int, numbers)), sources, address))
    last = outputs or (layers[-1].path,)
    stored = {g.address: {w.key: w.shape for w in g.weights} for x in layers for g in x.groups}
    return Model(file, tuple(layers), stored, tuple(Source(name) for name in last))


def _layer(name: str, kind: str, numbers: Shape, sources: list[str], address: str) -> Layer:
    known = kind.rstrip("!")
    calls = () if known == "InputLayer" else (Call(tuple(map(Source, sources))),)
    shapes = {} if known in _WEIGHTLESS else _shapes(known, numbers)
    weights = tuple(Weight(str(n), key, shape) for n, (key, shape) in enumerate(shapes.items()))
    return Layer(
        path=name,
        kind=known,
        own=() if is_automatic(name, known) else (name,),
        unknown=f"the class {known} is not one of Keras's" if known != kind else "",
        foreign=known != kind,
        settings=_settings(known, numbers),
        groups=(Group(address, weights),) if weights else (),
        calls=calls,
        input_shape=numbers if known in _WEIGHTLESS and numbers else None,
        address=address,
    )


def _shapes(kind: str, numbers: Shape) -> dict[str, Shape]:
    if kind == "Conv2D":
        return {"kernel": (3, 3, *numbers), "bias": numbers[1:]}
    if kind == "Dense":
        return {"kernel": numbers, "bias": numbers[1:]}
    return {"scale": (math.prod(numbers),)}


def _settings(kind: str, numbers: Shape) -> tuple[tuple[str, str], ...]:
    if kind == "Conv2D":
        return (("activation", '"relu"'), ("filters", str(numbers[1])), ("padding", '"same"'))
    if kind == "Dense":
        return (("activation", '"relu"'), ("units", str(numbers[1])))
    if kind == "MaxPooling2D":
        return (("pool_size", "[2, 2]"), ("strides", "[2, 2]"))
    return ()


SEED = model(
    "input_layer: InputLayer 64 64 3",
    "conv2d: Conv2D 3 32",
    "max_pooling2d: MaxPooling2D 64 64 32",
    "flatten: Flatten 32 32 32",
    "dense: Dense 32768 128",
    "dense_1: Dense 128 1",
    file="seed.keras",
)
DEEPER = model(
    "input_layer_1: InputLayer 64 64 3",
    "conv2d_1: Conv2D 3 32",
    "max_pooling2d_1: MaxPooling2D 64 64 32",
    "conv2d_2: Conv2D 32 32",
    "max_pooling2d_2: MaxPooling2D 32 32 32",
    "flatten_1: Flatten 16 16 32",
    "dense_2: Dense 8192 128",
    "dense_3: Dense 128 1",
    file="deeper.keras",
)
