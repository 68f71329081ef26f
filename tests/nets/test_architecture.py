"""Shapes, parameters and FLOPs of architectures."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given

from grow.config import schema
from grow.nets.architecture import (
    Activation,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Norm,
    Pooling,
    forward_flops,
    output_shape,
    weight_shapes,
)
from tests.builders import architectures, block, founded, growths, seed_experiment


@pytest.mark.parametrize(
    ("layer", "shape", "output", "weights"),
    [
        (
            Conv("c", 7, (3, 5), "relu"),
            (4, 6, 2),
            (4, 6, 7),
            {"kernel": (3, 5, 2, 7), "bias": (7,)},
        ),
        (Pooling("p", "max", (2, 2)), (4, 6, 2), (2, 3, 2), {}),
        (Pooling("p", "average", (2, 3)), (5, 7, 2), (2, 2, 2), {}),
        (Pooling("p", "max", (2, 2)), (1, 6, 2), (0, 3, 2), {}),
        (Flatten("f"), (4, 6, 2), (48,), {}),
        (GlobalPooling("g", "max"), (4, 6, 2), (2,), {}),
        (Dense("d", 9, "relu"), (48,), (9,), {"kernel": (48, 9), "bias": (9,)}),
        (Activation("a", "relu"), (4, 6, 2), (4, 6, 2), {}),
        (Dropout("o", 0.5), (48,), (48,), {}),
        (
            Norm("n"),
            (4, 6, 2),
            (4, 6, 2),
            {"gamma": (2,), "beta": (2,), "moving_mean": (2,), "moving_variance": (2,)},
        ),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_a_layers_shapes(layer, shape, output, weights):
    assert output_shape(layer, shape) == output
    assert weight_shapes(layer, shape) == weights


def test_parameters_of_the_seed_experiment():
    old, new = seed_experiment()
    assert old.parameters == 4_195_457
    assert new.parameters == 1_058_977


def test_parameters_of_each_layer_of_the_seed_experiment():
    _, new = seed_experiment()
    assert {row.name: row.parameters for row in new.placed()} == {
        "conv_1": 896,
        "pool_1": 0,
        "conv_2": 9_248,
        "pool_2": 0,
        "flatten": 0,
        "dense_1": 1_048_704,
        "dense_2": 129,
    }


def test_parameters_count_the_moving_statistics():
    tiny = founded(
        block(4, batch_norm=True, pool="none"), image=(2, 2, 1), head=schema.Head(dense=())
    )
    # conv 3*3*1*4 + 4, norm 4*4, dense 2*2*4*1 + 1
    assert tiny.parameters == 40 + 16 + 17


def test_shapes_are_passed_on_from_layer_to_layer():
    wide = founded(
        block(4, pool_size=(2, 1)), image=(6, 5, 3), head=schema.Head(dense=(3,)), classes=4
    )
    assert [(row.name, row.input, row.output) for row in wide.placed()] == [
        ("conv_1", (6, 5, 3), (6, 5, 4)),
        ("pool_1", (6, 5, 4), (3, 5, 4)),
        ("flatten", (3, 5, 4), (60,)),
        ("dense_1", (60,), (3,)),
        ("dense_2", (3,), (4,)),
    ]


def test_flops_by_hand():
    tiny = founded(block(2), image=(4, 4, 1), head=schema.Head(dense=(3,)))
    # conv: 4*4*2 outputs of 3*3*1 products, as many sums and the bias: 32 * (2*9 + 1) = 608
    # pool to 2x2x2: left out
    # dense_1: 3 units of 8 products, as many sums and the bias: 3 * (2*8 + 1) = 51
    # dense_2: 1 * (2*3 + 1) = 7
    costs = {row.name: forward_flops(row.layer, row.input) for row in tiny.placed()}
    assert costs == {"conv_1": 608, "pool_1": 0, "flatten": 0, "dense_1": 51, "dense_2": 7}
    # forward 666, gradient of the weights 666, of the inputs 51 + 7: the first layer's need none
    assert tiny.training_flops == 666 + 666 + 58


def test_flops_with_a_kernel_that_is_not_square():
    # 2*3*5 outputs of 1*2*3 products, as many sums and the bias
    assert forward_flops(Conv("c", 5, (1, 2), "relu"), (2, 3, 3)) == 30 * (2 * 6 + 1)


@given(pair=growths())
def test_layers_join_and_parameters_add_up(pair):
    for architecture in pair:
        rows = architecture.placed()
        assert tuple(row.layer for row in rows) == architecture.layers
        assert rows[0].input == architecture.image
        assert all(one.output == two.input for one, two in pairwise(rows))
        total = sum(math.prod(shape) for row in rows for shape in row.weights.values())
        assert architecture.parameters == total


@given(one=architectures(), other=architectures())
def test_descriptions_are_equal_just_when_the_architectures_build_the_same(one, other):
    assert (one.describe() == other.describe()) == (
        (one.image, one.layers) == (other.image, other.layers)
    )


def test_a_description_holds_every_field_of_every_layer():
    tiny = founded(
        block(4, batch_norm=True, dropout=0.25),
        image=(4, 4, 3),
        head=schema.Head(pool="global_max"),
    )
    assert tiny.describe() == {
        "image": [4, 4, 3],
        "layers": [
            {
                "kind": "conv",
                "name": "conv_1",
                "filters": 4,
                "kernel": [3, 3],
                "activation": "linear",
            },
            {"kind": "norm", "name": "norm_1"},
            {"kind": "activation", "name": "activation_1", "activation": "relu"},
            {"kind": "pool", "name": "pool_1", "mode": "max", "size": [2, 2]},
            {"kind": "dropout", "name": "dropout_1", "rate": 0.25},
            {"kind": "global_pool", "name": "global_pool", "mode": "max"},
            {"kind": "dense", "name": "dense_1", "units": 128, "activation": "relu"},
            {"kind": "dense", "name": "dense_2", "units": 1, "activation": "sigmoid"},
        ],
    }
