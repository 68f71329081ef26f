"""Learning rates of groups of layers, and what frozen layers cost the backward pass."""

from __future__ import annotations

from collections import Counter
from typing import Any, get_args

import numpy as np
import pytest

from grow.backend import load_tensorflow
from grow.config import schema
from grow.config.schema import Training
from grow.nets import network
from grow.nets.architecture import Architecture
from grow.nets.network import Model
from grow.planning.param_groups import Groups
from grow.train.optimizer import compile_model, compile_with, freeze, optimizer_variables
from tests.builders import block, founded

pytestmark = pytest.mark.tf

ARCHITECTURE = founded(block(2), block(3), image=(8, 8, 1))
PICTURES = np.random.default_rng(1).uniform(0, 255, (6, 8, 8, 1)).astype(np.float32)
LABELS = np.array([[0.0], [1.0]] * 3, np.float32)


def built(architecture: Architecture = ARCHITECTURE) -> Model:
    return network.build(architecture, seed_of=lambda name: len(name) + ord(name[-1]))


def trained(optimizer: Any, rate: float, groups: Groups | None = None) -> dict[str, Any]:
    """How far each weight is moved by the first three steps."""
    model = built()
    training = Training(epochs=1, optimizer=optimizer, learning_rate=rate)
    compile_model(model, training, 2, groups)
    before = network.read_weights(model)
    model.train_on_batch(PICTURES, LABELS)
    return {name: value - before[name] for name, value in network.read_weights(model).items()}


@pytest.mark.parametrize("optimizer", get_args(schema.Optimizer))
def test_each_group_takes_the_step_of_its_own_learning_rate(optimizer: str) -> None:
    """Scaled gradients would not do: an adaptive optimizer takes the same step with them."""
    whole, tenth = trained(optimizer, 0.01), trained(optimizer, 0.001)
    grouped = trained(optimizer, 0.01, Groups(carried=("conv_1", "dense_1"), factor=0.1))
    for name, moved in grouped.items():
        slow = name.startswith(("conv_1", "dense_1"))
        wanted = (tenth if slow else whole)[name]
        assert np.abs(wanted).max() > 0
        np.testing.assert_allclose(moved, wanted, rtol=2e-3, atol=3e-8, err_msg=name)


LONG_FROZEN = 5000


def thawed(optimizer: Any, known: int) -> tuple[Any, Any]:
    """How far a kernel's first step moves it after many frozen ones, and a fresh start's."""
    moved = []
    for steps in (LONG_FROZEN, 0):
        model = built()
        training = Training(epochs=1, optimizer=optimizer, learning_rate=0.01)
        groups = Groups(carried=("conv_1",), freeze=1)
        compile_model(model, training, 2, groups, known if steps else 0)
        model.optimizer.iterations.assign(steps)
        if steps and optimizer == "nadam":
            model.optimizer._u_product.assign(0.0)  # of momenta below 0.9
        before = network.read_weights(model)["conv_1/kernel"]
        model.train_on_batch(PICTURES, LABELS)
        moved.append(network.read_weights(model)["conv_1/kernel"] - before)
    return moved[0], moved[1]


@pytest.mark.parametrize("optimizer", get_args(schema.Optimizer))
def test_the_first_step_of_a_thawed_layer_is_that_of_a_fresh_one(optimizer: Any) -> None:
    moved, fresh = thawed(optimizer, LONG_FROZEN)
    if optimizer == "nadam":
        assert 0 < np.abs(moved).max() < np.abs(fresh).max()
    else:
        np.testing.assert_allclose(moved, fresh, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "nadam"])
def test_left_alone_it_would_take_too_large_a_step(optimizer: Any) -> None:
    """The negative control."""
    moved, fresh = thawed(optimizer, 0)
    assert np.abs(moved).max() > 2 * np.abs(fresh).max()


def test_the_state_of_the_optimizer_has_the_names_it_always_had() -> None:
    plain, grouped = built(), built()
    compile_model(plain, Training(epochs=1), 2)
    compile_model(grouped, Training(epochs=1), 2, Groups(carried=("conv_1",), factor=0.1))
    assert list(optimizer_variables(plain)) == list(optimizer_variables(grouped))
    assert type(plain.optimizer).__module__.startswith("keras")


def gradient_operations(model: Model, inputs: Any) -> Counter[str]:
    """How many operations of each kind a training step really computes, of gradients."""
    tensorflow = load_tensorflow()

    @tensorflow.function
    def step(inputs: Any, labels: Any) -> Any:
        return model.train_step((inputs, labels))

    graph = step.get_concrete_function(inputs, LABELS).graph
    # TensorFlow runs what outputs and changes of state depend on; the rest is pruned.
    waiting = [op for op in graph.get_operations() if op.type.startswith("Assign")]
    waiting += [output.op for output in graph.outputs]
    needed: set[Any] = set()
    while waiting:
        op = waiting.pop()
        if op not in needed:
            needed.add(op)
            waiting += [tensor.op for tensor in op.inputs]
    return Counter(op.type for op in needed)


@pytest.mark.parametrize(
    ("frozen", "kernels", "maps"),
    [
        ((), 2, 1),  # the first convolution's inputs are pictures and need no gradient
        (("conv_1",), 1, 0),
        (("conv_2",), 1, 1),  # it passes the gradient on to what is trained before it
        (("conv_1", "conv_2"), 0, 0),
    ],
)
def test_gradients_of_frozen_layers_are_not_computed(
    frozen: tuple[str, ...], kernels: int, maps: int
) -> None:
    model = built()
    compile_model(model, Training(epochs=1), 2)
    freeze(model, frozen)
    compile_with(model, model.optimizer, 2)
    found = gradient_operations(model, PICTURES)
    assert (found["Conv2DBackpropFilter"], found["Conv2DBackpropInput"]) == (kernels, maps)


def test_what_stands_behind_a_layer_shares_its_weights_and_knows_nothing_before_it() -> None:
    model = built()
    compile_model(model, Training(epochs=1), 2)
    freeze(model, ("conv_1",))
    rest = network.behind(model, "pool_1")
    compile_with(rest, model.optimizer, 2)
    outputs = network.up_to(model, "pool_1").predict_on_batch(PICTURES)
    np.testing.assert_allclose(
        rest.predict_on_batch(outputs), model.predict_on_batch(PICTURES), rtol=1e-5
    )
    assert {weight.path.partition("/")[0] for weight in rest.weights} == {
        *("conv_2", "dense_1", "dense_2"),
    }
    found = gradient_operations(rest, outputs)
    assert (found["Conv2DBackpropFilter"], found["Conv2DBackpropInput"]) == (1, 0)
    before = network.read_weights(model)
    rest.train_on_batch(outputs, LABELS)
    after = network.read_weights(model)
    assert np.array_equal(before["conv_1/kernel"], after["conv_1/kernel"])
    assert not np.array_equal(before["conv_2/kernel"], after["conv_2/kernel"])


def test_a_frozen_normalisation_uses_its_moving_statistics_and_leaves_them() -> None:
    model = built(founded(block(2, batch_norm=True), image=(8, 8, 1)))
    compile_model(model, Training(epochs=1), 2)
    freeze(model, ("norm_1",))
    compile_with(model, model.optimizer, 2)
    before = network.read_weights(model)
    inference, training = (np.array(model(PICTURES, training=flag)) for flag in (False, True))
    np.testing.assert_array_equal(inference, training)
    model.train_on_batch(PICTURES, LABELS)
    after = network.read_weights(model)
    assert all(np.array_equal(before[name], after[name]) for name in before if "norm_1" in name)
