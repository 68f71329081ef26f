"""The arrays of a transfer: what is carried over, and identities that are identities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grow.config import schema
from grow.nets import operators, transfer, weights
from grow.nets.transfer import Decision, Reason
from tests.builders import (
    POLICIES,
    block,
    deepen,
    founded,
    growths,
    insert,
    random_weights,
    resize,
    widen,
)

EPSILON = 1e-3  # of Keras's batch normalisation

maps = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4))
kernels = st.tuples(st.sampled_from([1, 3, 5]), st.sampled_from([1, 3, 5]))


def _convolve(inputs, kernel, bias):
    """Stride 1, same padding: ``(height, width, in)`` to ``(height, width, out)``."""
    height, width, _ = inputs.shape
    tall, wide, _, filters = kernel.shape
    padding = ((tall // 2, tall // 2), (wide // 2, wide // 2), (0, 0))
    padded = np.pad(inputs, padding)
    outputs = np.zeros((height, width, filters), np.float32)
    for y in range(height):
        for x in range(width):
            window = padded[y : y + tall, x : x + wide]
            outputs[y, x] = np.tensordot(window, kernel, 3) + bias
    return outputs


def _random(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def test_the_convolution_of_these_tests_is_one():
    # One row of 1 2 3 under the kernel 10 20 30: 0 1 2, 1 2 3 and 2 3 0 under it, plus one.
    inputs = np.array([1, 2, 3], np.float32).reshape(1, 3, 1)
    kernel = np.array([10, 20, 30], np.float32).reshape(1, 3, 1, 1)
    assert _convolve(inputs, kernel, np.float32(1)).ravel().tolist() == [81, 141, 81]


@given(shape=maps, kernel=kernels, extra=st.integers(0, 3), seed=st.integers(0, 99))
def test_a_dirac_kernel_passes_maps_that_are_not_negative_on_unchanged(shape, kernel, extra, seed):
    channels = shape[2]
    fresh = _random(seed, *kernel, channels, channels + extra)
    inputs = np.abs(_random(seed + 1, *shape))
    start = weights.identity("conv", "kernel", fresh)
    bias = weights.identity("conv", "bias", _random(seed, channels + extra))
    outputs = np.maximum(_convolve(inputs, start, bias), 0)
    np.testing.assert_array_equal(outputs[:, :, :channels], inputs)


@given(kernel=kernels, channels=st.integers(1, 4), extra=st.integers(0, 3))
def test_filters_beyond_the_channels_keep_their_fresh_weights(kernel, channels, extra):
    fresh = _random(0, *kernel, channels, channels + extra)
    before = fresh.copy()
    start = weights.dirac(fresh)
    np.testing.assert_array_equal(start[..., channels:], before[..., channels:])
    np.testing.assert_array_equal(fresh, before)  # and what it was given is left alone
    assert start.dtype == fresh.dtype


def test_a_norm_identity_passes_its_inputs_on_but_for_rounding():
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    start = {name: weights.identity("norm", name, _random(0, 4)) for name in names}
    inputs = 100 * _random(1, 8, 8, 4)
    scale = start["gamma"] / np.sqrt(start["moving_variance"] + np.float32(EPSILON))
    outputs = (inputs - start["moving_mean"]) * scale + start["beta"]
    np.testing.assert_allclose(outputs, inputs, rtol=1e-6)
    assert all(array.shape == (4,) and array.dtype == np.float32 for array in start.values())


@given(pair=growths() | growths().map(lambda pair: pair[::-1]), policy=st.sampled_from(POLICIES))
def test_a_grown_model_gets_one_array_for_each_of_its_weights(pair, policy):
    old, new = pair
    before, fresh = random_weights(old, 1), random_weights(new, 2)
    start = weights.carry_over(transfer.plan(old, new, policy), before, fresh)
    assert list(start) == list(fresh)
    assert {key: array.shape for key, array in start.items()} == {
        key: array.shape for key, array in fresh.items()
    }


@given(pair=growths(), policy=st.sampled_from(POLICIES))
def test_arrays_follow_their_lines(pair, policy):
    old, new = pair
    before, fresh = random_weights(old, 1), random_weights(new, 2)
    plan = transfer.plan(old, new, policy)
    start = weights.carry_over(plan, before, fresh)
    for line in plan.layers:
        for name in line.new or {}:
            key = f"{line.name}/{name}"
            if line.decision is Decision.COPY:
                np.testing.assert_array_equal(start[key], before[key])
            elif line.decision is Decision.ADAPT:
                expected = weights.adapt(name, before[key], fresh[key], line.adaptation)
                np.testing.assert_array_equal(start[key], expected)
            elif line.reason is Reason.NEW_IDENTITY:
                expected = weights.identity(line.kind, name, fresh[key])
                np.testing.assert_array_equal(start[key], expected)
            else:
                np.testing.assert_array_equal(start[key], fresh[key])


def test_a_model_carried_over_onto_itself_is_the_same_in_every_bit():
    architecture = founded(block(4, batch_norm=True))
    before, fresh = random_weights(architecture, 1), random_weights(architecture, 2)
    plan = transfer.plan(architecture, architecture, "strict")
    start = weights.carry_over(plan, before, fresh)
    assert {k: v.tobytes() for k, v in start.items()} == {k: v.tobytes() for k, v in before.items()}


def test_growth_at_the_end_on_doubled_pictures_keeps_every_old_weight():
    old = founded(block(4))
    new = operators.grow(old, (resize(16), insert(4)))
    plan = transfer.plan(old, new, "preserve")
    before = random_weights(old, 1)
    start = weights.carry_over(plan, before, random_weights(new, 2))
    for key, array in before.items():
        np.testing.assert_array_equal(start[key], array)
    inputs = np.abs(_random(3, 8, 8, 4))
    passed = _convolve(inputs, start["conv_2/kernel"], start["conv_2/bias"])
    np.testing.assert_array_equal(passed, inputs)


@pytest.mark.parametrize("side", ["old", "fresh"])
def test_a_weight_that_is_missing_is_named(side):
    old = founded()
    new = operators.grow(old, (insert(),))
    arrays = {"old": random_weights(old, 1), "fresh": random_weights(new, 2)}
    key = {"old": "conv_1/kernel", "fresh": "conv_2/bias"}[side]
    del arrays[side][key]
    with pytest.raises(KeyError, match=key):
        weights.carry_over(transfer.plan(old, new, "strict"), **arrays)


@pytest.mark.parametrize("side", ["old", "fresh"])
def test_a_weight_of_another_shape_is_named_with_both_shapes(side):
    old = founded()
    new = operators.grow(old, (insert(),))
    arrays = {"old": random_weights(old, 1), "fresh": random_weights(new, 2)}
    key = {"old": "conv_1/bias", "fresh": "conv_2/bias"}[side]
    arrays[side][key] = np.zeros((4, 1), np.float32)
    with pytest.raises(ValueError, match=rf"{key}: expected shape \(4,\), found \(4, 1\)"):
        weights.carry_over(transfer.plan(old, new, "strict"), **arrays)


@settings(deadline=None)
@given(pair=growths(), seed=st.integers(0, 99))
def test_a_gradient_carried_over_says_the_same_of_every_step(pair, seed):
    """A step d of the old weights is a step L d of the new ones; both must promise one gain."""
    old, new = pair
    plan = transfer.plan(old, new, "preserve")
    fresh = random_weights(new, seed)
    zero = {key: np.zeros_like(value) for key, value in random_weights(old, 0).items()}
    step, gradient = random_weights(old, seed + 1), random_weights(old, seed + 2)
    base = weights.carry_over(plan, zero, fresh)
    moved = weights.carry_over(plan, step, fresh)
    for line in plan.layers:
        how = line.adaptation
        if not line.carried or (how is not None and how.fold != (1, 1)):
            continue
        for weight in line.new:
            key = f"{line.name}/{weight}"
            blank = np.zeros_like(fresh[key])
            carried = weights.carry_moments(line, weight, gradient[key], blank, 1)
            ours = ((moved[key] - base[key]).astype(float) * carried).sum()
            theirs = (step[key].astype(float) * gradient[key]).sum()
            assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-3)


def test_where_weights_are_summed_moments_are_averaged():
    old = founded(block(2, pool="none"), image=(4, 4, 1), head=schema.Head(dense=(3,)))
    new = operators.grow(old, (insert(2, pool="average"),))
    plan = transfer.plan(old, new, "preserve")
    line = next(line for line in plan.layers if line.name == "dense_1")
    moment = random_weights(old, 1)["dense_1/kernel"]
    carried = weights.carry_moments(line, "kernel", moment, np.zeros((8, 3), np.float32), 1)
    windows = moment.reshape(2, 2, 2, 2, 2, 3).mean((1, 3)).reshape(8, 3)
    np.testing.assert_allclose(carried, windows, rtol=1e-5)


def test_the_optimizers_state_goes_with_its_weights():
    old = founded(block(2), image=(4, 4, 1), head=schema.Head(dense=()))
    new = operators.grow(old, (widen("block_1", 4), deepen("block_1")))
    plan = transfer.plan(old, new, "preserve", optimizer="carry")
    before = {
        "iteration": np.array(7),
        "learning_rate": np.array(0.5, np.float32),
        "conv_1_bias_momentum": np.array([1, 2], np.float32),
        "conv_1_bias_velocity": np.array([4, 8], np.float32),
    }
    blank = {
        "iteration": np.array(0),
        "learning_rate": np.array(0.1, np.float32),
        "conv_1_bias_momentum": np.zeros(4, np.float32),
        "conv_1_bias_velocity": np.zeros(4, np.float32),
        "conv_2_bias_momentum": np.zeros(4, np.float32),
    }
    state = weights.carry_optimizer(plan, before, blank)
    assert state.keys() == blank.keys()
    assert state["iteration"] == 7
    assert state["learning_rate"] == blank["learning_rate"]
    np.testing.assert_allclose(state["conv_1_bias_momentum"], [0.5, 1, 0.5, 1])
    np.testing.assert_allclose(state["conv_1_bias_velocity"], [1, 2, 1, 2])
    np.testing.assert_array_equal(state["conv_2_bias_momentum"], np.zeros(4))


def test_what_is_carried_over_is_shrunk_and_perturbed_and_nothing_else():
    old = founded(block(3, batch_norm=True))
    new = operators.grow(old, (insert(3),))
    change = schema.ShrinkPerturb(shrink=0.4, perturb=0.1)
    plan = transfer.plan(old, new, "preserve", shrink_perturb=change)
    fresh = random_weights(new, 2)
    start = weights.carry_over(plan, random_weights(old, 1), fresh)
    found = weights.shrink_and_perturb(plan, start, fresh)
    assert found.keys() == start.keys()
    new_layer = {"conv_2/kernel", "conv_2/bias"}
    measured = {"norm_1/moving_mean", "norm_1/moving_variance"}
    for name, value in found.items():
        if name in new_layer | measured:
            np.testing.assert_array_equal(value, start[name])
        else:
            np.testing.assert_allclose(value, 0.4 * start[name] + 0.1 * fresh[name], rtol=1e-5)
            assert value.dtype == np.float32
    plain = transfer.plan(old, new, "preserve")
    unchanged = weights.shrink_and_perturb(plain, start, fresh)
    assert all(unchanged[name] is start[name] for name in start)
