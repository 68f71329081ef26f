"""Which layer is which: by the names people gave, by structure where Keras made them up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from grow.nets.explain.align import How, align
from grow.nets.explain.described import Model
from tests.nets.explain.models import DEEPER, SEED, model


def pairs(old: Model, new: Model) -> dict[str, str]:
    """The old layer of each aligned new one."""
    return {pair.new: pair.old for pair in align(old, new).pairs}


def test_automatic_names_carry_no_identity() -> None:
    assert pairs(SEED, DEEPER) == {
        "input_layer_1": "input_layer",
        "conv2d_1": "conv2d",
        "max_pooling2d_1": "max_pooling2d",
        "flatten_1": "flatten",
        "dense_2": "dense",
        "dense_3": "dense_1",
    }


def test_own_names_hold_wherever_the_layer_moves() -> None:
    old = model("pix: InputLayer 8 8 3", "a: Conv2D 3 3", "b: Conv2D 3 3")
    new = model("pix: InputLayer 8 8 3", "b: Conv2D 3 3", "new: Conv2D 3 3", "a: Conv2D 3 3")
    assert pairs(old, new) == {"pix": "pix", "a": "a", "b": "b"}
    assert {pair.how for pair in align(old, new).pairs} == {How.NAME}


def test_an_inserted_layer_before_an_equal_one_is_told_by_names_around_it() -> None:
    old = model("pix: InputLayer 8 8 3", "first: Conv2D 3 3", "conv2d: Conv2D 3 3", "end: Flatten")
    new = model(
        "pix: InputLayer 8 8 3",
        "conv2d_5: Conv2D 3 3",
        "first: Conv2D 3 3",
        "conv2d_6: Conv2D 3 3",
        "end: Flatten",
    )
    assert pairs(old, new)["conv2d_6"] == "conv2d"
    assert "conv2d_5" not in pairs(old, new)


def test_a_name_that_only_the_new_model_has_is_a_new_layer_s() -> None:
    start = "input_layer: InputLayer 8 8 3"
    old = model(start, "conv2d: Conv2D 3 3", "conv2d_1: Conv2D 3 3", "flatten: Flatten")
    lines = ("conv2d_2: Conv2D 3 3", "inserted: Conv2D 3 3", "conv2d_3: Conv2D 3 3")
    new = model(start, *lines, "flatten: Flatten")
    assert pairs(old, new) == {
        "input_layer": "input_layer",
        "conv2d_2": "conv2d",
        "conv2d_3": "conv2d_1",
        "flatten": "flatten",
    }


def test_another_name_is_another_layer_unless_the_models_share_none() -> None:
    old = model("x: InputLayer 4", "a: Dense 4 4", "b: Dense 4 2")
    one = model("x: InputLayer 4", "a: Dense 4 4", "c: Dense 4 2")
    none = model("x: InputLayer 4", "d: Dense 4 4", "c: Dense 4 2")
    assert pairs(old, one) == {"x": "x", "a": "a"}
    assert pairs(old, none) == {"x": "x", "d": "a", "c": "b"}


def test_branches_that_change_places_are_followed() -> None:
    def two(first: str, second: str) -> Model:
        return model(
            "input_layer: InputLayer 8 8 3",
            f"conv2d: Conv2D {first} < input_layer",
            f"conv2d_1: Conv2D {second} < input_layer",
            "concatenate: Concatenate < conv2d conv2d_1",
        )

    assert pairs(two("3 4", "3 5"), two("3 5", "3 4")) == {
        "input_layer": "input_layer",
        "conv2d": "conv2d_1",
        "conv2d_1": "conv2d",
        "concatenate": "concatenate",
    }


def test_of_equal_candidates_the_first_is_taken_and_the_others_are_named() -> None:
    start = "input_layer: InputLayer 8 8 3"
    old = model(start, "conv2d: Conv2D 3 3 < input_layer", "flatten: Flatten")
    new = model(
        start,
        "conv2d: Conv2D 3 3 < input_layer",
        "conv2d_1: Conv2D 3 3 < input_layer",
        "concatenate: Concatenate < conv2d conv2d_1",
    )
    found = {pair.new: pair for pair in align(old, new).pairs}
    assert found["conv2d"].others == ("conv2d_1",)
    assert "conv2d_1 would do as well" in found["conv2d"].words


def test_a_changed_layer_is_the_one_in_the_same_place() -> None:
    old = model("input_layer: InputLayer 4", "dense: Dense 4 8", "dense_1: Dense 8 2")
    new = model("input_layer: InputLayer 4", "dense_7: Dense 4 8", "dense_8: Dense 8 3")
    found = {pair.new: pair for pair in align(old, new).pairs}
    assert (found["dense_8"].old, found["dense_8"].how) == ("dense_1", How.CLASS)


def test_another_class_is_never_aligned_by_structure() -> None:
    old = model("input_layer: InputLayer 4", "dense: Dense 4 4")
    new = model("input_layer: InputLayer 4", "scale: Scale! 4")
    assert pairs(old, new) == {"input_layer": "input_layer"}


KINDS = ("Conv2D 3 3", "Conv2D 3 3", "ReLU", "Dropout", "Add", "Scale 3")


@some.composite
def graphs(draw: some.DrawFn) -> Model:
    """Models of up to ten layers, each behind one or two earlier ones, names made up or given."""
    lines = ["input_layer: InputLayer 8 8 3"]
    names = ["input_layer"]
    for number in range(draw(some.integers(1, 9))):
        kind = draw(some.sampled_from(KINDS))
        count = 2 if kind == "Add" else 1
        inputs = [draw(some.sampled_from(names)) for _ in range(count)]
        name = f"mine_{number}" if draw(some.booleans()) else f"{kind.split()[0].lower()}_{number}"
        lines.append(f"{name}: {kind} < {' '.join(inputs)}")
        names.append(name)
    return model(*lines)


@given(graphs())
def test_a_model_is_aligned_with_itself_as_it_is(one: Model) -> None:
    assert pairs(one, one) == {layer.path: layer.path for layer in one.layers}


@given(graphs(), graphs())
def test_no_layer_is_aligned_twice_and_only_with_its_class(old: Model, new: Model) -> None:
    found = align(old, new).pairs
    assert len({pair.old for pair in found}) == len(found) == len({pair.new for pair in found})
    olds, news = old.by_path(), new.by_path()
    by_structure = [pair for pair in found if pair.how is not How.NAME]
    assert all(olds[pair.old].kind == news[pair.new].kind for pair in by_structure)
    assert found == align(old, new).pairs
