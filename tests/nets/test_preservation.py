"""What a plan promises of the function is what the function does, over random growths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grow.config import schema
from grow.nets import operators as growth
from grow.nets import transfer
from grow.nets.architecture import Architecture
from grow.nets.transfer import Decision, Verdict
from grow.nets.weights import carry_over
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
from tests.forward import logits

# Forward passes are in double precision, the weights in single: what is left is rounding.
EXACT = 1e-4


def drift(old: Architecture, new: Architecture, policy: schema.Policy, seed: int) -> float:
    """The largest difference of logits over random non-negative pictures, relative to them."""
    plan = transfer.plan(old, new, policy)
    before = plausible(random_weights(old, seed))
    after = carry_over(plan, before, plausible(random_weights(new, seed + 1)))
    large, small = pictures(old, new, seed)
    one, other = logits(old, before, small), logits(new, after, large)
    return float(np.abs(one - other).max() / max(1.0, np.abs(one).max()))


def plausible(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Variances are positive."""
    return {k: np.abs(v) if k.endswith("variance") else v for k, v in weights.items()}


def pictures(old: Architecture, new: Architecture, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same random pictures at the new and at the old size, area means of one master."""
    sides = [max(a, b) for a, b in zip(old.image, new.image, strict=True)]
    master = np.random.default_rng(seed).random((3, *sides))

    def at(size: tuple[int, ...]) -> np.ndarray:
        down, across = sides[0] // size[0], sides[1] // size[1]
        shape = (3, size[0], down, size[1], across, sides[2])
        return master.reshape(shape).mean((2, 4))

    return at(new.image), at(old.image)


@settings(max_examples=400, deadline=None)
@given(pair=growths(), policy=st.sampled_from(POLICIES), seed=st.integers(0, 2**16))
def test_exact_means_exact(pair, policy, seed):
    old, new = pair
    whole = all(max(a, b) % min(a, b) == 0 for a, b in zip(old.image, new.image, strict=True))
    if whole and transfer.plan(old, new, policy).verdict is Verdict.EXACT:
        assert drift(old, new, policy, seed) < EXACT


AVERAGE = founded(block(4, pool="average"), block(5, pool="average"), head=schema.Head(dense=(6,)))
MAXIMUM = founded(block(4), block(5), head=schema.Head(dense=(6,)))
NORMED = founded(block(4, batch_norm=True, dropout=0.2), head=schema.Head(dense=(6,)))
POOLED = founded(block(4), head=schema.Head(pool="global_average", dense=(6,)))
PEAKED = founded(block(4), head=schema.Head(pool="global_max", dense=()), classes=4)


@pytest.mark.parametrize(
    ("old", "operators"),
    [
        (AVERAGE, (resize(16), insert(7, at="start", pool="average"))),
        (MAXIMUM, (resize(16), insert(3, at="start", pool="average"))),
        (MAXIMUM, (resize(32), insert(9, at="start", pool="average", pool_size=(4, 4)))),
        (MAXIMUM, (insert(8, at="end", pool="none"),)),
        (MAXIMUM, (insert(9, after="block_1", pool="none"),)),
        (MAXIMUM, (deepen("block_1"), deepen("block_2", kernel=(5, 5)))),
        (MAXIMUM, (widen("block_1", 9),)),
        (MAXIMUM, (widen("block_2", 11),)),
        (MAXIMUM, (widen("block_1", 6), widen("block_2", 7), deepen("block_1"))),
        (NORMED, (widen("block_1", 10),)),
        (NORMED, (deepen("block_1"), insert(6, at="start", pool="none"))),
        (POOLED, (insert(9, at="end", pool="average"),)),
        (POOLED, (widen("block_1", 7), deepen("block_1"))),
        (PEAKED, (insert(5, at="end", pool="max"),)),
        (
            AVERAGE,
            (
                resize(16),
                insert(6, at="start", pool="average"),
                widen("block_3", 12),
                deepen("block_1"),
            ),
        ),
    ],
)
def test_a_growth_that_can_be_exact_is_planned_so_and_is(old, operators):
    new = growth.grow(old, operators)
    plan = transfer.plan(old, new, "preserve")
    assert (plan.verdict, plan.why) == (Verdict.EXACT, ())
    assert drift(old, new, "preserve", seed=1) < EXACT


@pytest.mark.parametrize(
    ("old", "operators", "why"),
    [
        (
            MAXIMUM,
            (resize(16), insert(3, at="start")),
            ("pool_3 takes the maximum where the old model took the mean",),
        ),
        (
            AVERAGE,
            (insert(5, at="end", pool="average"),),
            (
                "dense_1 now sees pooled features: exact only where the features of a window are "
                "equal",
            ),
        ),
        (POOLED, (resize(16),), ("conv_1 now sees feature maps twice as large",)),
    ],
)
def test_a_growth_that_only_comes_near_says_why(old, operators, why):
    plan = transfer.plan(old, growth.grow(old, operators), "preserve")
    assert plan.verdict is Verdict.APPROXIMATE
    assert plan.why[: len(why)] == why
    assert drift(old, growth.grow(old, operators), "preserve", seed=1) > EXACT


@pytest.mark.parametrize(
    ("policy", "operators", "why"),
    [
        ("strict", (insert(5, at="end"),), "conv_3 starts from random weights"),
        ("preserve", (insert(4, at="end"),), "conv_3 starts from random weights"),
        ("preserve", (insert(5, activation="tanh"),), "conv_3 starts from random weights"),
        ("shape", (widen("block_1", 6),), "conv_1 starts from random weights"),
    ],
)
def test_a_growth_that_forgets_is_broken_and_says_where(policy, operators, why):
    plan = transfer.plan(MAXIMUM, growth.grow(MAXIMUM, operators), policy)
    assert (plan.verdict, plan.why) == (Verdict.BROKEN, (why,))


def test_folding_is_exact_where_features_agree_within_each_window():
    old = founded(block(4, pool="none"), image=(8, 8, 1), head=schema.Head(dense=(6,)))
    new = growth.grow(old, (insert(4, at="end", pool="average"),))
    plan = transfer.plan(old, new, "preserve")
    before = random_weights(old, 1)
    # A kernel of one pixel makes features as constant as the picture.
    before["conv_1/kernel"][[0, 0, 0, 1, 1, 2, 2, 2], [0, 1, 2, 0, 2, 0, 1, 2]] = 0
    after = carry_over(plan, before, random_weights(new, 2))
    flat = np.random.default_rng(0).random((3, 4, 4, 1)).repeat(2, 1).repeat(2, 2)
    np.testing.assert_allclose(logits(new, after, flat), logits(old, before, flat), atol=1e-4)


def test_spreading_undoes_folding():
    """Grown by a pooling and the pictures made larger again: the dense layer sees what it saw."""
    old = founded(block(4, pool="none", kernel=1), image=(4, 4, 1), head=schema.Head(dense=(6,)))
    new = growth.grow(old, (resize(8),))
    plan = transfer.plan(old, new, "preserve")
    spread = next(line for line in plan.layers if line.name == "dense_1")
    assert spread.decision is Decision.ADAPT
    before = random_weights(old, 1)
    after = carry_over(plan, before, random_weights(new, 2))
    kernel = after["dense_1/kernel"].reshape(4, 2, 4, 2, 4, 6).sum((1, 3)).reshape(64, 6)
    np.testing.assert_allclose(kernel, before["dense_1/kernel"], rtol=1e-6)


def test_filters_that_repeat_get_different_shares_so_that_they_can_part():
    new = growth.grow(MAXIMUM, (widen("block_1", 8),))
    plan = transfer.plan(MAXIMUM, new, "preserve")
    after = carry_over(plan, random_weights(MAXIMUM, 1), random_weights(new, 2))
    kernel = after["conv_2/kernel"]
    ratios = kernel[:, :, :4] / kernel[:, :, 4:]
    assert len(np.unique(ratios.round(4))) > 0.9 * ratios.size
    assert ratios.min() > 0
