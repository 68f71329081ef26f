"""How Keras 3 addresses saved weights, and how it makes up names.

A container's children are saved as class name in snake case, a counter behind every repeated
one: ``layers/conv2d``, ``layers/conv2d_1``; a nested model's as
``layers/functional/layers/dense``. Names play no part. Read from
``keras/src/saving/saving_lib.py`` and ``utils/naming.py`` of Keras 3.15; the tests compare with
Keras itself.
"""

from __future__ import annotations

import re

from grow.nets.explain.kinds import KNOWN

LEGACY = "_layer_checkpoint_dependencies"
"""What Keras 2.13 called ``layers``."""

_OLD_NAMES = {"InputLayer": "input", "Functional": "model"}
"""What Keras 2 called layers of these classes, whose names Keras 3 makes from the class."""


_CLASSES = {"GroupQueryAttention": "GroupedQueryAttention"}
"""Classes that Keras calls otherwise in its code, from which it makes names and addresses."""


def snake_case(kind: str) -> str:
    """A class name as Keras writes it: ``Conv2DTranspose`` becomes ``conv2d_transpose``."""
    name = re.sub(r"\W+", "", _CLASSES.get(kind, kind))
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


class Numbering:
    """Gives the children of one container their addresses, in order."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def next(self, kind: str) -> str:
        """The address of the next child, of class ``kind``."""
        name = snake_case(kind)
        if name in self._used:
            self._used[name] += 1
            return f"{name}_{self._used[name]}"
        self._used[name] = 0
        return name


def is_automatic(name: str, kind: str) -> bool:
    """Whether Keras may have made up a layer's name: its class, with or without a counter."""
    stem = re.sub(r"_\d+$", "", name)
    return stem in {snake_case(kind), _OLD_NAMES.get(kind, "")}


_KINDS = {snake_case(kind): kind for kind in sorted(KNOWN)}


def kind_of(address: str) -> str:
    """The class that an address tells; empty where it tells none that is known.

    Only children of a container called ``layers`` are addressed by class.
    """
    *before, last = address.split("/")
    if not before or before[-1] != "layers":
        return ""
    return _KINDS.get(last) or _KINDS.get(re.sub(r"_\d+$", "", last), "")
