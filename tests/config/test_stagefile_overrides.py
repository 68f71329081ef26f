"""Values given beside a stage file: where they go, and what is said of those that fit nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from grow.errors import StageFileError
from grow.planning import validate

QUICKSTART = Path(__file__).parents[2] / "stages" / "quickstart.yaml"


def _read(*overrides):
    return validate.read(QUICKSTART, overrides)


def _said(*overrides):
    with pytest.raises(StageFileError) as caught:
        _read(*overrides)
    return str(caught.value)


def test_values_take_the_place_of_the_file_s():
    spec = _read("train.epochs=3", "stages.deeper.transfer=strict", "seed=5")
    assert (spec.train.epochs, spec.stages[1].transfer.weights, spec.seed) == (3, "strict", 5)


def test_what_is_not_overridden_stays():
    one, other = validate.read(QUICKSTART), _read("seed=5")
    assert other == one.model_copy(update={"seed": 5})


def test_a_stage_is_named_by_its_name_or_its_number():
    by_name, by_number, as_spelt = (
        _read(f"{stage}.epochs=3") for stage in ("stages.deeper", "stages.1", "stages[1]")
    )
    assert by_name == by_number == as_spelt
    assert by_name.stages[1].epochs == 3


def test_groups_are_made_where_there_are_none():
    assert _read("train.until.plateau.patience=2").train.until.plateau.patience == 2


def test_the_later_one_counts():
    assert _read("seed=5", "seed=6").seed == 6


def test_a_value_may_be_any_yaml():
    spec = _read("stages.deeper.grow=[{resize: 2x}, {insert: {filters: 8}}]")
    assert spec.stages[1].grow[1].insert.filters == 8
    assert _read("train.reduce_on_plateau=null").train.reduce_on_plateau is None


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("train.epochs=abc", "train.epochs: expected a whole number from 1 to 1,000,000, found"),
        ("trian.epochs=3", "trian: expected one of name, seed, data, model, train,"),
        ("stages.0.epoch=3", 'stages[0].epoch: expected a known key, found "epoch"; did you'),
        ("stages.deepr.epochs=3", ": stages: expected small, deeper, deepest, or a number"),
        ("stages.9.epochs=3", ": stages: expected small, deeper, deepest, or a number from 0 to 2"),
        ("name.x=3", ': name: expected a group of keys, found "quickstart"; set it whole'),
        ("epochs", ": expected key=value, such as train.epochs=3"),
        ("=3", ": expected key=value, such as train.epochs=3"),
        ("a..b=3", ": expected a key between the dots, found none"),
        ("train.epochs=[1", ': expected "," or "]", found something else'),
        ("train.epochs=", "train.epochs: expected a whole number from 1 to 1,000,000, found noth"),
    ],
)
def test_a_problem_names_the_override(override, said):
    text = _said(override)
    assert text.startswith(f"--set {override}")
    assert said in text


def test_problems_of_the_file_and_of_overrides_come_together():
    text = _said("train.epochs=0", "seed=x")
    assert "--set train.epochs=0 train.epochs:" in text
    assert "--set seed=x seed:" in text


def test_a_name_that_is_taken_says_by_what():
    assert '("x" is --set stages.0.name=x;' in _said("stages.0.name=x", "stages.1.name=x")
