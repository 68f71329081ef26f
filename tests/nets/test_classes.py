"""Which classes each stage knows, and what is said where they cannot be as the file has them."""

from __future__ import annotations

import pytest

from grow.config.schema import GrowHead, Operator
from grow.errors import GrowthError
from grow.nets import classes, operators
from tests.builders import founded, run_spec

ANIMALS = ("ant", "bee", "cat", "dog")


def spec(*grown: list[str]):
    stages = [{"name": "first"}] + [
        {"name": f"later-{n}", "grow": [{"head": {"grow": names}}] if names else []}
        for n, names in enumerate(grown)
    ]
    return run_spec(stages=stages)


def test_without_new_classes_each_stage_knows_all():
    assert classes.by_stage(spec([]), ANIMALS) == (ANIMALS, ANIMALS)
    assert classes.later_sets(spec([])) == ()


def test_stages_know_all_classes_but_those_that_are_new_later_in_label_order():
    run = spec(["bee"], [], ["ant"])
    assert classes.by_stage(run, ANIMALS) == (
        ("cat", "dog"),
        ("bee", "cat", "dog"),
        ("bee", "cat", "dog"),
        ANIMALS,
    )
    assert classes.later_sets(run) == (frozenset({"ant", "bee"}), frozenset({"ant"}))


def test_the_last_layer_is_as_wide_as_a_stage_needs():
    ends = [a.layers[-1] for a in operators.lineage(spec(["bee"], ["ant"]), 4)]
    assert [(end.units, end.activation) for end in ends] == [
        (1, "sigmoid"),
        (3, "softmax"),
        (4, "softmax"),
    ]
    assert {end.name for end in ends} == {"dense_2"}


@pytest.mark.parametrize(
    ("grown", "place", "words"),
    [
        ([["beee"]], 0, 'found "beee"\ndid you mean "bee"?'),
        ([["bee", "zebra"]], 1, "expected a class of the pictures (ant, bee, cat, dog)"),
        ([["bee"], ["bee"]], 0, 'expected each new class once, found "bee" again'),
        ([["ant", "bee", "cat"]], 2, "two or more classes that the first stage knows, found dog"),
    ],
)
def test_what_cannot_be_is_said_with_its_place(grown, place, words):
    with pytest.raises(GrowthError) as caught:
        classes.by_stage(spec(*grown), ANIMALS)
    assert caught.value.path == ("stages", len(grown), "grow", 0, "head", "grow", place)
    assert words in str(caught.value)
    assert "stage later-" in str(caught.value)


def test_a_head_grows_from_where_it_is():
    three = operators.grow(founded(), (Operator(head=GrowHead(grow=("a",))),))
    five = operators.grow(three, (Operator(head=GrowHead(grow=("b", "c"))),))
    assert [a.layers[-1].units for a in (three, five)] == [3, 5]
