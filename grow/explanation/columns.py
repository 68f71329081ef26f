"""The three columns: what could be carried over, what Keras would load, where they differ.

Pure; standard library and floor 0 only.
"""

from __future__ import annotations

from grow.explanation.align import Pair, align
from grow.explanation.carry import Carry, Decision, Reason, carry
from grow.explanation.described import Layer, Model
from grow.explanation.loading import Loading, Outcome, load, owners
from grow.explanation.value import Difference, Explanation, Gone, Line

_Found = tuple[Difference, bool, str]


def explain(old: Model, new: Model) -> Explanation:
    """What could be carried over from ``old`` to ``new``, and what Keras would load."""
    alignment = align(old, new)
    carries = carry(old, new, alignment)
    pairs, by_old, of_old = alignment.by_new(), alignment.by_old(), owners(old)
    lines = []
    for layer in new.layers:
        pair, found = pairs.get(layer.path), carries[layer.path]
        loading = load(layer, old.stored, of_old)
        difference, silent, words = _difference(layer, pair, found, loading)
        lines.append(
            Line(
                layer=layer.path,
                kind=layer.kind,
                address=layer.address,
                weights=layer.shapes,
                pair=pair,
                carry=found,
                keras=loading,
                difference=difference,
                silent=silent,
                words=words,
            )
        )
    gone = tuple(_gone(layer, lines) for layer in old.layers if layer.path not in by_old)
    return Explanation(old.file, new.file, tuple(lines), gone, _notes(old, new))


def _difference(layer: Layer, pair: Pair | None, found: Carry, loading: Loading) -> _Found:
    """Where the two columns differ, whether silently, and how in words."""
    if not layer.weights:
        return Difference.SAME, False, ""
    if loading.outcome is Outcome.UNKNOWN:
        return Difference.UNKNOWN, False, layer.unknown
    if not loading.landed:
        return _nothing_landed(found)
    if pair is None or any(origin != pair.old for origin in loading.layers):
        return _astray(pair, loading)
    if loading.outcome is Outcome.PARTLY:
        return Difference.PARTLY, False, "loaded in part: neither the old weights nor new ones"
    mixed = [one for one in loading.landed if one.weight != one.origin_weight]
    if mixed:
        words = f"{mixed[0].origin_weight} lands in {mixed[0].weight}: silent"
        return Difference.WRONG_WEIGHT, True, words
    return _in_place(found)


def _nothing_landed(found: Carry) -> _Found:
    if found.decision in (Decision.COPY, Decision.ADAPT):
        done = "copied" if found.decision is Decision.COPY else "adapted"
        return Difference.MISSED, False, f"could be {done}, Keras skips it with a warning"
    if found.decision is Decision.UNKNOWN:
        return Difference.UNKNOWN, False, "Keras skips it with a warning"
    return Difference.SAME, False, ""


def _astray(pair: Pair | None, loading: Loading) -> _Found:
    """Weights of another layer than the aligned one."""
    others = [
        one.layer or one.origin for one in loading.landed if pair is None or one.layer != pair.old
    ]
    names = " and ".join(dict.fromkeys(others))
    place = "a new layer" if pair is None else f"what was {pair.old}"
    if loading.warned:
        words = f"weights of {names} land in {place}: wrong layer, and only in part, with a warning"
        return Difference.WRONG_LAYER, False, words
    words = f"weights of {names} land in {place}: wrong layer, same shape: silent"
    return Difference.WRONG_LAYER, True, words


def _in_place(found: Carry) -> _Found:
    """Weights that land whole in the layer that they belong to."""
    if found.decision is Decision.COPY:
        return Difference.SAME, False, ""
    if found.decision is Decision.UNKNOWN:
        return Difference.UNKNOWN, False, "lands in its own layer; the rest is not known"
    if found.reason in (Reason.SETTINGS_DIFFER, Reason.KIND_DIFFERS):
        return Difference.OTHER_SETTINGS, True, "lands although it is set otherwise: silent"
    words = "lands although its inputs are not what they were: silent"
    return Difference.OTHER_INPUTS, True, words


def _gone(layer: Layer, lines: list[Line]) -> Gone:
    lands_in = tuple(line.layer for line in lines if layer.path in line.keras.layers)
    return Gone(layer.path, layer.kind, layer.shapes, lands_in)


def _notes(old: Model, new: Model) -> tuple[str, ...]:
    return tuple(f"{model.file}: {note}" for model in (old, new) for note in model.notes)
