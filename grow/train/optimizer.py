"""A Keras model made ready for training: its optimizer, loss and metrics.

Owns the learning rates of groups of layers: one Keras optimizer whose step is taken at each
layer's own share of the learning rate. Keras only, no TensorFlow of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from grow.backend import load_keras
from grow.config.schema import Training
from grow.nets.network import Model
from grow.planning.param_groups import Groups

PLAIN_LOSS = "cross_entropy"
"""Name of the metric that is the loss of a batch without class weights."""


def compile_model(
    model: Model,
    training: Training,
    classes: int,
    groups: Groups | None = None,
    frozen_steps: int = 0,
    *,
    balanced: bool = False,
) -> None:
    """Gives a model its optimizer, loss and metrics.

    Args:
        model: all its layers are trainable.
        training: how it is trained.
        classes: how many classes there are.
        groups: layers with another learning rate; without them a plain Keras optimizer, as a
            model that is saved needs.
        frozen_steps: how many of the optimizer's steps are done before it begins to remember
            gradients of the layers carried over; 0 where it never lacks any.
        balanced: whether batches come with class weights; see `compile_with`.
    """
    optimizer = load_keras().optimizers.get(
        {
            "class_name": training.optimizer,
            # Named, since Keras would count optimizers, and the name is saved.
            "config": {"name": "optimizer", "learning_rate": training.learning_rate},
        }
    )
    if groups is not None and (groups.factor != 1.0 or frozen_steps):
        optimizer = _with_groups(optimizer, model, groups, frozen_steps)
    # All its variables are there from the start, so that a checkpoint can be put into them.
    optimizer.build(model.trainable_variables)
    compile_with(model, optimizer, classes, balanced=balanced)


def compile_with(model: Model, optimizer: Any, classes: int, *, balanced: bool = False) -> None:
    """Gives a model an optimizer that has its variables already, a loss and metrics.

    Where the training is ``balanced`` by class weights, the loss without them is a metric too,
    by the name `PLAIN_LOSS`.
    """
    metrics, two = load_keras().metrics, classes == 2
    accuracy = metrics.BinaryAccuracy if two else metrics.SparseCategoricalAccuracy
    plain = metrics.BinaryCrossentropy if two else metrics.SparseCategoricalCrossentropy
    model.compile(
        optimizer=optimizer,
        loss="binary_crossentropy" if two else "sparse_categorical_crossentropy",
        metrics=[accuracy(name="accuracy"), *([plain(name=PLAIN_LOSS)] if balanced else [])],
        jit_compile=False,
    )


def freeze(model: Model, layers: Collection[str]) -> None:
    """Makes layers untrainable, by name, and all others trainable.

    Keras leaves the weights of an untrainable layer out of the gradients, and runs an
    untrainable batch normalisation in inference mode: with its moving statistics, which stay.
    Steps that were traced before know nothing of it: compile the model anew.
    """
    for layer in model.layers:
        layer.trainable = layer.name not in layers


def optimizer_variables(model: Model) -> dict[str, Any]:
    """The variables of a compiled model's optimizer, by name: ``conv_1_kernel_momentum``."""
    return {variable.path.partition("/")[2]: variable for variable in model.optimizer.variables}


def _with_groups(plain: Any, model: Model, groups: Groups, frozen_steps: int) -> Any:
    """The optimizer again, with a learning rate and an age for each group of layers.

    The update is scaled, not the gradient: Adam and its like divide by the gradient's size, so
    that a scaled gradient would change nothing. What it remembers of gradients stays the same.
    """
    ops = load_keras().ops
    layers = [layer_of(variable) for variable in model.trainable_variables]
    factors = [groups.factor_of(layer) for layer in layers]
    missed = [frozen_steps if layer in groups.carried else 0 for layer in layers]
    base: Any = type(plain)
    decay = plain.weight_decay

    class Grouped(base):  # type: ignore[misc]  # the step is where Keras asks for a subclass
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            place = self._get_variable_index(variable)
            rate = ops.cast(learning_rate, variable.dtype) * factors[place]
            if decay is not None:
                self.assign_sub(variable, variable * decay * rate)
            if missed[place]:
                rate = rate * _for_age(self, self.iterations + 1, missed[place])
            super().update_step(gradient, variable, rate)

    optimizer = Grouped.from_config(plain.get_config())
    if decay is not None:
        # Keras takes it at the full rate, before the step; it is taken above instead.
        optimizer.exclude_from_weight_decay(var_list=model.trainable_variables)
    return optimizer


def _for_age(optimizer: Any, step: Any, missed: int) -> Any:
    """What the rate of a layer is multiplied by that the optimizer met only after some steps.

    Adam's means of gradients begin at zero, and it makes up for that by the number of the step
    (Kingma and Ba 2015, arXiv:1412.6980, section 3). That number is the same for all layers in
    Keras, and would be wrong for a layer that was frozen: its first steps would be several times
    too large. Here the number counts from its own first step. Nadam keeps the product of its
    momenta besides, so only its mean of squares is set right; its first steps are smaller then.
    Other optimizers of Keras make up for nothing, so there is nothing to set right.
    """
    ops = load_keras().ops
    if not hasattr(optimizer, "beta_2"):
        return 1.0
    age = ops.cast(ops.maximum(step - missed, 1), "float32")
    step = ops.cast(step, "float32")
    factor = ops.sqrt((1 - optimizer.beta_2**age) / (1 - optimizer.beta_2**step))
    if hasattr(optimizer, "_u_product"):
        return factor
    return factor * (1 - optimizer.beta_1**step) / (1 - optimizer.beta_1**age)


def layer_of(variable: Any) -> str:
    """Name of the layer that a model's variable belongs to: ``conv_1`` of ``conv_1/kernel``."""
    name: str = variable.path.partition("/")[0]
    return name
