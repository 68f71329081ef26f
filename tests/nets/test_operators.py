"""Growth operators, the lifelong names they give, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given

from grow.config import schema
from grow.errors import GrowthError
from grow.nets import operators as growth
from grow.nets.architecture import Activation, Conv, Dense, GlobalPooling, Norm, Pooling
from tests.builders import block, founded, growths, insert, layer_names, resize, run_spec


def _blocks(architecture):
    return [one.name for one in architecture.blocks]


def test_names_are_given_by_birth_and_kept_for_life():
    first = founded()
    second = growth.grow(first, (insert(at="start"),))
    third = growth.grow(second, (insert(at="end"),))
    head = ["flatten", "dense_1", "dense_2"]
    assert layer_names(first) == ["conv_1", "pool_1", *head]
    assert layer_names(second) == ["conv_2", "pool_2", "conv_1", "pool_1", *head]
    assert layer_names(third) == ["conv_2", "pool_2", "conv_1", "pool_1", "conv_3", "pool_3", *head]


def test_blocks_are_numbered_by_birth_too():
    old = founded(image=(16, 16, 3))
    architecture = growth.grow(old, (insert(at="start"), insert(), insert(after="block_2")))
    assert _blocks(architecture) == ["block_2", "block_4", "block_1", "block_3"]


def test_each_kind_counts_for_itself():
    architecture = growth.grow(
        founded(block(pool="none", dropout=0.1), head=schema.Head(dropout=0.2)),
        (insert(batch_norm=True, dropout=0.1), insert(pool="none", batch_norm=True)),
    )
    assert layer_names(architecture) == [
        *("conv_1", "dropout_1"),
        *("conv_2", "norm_1", "activation_1", "pool_1", "dropout_3"),
        *("conv_3", "norm_2", "activation_2"),
        *("flatten", "dense_1", "dropout_2", "dense_2"),
    ]


@given(pair=growths())
def test_no_name_is_given_twice_and_none_is_lost(pair):
    old, new = pair
    assert len(set(layer_names(new))) == len(new.layers)
    assert len(set(_blocks(new))) == len(new.blocks)
    assert [name for name in layer_names(new) if name in layer_names(old)] == layer_names(old)


def test_a_named_block_is_found_by_its_name_and_still_counts_as_born():
    architecture = growth.grow(founded(block(name="eyes")), (insert(after="eyes"), insert()))
    assert _blocks(architecture) == ["eyes", "block_2", "block_3"]


@pytest.mark.parametrize(
    ("where", "place"),
    [({}, 2), ({"at": "end"}, 2), ({"at": "start"}, 0), ({"after": "block_1"}, 1)],
)
def test_where_a_block_goes(where, place):
    grown = growth.grow(founded(block(), block()), (insert(9, **where),))
    assert grown.blocks[place].layers[0] == Conv("conv_3", 9, (3, 3), "relu")
    assert len(grown.blocks) == 3


def test_with_batch_normalisation_the_activation_comes_after_it():
    layers = founded(block(batch_norm=True, activation="elu", pool="average")).blocks[0].layers
    assert layers == (
        Conv("conv_1", 4, (3, 3), "linear"),
        Norm("norm_1"),
        Activation("activation_1", "elu"),
        Pooling("pool_1", "average", (2, 2)),
    )


@pytest.mark.parametrize(
    ("classes", "last"),
    [(2, Dense("dense_2", 1, "sigmoid")), (3, Dense("dense_2", 3, "softmax"))],
)
def test_two_classes_get_one_unit_and_more_get_one_each(classes, last):
    assert founded(classes=classes).head[-1] == last


@pytest.mark.parametrize(("pool", "mode"), [("global_average", "average"), ("global_max", "max")])
def test_a_head_with_global_pooling(pool, mode):
    assert founded(head=schema.Head(pool=pool)).head[0] == GlobalPooling("global_pool", mode)


def test_resize_changes_the_picture_and_no_layer():
    old = founded(image=(8, 12, 1))
    new = growth.grow(old, (resize(16, 6),))
    assert new.image == (16, 6, 1)
    assert new.layers == old.layers


def test_only_the_last_of_several_operators_has_to_be_buildable():
    one_pixel = founded(image=(2, 2, 3))
    grown = growth.grow(one_pixel, (insert(), resize(4)))
    assert grown.placed()[3].output == (1, 1, 4)


def test_no_operators_change_nothing():
    assert growth.grow(founded(), ()) == founded()


@pytest.mark.parametrize(
    ("operators", "path", "message", "hint"),
    [
        (
            (insert(after="blok_2"),),
            (0, "insert", "after"),
            'expected the name of a block (block_1, block_2), found "blok_2"',
            "did you mean block_2?",
        ),
        (
            (resize(16), insert(after="zebra")),
            (1, "insert", "after"),
            'expected the name of a block (block_1, block_2), found "zebra"',
            "",
        ),
        (
            (insert(name="block_1"),),
            (0, "insert", "name"),
            'expected a name that no other block has, found "block_1" again',
            "",
        ),
        (
            (resize(16), resize(24)),
            (1, "resize"),
            "expected a whole multiple or fraction of 16x16, found 24x24",
            "pictures of all stages are area means of one master, in whole windows",
        ),
        (
            (resize(16, 12),),
            (0, "resize"),
            "expected a whole multiple or fraction of 8x8, found 16x12",
            "pictures of all stages are area means of one master, in whole windows",
        ),
        (
            (insert(), insert()),
            (1,),
            "pool_4 pools windows of 2x2, but only 1x1 is left of the picture there",
            "use larger pictures (resize), fewer blocks, or pool: none",
        ),
        (
            (resize(2, 16),),
            (0,),
            "pool_2 pools windows of 2x2, but only 1x8 is left of the picture there",
            "use larger pictures (resize), fewer blocks, or pool: none",
        ),
    ],
    ids=[
        "near name",
        "no near name",
        "taken name",
        "no multiple",
        "one side no multiple",
        "pooling one pixel",
        "pooling one row",
    ],
)
def test_what_an_operator_refuses(operators, path, message, hint):
    with pytest.raises(GrowthError) as caught:
        growth.grow(founded(block(), block()), operators)
    assert (caught.value.path, caught.value.message, caught.value.hint) == (path, message, hint)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("blocks", "path", "message"),
    [
        ((block(name="a"), block(name="a")), ("blocks", 1, "name"), 'found "a" again'),
        ((block(name="b"), block(), block(name="b")), ("blocks", 2, "name"), 'found "b" again'),
        ((block(),) * 4, ("blocks",), "pool_4 pools windows of 2x2, but only 1x1 is left"),
    ],
)
def test_what_a_first_stage_refuses(blocks, path, message):
    with pytest.raises(GrowthError, match=message) as caught:
        founded(*blocks)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (
            {"model": {"image": [1, 1, 3], "blocks": [{"filters": 4}]}},
            ("model", "blocks"),
        ),
        (
            {"stages": [{"name": "a"}, {"name": "b", "grow": [{"resize": 16}, {"resize": 24}]}]},
            ("stages", 1, "grow", 1, "resize"),
        ),
        (
            {
                "stages": [
                    {"name": "a"},
                    {"name": "b"},
                    {"name": "c", "grow": [{"insert": {"filters": 4, "after": "nowhere"}}]},
                ]
            },
            ("stages", 2, "grow", 0, "insert", "after"),
        ),
    ],
)
def test_the_path_of_an_error_leads_from_the_top_of_the_file(changes, path):
    with pytest.raises(GrowthError) as caught:
        growth.lineage(run_spec(**changes), classes=2)
    assert caught.value.path == path
    assert caught.value.message


def test_a_lineage_has_each_stage_grow_from_the_one_before():
    small, deeper, deepest = growth.lineage(run_spec(), classes=2)
    assert _blocks(small) == ["block_1"]
    assert _blocks(deeper) == ["block_1", "block_2"]
    assert _blocks(deepest) == ["block_3", "block_1", "block_2"]


def test_a_number_is_left_out_where_somebody_gave_a_block_that_name():
    blocks = (block(name="block_2"), block(), block(name="block_5"))
    old = founded(*blocks, image=(64, 64, 3))
    assert [one.name for one in old.blocks] == ["block_2", "block_3", "block_5"]
    new = growth.grow(old, (insert(), insert(name="block_7"), insert()))
    assert [one.name for one in new.blocks[3:]] == ["block_4", "block_7", "block_6"]
