"""Which layers are frozen when, their rates, and what is computed once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grow.config.schema import Carried, Head
from grow.errors import GrowthError
from grow.nets import operators as growth
from grow.nets import transfer
from grow.planning import param_groups
from grow.planning.param_groups import Groups, Storage
from tests.builders import block, deepen, founded, insert, resize

OLD = founded(block(4, batch_norm=True), image=(8, 8, 3), head=Head(dense=(5,), dropout=0.5))


def grouped(*operators, old=OLD, augmented=False, policy="preserve", **said):
    new = growth.grow(old, operators)
    plan = transfer.plan(old, new, policy)
    return new, param_groups.group(new, plan, Carried(**said), augmented=augmented)


def test_what_is_copied_or_adapted_is_carried_and_what_is_new_is_not():
    _, found = grouped(insert(4), freeze=2, learning_rate="0.1x")
    assert found.carried == ("conv_1", "norm_1", "dense_1", "dense_2")
    assert (found.freeze, found.factor) == (2, 0.1)


def test_layers_are_frozen_in_the_first_epochs_only():
    _, found = grouped(insert(4), freeze=2)
    assert found.frozen(1) == found.frozen(2) == frozenset(found.carried)
    assert found.frozen(3) == frozenset()


def test_the_rate_of_carried_layers_alone_is_multiplied():
    _, found = grouped(insert(4), learning_rate=0.25)
    assert (found.factor_of("conv_1"), found.factor_of("conv_2")) == (0.25, 1.0)


def test_nothing_said_is_nothing_done():
    assert grouped(insert(4))[1] == Groups()


def test_all_that_stands_before_the_first_trained_layer_is_computed_once():
    _, found = grouped(insert(4), freeze=1)
    assert found.prefix == ("conv_1", "norm_1", "activation_1", "pool_1")
    assert found.obstacle == ""


def test_layers_behind_a_trained_one_are_not_part_of_it():
    old = growth.grow(OLD, (insert(4, at="end"),))
    _, found = grouped(deepen("block_1"), old=old, freeze=1)
    assert found.prefix == ("conv_1", "norm_1", "activation_1")


@pytest.mark.parametrize(
    ("operator", "augmented", "old", "obstacle"),
    [
        (insert(4), True, OLD, "pictures are augmented anew in each epoch"),
        (insert(4, at="start"), False, OLD, "conv_2 is trained and comes before them"),
    ],
)
def test_why_nothing_is_computed_once(operator, augmented, old, obstacle):
    _, found = grouped(operator, old=old, augmented=augmented, freeze=1)
    assert (found.prefix, found.obstacle) == ((), obstacle)


def test_dropout_ends_what_is_computed_once():
    old = founded(block(4, dropout=0.1), image=(8, 8, 3), head=Head(dense=(5,)))
    old = growth.grow(old, (insert(4),))
    _, found = grouped(insert(4), old=old, freeze=1)
    # conv_1 and its pooling stand before the dropout, conv_2 behind it.
    assert found.prefix == ("conv_1", "pool_1")


def test_freezing_all_there_is_leaves_nothing_to_train():
    with pytest.raises(GrowthError, match="nothing would be left to train"):
        grouped(resize(16), freeze=1)
    assert grouped(resize(16), learning_rate=0.5)[1].factor == 0.5


def test_settings_for_what_is_not_there_are_refused():
    with pytest.raises(GrowthError, match="carries none over"):
        grouped(insert(4, at="start"), policy="strict", freeze=1)


@pytest.mark.parametrize(
    ("pictures", "storage"),
    [
        (0, Storage.NONE),
        (1, Storage.MEMORY),
        (param_groups.IN_MEMORY_BYTES // 256, Storage.MEMORY),
        (param_groups.IN_MEMORY_BYTES // 256 + 1, Storage.FILE),
        (param_groups.IN_FILE_BYTES // 256, Storage.FILE),
        (param_groups.IN_FILE_BYTES // 256 + 1, Storage.NONE),
    ],
)
def test_where_outputs_are_kept_depends_on_their_size_alone(pictures, storage):
    new, found = grouped(insert(4), freeze=1)
    assert param_groups.stored_bytes(new, found, pictures) == pictures * 4 * 4 * 4 * 4
    assert param_groups.storage(new, found, pictures) is storage


def flops(new):
    """Forward FLOPs of conv_1, conv_2, dense_1, dense_2, by hand."""
    assert [row.name for row in new.placed() if len(row.weights) == 2] == [
        *("conv_1", "conv_2", "dense_1", "dense_2"),
    ]
    return 64 * 4 * (2 * 27 + 1), 16 * 4 * (2 * 36 + 1), 5 * (2 * 16 + 1), 1 * (2 * 5 + 1)


def test_the_cost_of_frozen_layers_by_hand():
    new, found = grouped(insert(4), freeze=2)
    first, second, third, last = flops(new)
    # conv_2 learns: its weights' gradient, and the inputs' gradients of all behind it.
    behind = 2 * second + 2 * third + 2 * last
    assert new.flops_of_training(found.carried) == first + behind
    assert param_groups.epoch_flops(new, found, 1, 10, 5) == (first + behind) * 10
    assert param_groups.epoch_flops(new, found, 2, 10, 5) == behind * 10
    assert param_groups.epoch_flops(new, found, 3, 10, 5) == new.training_flops * 10


def test_without_outputs_computed_once_each_frozen_epoch_costs_the_same():
    new, found = grouped(insert(4), freeze=2, augmented=True)
    costs = {param_groups.epoch_flops(new, found, epoch, 10, 5) for epoch in (1, 2)}
    assert costs == {new.flops_of_training(found.carried) * 10}


@given(freeze=st.integers(0, 6), epochs=st.integers(0, 8), augmented=st.booleans())
def test_a_stage_costs_what_its_epochs_cost(freeze, epochs, augmented):
    new, found = grouped(insert(4), freeze=freeze, augmented=augmented)
    each = [param_groups.epoch_flops(new, found, epoch, 10, 5) for epoch in range(1, epochs + 1)]
    assert param_groups.total_flops(new, found, epochs, 10, 5) == sum(each)
