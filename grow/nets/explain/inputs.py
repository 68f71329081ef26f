"""Whether the inputs of a layer of the new model are what they were in the old one.

Follows each input back to the layer that made it, through what passes its input on unchanged
(`passing`), and compares with the old model's along the alignment.
"""

from __future__ import annotations

import json

from grow.nets.explain.align import Alignment
from grow.nets.explain.described import Call, Layer, Model, Source
from grow.nets.explain.kinds import COMMUTATIVE, CONVOLUTIONS, POOLINGS
from grow.nets.explain.passing import followed
from grow.nets.explain.standing import SAME, Standing, conditional, lost, worst

_IDENTITY_ON_POSITIVE = {'"relu"', '"leaky_relu"', '"elu"', '"linear"'}


class Inputs:
    """The inputs of both models; ``behind`` is what is known of each new layer's output."""

    def __init__(self, old: Model, new: Model, alignment: Alignment) -> None:
        self._old, self._new = old.by_path(), new.by_path()
        self._of_new, self._of_old = alignment.by_new(), alignment.by_old()
        # Optimistic at first: layers used in turns (a(b(a(b(x))))) depend on themselves.
        self.behind: dict[str, Standing] = dict.fromkeys(self._of_new, SAME)

    def standing(self, old: Layer, new: Layer) -> Standing:
        """How the inputs of an aligned layer stand to what they were."""
        if not new.calls and not old.calls:
            return SAME
        if len(old.calls) != len(new.calls):
            return lost(f"the number of its uses is {len(new.calls)}, was {len(old.calls)}")
        calls = zip(old.calls, new.calls, strict=True)
        return worst(self._of_calls(new.kind, one, other) for one, other in calls)

    def _of_calls(self, kind: str, old: Call, new: Call) -> Standing:
        if old.arguments != new.arguments:
            return lost("it is called with other arguments")
        if len(old.inputs) != len(new.inputs):
            return lost(f"it has {len(new.inputs)} inputs, had {len(old.inputs)}")
        if kind in COMMUTATIVE:
            return self._in_any_order(list(old.inputs), new)
        pairs = zip(old.inputs, new.inputs, strict=True)
        return worst(self._of_sources(one, other) for one, other in pairs)

    def _in_any_order(self, left: list[Source], new: Call) -> Standing:
        """The best standing of each input in turn, each old one used once."""
        found = []
        for source in new.inputs:
            ranked = [self._of_sources(one, source) for one in left]
            best = min(range(len(left)), key=lambda place: ranked[place].step)
            found.append(ranked[best])
            del left[best]
        return worst(found)

    def _of_sources(self, old: Source, new: Source) -> Standing:
        before = followed(old, self._old)
        here, condition = self._followed(new)
        pair = self._of_new.get(here.layer)
        if pair is None:
            return lost(f"{here.layer} before it is new")
        if pair.old != before.layer:
            if before.layer not in self._of_old:
                return lost(f"{before.layer} no longer comes before it")
            return lost(f"it stands behind {here.layer}, stood behind {before.layer}")
        if (here.call, here.output) != (before.call, before.output):
            return lost(f"it is given another output of {here.layer}")
        return worst((self.behind[here.layer], condition))

    def _followed(self, source: Source) -> tuple[Source, Standing]:
        """Further back through new layers that could start as the identity, and if they do."""
        hopes: list[str] = []
        for _ in self._new:
            source = followed(source, self._new)
            layer = self._new[source.layer]
            if layer.path in self._of_new:
                break
            hope = _hope(layer)
            if not hope or len(layer.calls) <= source.call:
                break
            hopes.insert(0, hope)
            source = layer.calls[source.call].inputs[0]
        return source, conditional(" and ".join(hopes)) if hopes else SAME


def _hope(layer: Layer) -> str:
    """On what a new layer leaves its input what it was, in words; empty where on nothing."""
    if could_be_identity(layer):
        return f"if {layer.path} starts as the identity"
    if layer.kind in POOLINGS and layer.setting("strides") == layer.setting("pool_size"):
        return f"as far as {layer.path} pools nothing away"
    return ""


def could_be_identity(layer: Layer) -> bool:
    """Whether a new layer can start as the identity, on inputs that are not negative."""
    if layer.unknown or len(layer.calls) != 1 or len(layer.calls[0].inputs) != 1:
        return False
    if layer.kind == "BatchNormalization":
        return True
    if layer.kind not in CONVOLUTIONS or not layer.weights:
        return False
    settings = {name: json.loads(value) for name, value in layer.settings or ()}
    *kernel, inputs, filters = layer.weights[0].shape
    return (
        layer.setting("activation") in _IDENTITY_ON_POSITIVE
        and all(side % 2 for side in kernel)
        and filters >= inputs
        and settings.get("padding") == "same"
        and set(settings.get("strides", [1])) == {1}
        and settings.get("groups", 1) == 1
    )
