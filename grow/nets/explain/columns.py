"""The three columns: what could be carried over, what Keras would load, where they differ."""

from __future__ import annotations

from grow.nets.explain.align import Pair, align
from grow.nets.explain.carry import Carry, Decision, Reason, carry
from grow.nets.explain.described import Layer, Model
from grow.nets.explain.loading import Loading, Outcome, load_by_address
from grow.nets.explain.rows import load_by_name, load_by_order
from grow.nets.explain.value import Difference, Explanation, Gap, Gone, Line


def explain(old: Model, new: Model) -> Explanation:
    """What could be carried over from ``old`` to ``new``, and what Keras would load."""
    alignment = align(old, new)
    carries = carry(old, new, alignment)
    pairs, by_old = alignment.by_new(), alignment.by_old()
    loads = load_by_order(old, new) if old.is_hdf5 else load_by_address(old, new)
    named = load_by_name(old, new) if old.is_hdf5 else None
    lines = []
    for layer in new.layers:
        pair, found = pairs.get(layer.path), carries[layer.path]
        loading = loads.each[layer.path]
        gap = _gap(layer, pair, found, loading, loads.error)
        by_name = None
        if named is not None:
            other = named.each[layer.path]
            by_name = other, _gap(layer, pair, found, other, named.error)
        lines.append(
            Line(
                layer=layer.path,
                kind=layer.kind,
                address=layer.address,
                weights=layer.shapes,
                pair=pair,
                carry=found,
                keras=loading,
                difference=gap.kind,
                silent=gap.silent,
                words=gap.words,
                by_name=by_name,
            )
        )
    gone = tuple(_gone(layer, lines) for layer in old.layers if layer.path not in by_old)
    return Explanation(old.file, new.file, tuple(lines), gone, _notes(old, new), loads, named)


def _gap(layer: Layer, pair: Pair | None, found: Carry, loading: Loading, error: str) -> Gap:
    """Where what Keras loads differs from what could be carried over."""
    gap = _difference(layer, pair, found, loading, error)
    if not gap.silent:
        return gap
    # After an error nobody takes the model for loaded.
    if error:
        return Gap(gap.kind, False, f"{gap.words}, before Keras raises an error")
    return Gap(gap.kind, True, f"{gap.words}: silent")


def _difference(layer: Layer, pair: Pair | None, found: Carry, loading: Loading, error: str) -> Gap:
    if not layer.weights:
        return Gap(Difference.SAME)
    if loading.outcome is Outcome.UNKNOWN:
        return Gap(Difference.UNKNOWN, False, layer.unknown or loading.words)
    if not loading.landed:
        return _nothing_landed(found, loading, error)
    if pair is None or any(origin != pair.old for origin in loading.layers):
        return _astray(pair, loading)
    if loading.outcome is Outcome.PARTLY:
        words = "loaded in part: neither the old weights nor new ones"
        return Gap(Difference.PARTLY, False, words)
    mixed = [one for one in loading.landed if one.weight != one.origin_weight]
    if mixed:
        words = f"{mixed[0].origin_weight} lands in {mixed[0].weight}"
        return Gap(Difference.WRONG_WEIGHT, True, words)
    return _in_place(found)


def _nothing_landed(found: Carry, loading: Loading, error: str) -> Gap:
    does = "Keras leaves it as it is, without a warning"
    if loading.warned:
        does = "Keras skips it with a warning"
    elif error:
        does = "Keras raises an error"
    if found.decision in (Decision.COPY, Decision.ADAPT):
        done = "copied" if found.decision is Decision.COPY else "adapted"
        return Gap(Difference.MISSED, False, f"could be {done}, {does}")
    if found.decision is Decision.UNKNOWN:
        return Gap(Difference.UNKNOWN, False, does)
    return Gap(Difference.SAME)


def _astray(pair: Pair | None, loading: Loading) -> Gap:
    """Weights of another layer than the aligned one."""
    others = [
        one.layer or one.origin for one in loading.landed if pair is None or one.layer != pair.old
    ]
    names = " and ".join(dict.fromkeys(others))
    place = "a new layer" if pair is None else f"what was {pair.old}"
    if loading.warned:
        words = f"weights of {names} land in {place}: wrong layer, and only in part, with a warning"
        return Gap(Difference.WRONG_LAYER, False, words)
    words = f"weights of {names} land in {place}: wrong layer, same shape"
    return Gap(Difference.WRONG_LAYER, True, words)


def _in_place(found: Carry) -> Gap:
    """Weights that land whole in the layer that they belong to."""
    if found.decision is Decision.COPY:
        return Gap(Difference.SAME)
    if found.decision is Decision.UNKNOWN:
        words = "lands in its own layer; the rest is not known"
        return Gap(Difference.UNKNOWN, False, words)
    if found.reason in (Reason.SETTINGS_DIFFER, Reason.KIND_DIFFERS):
        return Gap(Difference.OTHER_SETTINGS, True, "lands although it is set otherwise")
    words = "lands although its inputs are not what they were"
    return Gap(Difference.OTHER_INPUTS, True, words)


def _gone(layer: Layer, lines: list[Line]) -> Gone:
    lands_in = tuple(line.layer for line in lines if layer.path in line.keras.layers)
    return Gone(layer.path, layer.kind, layer.shapes, lands_in)


def _notes(old: Model, new: Model) -> tuple[str, ...]:
    return tuple(f"{model.file}: {note}" for model in (old, new) for note in model.notes)
