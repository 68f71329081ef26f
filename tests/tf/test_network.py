"""What the architecture arithmetic says is what Keras builds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grow.data.preprocessing import Preprocessing
from grow.nets import network, operators
from grow.nets.architecture import Architecture
from grow.planning import validate
from grow.runs import model_file
from grow.runs.model_file import Notes

pytestmark = pytest.mark.tf

STAGES = Path(__file__).parents[2] / "stages"

MIXED = """
name: mixed
data: {source: drawn}
model:
  image: [12, 8, 1]
  blocks:
    - {filters: 3, kernel: [3, 5], batch_norm: true, activation: elu, pool: average}
    - {filters: 5, pool: none, dropout: 0.2, name: deep}
  head: {pool: global_max, dense: [7, 6], dropout: 0.1}
train: {epochs: 1}
stages:
  - name: one
  - name: two
    grow: [{insert: {filters: 4, after: deep, pool_size: [3, 2]}}, {resize: [24, 16]}]
  - name: three
    grow: [{insert: {filters: 2, at: start, pool: average}}]
"""


def lineages() -> list[tuple[str, int, Architecture]]:
    specs = [validate.read(path) for path in sorted(STAGES.glob("*.yaml"))]
    specs.append(validate.parse(MIXED, "mixed.yaml"))
    return [
        (f"{spec.name}-{number}-of-{classes}", classes, architecture)
        for spec in specs
        for classes in (2, 5)
        for number, architecture in enumerate(operators.lineage(spec, classes), start=1)
    ]


@pytest.mark.parametrize("architecture", [pytest.param(a, id=name) for name, _, a in lineages()])
def test_shapes_and_parameters_are_those_of_keras(architecture: Architecture) -> None:
    model = network.build(architecture, seed_of=lambda _: 1)
    for row in architecture.placed():
        layer = model.get_layer(row.name)
        assert tuple(layer.output.shape) == (None, *row.output)
        shapes = {w.path.partition("/")[2]: tuple(w.shape) for w in layer.weights}
        assert shapes == row.weights
        assert layer.count_params() == row.parameters
    assert model.count_params() == architecture.parameters


def test_the_experiment_by_hand_has_its_parameters() -> None:
    spec = validate.read(STAGES / "seed.yaml")
    models = [network.build(a, seed_of=lambda _: 1) for a in operators.lineage(spec, 2)]
    assert [model.count_params() for model in models] == [4_195_457, 1_058_977]


def architecture() -> Architecture:
    return operators.lineage(validate.parse(MIXED, "mixed.yaml"), 5)[2]


def test_the_seed_of_a_layer_decides_its_start_and_nothing_else() -> None:
    one = network.read_weights(network.build(architecture(), seed_of=lambda _: 1))
    same = network.read_weights(network.build(architecture(), seed_of=lambda _: 1))
    other = network.read_weights(
        network.build(architecture(), seed_of=lambda name: 2 if name == "conv_1" else 1)
    )
    differs = {key for key in one if not np.array_equal(one[key], other[key])}
    assert all(np.array_equal(one[key], same[key]) for key in one)
    assert differs == {"conv_1/kernel"}


def test_weights_of_other_names_or_shapes_are_refused() -> None:
    model = network.build(architecture(), seed_of=lambda _: 1)
    weights = network.read_weights(model)
    lacking = {key: value for key, value in weights.items() if key != "conv_1/bias"}
    with pytest.raises(ValueError, match="conv_1/bias"):
        network.write_weights(model, lacking)
    with pytest.raises(ValueError, match="conv_1/bias: expected shape"):
        network.write_weights(model, {**weights, "conv_1/bias": np.zeros(99, np.float32)})


def test_a_saved_model_predicts_the_same_in_plain_keras(tmp_path: Path) -> None:
    import keras

    model = network.build(architecture(), seed_of=lambda _: 1)
    path = tmp_path / "model.keras"
    notes = Notes(("a", "b", "c", "d", "é"), Preprocessing((24, 16, 1), (48, 16), "crop"))
    model_file.save(model, notes, path)
    pixels = np.random.default_rng(0).uniform(0, 255, (3, 24, 16, 1)).astype("float32")
    plain = keras.saving.load_model(path)
    np.testing.assert_array_equal(plain.predict_on_batch(pixels), model.predict_on_batch(pixels))
    assert model_file.read_notes(path) == notes
