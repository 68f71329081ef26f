"""The older HDF5 format: what `grow explain` says Keras loads from it is what Keras loads."""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grow.backend import load_keras
from grow.nets.explain import Explanation
from grow.nets.explain.loading import Outcome
from grow.nets.explaining import explain
from tests.tf.test_explain_loading import PAIRS, any_model, arrays_in, scatter

pytestmark = pytest.mark.tf

NOT_WRITTEN = {"operations"}
"""Keras writes these, but cannot read them back."""

NOT_FOLLOWED = {"low rank", "low rank before", "spectral"}
"""Arrays that Keras keeps twice, or beside their layer: named as unknown."""


def load(model: Any, path: Path, **how: Any) -> tuple[str, list[str]]:
    """Lets Keras load; the error that it raises, and its warnings."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            model.load_weights(path, **how)
        except ValueError as error:
            return str(error), []
    return "", [str(one.message) for one in said if "kip" in str(one.message)]


def compare(
    model: Any, new_file: Path, old_file: Path, found: Explanation, *, by_name: bool
) -> None:
    """Loads in one way and compares every array, every warning and every error.

    Args:
        model: the new one, with the weights of ``new_file``.
        new_file: a ``.keras`` file of it.
        old_file: the file that Keras loads.
        found: what was said.
        by_name: the way.
    """
    how = {"by_name": True} if by_name else {}
    before, theirs = arrays_in(new_file), arrays_in(old_file)
    values = [variable.numpy() for variable in model.variables]
    loads = found.named if by_name else found.loads
    assert loads is not None

    error, said = load(model, old_file, skip_mismatch=True, **how)
    after_file = new_file.with_name("after.keras")
    model.save(after_file)
    after = arrays_in(after_file)
    expected = dict(before)
    for line in found.layers:
        loading = line.by_name[0] if by_name and line.by_name else line.keras
        for landing in loading.landed:
            expected[f"{landing.address}/vars/{landing.key}"] = theirs[landing.origin]
    wrong = [
        name
        for name in after
        if name.startswith("layers/") and not np.array_equal(after[name], expected[name])
    ]
    assert not wrong
    assert bool(error) == bool(loads.error), (error, loads.error)
    told = [line.by_name[0] if by_name and line.by_name else line.keras for line in found.layers]
    if not error:
        assert bool(said) == any(one.warned for one in told), said
    for variable, value in zip(model.variables, values, strict=True):
        variable.assign(value)
    plainly, _ = load(model, old_file, **how)
    assert bool(plainly) == bool(loads.plain_error), (plainly, loads.plain_error)
    for variable, value in zip(model.variables, values, strict=True):
        variable.assign(value)


def check(old: Any, new: Any, folder: Path) -> dict[str, Explanation]:
    """All ways of loading, from one format and the other, the new model in one and the other."""
    keras = load_keras()
    scatter(old, 1)
    scatter(new, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old.save(folder / "old.h5")
        new.save(folder / "new.h5")
    new.save(folder / "new.keras")
    # A layer that is shared with a nested model comes apart in the older format.
    apart = keras.models.load_model(folder / "new.h5", compile=False)
    apart.save(folder / "apart.keras")
    found = {}
    for model, last, same in ((new, "keras", "new"), (apart, "h5", "apart")):
        found[last] = explain(folder / "old.h5", folder / f"new.{last}")
        for by_name in (False, True):
            new_file = folder / f"{same}.keras"
            compare(model, new_file, folder / "old.h5", found[last], by_name=by_name)
    return found


@pytest.mark.parametrize("pair", sorted(PAIRS.keys() - NOT_WRITTEN - NOT_FOLLOWED))
def test_keras_loads_what_is_said(pair: str, tmp_path: Path) -> None:
    keras = load_keras()
    old, new = (build(keras, keras.layers) for build in PAIRS[pair])
    found = check(old, new, tmp_path)
    assert not [
        line.layer
        for one in found.values()
        for line in one.layers
        if line.keras.outcome is Outcome.UNKNOWN
    ]


@pytest.mark.parametrize("seed", range(12))
def test_models_drawn_by_chance(seed: int, tmp_path: Path) -> None:
    keras = load_keras()
    numbers = random.Random(seed)
    old, new = (any_model(numbers)(keras, keras.layers) for _ in range(2))
    check(old, new, tmp_path)
