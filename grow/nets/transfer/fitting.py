"""How a kept layer's weights fit where the layer now stands: the adaptation, and its words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from grow.nets.architecture import Conv, Dense, Norm, Placed
from grow.nets.transfer.correspondence import Correspondence, repeated
from grow.nets.transfer.plan import Adaptation, MoreClasses, Reason, named


def adaptation_of(row: Placed, old: Placed, at: Correspondence) -> Adaptation | None:
    """How the old weights become the new ones; None where there is no rule."""
    if isinstance(row.layer, Norm):
        return Adaptation(inputs=(), outputs=at.channels)
    if not _covers(row, old, at):
        return None
    outputs = repeated(old.output[-1], row.output[-1])
    if not isinstance(row.layer, Dense) or at.maps is None:
        return Adaptation(inputs=at.channels, outputs=outputs)
    maps = at.maps
    if not all(_whole(a, b) for a, b in zip(maps[0][:2], maps[1][:2], strict=True)):
        return None
    ratio = (Fraction(maps[1][0], maps[0][0]), Fraction(maps[1][1], maps[0][1]))
    if ratio != at.ratio:
        return None
    measured = min(ratio) < 1 and at.by == "max"
    return Adaptation(inputs=at.channels, outputs=outputs, maps=maps, measured=measured)


def _covers(row: Placed, old: Placed, at: Correspondence) -> bool:
    """Whether every old input channel still arrives and every old output channel has a place."""
    if row.output[-1] < old.output[-1]:
        return False
    if isinstance(row.layer, Conv) and old.weights["kernel"][:2] != row.weights["kernel"][:2]:
        return False
    before, after = at.maps if at.maps is not None else (old.input, row.input)
    arriving = {channel for channel in at.channels if channel is not None}
    return len(at.channels) == after[-1] and arriving == set(range(before[-1]))


def _whole(old: int, new: int) -> bool:
    return max(old, new) % min(old, new) == 0


def is_plain(adaptation: Adaptation, old: Placed, new: Placed) -> bool:
    """Whether the adaptation leaves every number where and as it is."""
    if old.weights != new.weights or adaptation.fold != (1, 1) or adaptation.spread != (1, 1):
        return False
    in_order = all(channel == i for i, channel in enumerate(adaptation.inputs))
    return in_order and all(channel == i for i, channel in enumerate(adaptation.outputs))


def for_classes(
    adaptation: Adaptation, old: Placed, classes: MoreClasses
) -> tuple[Adaptation, str]:
    """The adaptation of a last layer for more classes, and all of it in words.

    Two classes have one output z, through a sigmoid: that is softmax over the outputs 0 and z.
    """
    single = old.output[-1] == 1
    carried = classes.carried
    outputs = tuple({0: None, 1: 0}[c] if single and c is not None else c for c in carried)
    words = f"outputs kept by class ({named(classes.before)})"
    if single:
        words += f", {classes.before[0]} as zeros"
    start = "starts" if len(classes.new) == 1 else "start"
    words += f"; {named(classes.new)} {start} as their mean"
    rest = _changes(replace(adaptation, outputs=tuple(range(old.output[-1]))))
    adapted = replace(adaptation, outputs=outputs, classes=carried)
    return adapted, "; ".join([words, *(more for _, more in rest)])


def in_words(adaptation: Adaptation) -> tuple[Reason, str]:
    """The reason of an adaptation, the weightiest first, and all of it in words."""
    found = _changes(adaptation)
    return found[0][0], "; ".join(words for _, words in found)


def _changes(adaptation: Adaptation) -> list[tuple[Reason, str]]:
    """What an adaptation changes, the weightiest first."""
    found: list[tuple[Reason, str]] = []
    if adaptation.fold != (1, 1):
        words = f"folded: summed over windows of {_by(adaptation.fold)}"
        if adaptation.measured:
            words += ", scaled by a measured factor"
        found.append((Reason.FOLDED, words))
    if adaptation.spread != (1, 1):
        windows = adaptation.spread[0] * adaptation.spread[1]
        words = f"spread over windows of {_by(adaptation.spread)}, 1/{windows} for each"
        found.append((Reason.SPREAD, words))
    carried = [channel for channel in adaptation.inputs if channel is not None]
    if len(set(carried)) < len(carried):
        found.append((Reason.SPLIT, "divided among repeated inputs"))
    repeats = len(adaptation.outputs) - len(set(adaptation.outputs) - {None})
    fresh = adaptation.outputs.count(None)
    if repeats > fresh:
        found.append((Reason.SPLIT, f"{_channels(repeats - fresh)} repeated from old ones"))
    if fresh:
        found.append((Reason.PADDED, f"fresh weights for {_channels(fresh)}"))
    padded = adaptation.inputs.count(None)
    if padded:
        found.append((Reason.PADDED, f"zeros for {_channels(padded, 'input channel')}"))
    return found


def _channels(count: int, word: str = "channel") -> str:
    return f"1 new {word}" if count == 1 else f"{count} new {word}s"


def _by(window: tuple[int, int]) -> str:
    return f"{window[0]}x{window[1]}"
