"""Whether old weights fit a new layer, what differs, and how they could be adapted."""

from __future__ import annotations

import math

from grow.nets.architecture import Shape
from grow.nets.explain.described import Layer
from grow.nets.explain.kinds import CONVOLUTIONS
from grow.nets.explain.standing import Standing, conditional, lost

_WIDTHS = frozenset({"filters", "units"})
"""Settings that say how wide a layer is, which its shapes say too."""

_NOTHING = frozenset({"false", "null"})
"""Values of a setting that one version of Keras writes and another leaves out."""

Adapted = tuple[str, str]
"""The reason of an adaptation, and how it goes, in words."""


def misfit(old: Layer, new: Layer) -> str:
    """The first weight that does not fit, in words."""
    for weight in new.weights:
        before = old.shapes.get(weight.name)
        if before is None:
            return f"{weight.name} {weight.shape} has nothing to be carried over from"
        if before != weight.shape:
            return f"{weight.name} {before} does not fit {weight.shape}"
    return f"has {len(new.weights)} weights, had {len(old.weights)}"


def other_settings(old: Layer, new: Layer) -> str:
    """What is set otherwise, in words; empty where nothing is."""
    before, now = dict(old.settings or ()), dict(new.settings or ())
    found = []
    for name in sorted((before.keys() | now.keys()) - _WIDTHS):
        was, is_ = before.get(name, "null"), now.get(name, "null")
        absent = name not in before or name not in now
        if was != is_ and not (absent and {was, is_} <= _NOTHING):
            found.append(f"{name} is {_short(is_)}, was {_short(was)}")
    return ", ".join(found)


def _short(value: str) -> str:
    """A value as people read it; a long one only in part."""
    plain = value.strip('"')
    return plain if len(plain) <= 40 else f"{plain[:37]}..."


def flattened(old: Layer, new: Layer) -> Standing:
    """What is behind a flatten (or a reshape) of maps of another shape."""
    was, now = old.input_shape, new.input_shape
    if was is None or now is None:
        return lost(f"the shape of what reaches {new.path} is not in the file")
    if new.kind == "Flatten" and _whole(was, now):
        words = f"as far as maps of {now} in {new.path} can stand for maps of {was}"
        return conditional(words, (was, now))
    return lost(f"{new.path} before it is given {now}, was given {was}")


def _whole(was: Shape, now: Shape) -> bool:
    """Whether one shape's maps are whole windows of the other's, channels being the same."""
    if len(was) != 3 or len(now) != 3 or was[2] != now[2] or min(*was, *now) < 1:
        return False
    sides = list(zip(was[:2], now[:2], strict=True))
    return all(a % b == 0 for a, b in sides) or all(b % a == 0 for a, b in sides)


def adaptation(old: Layer, new: Layer, at: Standing, *, is_last: bool) -> Adapted | None:
    """How the old weights could become the new ones; None where there is no rule.

    Args:
        old: the layer in the old model.
        new: the same layer in the new one.
        at: how its inputs stand to what they were.
        is_last: whether it gives the model's outputs, so that none of them may be repeated.
    """
    if not at.fits or not old.weights or not new.weights:
        return None
    if is_last and at.maps is None and _has_more_classes(old, new):
        words = "kept output by output, by the names of the classes; new classes start anew"
        return "classes", words
    if other_settings(old, new):
        return None
    if [weight.name for weight in old.weights] != [weight.name for weight in new.weights]:
        return None
    was, now = old.weights[0].shape, new.weights[0].shape
    if new.kind == "Dense" and at.maps is not None:
        return _over_windows(at.maps, was, now)
    if new.kind not in CONVOLUTIONS | {"Dense"} or was[:-2] != now[:-2] or len(was) < 2:
        return None
    if at.maps is not None or was[-2] > now[-2] or was[-1] > now[-1]:
        return None
    if was[-1] == now[-1]:
        return "padded", f"padded with zeros for {now[-2] - was[-2]} new input channels"
    if was[-2] == now[-2] and not is_last:
        return "split", f"widened: {now[-1] - was[-1]} new channels repeat old ones"
    return None


def _has_more_classes(old: Layer, new: Layer) -> bool:
    """Whether two dense layers tell classes apart, and the new one more of them.

    One output through a sigmoid tells two: it is softmax over zero and that output.
    """
    if (old.kind, new.kind) != ("Dense", "Dense") or old.shapes.keys() != new.shapes.keys():
        return False
    was, now = old.weights[0].shape, new.weights[0].shape
    single = was[1] == 1 and old.setting("activation") == '"sigmoid"'
    known = 2 if single else was[1]
    several = single or old.setting("activation") == '"softmax"'
    more = new.setting("activation") == '"softmax"' and now[1] > known
    return several and more and was[0] == now[0]


def _over_windows(maps: tuple[Shape, Shape], was: Shape, now: Shape) -> Adapted | None:
    """A dense kernel behind a flatten, folded or spread; ``(inputs, units)`` both."""
    before, after = maps
    if was != (math.prod(before), now[1]) or now[0] != math.prod(after):
        return None
    if now[0] < was[0]:
        window = f"{before[0] // after[0]}x{before[1] // after[1]}"
        return "folded", f"folded: summed over windows of {window}"
    return "spread", f"spread over windows of {after[0] // before[0]}x{after[1] // before[1]}"
