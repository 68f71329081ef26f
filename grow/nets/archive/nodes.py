"""The children of a container and their calls, in one form for every way Keras writes them.

Functional models list the calls of each layer, with the tensors inside (`legacy` turns the
nested lists of Keras 2 into that); a sequential model's layers follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grow.nets.architecture import Shape
from grow.nets.archive.settings import call_arguments, is_of_keras, is_operation, tensors_in

_MODELS = frozenset({"Functional", "Model", "Sequential"})


@dataclass(frozen=True)
class Node:
    """A tensor as a configuration names it: layer, call and output."""

    layer: str
    call: int
    output: int


@dataclass(frozen=True)
class Made:
    """One call of a child.

    Attributes:
        nodes: its inputs.
        arguments: everything else, in JSON.
        from_outside: whether its inputs are those of the container itself.
    """

    nodes: tuple[Node, ...]
    arguments: str = ""
    from_outside: bool = False


@dataclass(frozen=True)
class Child:
    """A layer, an operation or a model inside a container.

    Attributes:
        thing: its configuration.
        name: its name, unique inside the container.
        class_name: its class.
        calls: its calls; one without inputs for an input layer.
        is_input: whether it is one of the container's inputs.
        saved: whether Keras counts it when it addresses weights.
    """

    thing: dict[str, Any]
    name: str
    class_name: str
    calls: tuple[Made, ...]
    is_input: bool
    saved: bool


def is_model(thing: dict[str, Any]) -> bool:
    """Whether it is a functional or sequential model of Keras's own class."""
    config = thing.get("config")
    listed = isinstance(config, dict) and isinstance(config.get("layers"), list)
    return listed and is_of_keras(thing) and thing.get("class_name") in _MODELS


def children_of(thing: dict[str, Any]) -> tuple[Child, ...]:
    """The children of a model, in order."""
    layers = [layer for layer in thing["config"]["layers"] if isinstance(layer, dict)]
    if thing.get("class_name") == "Sequential":
        return tuple(_in_sequence(layers))
    return tuple(
        Child(
            thing=layer,
            name=_name(layer),
            class_name=str(layer.get("class_name", "?")),
            calls=_calls(layer),
            is_input=layer.get("class_name") == "InputLayer",
            saved=not is_operation(layer),
        )
        for layer in layers
    )


def _in_sequence(layers: list[dict[str, Any]]) -> list[Child]:
    found: list[Child] = []
    for place, layer in enumerate(layers):
        is_input = place == 0 and layer.get("class_name") == "InputLayer"
        call = Made((), from_outside=True)
        if found:
            call = Made((Node(found[-1].name, 0, 0),))
        kind = str(layer.get("class_name", "?"))
        # Keras leaves the input layer of a sequential model out when it saves.
        found.append(Child(layer, _name(layer), kind, (call,), is_input, saved=not is_input))
    return found


def _name(layer: dict[str, Any]) -> str:
    config = layer.get("config")
    inside = config.get("name") if isinstance(config, dict) else None
    return str(layer.get("name") or inside or layer.get("class_name", "?"))


def _calls(layer: dict[str, Any]) -> tuple[Made, ...]:
    if layer.get("class_name") == "InputLayer":
        return (Made(()),)
    return tuple(_call(node) for node in layer.get("inbound_nodes") or ())


def _call(node: Any) -> Made:
    tensors = tensors_in([node.get("args"), node.get("kwargs")])
    return Made(tuple(Node(*tensor) for tensor in tensors), call_arguments(node))


def _triples(value: Any) -> tuple[Node, ...]:
    """Every ``[layer, call, output]`` in nested lists or dictionaries."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return ()
    if len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int):
        return (Node(value[0], value[1], int(value[2])),)
    return tuple(node for part in value for node in _triples(part))


def outputs_of(thing: dict[str, Any]) -> tuple[Node, ...]:
    """Where the outputs of a model come from."""
    config = thing["config"]
    if thing.get("class_name") == "Sequential":
        children = children_of(thing)
        return (Node(children[-1].name, 0, 0),) if children else ()
    models = {_name(layer) for layer in config["layers"] if is_model(layer)}
    # A functional model counts its own making as its first call here.
    return tuple(
        Node(node.layer, max(node.call - (node.layer in models), 0), node.output)
        for node in _triples(config.get("output_layers"))
    )


def input_shape(thing: dict[str, Any]) -> Shape | None:
    """Shape of a layer's first input without the batch, -1 for any length; None if unsaid."""
    config, built = thing.get("config") or {}, thing.get("build_config") or {}
    found = config.get("batch_shape") or config.get("batch_input_shape")
    if found is None:
        found = built.get("input_shape")
        if found is None:
            found = next(iter((built.get("shapes_dict") or {}).values()), None)
    while isinstance(found, dict | list) and found:
        first = next(iter(found.values())) if isinstance(found, dict) else found[0]
        if not isinstance(first, dict | list):
            break
        found = first
    if not isinstance(found, list):
        return None
    return tuple(-1 if side is None else int(side) for side in found[1:])
