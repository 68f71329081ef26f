"""Which weights in the file are a layer's, and what they are called."""

from __future__ import annotations

from typing import Any

from grow.nets.archive.archive import Weights
from grow.nets.archive.settings import settings_of
from grow.nets.explain.described import Group, Weight
from grow.nets.explain.kinds import CALLED_BY_NAME, weight_names


def groups_of(
    thing: dict[str, Any], address: str, also: tuple[str, ...], weights: Weights
) -> tuple[Group, ...]:
    """The weights of the layer at an address, those of its parts included.

    Args:
        thing: the layer's configuration.
        address: where Keras saves it; empty where it does not.
        also: other addresses of the same layer.
        weights: what the file holds.
    """
    if not address:
        return ()
    found = []
    for place, arrays in weights.stored.items():
        if not arrays or not (place == address or place.startswith(f"{address}/")):
            continue
        inside = place[len(address) + 1 :]
        part = _part(thing, inside)
        names = _names(part, len(arrays))
        prefix = f"{inside}/" if inside else ""
        made = tuple(
            Weight(key, f"{prefix}{name if key.isdigit() else key}", shape)
            for (key, shape), name in zip(arrays.items(), names, strict=True)
        )
        others = tuple(f"{other}/{inside}".rstrip("/") for other in also)
        found.append(Group(place, made, _is_counted(part), others))
    return tuple(found)


def _part(thing: dict[str, Any], inside: str) -> dict[str, Any]:
    """The configuration of a part of a layer; empty where it is not known."""
    for name in filter(None, inside.split("/")):
        config = thing.get("config") or {}
        known = config.get("layer" if name == "forward_layer" else name)
        if isinstance(known, dict) and "class_name" in known:
            thing = known
        elif name == "cell" and "class_name" in thing:
            thing = {**thing, "class_name": f"{thing['class_name']}Cell"}
        elif name.endswith("_dense"):
            thing = {"class_name": "EinsumDense", "config": {}}
        else:
            return {}
    return thing


def _names(part: dict[str, Any], count: int) -> tuple[str, ...]:
    config = part.get("config")
    settings = dict(settings_of(config)) if isinstance(config, dict) else {}
    return weight_names(str(part.get("class_name", "")), settings, count)


def _is_counted(part: dict[str, Any]) -> bool:
    """Whether Keras counts the arrays first: not where low-rank weights stand beside them."""
    config = part.get("config") or {}
    return not config.get("lora_rank") and part.get("class_name") not in CALLED_BY_NAME
