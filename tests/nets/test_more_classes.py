"""More classes in the last layer: planned by name, exact for the old ones among themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grow.config import schema
from grow.errors import GrowthError
from grow.nets import operators as growth
from grow.nets import transfer, weights
from grow.nets.transfer import Decision, MoreClasses, Reason, TransferPlan, Verdict
from grow.planning import param_groups
from tests.builders import (
    POLICIES,
    architectures,
    block,
    deepen,
    founded,
    grown,
    insert,
    random_weights,
    resize,
    widen,
)
from tests.forward import logits
from tests.nets.test_preservation import pictures, plausible

NAMES = "abcdefghijkl"
EXACT = 1e-4
TWO = founded(block(4, pool="average"), head=schema.Head(dense=(6,)))
TRI = MoreClasses(("box", "disc"), ("box", "disc", "tri"))


def head(*names: str) -> schema.Operator:
    return schema.Operator(head=schema.GrowHead(grow=names))


def line_of(plan: TransferPlan) -> transfer.LayerPlan:
    return plan.layers[-1]


@st.composite
def more_classes(draw):
    """An architecture, what it grew into with more classes, and which those are."""
    old = draw(architectures())
    known = max(old.layers[-1].units, 2)
    added = draw(st.integers(1, 4))
    after = tuple(NAMES[: known + added])
    before = tuple(sorted(draw(st.permutations(after))[:known]))
    new = growth.grow(draw(grown(old)), (head(*(set(after) - set(before))),))
    return old, new, MoreClasses(before, after)


def relative(values: np.ndarray) -> np.ndarray:
    """Logits less their mean: what probabilities relative to each other are made of."""
    return values - values.mean(axis=1, keepdims=True)


def both(old, new, plan, seed):
    """Logits of the old model, one a class, and of the new one."""
    before = plausible(random_weights(old, seed))
    after = weights.carry_over(plan, before, plausible(random_weights(new, seed + 1)))
    large, small = pictures(old, new, seed)
    return weights.per_class(logits(old, before, small)), logits(new, after, large)


@settings(max_examples=300, deadline=None)
@given(case=more_classes(), policy=st.sampled_from(POLICIES), seed=st.integers(0, 2**16))
def test_exact_means_exact_for_the_old_classes(case, policy, seed):
    old, new, classes = case
    plan = transfer.plan(old, new, policy, classes=classes)
    whole = all(max(a, b) % min(a, b) == 0 for a, b in zip(old.image, new.image, strict=True))
    if not whole or plan.verdict is not Verdict.EXACT:
        return
    assert policy == "preserve"
    one, other = both(old, new, plan, seed)
    kept = other[:, [classes.after.index(name) for name in classes.before]]
    scale = max(1.0, np.abs(one).max())
    assert np.abs(relative(one) - relative(kept)).max() / scale < EXACT
    # A new class never outvotes the class that was predicted.
    assert np.all(other.max(axis=1) - kept.max(axis=1) <= EXACT * scale)


@given(case=more_classes(), policy=st.sampled_from(POLICIES))
def test_the_plan_has_a_line_for_each_layer_and_comes_back_from_json(case, policy):
    old, new, classes = case
    plan = transfer.plan(old, new, policy, classes=classes)
    assert [line.name for line in plan.layers] == [layer.name for layer in new.layers]
    assert TransferPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert 0 <= plan.carried <= plan.parameters


@pytest.mark.parametrize(
    ("operators", "new"),
    [
        ((), ("tri",)),
        ((), ("ant", "cup", "tri")),
        ((widen("block_1", 7),), ("ant",)),
        ((deepen("block_1"), insert(4, at="start", pool="none")), ("cup", "tri")),
        ((resize(16), insert(5, at="start", pool="average")), ("tri",)),
    ],
)
def test_a_growth_that_can_be_exact_is_planned_so(operators, new):
    classes = MoreClasses(("box", "disc"), tuple(sorted(("box", "disc", *new))))
    grew = growth.grow(TWO, (*operators, head(*new)))
    plan = transfer.plan(TWO, grew, "preserve", classes=classes)
    assert (plan.verdict, plan.why) == (Verdict.EXACT, ())
    one, other = both(TWO, grew, plan, 1)
    kept = other[:, [classes.after.index(name) for name in classes.before]]
    np.testing.assert_allclose(relative(kept), relative(one), atol=1e-3)


def test_outputs_are_found_by_name_wherever_the_new_class_stands():
    old = founded(block(2), head=schema.Head(dense=(3,)), classes=3)
    classes = MoreClasses(("ant", "cat", "dog"), ("ant", "bee", "cat", "cow", "dog"))
    plan = transfer.plan(old, growth.grow(old, (head("bee", "cow"),)), "preserve", classes=classes)
    before = random_weights(old, 1)
    after = weights.carry_over(plan, before, random_weights(growth.grow_head(old, 2), 2))
    for weight in ("dense_2/kernel", "dense_2/bias"):
        np.testing.assert_array_equal(after[weight][..., [0, 2, 4]], before[weight])
        mean = before[weight].mean(axis=-1)
        np.testing.assert_array_equal(after[weight][..., 1], mean)
        np.testing.assert_array_equal(after[weight][..., 3], mean)
    assert line_of(plan).adaptation.outputs == (0, None, 1, None, 2)
    assert (line_of(plan).parameters, line_of(plan).carried) == (20, 12)


def test_a_single_output_becomes_zeros_and_itself():
    plan = transfer.plan(TWO, growth.grow_head(TWO, 1), "preserve", classes=TRI)
    before = random_weights(TWO, 1)
    after = weights.carry_over(plan, before, random_weights(growth.grow_head(TWO, 1), 2))
    old, new = before["dense_2/kernel"], after["dense_2/kernel"]
    np.testing.assert_array_equal(new[:, :2], np.hstack([np.zeros_like(old), old]))
    np.testing.assert_array_equal(new[:, 2:], old / 2)
    line = line_of(plan)
    assert (line.decision, line.reason) == (Decision.ADAPT, Reason.CLASSES)
    assert line.words == "outputs kept by class (box, disc), box as zeros; tri starts as their mean"
    assert (line.parameters, line.carried) == (21, 7)
    assert "old classes (box, disc) relative to each other" in plan.scope


@pytest.mark.parametrize("policy", ["strict", "shape"])
def test_only_preserve_keeps_the_old_classes(policy):
    plan = transfer.plan(TWO, growth.grow_head(TWO, 1), policy, classes=TRI)
    line = line_of(plan)
    assert (line.decision, line.reason) == (Decision.SKIP, Reason.SHAPE_DIFFERS)
    assert "transfer: preserve keeps the old classes" in line.words
    assert plan.verdict is Verdict.BROKEN
    (dense, *_) = (one for one in plan.layers if one.name == "dense_1")
    assert dense.decision is Decision.COPY


def test_behind_what_is_lost_the_old_outputs_are_kept_and_the_verdict_says_broken():
    new = growth.grow(TWO, (insert(4, activation="tanh", pool="none"), head("tri")))
    plan = transfer.plan(TWO, new, "preserve", classes=TRI)
    assert (line_of(plan).reason, plan.verdict) == (Reason.CLASSES, Verdict.BROKEN)


def test_moments_go_with_their_classes():
    """The gradient of the first of two outputs is the negative of the second's."""
    plan = transfer.plan(TWO, growth.grow_head(TWO, 1), "preserve", classes=TRI)
    line, blank = line_of(plan), np.zeros((6, 3), np.float32)
    moment = random_weights(TWO, 3)["dense_2/kernel"]
    first = weights.carry_moments(line, "kernel", moment, blank, 1)
    np.testing.assert_array_equal(first, np.hstack([-moment, moment, np.zeros_like(moment)]))
    second = weights.carry_moments(line, "kernel", moment**2, blank, 2)
    np.testing.assert_array_equal(second[:, 0], second[:, 1])
    assert not weights.carry_moments(line, "bias", np.ones(1, np.float32), blank[0], 1)[2]


def test_the_moments_of_softmax_are_those_of_sigmoid_while_the_new_class_has_no_share():
    """Checked on the gradients themselves, of random features and labels."""
    chance = np.random.default_rng(0)
    features, labels = chance.normal(size=(20, 6)), chance.integers(0, 2, 20)
    kernel = chance.normal(size=(6, 1))
    p = 1 / (1 + np.exp(-features @ kernel))
    old = features.T @ (p - labels[:, None])
    wide = features @ np.hstack([0 * kernel, kernel])
    shares = np.exp(wide) / np.exp(wide).sum(1, keepdims=True)
    new = features.T @ (shares - np.eye(2)[labels])
    plan = transfer.plan(TWO, growth.grow_head(TWO, 1), "preserve", classes=TRI)
    carried = weights.carry_moments(line_of(plan), "kernel", old, np.zeros((6, 3)), 1)
    np.testing.assert_allclose(carried[:, :2], new, atol=1e-9)


def test_a_frozen_stage_trains_the_last_layer_from_the_start():
    new = growth.grow_head(TWO, 1)
    plan = transfer.plan(TWO, new, "preserve", classes=TRI)
    found = param_groups.group(new, plan, schema.Carried(freeze=2), augmented=False)
    assert found.carried == ("conv_1", "dense_1")
    assert "dense_1" in found.prefix
    with pytest.raises(GrowthError, match="nothing would be left to train"):
        param_groups.group(
            TWO, transfer.plan(TWO, TWO, "preserve"), schema.Carried(freeze=2), augmented=False
        )


def test_a_plan_whose_scope_was_changed_is_refused():
    values = transfer.plan(TWO, growth.grow_head(TWO, 1), "preserve", classes=TRI).to_dict()
    with pytest.raises(ValueError, match="expected the scope"):
        TransferPlan.from_dict({**values, "scope": ""})


def test_plans_without_new_classes_are_as_they_were():
    values = transfer.plan(TWO, growth.grow(TWO, (widen("block_1", 5),)), "preserve").to_dict()
    assert not {"classes", "scope"} & values.keys()
    assert all("classes" not in (line["adaptation"] or {}) for line in values["layers"])
