"""The three columns on described models: decisions, Keras's loading, and the difference."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from rich.console import Console

from grow.nets.explain import Difference, Explanation, Group, Model, Weight, explain
from grow.nets.explain.addresses import Numbering, is_automatic, kind_of, snake_case
from grow.nets.explain.carry import Decision, Reason
from grow.nets.explain.loading import Outcome
from grow.report.explained import explanation_page
from tests.nets.explain.models import DEEPER, SEED, model
from tests.nets.explain.test_align import graphs


def columns(found: Explanation) -> dict[str, tuple[str, str, str]]:
    """The three columns in a word each, of layers with weights."""
    return {
        line.layer: (line.carry.reason.value, line.keras.outcome.value, line.difference.value)
        for line in found.layers
        if line.weights
    }


def test_the_seed_experiment() -> None:
    found = explain(SEED, DEEPER)
    assert columns(found) == {
        "conv2d_1": ("same", "loaded", "same"),
        "conv2d_2": ("new_identity", "skipped", "same"),
        "dense_2": ("folded", "skipped", "missed"),
        "dense_3": ("inputs_differ", "loaded", "other_inputs"),
    }
    folded = found.layers[6].carry.words
    assert "kernel (32768, 128) does not fit (8192, 128)" in folded
    assert "summed over windows of 2x2" in folded
    assert [line.layer for line in found.silent] == ["dense_3"]


def test_an_insertion_before_makes_weights_land_silently_in_the_wrong_layer() -> None:
    old = model("pix: InputLayer 8 8 3", "a: Conv2D 3 3", "b: Conv2D 3 3")
    new = model("pix: InputLayer 8 8 3", "a: Conv2D 3 3", "new: Conv2D 3 3", "b: Conv2D 3 3")
    found = explain(old, new)
    assert columns(found) == {
        "a": ("same", "loaded", "same"),
        "new": ("new_identity", "loaded", "wrong_layer"),
        "b": ("inputs_differ", "skipped", "same"),
    }
    words = "weights of b land in a new layer: wrong layer, same shape: silent"
    assert found.layers[2].words == words


def test_swapped_layers_are_told() -> None:
    old = model("x: InputLayer 4", "a: Dense 4 4 < x", "b: Dense 4 4 < x", "y: Add < a b")
    new = model("x: InputLayer 4", "b: Dense 4 4 < x", "a: Dense 4 4 < x", "y: Add < b a")
    found = explain(old, new)
    assert [line.carry.decision for line in found.layers[1:3]] == [Decision.COPY] * 2
    assert [line.difference for line in found.layers[1:3]] == [Difference.WRONG_LAYER] * 2
    assert found.counts()["silent"] == 2


def test_order_counts_where_inputs_are_put_in_a_row() -> None:
    lines = ("x: InputLayer 4", "a: Dense 4 4 < x", "b: Dense 4 4 < x")
    old = model(*lines, "both: Concatenate < a b", "end: Dense 8 2")
    new = model(*lines, "both: Concatenate < b a", "end: Dense 8 2")
    assert explain(old, old).layers[-1].carry.decision is Decision.COPY
    last = explain(old, new).layers[-1]
    assert (last.carry.decision, last.carry.reason) == (Decision.SKIP, Reason.INPUTS_DIFFER)


def test_dropout_changes_no_inputs() -> None:
    old = model("x: InputLayer 4", "a: Dense 4 4", "b: Dense 4 2")
    new = model("x: InputLayer 4", "a: Dense 4 4", "dropout: Dropout", "b: Dense 4 2")
    assert explain(old, new).layers[-1].carry.decision is Decision.COPY
    assert explain(new, old).layers[-1].carry.decision is Decision.COPY


def test_other_settings_are_no_copy_and_keras_says_nothing() -> None:
    old = model("x: InputLayer 4", "a: Dense 4 4")
    tanh = (("activation", '"tanh"'), ("units", "4"))
    new = replace(old, layers=(old.layers[0], replace(old.layers[1], settings=tanh)))
    line = explain(old, new).layers[1]
    assert line.carry.words == "fits, but is set otherwise: activation is tanh, was relu"
    assert (line.difference, line.silent) == (Difference.OTHER_SETTINGS, True)


def test_an_unknown_class_is_named_and_so_is_what_stands_behind_it() -> None:
    one = model("x: InputLayer 4", "a: Dense 4 4", "s: Scale! 4", "b: Dense 4 2")
    _, first, scale, last = explain(one, one).layers
    assert first.carry.decision is Decision.COPY
    assert scale.carry.decision is Decision.UNKNOWN
    assert scale.carry.words == "the class Scale is not one of Keras's"
    assert (scale.keras.outcome, scale.difference) == (Outcome.UNKNOWN, Difference.UNKNOWN)
    assert last.carry.reason is Reason.INPUTS_UNKNOWN
    assert "Scale" in last.carry.words


def test_a_group_is_loaded_until_something_does_not_fit() -> None:
    def recurrent(bias: tuple[int, ...]) -> Model:
        base = model("x: InputLayer 4", "a: Dense 4 9")
        shapes = {"kernel": (4, 9), "recurrent_kernel": (3, 9), "bias": bias}
        weights = tuple(Weight(str(n), k, s) for n, (k, s) in enumerate(shapes.items()))
        layer = replace(base.layers[1], kind="GRU", groups=(Group("layers/gru/cell", weights),))
        stored = {"layers/gru/cell": {weight.key: weight.shape for weight in weights}}
        return replace(base, layers=(base.layers[0], layer), stored=stored)

    line = explain(recurrent((2, 9)), recurrent((9,))).layers[1]
    assert line.keras.outcome is Outcome.PARTLY
    assert [one.weight for one in line.keras.landed] == ["kernel", "recurrent_kernel"]
    assert (line.difference, line.silent) == (Difference.PARTLY, False)


def test_a_shared_layer_is_looked_for_again() -> None:
    old = model("x: InputLayer 4", "a: Dense 4 4")
    group = replace(old.layers[1].groups[0], address="layers/functional/layers/dense")
    shared = replace(old.layers[1], groups=(replace(group, also=("layers/dense",)),))
    line = explain(old, replace(old, layers=(old.layers[0], shared))).layers[1]
    assert line.keras.outcome is Outcome.LOADED
    assert line.keras.landed[0].origin == "layers/dense/vars/0"


def test_what_is_gone_says_where_keras_would_put_it() -> None:
    old = model("x: InputLayer 4", "a: Dense 4 4", "b: Dense 4 4")
    new = model("x: InputLayer 4", "b: Dense 4 4")
    (gone,) = explain(old, new).gone
    assert (gone.layer, gone.lands_in) == ("a", ("b",))


@given(graphs())
def test_a_model_explained_onto_itself_copies_everything(one: Model) -> None:
    for line in explain(one, one).layers:
        if line.weights:
            assert line.carry.decision is Decision.COPY
            assert (line.keras.outcome, line.difference) == (Outcome.LOADED, Difference.SAME)


@given(graphs(), graphs())
def test_every_layer_of_both_has_its_line(old: Model, new: Model) -> None:
    found = explain(old, new)
    assert [line.layer for line in found.layers] == [layer.path for layer in new.layers]
    aligned = [line.pair.old for line in found.layers if line.pair]
    gone = [one.layer for one in found.gone]
    assert sorted(aligned + gone) == sorted(layer.path for layer in old.layers)
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Conv2DTranspose", "conv2d_transpose"),
        ("LSTM", "lstm"),
        ("PReLU", "p_re_lu"),
        ("BatchNormalization", "batch_normalization"),
        ("STFTSpectrogram", "stft_spectrogram"),
    ],
)
def test_addresses_are_made_of_class_names(kind: str, name: str) -> None:
    numbering = Numbering()
    assert snake_case(kind) == name
    assert [numbering.next(kind) for _ in range(3)] == [name, f"{name}_1", f"{name}_2"]
    assert kind_of(f"layers/{name}_2") == kind
    assert is_automatic(f"{name}_12", kind)
    assert not is_automatic(f"my_{name}", kind)


PAGE = """\
seed.keras -> deeper.keras

layer            class         was            could be carried over  Keras would load  difference
input_layer_1    InputLayer    input_layer    -                      -                 -
conv2d_1         Conv2D        conv2d         copy                   conv2d            same
"""


def test_the_page_shows_three_columns() -> None:
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(explanation_page(explain(SEED, DEEPER)))
    page = [line.rstrip() for line in capture.get().splitlines()]
    assert "\n".join(page[:5]) + "\n" == PAGE
    assert page[-3:] == [
        "4 layers with weights: 1 copy, 1 adapt, 1 initialise, 1 skip",
        "Keras would load silently, though inputs or settings are not what they were: dense_3",
        "  without skip_mismatch it raises an error: conv2d_2 and 1 more could not be loaded",
    ]


@pytest.mark.parametrize(("before", "after"), [((1, "sigmoid"), 3), ((3, "softmax"), 5)])
def test_a_last_layer_for_more_classes_could_keep_those_it_knows(before, after) -> None:
    units, activation = before
    old = head_of(units, activation)
    line = explain(old, head_of(after, "softmax")).layers[-1]
    assert (line.carry.decision, line.carry.reason) == (Decision.ADAPT, Reason.CLASSES)
    assert "by the names of the classes" in line.carry.words
    for fewer in (head_of(2, "softmax"), head_of(after, "sigmoid"), head_of(after, "linear")):
        assert explain(old, fewer).layers[-1].carry.reason is not Reason.CLASSES


def head_of(units: int, activation: str) -> Model:
    """A model whose last layer has so many units and such an activation."""
    found = model("x: InputLayer 4", f"a: Dense 4 {units}")
    *rest, last = found.layers
    settings = dict(last.settings or ()) | {"activation": f'"{activation}"'}
    return replace(found, layers=(*rest, replace(last, settings=tuple(sorted(settings.items())))))
