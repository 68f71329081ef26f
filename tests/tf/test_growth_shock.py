"""Carrying a plan out on real models: exact where it says so, measured where it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from grow.config import schema
from grow.data.feed import Feed
from grow.errors import GrowError
from grow.nets import network, transfer
from grow.nets import operators as growth
from grow.nets.architecture import Architecture
from grow.nets.transfer import TransferPlan, Verdict
from grow.nets.weights import carry_over
from grow.planning.history import GrowthShock
from grow.signals import StopSwitch
from grow.train import grow
from grow.train.grow import Side, inputs_of
from grow.train.optimizer import compile_model
from tests.builders import architectures, block, deepen, founded, insert, random_weights, resize
from tests.forward import logits

pytestmark = pytest.mark.tf

MASTER = np.random.default_rng(0).integers(0, 256, (120, 16, 16, 3), np.uint8)
LABELS = np.arange(120, dtype=np.int64) % 2
AVERAGE = founded(block(4, pool="average"), head=schema.Head(dense=(6,)))
MAXIMUM = founded(block(4), head=schema.Head(dense=(6,)))


def side(architecture: Architecture, seed: int) -> Side:
    model = network.build(architecture, seed_of=lambda name: seed + len(name))
    compile_model(model, schema.Training(epochs=1), 2)
    rows = np.arange(120, dtype=np.int64)
    feed = Feed(
        MASTER, LABELS, rows[:80], rows[80:], architecture.image[:2], 16, schema.Augment(), 0, 1
    )
    return Side(architecture, model, feed)


def grown(
    old: Architecture, *operators: schema.Operator, policy: schema.Policy = "preserve"
) -> tuple[TransferPlan, GrowthShock, Side, Side]:
    new = growth.grow(old, operators)
    plan = transfer.plan(old, new, policy)
    sides = side(old, 1), side(new, 2)
    shock = grow.grow(plan, *sides, lambda _: None, StopSwitch())
    return plan, shock, *sides


def test_a_block_at_the_input_with_average_pooling_costs_nothing():
    plan, shock, _, _ = grown(AVERAGE, resize(16), insert(5, at="start", pool="average"))
    assert plan.verdict is Verdict.EXACT
    assert shock.logit_drift < 1e-5
    assert shock.loss_after == pytest.approx(shock.loss_before, abs=1e-6)
    assert shock.accuracy_after == shock.accuracy_before


def test_what_starts_from_random_weights_drifts():
    plan, shock, _, _ = grown(AVERAGE, insert(4), policy="strict")
    assert plan.verdict is Verdict.BROKEN
    assert shock.logit_drift > 1e-3


def test_a_fold_behind_max_pooling_gets_the_factor_that_fits_best():
    plan, shock, old, new = grown(MAXIMUM, insert(4))
    (scale,) = shock.scales.values()
    assert list(shock.scales) == ["dense_1"]
    assert 0 < scale < 1
    pictures = old.feed.first_training(80)

    def apart(factor: float) -> float:
        before, fresh = network.read_weights(old.model), network.read_weights(new.model)
        start = carry_over(plan, before, fresh, {"dense_1": factor})
        network.write_weights(new.model, start)
        one = inputs_of(old.model, "dense_1", pictures) @ before["dense_1/kernel"]
        other = inputs_of(new.model, "dense_1", pictures) @ start["dense_1/kernel"]
        return float(((one - other) ** 2).sum())

    assert apart(scale) < min(apart(scale * 1.05), apart(scale * 0.95), apart(1.0))


def test_a_plan_that_says_exact_and_is_not_is_refused_with_the_layer():
    new = growth.grow(AVERAGE, (resize(16), deepen("block_1")))
    false = replace(transfer.plan(AVERAGE, new, "preserve"), verdict=Verdict.EXACT, why=())
    with pytest.raises(GrowError, match=r"says exact, yet .* the drift begins at conv_1"):
        grow.grow(false, side(AVERAGE, 1), side(new, 2), lambda _: None, StopSwitch())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(architecture=architectures())
def test_the_forward_pass_of_the_tests_is_that_of_keras(architecture):
    model = network.build(architecture, seed_of=lambda _: 1)
    weights = {
        key: np.abs(value) if key.endswith("variance") else value / 4
        for key, value in random_weights(architecture, 3).items()
    }
    network.write_weights(model, weights)
    pictures = np.random.default_rng(1).uniform(0, 255, (2, *architecture.image))
    features = inputs_of(model, architecture.layers[-1].name, pictures.astype(np.float32))
    last = architecture.layers[-1].name
    found = features @ weights[f"{last}/kernel"] + weights[f"{last}/bias"]
    expected = logits(architecture, weights, pictures / 255)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
