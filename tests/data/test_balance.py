"""Class weights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.data.balance import class_weights


@given(st.dictionaries(st.text(), st.integers(1, 10**6), min_size=2))
def test_every_class_counts_alike_and_the_mean_is_one(pictures):
    weights = class_weights(pictures)
    total = sum(pictures.values())
    assert list(weights) == list(pictures)
    for name, weight in weights.items():
        assert weight * pictures[name] == pytest.approx(total / len(pictures))


def test_equal_classes_count_one():
    assert class_weights({"a": 7, "b": 7}) == {"a": 1.0, "b": 1.0}


def test_a_class_without_pictures_counts_nothing():
    assert class_weights({"a": 6, "b": 0}) == {"a": 0.5, "b": 0.0}
