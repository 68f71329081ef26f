"""What the maps inside a grown model say of the old model's maps at the same place.

Walked from the picture to the output, a correspondence tells in which ratio the new map's
size stands to the old one's, how the finer of the two becomes the coarser, which old channel
each new one carries, and what has made that inexact. Each function takes the correspondence
before a layer and returns the one behind it.

The rules, with y for the old map and y' for the new one:

- Pictures of another size are area means of one master: the coarser is the mean of the finer.
- A mean of means over whole windows is a mean, a maximum of maxima a maximum; the two do not
  mix. Hence a new pooling behind a finer map is exact where both are means.
- A convolution does not commute with a change of scale: behind it the relation is approximate.
- An activation commutes with a maximum where it rises everywhere, and with a mean where it is
  linear; batch normalisation, being affine per channel, commutes with a mean.
- A new layer that starts as the identity changes nothing on the channels it passes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from grow.nets.architecture import (
    Activation,
    Architecture,
    Conv,
    Dense,
    Flatten,
    GlobalPooling,
    Norm,
    Placed,
    Pooling,
    PoolMode,
    Shape,
)
from grow.nets.transfer.plan import Carried

IDENTITY_ON_POSITIVE = frozenset({"relu", "leaky_relu", "elu"})
"""Activations f with f(x) = x for every x >= 0."""

_NEVER_NEGATIVE = frozenset({"relu", "sigmoid", "softmax"})
_RISING = frozenset({"relu", "leaky_relu", "elu", "linear", "sigmoid", "tanh"})


@dataclass(frozen=True)
class Correspondence:
    """What a map of the new model says of the old one's at the same place.

    Attributes:
        ratio: new height over old height, and likewise the widths.
        by: how the finer of the two maps becomes the coarser, where the ratio is not one.
        channels: for each new channel the old one that it carries.
        negative: whether what is carried can be negative.
        maps: behind a flatten, the old and the new map's shape before it.
        why: what has made the correspondence inexact so far, in words.
        lost: why there is none any more, in words; empty while there is one.
        change: the first thing before this place that is not what it was; empty for none.
    """

    ratio: tuple[Fraction, Fraction]
    by: PoolMode
    channels: Carried
    negative: bool = False
    maps: tuple[Shape, Shape] | None = None
    why: tuple[str, ...] = ()
    lost: str = ""
    change: str = ""

    @property
    def same_size(self) -> bool:
        """Whether the new map has the old one's size."""
        return all(side == 1 for side in self.ratio)

    def but(self, reason: str) -> Correspondence:
        """The same, inexact from here on."""
        return replace(self, why=(*self.why, reason))

    def changed(self, what: str) -> Correspondence:
        """The same, with ``what`` as the change to name unless there was one before."""
        return replace(self, change=self.change or what)

    def gone(self, reason: str, what: str) -> Correspondence:
        """No correspondence from here on; only the first reason is kept."""
        return replace(self.changed(what), lost=self.lost or reason)


def of_pictures(old: Architecture, new: Architecture) -> Correspondence:
    """The correspondence of the pictures themselves."""
    ratio = (
        Fraction(new.image[0], old.image[0]),
        Fraction(new.image[1], old.image[1]),
    )
    start = Correspondence(ratio, "average", tuple(range(new.image[2])))
    if start.same_size:
        return start
    return start.changed(f"image size {_size(new.image)}, was {_size(old.image)}")


def behind_weightless(before: Correspondence, row: Placed, old: Placed | None) -> Correspondence:
    """Behind a layer without weights; ``old`` is None where it is newly born."""
    match row.layer:
        case Activation():
            return _behind_activation(before, row.name, row.layer.activation, old is None)
        case Pooling():
            return _behind_pooling(before, row, row.layer, old is None)
        case Flatten():
            shape = row.input if old is None else old.input
            return replace(before, maps=(shape, row.input))
        case GlobalPooling():
            behind = replace(before, ratio=(Fraction(1), Fraction(1)))
            if before.same_size or before.by == row.layer.mode:
                return behind
            return behind.but(f"{row.name} now pools feature maps of another size")
        case _:
            return before


def _behind_activation(
    before: Correspondence, name: str, activation: str, born: bool
) -> Correspondence:
    behind = replace(before, negative=_negative_behind(activation, before.negative))
    if activation == "linear":
        return behind
    if born:
        if activation in IDENTITY_ON_POSITIVE and not before.negative:
            return behind
        lost = f"{name} is new and does not pass its input on unchanged"
        return behind.gone(lost, f"{name} was added before it")
    commutes = before.by == "max" and activation in _RISING
    return behind if before.same_size or commutes else behind.but(_another_scale(name, before))


def _behind_pooling(
    before: Correspondence, row: Placed, layer: Pooling, born: bool
) -> Correspondence:
    if not born:
        if before.same_size or before.by == layer.mode:
            return before
        return replace(before, by=layer.mode).but(_another_scale(row.name, before))
    ratio = (before.ratio[0] / layer.size[0], before.ratio[1] / layer.size[1])
    behind = replace(before, ratio=ratio, by=layer.mode).changed(f"{row.name} was added before it")
    if not before.same_size and before.by != layer.mode:
        word = "maximum" if layer.mode == "max" else "mean"
        other = "mean" if layer.mode == "max" else "maximum"
        behind = behind.but(f"{row.name} takes the {word} where the old model took the {other}")
    if row.input[0] % layer.size[0] or row.input[1] % layer.size[1]:
        behind = behind.but(f"{row.name} drops an incomplete window")
    return behind


def behind_identity(before: Correspondence, row: Placed) -> Correspondence:
    """Behind a newly born layer with weights that starts as the identity."""
    behind = before.changed(f"{row.name} was added before it")
    if not isinstance(row.layer, Conv):
        return behind
    extra = row.layer.filters - len(before.channels)
    return replace(behind, channels=(*before.channels, *(None,) * extra))


def behind_carried(before: Correspondence, row: Placed, old: Placed) -> Correspondence:
    """Behind a layer whose weights are carried over, copied or adapted."""
    match row.layer:
        case Conv():
            return _behind_conv(before, row, row.layer, old)
        case Dense():
            return _behind_dense(before, row, row.layer, old)
        case Norm():
            behind = replace(before, negative=True)
            if before.same_size or before.by == "average":
                return behind
            return behind.but(_another_scale(row.name, before))
        case _:
            return before


def _behind_conv(before: Correspondence, row: Placed, layer: Conv, old: Placed) -> Correspondence:
    behind = replace(
        before,
        channels=repeated(old.output[-1], layer.filters),
        negative=_negative_behind(layer.activation, True),
    )
    if layer.filters != old.output[-1]:
        behind = behind.changed(f"{row.name} before it was widened")
    if before.same_size:
        return behind
    return replace(behind, by="average").but(_another_scale(row.name, before))


def _behind_dense(before: Correspondence, row: Placed, layer: Dense, old: Placed) -> Correspondence:
    behind = replace(
        before,
        ratio=(Fraction(1), Fraction(1)),
        channels=tuple(range(old.output[-1])),
        negative=_negative_behind(layer.activation, True),
        maps=None,
    )
    if before.maps is None or before.same_size:
        return behind
    if min(before.ratio) < 1:
        return behind.but(
            f"{row.name} now sees pooled features: exact only where the features of a window are "
            "equal"
        )
    if before.by == "max":
        return behind.but(_another_scale(row.name, before))
    return behind


def repeated(old: int, new: int) -> tuple[int, ...]:
    """For each of ``new`` channels the old one it repeats: all in turn, then from the first."""
    return tuple(channel % old for channel in range(new))


def _negative_behind(activation: str, before: bool) -> bool:
    """Whether outputs of an activation can be negative, where its inputs can be."""
    if activation in _NEVER_NEGATIVE:
        return False
    return before


def _another_scale(name: str, at: Correspondence) -> str:
    high, wide = at.ratio
    if high == wide:
        words = f"{_times(high)} as large"
    else:
        sides = ((high, "high"), (wide, "wide"))
        words = " and ".join(f"{_times(side)} as {word}" for side, word in sides if side != 1)
    return f"{name} now sees feature maps {words}"


def _times(ratio: Fraction) -> str:
    if ratio in (2, Fraction(1, 2)):
        return "twice" if ratio > 1 else "half"
    return f"{ratio} times"


def _size(image: Shape) -> str:
    return f"{image[0]}x{image[1]}"
