"""The transfer planner: one decision for every layer, and only sound ones."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.config import schema as spec
from grow.nets import operators as growth
from grow.nets import transfer
from grow.nets.architecture import Architecture, Block, Conv, Dense, Flatten
from grow.nets.transfer import Decision, Reason, TransferPlan, Verdict
from tests.builders import (
    POLICIES,
    architectures,
    block,
    deepen,
    founded,
    growths,
    insert,
    layer_names,
    resize,
    seed_experiment,
    widen,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "transfer"

ADAPTED = {Reason.FOLDED, Reason.SPREAD, Reason.SPLIT, Reason.PADDED}
policies = st.sampled_from(POLICIES)
# Growth, shrinking back, and two architectures that have nothing to do with each other.
pairs = (
    growths() | growths().map(lambda pair: pair[::-1]) | st.tuples(architectures(), architectures())
)


def _text(plan: TransferPlan) -> str:
    lines = [
        f"{line.name:8} {line.kind:8} {line.decision:10} {line.reason:13} {line.parameters:>9,}  "
        f"{line.words}"
        for line in (*plan.layers, *plan.gone)
    ]
    verdict = ": ".join([plan.verdict, *plan.why])
    head = [f"policy {plan.policy}", f"verdict {verdict}"]
    return "\n".join([*head, "", *lines, "", plan.totals(), ""])


@pytest.mark.parametrize(
    ("name", "policy", "operators"),
    [
        ("seed-strict", "strict", (insert(32, at="end"),)),
        ("seed-shape", "shape", (insert(32, at="end"),)),
        ("doubled-end-preserve", "preserve", (resize(128), insert(32, at="end"))),
        ("seed-preserve", "preserve", (insert(32, at="end"),)),
        ("wider-preserve", "preserve", (widen("block_1", 48), deepen("block_1"))),
        ("start-preserve", "preserve", (resize(128), insert(16, at="start", pool="average"))),
    ],
)
def test_the_plan_in_words(name, policy, operators):
    old, _ = seed_experiment()
    plan = transfer.plan(old, growth.grow(old, operators), policy)
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("GROW_WRITE_GOLDENS"):
        golden.write_text(_text(plan), encoding="utf-8")
    assert _text(plan) == golden.read_text(encoding="utf-8")


def test_the_seed_experiment_carries_896_parameters_over():
    plan = transfer.plan(*seed_experiment(), "strict")
    assert plan.totals() == "896 of 1,058,977 parameters (0.08%) carried over"
    decided = {line.name: (line.decision, line.reason, line.parameters) for line in plan.layers}
    assert decided == {
        "conv_1": (Decision.COPY, Reason.SAME, 896),
        "pool_1": (Decision.SKIP, Reason.NO_WEIGHTS, 0),
        "conv_2": (Decision.INITIALISE, Reason.NEW, 9_248),
        "pool_2": (Decision.SKIP, Reason.NO_WEIGHTS, 0),
        "flatten": (Decision.SKIP, Reason.NO_WEIGHTS, 0),
        "dense_1": (Decision.SKIP, Reason.SHAPE_DIFFERS, 1_048_704),
        "dense_2": (Decision.SKIP, Reason.INPUTS_DIFFER, 129),
    }


@given(pair=pairs, policy=policies)
def test_every_layer_has_exactly_one_line(pair, policy):
    old, new = pair
    plan = transfer.plan(old, new, policy)
    assert [line.name for line in plan.layers] == layer_names(new)
    gone = [name for name in layer_names(old) if name not in layer_names(new)]
    assert [line.name for line in plan.gone] == gone


@given(pair=pairs, policy=policies)
def test_every_line_has_the_shapes_of_both_models(pair, policy):
    old, new = pair
    plan = transfer.plan(old, new, policy)
    before = {row.name: row.weights for row in old.placed()}
    after = {row.name: row.weights for row in new.placed()}
    for line in (*plan.layers, *plan.gone):
        assert line.old == before.get(line.name)
        assert line.new == after.get(line.name)
        assert line.words
    assert all(line.decision is Decision.SKIP for line in plan.gone)
    assert all(line.reason is Reason.GONE for line in plan.gone)


@given(architecture=architectures(), policy=policies)
def test_a_model_planned_onto_itself_copies_everything(architecture, policy):
    plan = transfer.plan(architecture, architecture, policy)
    for line in plan.layers:
        expected = Decision.COPY if line.new else Decision.SKIP
        assert line.decision is expected
        assert line.reason is (Reason.SAME if line.new else Reason.NO_WEIGHTS)
    assert plan.gone == ()
    assert plan.carried == plan.parameters == architecture.parameters
    assert plan.totals().endswith("(100.00%) carried over")


@given(pair=pairs, policy=policies)
def test_what_is_copied_fits(pair, policy):
    for line in transfer.plan(*pair, policy).layers:
        if line.decision is Decision.COPY:
            assert line.new
            assert line.old == line.new


def _before(architecture, name):
    """The layers before the one of this name but dropout, which leaves the function alone."""
    names = layer_names(architecture)
    if name not in names:
        return None
    layers = architecture.layers[: names.index(name)]
    return [layer for layer in layers if layer.kind != "dropout"]


@given(pair=pairs)
def test_strict_copies_just_what_follows_the_same_layers_on_the_same_pictures(pair):
    old, new = pair
    plan = transfer.plan(old, new, "strict")
    for place, line in enumerate(plan.layers):
        before = old.image == new.image and _before(old, line.name) == _before(new, line.name)
        fits = bool(line.new) and line.old == line.new
        carried = all(one.decision is Decision.COPY for one in plan.layers[:place] if one.new)
        copied = line.decision is Decision.COPY
        assert copied == (before and fits and carried)


@given(pair=pairs)
def test_shape_copies_all_that_fits(pair):
    for line in transfer.plan(*pair, "shape").layers:
        fits = bool(line.new) and line.old == line.new
        assert (line.decision is Decision.COPY) == fits


@given(pair=pairs)
def test_only_preserve_adapts_and_says_how(pair):
    for policy in POLICIES:
        for line in transfer.plan(*pair, policy).layers:
            adapted = line.decision is Decision.ADAPT
            assert (line.adaptation is not None) == adapted
            assert (line.reason in ADAPTED) == adapted
            assert policy == "preserve" or not adapted


@given(pair=pairs, policy=policies)
def test_only_what_is_new_is_initialised_and_only_preserve_starts_from_the_identity(pair, policy):
    for line in transfer.plan(*pair, policy).layers:
        newborn = line.old is None and bool(line.new)
        assert (line.decision is Decision.INITIALISE) == newborn
        assert (line.reason in (Reason.NEW, Reason.NEW_IDENTITY)) == newborn
        if policy != "preserve":
            assert line.reason is not Reason.NEW_IDENTITY


@given(pair=pairs)
def test_the_identity_is_asked_only_of_kernels_that_can_be_it(pair):
    for line in transfer.plan(*pair, "preserve").layers:
        if line.reason is Reason.NEW_IDENTITY and line.kind == "conv":
            height, width, channels, filters = line.new["kernel"]
            assert height % 2 == width % 2 == 1
            assert filters >= channels


@given(pair=pairs, policy=policies)
def test_totals_add_up(pair, policy):
    plan = transfer.plan(*pair, policy)
    taken = [line for line in plan.layers if line.decision in (Decision.COPY, Decision.ADAPT)]
    sizes = [math.prod(shape) for line in taken for shape in line.new.values()]
    assert plan.carried == sum(line.carried for line in taken)
    padded = any(line.adaptation for line in taken)
    assert (plan.carried <= sum(sizes)) if padded else (plan.carried == sum(sizes))
    assert sum(sizes) <= plan.parameters == pair[1].parameters
    assert f"{plan.carried:,} of {plan.parameters:,} parameters" in plan.totals()


@given(pair=pairs, policy=policies)
def test_a_plan_survives_json(pair, policy):
    plan = transfer.plan(*pair, policy)
    assert TransferPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_the_json_form_is_the_one_promised():
    old = founded(block(1, kernel=1, pool="none"), image=(1, 1, 1), head=spec.Head(dense=()))
    plan = transfer.plan(old, old, "shape")
    assert json.loads(json.dumps(plan.to_dict())) == {
        "schema": "grow.transfer-plan/1",
        "policy": "shape",
        "exceptions": {},
        "optimizer": "reset",
        "shrink_perturb": None,
        "verdict": "exact",
        "why": [],
        "parameters": 4,
        "carried": 4,
        "layers": [
            {
                "name": "conv_1",
                "kind": "conv",
                "old": {"kernel": [1, 1, 1, 1], "bias": [1]},
                "new": {"kernel": [1, 1, 1, 1], "bias": [1]},
                "decision": "copy",
                "reason": "same",
                "words": "same shape, same inputs",
                "adaptation": None,
                "parameters": 2,
                "carried": 2,
                "optimizer": "reset",
            },
            {
                "name": "flatten",
                "kind": "flatten",
                "old": {},
                "new": {},
                "decision": "skip",
                "reason": "no_weights",
                "words": "has no weights: nothing to copy",
                "adaptation": None,
                "parameters": 0,
                "carried": 0,
                "optimizer": "reset",
            },
            {
                "name": "dense_1",
                "kind": "dense",
                "old": {"kernel": [1, 1], "bias": [1]},
                "new": {"kernel": [1, 1], "bias": [1]},
                "decision": "copy",
                "reason": "same",
                "words": "same shape, same inputs",
                "adaptation": None,
                "parameters": 2,
                "carried": 2,
                "optimizer": "reset",
            },
        ],
        "gone": [],
    }


@pytest.mark.parametrize("schema", [None, "grow.transfer-plan/2"])
def test_a_plan_of_another_schema_is_refused(schema):
    values = transfer.plan(founded(), founded(), "strict").to_dict() | {"schema": schema}
    with pytest.raises(ValueError, match=r"expected schema grow\.transfer-plan/1, found"):
        TransferPlan.from_dict(values)


@pytest.mark.parametrize("key", ["decision", "reason"])
def test_a_decision_or_reason_that_is_not_on_the_list_is_refused(key):
    values = transfer.plan(founded(), founded(), "strict").to_dict()
    values["layers"][0] |= {key: "guess"}
    with pytest.raises(ValueError, match="guess"):
        TransferPlan.from_dict(values)


@pytest.mark.parametrize(
    ("before", "wanted", "words"),
    [
        (block(4), insert(4), "new: starts as the identity"),
        (
            block(4),
            insert(6),
            "new: starts as the identity on 4 channels, random weights for the other 2",
        ),
        (
            block(4),
            insert(3),
            "new: starts from random weights (3 filters are fewer than the 4 input channels)",
        ),
        (
            block(4),
            insert(4, kernel=(3, 2)),
            "new: starts from random weights (an even kernel has no centre)",
        ),
        (
            block(4),
            insert(4, activation="tanh"),
            "new: starts from random weights (tanh is not the identity on positive inputs)",
        ),
        (
            block(4, activation="tanh"),
            insert(4),
            "new: starts from random weights "
            "(its inputs can be negative, and relu would clip them)",
        ),
        (
            block(4, activation="tanh"),
            insert(4, activation="linear"),
            "new: starts as the identity",
        ),
        (block(4, activation="sigmoid"), insert(4), "new: starts as the identity"),
        (block(4, batch_norm=True), insert(4), "new: starts as the identity"),
        (
            block(4, batch_norm=True, activation="elu"),
            insert(4),
            "new: starts from random weights "
            "(its inputs can be negative, and relu would clip them)",
        ),
    ],
)
def test_how_a_new_convolution_starts(before, wanted, words):
    old = founded(before)
    plan = transfer.plan(old, growth.grow(old, (wanted,)), "preserve")
    line = next(line for line in plan.layers if line.name == "conv_2")
    assert line.words == words
    assert (line.reason is Reason.NEW_IDENTITY) == ("starts as the identity" in words)


def test_pictures_are_never_negative_so_a_first_convolution_can_be_the_identity():
    old = founded()
    plan = transfer.plan(old, growth.grow(old, (insert(4, at="start"),)), "preserve")
    assert plan.layers[0].reason is Reason.NEW_IDENTITY


def test_a_layer_of_another_kind_under_the_same_name_is_not_carried_over():
    image, head = (1, 1, 3), (Dense("dense_1", 1, "sigmoid"),)
    conv = Architecture(image, (Block("b", (Conv("x", 2, (1, 1), "relu"), Flatten("f"))),), head)
    dense = Architecture(image, (Block("b", (Flatten("f"), Dense("x", 2, "relu"))),), head)
    line = transfer.plan(conv, dense, "shape").layers[1]
    assert (line.decision, line.reason) == (Decision.SKIP, Reason.KIND_DIFFERS)
    assert line.words == "was a conv, now a dense: starts from random weights"


@pytest.mark.parametrize(
    ("operators", "why"),
    [
        ((resize(16),), "image size 16x16, was 8x8"),
        ((insert(4, at="start", pool="none"),), "conv_3 was added before it"),
        ((insert(4, after="block_1", pool="none", dropout=0.1),), "conv_3 was added before it"),
    ],
)
def test_strict_says_what_changed_before_a_layer(operators, why):
    old = founded(block(4), block(4), head=spec.Head(pool="global_max"))
    lines = transfer.plan(old, growth.grow(old, operators), "strict").layers
    line = next(line for line in lines if line.name == "conv_2")
    assert line.reason is Reason.INPUTS_DIFFER
    assert line.words == f"shape fits, but its inputs changed ({why})"


def test_strict_says_so_when_a_layer_before_is_gone():
    # Nothing new stands before conv_1, but it sees the picture now, where it saw conv_2.
    old = founded(block(3), image=(4, 4, 3), head=spec.Head(pool="global_max"))
    deeper = growth.grow(old, (insert(3, at="start", pool="none"),))
    line = transfer.plan(deeper, old, "strict").layers[0]
    assert (line.name, line.reason) == ("conv_1", Reason.INPUTS_DIFFER)
    words = "shape fits, but its inputs changed (conv_2 before it was removed)"
    assert line.words == words


def test_strict_names_the_layer_before_that_was_not_carried_over():
    dense = spec.Head(dense=(4, 4, 4))
    plan = transfer.plan(
        founded(image=(8, 8, 3), head=dense), founded(block(5), head=dense), "strict"
    )
    words = {line.name: line.words for line in plan.layers}
    assert words["conv_1"].startswith("kernel (3, 3, 3, 4) does not fit (3, 3, 3, 5)")
    assert words["dense_2"].endswith("(conv_1 before it was not carried over)")


def test_a_layer_may_have_a_policy_of_its_own():
    old, new = seed_experiment()
    plan = transfer.plan(old, new, "preserve", layers={"dense_1": "shape"})
    decisions = {line.name: line.decision for line in plan.layers if line.new}
    assert decisions["conv_1"] is Decision.COPY
    assert decisions["dense_1"] is Decision.SKIP
    assert plan.verdict is Verdict.BROKEN
    assert plan.why == ("dense_1 starts from random weights",)


def test_padding_does_not_count_as_carried_over():
    old = founded(block(4), image=(8, 8, 3), head=spec.Head(dense=()))
    new = growth.grow(old, (resize(16), insert(6, at="start", pool="average")))
    line = next(one for one in transfer.plan(old, new, "preserve").layers if one.name == "conv_1")
    # A kernel of 3x3x6x4 of which 3x3x3x4 are the old one's, and four biases.
    assert (line.parameters, line.carried) == (220, 112)


@pytest.mark.parametrize(
    ("shrink", "perturb", "verdict"),
    [
        (0.4, 0.1, "approximate"),
        (0.4, 0.0, "approximate"),
        (1.0, 0.1, "approximate"),
        (1.0, 0.0, "exact"),
    ],
)
def test_what_is_shrunk_or_perturbed_is_no_longer_exact(shrink, perturb, verdict):
    old = founded(block(2))
    change = spec.ShrinkPerturb(shrink=shrink, perturb=perturb)
    plan = transfer.plan(old, old, "preserve", shrink_perturb=change)
    assert plan.verdict == verdict
    assert len(plan.why) == (verdict != "exact")
    assert all(f"multiplied by {shrink:g}" in reason for reason in plan.why)
    assert transfer.TransferPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_a_broken_plan_stays_broken_when_it_is_shrunk():
    old = founded(block(2))
    new = growth.grow(old, (insert(2, at="start"),))
    change = spec.ShrinkPerturb(shrink=0.4, perturb=0.1)
    plain = transfer.plan(old, new, "strict")
    plan = transfer.plan(old, new, "strict", shrink_perturb=change)
    assert (plain.verdict, plan.verdict) == ("broken", "broken")
    assert plan.why == plain.why  # nothing is carried over that could be shrunk


def test_a_plan_from_before_there_was_shrinking_is_read():
    old = founded(block(2))
    plan = transfer.plan(old, old, "preserve")
    values = plan.to_dict()
    del values["shrink_perturb"]
    assert transfer.TransferPlan.from_dict(values) == plan
