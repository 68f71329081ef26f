"""What could be carried over to each layer of the new model, and why.

A copy needs the same class, settings and shapes, and inputs that are what they were. Where the
shapes differ and there is a rule for it, weights could be adapted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from grow.nets.explain.align import Alignment
from grow.nets.explain.described import Layer, Model
from grow.nets.explain.fitting import adaptation, flattened, misfit, other_settings
from grow.nets.explain.inputs import Inputs, could_be_identity
from grow.nets.explain.kinds import BOUND_TO_SIZE
from grow.nets.explain.passing import followed
from grow.nets.explain.standing import SAME, Standing, Step, conditional, lost, unknown, worst


class Decision(StrEnum):
    """What could become of a layer's weights; those of a transfer plan, and one more."""

    COPY = "copy"
    ADAPT = "adapt"
    INITIALISE = "initialise"
    SKIP = "skip"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why; those of a transfer plan where they fit, and four more."""

    SAME = "same"
    FOLDED = "folded"
    SPREAD = "spread"
    SPLIT = "split"
    PADDED = "padded"
    CLASSES = "classes"
    NEW = "new"
    NEW_IDENTITY = "new_identity"
    NO_WEIGHTS = "no_weights"
    SHAPE_DIFFERS = "shape_differs"
    INPUTS_DIFFER = "inputs_differ"
    KIND_DIFFERS = "kind_differs"
    SETTINGS_DIFFER = "settings_differ"
    CLASS_UNKNOWN = "class_unknown"
    INPUTS_UNKNOWN = "inputs_unknown"
    NOT_IN_FILE = "not_in_file"


@dataclass(frozen=True)
class Carry:
    """What could be carried over to one layer.

    Attributes:
        decision: copy, adapt, initialise, skip, or unknown.
        reason: why, from the closed list.
        words: why, for people.
        fits: whether the old weights have the shapes of the new ones.
    """

    decision: Decision
    reason: Reason
    words: str
    fits: bool = False


def carry(old: Model, new: Model, alignment: Alignment) -> dict[str, Carry]:
    """What could be carried over to each layer of ``new``, by path."""
    inputs, olds, pairs = Inputs(old, new, alignment), old.by_path(), alignment.by_new()
    layers = new.by_path()
    last = {followed(source, layers).layer for source in new.outputs}
    found: dict[str, Carry] = {}
    settled = False
    while not settled:
        settled = True
        for layer in new.layers:
            pair = pairs.get(layer.path)
            if pair is None:
                found[layer.path] = _born(layer)
                continue
            before = olds[pair.old]
            at = inputs.standing(before, layer)
            found[layer.path], behind = _kept(before, layer, at, layer.path in last)
            if behind.step > inputs.behind[layer.path].step:
                settled = False
            if behind.step >= inputs.behind[layer.path].step:
                inputs.behind[layer.path] = behind
    return found


def _born(layer: Layer) -> Carry:
    """A layer that the old model does not have."""
    if layer.unknown:
        return Carry(Decision.UNKNOWN, Reason.CLASS_UNKNOWN, f"new; {layer.unknown}")
    if not layer.weights:
        return Carry(Decision.SKIP, Reason.NO_WEIGHTS, "new; has no weights")
    if could_be_identity(layer):
        words = "new: starts from random weights, or as the identity"
        return Carry(Decision.INITIALISE, Reason.NEW_IDENTITY, words)
    return Carry(Decision.INITIALISE, Reason.NEW, "new: starts from random weights")


def _kept(old: Layer, new: Layer, at: Standing, is_last: bool) -> tuple[Carry, Standing]:
    """What becomes of an aligned layer, and how what it gives stands to what it gave."""
    fits = old.shapes == new.shapes
    if old.kind != new.kind:
        words = f"is a {new.kind}, was a {old.kind}"
        return _skip(Reason.KIND_DIFFERS, words, fits), lost(f"{new.path} before it {words}")
    if new.unknown or old.unknown:
        words = new.unknown or old.unknown
        behind = worst((at, unknown(f"{words}: what {new.path} before it does is not known")))
        return Carry(Decision.UNKNOWN, Reason.CLASS_UNKNOWN, words, fits), behind
    if old.settings is None or new.settings is None:
        return _from_weights_alone(old, new, fits)
    if not old.weights and not new.weights:
        return _skip(Reason.NO_WEIGHTS, "has no weights", fits=True), _weightless(old, new, at)
    if not fits:
        return _other_shape(old, new, at, is_last)
    return _same_shape(old, new, at)


def _skip(reason: Reason, words: str, fits: bool) -> Carry:
    return Carry(Decision.SKIP, reason, words, fits)


def _from_weights_alone(old: Layer, new: Layer, fits: bool) -> tuple[Carry, Standing]:
    """A layer of which one file holds the weights only."""
    behind = unknown(f"what {new.path} before it does is not in the weights file")
    if not old.weights and not new.weights:
        return _skip(Reason.NO_WEIGHTS, "has no weights", fits=True), behind
    if not fits:
        return _skip(Reason.SHAPE_DIFFERS, misfit(old, new), fits), behind
    words = "the shapes fit; settings and inputs are not in the weights file"
    return Carry(Decision.UNKNOWN, Reason.NOT_IN_FILE, words, fits), behind


def _weightless(old: Layer, new: Layer, at: Standing) -> Standing:
    """How the outputs of an aligned layer without weights stand to what they were."""
    others = other_settings(old, new)
    if others:
        return worst((at, lost(f"{new.path} before it is set otherwise ({others})")))
    if new.kind == "InputLayer" and len(old.input_shape or ()) != len(new.input_shape or ()):
        return lost(f"{new.path} gives {new.input_shape}, gave {old.input_shape}")
    if new.kind in BOUND_TO_SIZE and old.input_shape != new.input_shape:
        flat = flattened(old, new)
        return (
            conditional(at.why or flat.why, flat.maps)
            if flat.fits and at.fits
            else worst((at, flat))
        )
    return at


def _other_shape(old: Layer, new: Layer, at: Standing, is_last: bool) -> tuple[Carry, Standing]:
    """An aligned layer whose weights have other shapes."""
    behind = lost(f"{new.path} before it is not carried over")
    found = adaptation(old, new, at, is_last=is_last)
    if found is None:
        words = misfit(old, new)
        return _skip(Reason.SHAPE_DIFFERS, words, fits=False), worst((at, behind))
    name, how = found
    words = f"{misfit(old, new)}; could be {how}" + (f" ({at.why})" if at.why else "")
    behind = conditional(at.why or f"if {new.path} before it is adapted")
    return Carry(Decision.ADAPT, Reason(name), words), behind


def _same_shape(old: Layer, new: Layer, at: Standing) -> tuple[Carry, Standing]:
    """An aligned layer whose weights have the same shapes."""
    others = other_settings(old, new)
    if others:
        behind = worst((at, lost(f"{new.path} before it is set otherwise ({others})")))
        words = f"fits, but is set otherwise: {others}"
        return _skip(Reason.SETTINGS_DIFFER, words, fits=True), behind
    match at.step:
        case Step.SAME:
            words = "same class, settings, shapes and inputs"
            if old.input_shape != new.input_shape:
                words += f"; what reaches it is {new.input_shape}, was {old.input_shape}"
            return Carry(Decision.COPY, Reason.SAME, words, fits=True), SAME
        case Step.CONDITIONAL:
            words = f"fits, but its inputs are what they were only {at.why}"
            return _skip(Reason.INPUTS_DIFFER, words, fits=True), conditional(at.why)
        case Step.UNKNOWN:
            words = f"fits; whether its inputs are what they were is not known ({at.why})"
            return Carry(Decision.UNKNOWN, Reason.INPUTS_UNKNOWN, words, fits=True), at
        case Step.LOST:
            words = f"fits, but its inputs are not what they were: {at.why}"
            return _skip(Reason.INPUTS_DIFFER, words, fits=True), at
