"""What `grow explain` says Keras loads is what Keras loads: each weight, each value."""

from __future__ import annotations

import random
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from grow.backend import load_keras
from grow.nets.explain import Explanation
from grow.nets.explain.loading import Outcome
from grow.nets.explaining import explain

pytestmark = pytest.mark.tf

Build = Callable[[Any, Any], Any]
Arrays = dict[str, np.ndarray]


def scatter(model: Any, seed: int) -> None:
    """Gives every weight values that no other weight of any model has."""
    numbers = np.random.default_rng(seed)
    for variable in model.variables:
        values = numbers.integers(1, 1 << 22, size=tuple(variable.shape))
        variable.assign(np.asarray(values, dtype="float32").astype(variable.dtype))


def arrays_in(path: Path) -> Arrays:
    """Every saved array by address, such as ``layers/dense/vars/0``."""
    found: Arrays = {}

    def visit(name: str, thing: Any) -> None:
        if isinstance(thing, h5py.Dataset):
            found[name] = np.array(thing)

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as file:
            h5py.File(file).visititems(visit)
    else:
        with h5py.File(path) as file:
            file.visititems(visit)
    return found


def check(old: Any, new: Any, folder: Path) -> Explanation:
    """Predicts, lets Keras load, and compares every array and every warning."""
    scatter(old, 1)
    scatter(new, 2)
    old_file, new_file, after_file = (folder / f"{name}.keras" for name in ("old", "new", "after"))
    old.save(old_file)
    new.save(new_file)
    explanation = explain(old_file, new_file)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        new.load_weights(old_file, skip_mismatch=True)
    new.save(after_file)

    theirs, before, after = (arrays_in(path) for path in (old_file, new_file, after_file))
    expected = dict(before)
    for line in explanation.layers:
        for landing in line.keras.landed:
            expected[f"{landing.address}/vars/{landing.key}"] = theirs[landing.origin]
    assert expected.keys() == after.keys()
    wrong = [name for name in after if not np.array_equal(after[name], expected[name])]
    assert not wrong
    failed = any("could not be loaded" in str(one.message) for one in said)
    assert failed == any(line.keras.warned for line in explanation.layers)
    # Each saved array of a layer is accounted for, so that nothing was compared with itself.
    counted = sum(len(line.weights) for line in explanation.layers)
    assert counted == sum(name.startswith("layers/") for name in after)
    return explanation


def chain(*layers: Callable[[Any], Any], shape: tuple[int | None, ...] = (8, 8, 3)) -> Build:
    """A functional model of layers in a row."""

    def build(keras: Any, at: Any) -> Any:
        start = value = keras.Input(shape)
        for layer in layers:
            value = layer(at)(value)
        return keras.Model(start, value)

    return build


def row(*layers: Callable[[Any], Any], shape: tuple[int | None, ...] = (8, 8, 3)) -> Build:
    """A sequential model."""
    return lambda keras, at: keras.Sequential([keras.Input(shape), *(one(at) for one in layers)])


def conv(filters: int, kernel: int = 3, **more: Any) -> Callable[[Any], Any]:
    return lambda at: at.Conv2D(filters, kernel, padding="same", **more)


def dense(units: int, **more: Any) -> Callable[[Any], Any]:
    return lambda at: at.Dense(units, **more)


def a(name: str, *given: Any, **more: Any) -> Callable[[Any], Any]:
    return lambda at: getattr(at, name)(*given, **more)


POOL, FLAT, NORM = a("MaxPooling2D"), a("Flatten"), a("BatchNormalization")


def residual(blocks: int, *, swapped: bool = False, sizes: tuple[int, int] = (3, 1)) -> Build:
    """Two branches a block, added."""

    def build(keras: Any, at: Any) -> Any:
        start = keras.Input((8, 8, 3))
        value = at.Conv2D(4, 3, padding="same")(start)
        for _ in range(blocks):
            one = at.Conv2D(4, sizes[0], padding="same")(value)
            other = at.Conv2D(4, sizes[1], padding="same")(value)
            value = at.Add()([other, one] if swapped else [one, other])
        value = at.GlobalAveragePooling2D()(value)
        return keras.Model(start, at.Dense(2)(value))

    return build


def nested(*inner: Callable[[Any], Any], sequential: bool = True, before: bool = False) -> Build:
    """A model with a model inside, called twice."""

    def build(keras: Any, at: Any) -> Any:
        start = keras.Input((6,))
        value = at.Dense(6)(start) if before else start
        if sequential:
            part = keras.Sequential([one(at) for one in inner])
        else:
            inside = result = keras.Input((6,))
            for one in inner:
                result = one(at)(result)
            part = keras.Model(inside, result)
        value = at.Concatenate()([part(value), part(start)])
        return keras.Model(start, at.Dense(3)(value))

    return build


def shared(units: int, *, apart: bool = False) -> Build:
    """A layer that a nested model and the model around it share, or one each."""

    def build(keras: Any, at: Any) -> Any:
        layer = at.Dense(units)
        inside = keras.Input((6,))
        part = keras.Model(inside, layer(inside))
        start = keras.Input((6,))
        other = at.Dense(units) if apart else layer
        return keras.Model(start, at.Add()([part(start), other(start)]))

    return build


def two_inputs(keras: Any, at: Any) -> Any:
    left, right = keras.Input((4,)), keras.Input((4,))
    twin = at.Dense(5)
    value = at.Concatenate()([twin(left), twin(right), at.Dense(3)(left)])
    return keras.Model([left, right], [at.Dense(2)(value), at.Dense(1)(value)])


def operations(keras: Any, at: Any) -> Any:
    start = keras.Input((4,))
    value = at.Dense(4)(start) * 2.0 + start
    value = keras.ops.relu(at.Dense(4)(value))
    return keras.Model(start, value[:, :2])


def low_rank(*, enabled: bool) -> Build:
    def build(keras: Any, at: Any) -> Any:
        start = keras.Input((4,))
        layer = at.Dense(5)
        model = keras.Model(start, at.Dense(2)(layer(start)))
        if enabled:
            layer.enable_lora(2)
        return model

    return build


SEQUENCE = (7, 4)
SEED_OLD = row(conv(4), POOL, FLAT, dense(6), dense(1))
PAIRS: dict[str, tuple[Build, Build]] = {
    "itself": (SEED_OLD, SEED_OLD),
    "seed": (SEED_OLD, row(conv(4), POOL, conv(4), POOL, FLAT, dense(6), dense(1))),
    "insert before": (chain(conv(3), conv(3)), chain(conv(3), conv(3), conv(3))),
    "insert in between": (chain(conv(4), conv(4), conv(5)), chain(*[conv(4)] * 3, conv(5))),
    "remove": (chain(conv(3), conv(3), conv(5)), chain(conv(3), conv(5))),
    "sequential to functional": (SEED_OLD, chain(conv(4), POOL, FLAT, dense(6), dense(1))),
    "wider": (chain(conv(4), conv(4)), chain(conv(6), conv(4))),
    "other kernel": (chain(conv(4, 3)), chain(conv(4, 5))),
    "without bias": (chain(conv(4)), chain(conv(4, use_bias=False))),
    "normalised": (chain(conv(4), conv(4)), chain(conv(4), NORM, conv(4), NORM)),
    "centre for scale": (
        chain(a("BatchNormalization", center=False)),
        chain(a("BatchNormalization", scale=False)),
    ),
    "larger pictures": (SEED_OLD, row(conv(4), POOL, FLAT, dense(6), dense(1), shape=(16, 16, 3))),
    "grouped": (chain(conv(4), conv(4)), chain(conv(4), conv(4, groups=2))),
    "separable": (
        chain(a("SeparableConv2D", 4, 3), a("DepthwiseConv2D", 3)),
        chain(a("DepthwiseConv2D", 3), a("SeparableConv2D", 3, 3), a("DepthwiseConv2D", 3)),
    ),
    "transposed": (
        chain(conv(4), a("Conv2DTranspose", 4, 3)),
        chain(a("Conv2DTranspose", 4, 3), conv(4), a("Conv2DTranspose", 4, 3)),
    ),
    "residual": (residual(1), residual(2)),
    "branches swapped": (residual(1), residual(1, swapped=True)),
    "branches resized": (residual(2), residual(2, sizes=(1, 3))),
    "nested": (nested(dense(6), dense(4)), nested(dense(6), dense(6), dense(4))),
    "nested functional": (
        nested(dense(6), dense(4), sequential=False),
        nested(dense(6), dense(6), dense(4), sequential=False),
    ),
    "nested kinds": (nested(dense(6)), nested(dense(6), sequential=False)),
    "nested before": (nested(dense(6)), nested(dense(6), before=True)),
    "shared": (shared(4), shared(4)),
    "shared apart": (shared(4), shared(4, apart=True)),
    "apart shared": (shared(4, apart=True), shared(4)),
    "apart shared elsewhere": (chain(dense(4), shape=(6,)), shared(4)),
    "two inputs": (two_inputs, two_inputs),
    "operations": (operations, chain(dense(4), dense(4), dense(4), shape=(4,))),
    "recurrent": (
        chain(a("LSTM", 3, return_sequences=True), a("GRU", 3), shape=SEQUENCE),
        chain(a("GRU", 4, return_sequences=True), a("LSTM", 3), shape=SEQUENCE),
    ),
    "reset after": (
        chain(a("GRU", 3), shape=SEQUENCE),
        chain(a("GRU", 3, reset_after=False), shape=SEQUENCE),
    ),
    "bidirectional": (
        chain(lambda at: at.Bidirectional(at.LSTM(3)), dense(2), shape=SEQUENCE),
        chain(
            lambda at: at.Bidirectional(at.LSTM(3, return_sequences=True)),
            lambda at: at.Bidirectional(at.LSTM(3)),
            dense(2),
            shape=SEQUENCE,
        ),
    ),
    "bidirectional cells": (
        chain(lambda at: at.Bidirectional(at.GRU(3)), shape=SEQUENCE),
        chain(lambda at: at.Bidirectional(at.GRU(3, reset_after=False)), shape=SEQUENCE),
    ),
    "time distributed": (
        chain(lambda at: at.TimeDistributed(at.Dense(3)), dense(3), shape=SEQUENCE),
        chain(
            lambda at: at.TimeDistributed(at.Dense(4)),
            lambda at: at.TimeDistributed(at.Dense(3)),
            dense(4),
            shape=SEQUENCE,
        ),
    ),
    "wrapped": (
        chain(lambda at: at.TimeDistributed(at.Dense(3)), shape=SEQUENCE),
        chain(dense(3), shape=SEQUENCE),
    ),
    "stacked cells": (
        chain(lambda at: at.RNN([at.LSTMCell(2), at.GRUCell(2)]), shape=SEQUENCE),
        chain(lambda at: at.RNN([at.LSTMCell(2), at.LSTMCell(2), at.GRUCell(2)]), shape=SEQUENCE),
    ),
    "spectral": (
        chain(lambda at: at.SpectralNormalization(at.Conv2D(4, 3))),
        chain(lambda at: at.SpectralNormalization(at.Conv2D(4, 3)), conv(4)),
    ),
    "normalisations": (
        chain(a("LayerNormalization"), a("GroupNormalization", 1), a("PReLU")),
        chain(a("LayerNormalization"), a("GroupNormalization", 3), a("PReLU", shared_axes=[1, 2])),
    ),
    "statistics": (
        chain(lambda at: at.Normalization(), conv(2)),
        chain(lambda at: at.Normalization(), conv(2), shape=(8, 8, 2)),
    ),
    "embedding": (
        chain(a("Embedding", 9, 4), a("GlobalAveragePooling1D"), dense(2), shape=(5,)),
        chain(a("Embedding", 12, 4), a("GlobalAveragePooling1D"), dense(2), shape=(5,)),
    ),
    "einsum": (
        chain(a("EinsumDense", "abc,cd->abd", output_shape=(None, 5)), shape=SEQUENCE),
        chain(
            a("EinsumDense", "abc,cd->abd", output_shape=(None, 5), bias_axes="d"), shape=SEQUENCE
        ),
    ),
    "low rank": (low_rank(enabled=False), low_rank(enabled=True)),
    "low rank before": (low_rank(enabled=True), low_rank(enabled=False)),
    "counted past ten": (
        chain(*[dense(4)] * 12, dense(5), shape=(4,)),
        chain(*[dense(4)] * 11, dense(5), dense(4), shape=(4,)),
    ),
    "nothing shared": (chain(conv(4)), chain(dense(5), shape=(4,))),
    "no weights": (chain(POOL, FLAT), chain(POOL, FLAT)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_keras_loads_what_is_said(pair: str, tmp_path: Path) -> None:
    keras = load_keras()
    old, new = PAIRS[pair]
    check(old(keras, keras.layers), new(keras, keras.layers), tmp_path)


def attention(heads: int, *, cross: bool) -> Build:
    def build(keras: Any, at: Any) -> Any:
        start = keras.Input((5, 4))
        value = at.MultiHeadAttention(heads, 2)(start, start)
        if cross:
            value = at.MultiHeadAttention(2, 2)(value, start)
        return keras.Model(start, value)

    return build


@pytest.mark.parametrize(("old", "new"), [((2, False), (2, True)), ((2, True), (3, True))])
def test_attention(old: tuple[int, bool], new: tuple[int, bool], tmp_path: Path) -> None:
    keras = load_keras()
    models = [attention(h, cross=c)(keras, keras.layers) for h, c in (old, new)]
    check(*models, tmp_path)


def words(mode: str, *texts: str) -> Build:
    def build(keras: Any, at: Any) -> Any:
        layer = at.TextVectorization(max_tokens=9, output_mode=mode)
        layer.adapt(list(texts))
        start = keras.Input((1,), dtype="string")
        return keras.Model(start, at.Dense(2)(layer(start)))

    return build


@pytest.mark.parametrize("modes", [("tf_idf", "tf_idf"), ("count", "tf_idf"), ("tf_idf", "count")])
def test_vocabularies_are_not_guessed(modes: tuple[str, str], tmp_path: Path) -> None:
    keras = load_keras()
    old = words(modes[0], "a b c", "a d", "a a b")(keras, keras.layers)
    new = words(modes[1], "x y", "x z z", "w w w")(keras, keras.layers)
    found = check(old, new, tmp_path)
    decisions = {line.kind: line.carry.decision for line in found.layers}
    assert decisions["TextVectorization"] == "unknown"
    assert decisions["Dense"] == "unknown"


def attended(blocks: int, heads: int = 2) -> Build:
    """Blocks of a transformer."""

    def build(keras: Any, at: Any) -> Any:
        start = value = keras.Input((6, 8))
        for _ in range(blocks):
            seen = at.LayerNormalization()(value)
            seen = at.MultiHeadAttention(heads, 4)(seen, seen, use_causal_mask=True)
            value = at.Add()([value, seen])
            value = at.Add()([value, at.Dense(8)(at.Dense(9, activation="gelu")(value))])
        return keras.Model(start, at.Dense(3)(value[:, 0]))

    return build


@pytest.mark.parametrize("pair", [((1, 2), (2, 2)), ((2, 2), (1, 2)), ((1, 2), (1, 4))])
def test_transformers(pair: tuple[tuple[int, int], tuple[int, int]], tmp_path: Path) -> None:
    keras = load_keras()
    old, new = (attended(*one)(keras, keras.layers) for one in pair)
    check(old, new, tmp_path)


def any_model(numbers: random.Random) -> Build:
    """A model drawn by chance: blocks in a row, some of them branched, some nested."""
    plan = [(numbers.randrange(6), numbers.choice((3, 4))) for _ in range(numbers.randint(2, 6))]

    def build(keras: Any, at: Any) -> Any:
        start = value = keras.Input((6, 6, 3))
        for sort, width in plan:
            if sort < 2:
                value = at.Conv2D(width, numbers.choice((1, 3)), padding="same")(value)
            elif sort == 2:
                value = at.BatchNormalization()(value)
            elif sort == 3:
                sides = [at.Conv2D(width, k, padding="same")(value) for k in (3, 1)]
                value = at.Add()(sides) if width == 4 else at.Concatenate()(sides)
            elif sort == 4:
                value = keras.Sequential([at.Conv2D(width, 1), at.Dense(3)])(value)
            else:
                value = at.Dropout(0.2)(value)
        return keras.Model(start, at.Dense(2)(at.Flatten()(value)))

    return build


@pytest.mark.parametrize("seed", range(20))
def test_models_drawn_by_chance(seed: int, tmp_path: Path) -> None:
    keras = load_keras()
    numbers = random.Random(seed)
    old, new = (any_model(numbers)(keras, keras.layers) for _ in range(2))
    check(old, new, tmp_path)


def test_the_comparison_notices_a_wrong_prediction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras = load_keras()
    monkeypatch.setattr("grow.nets.explain.loading._failure", lambda *_: "nothing at all")
    model = SEED_OLD(keras, keras.layers)
    with pytest.raises(AssertionError):
        check(model, SEED_OLD(keras, keras.layers), tmp_path)


def test_weights_beside_their_model(tmp_path: Path) -> None:
    keras = load_keras()
    old = SEED_OLD(keras, keras.layers)
    new = PAIRS["seed"][1](keras, keras.layers)
    for model, name in ((old, "old"), (new, "new")):
        model.save(tmp_path / f"{name}.keras")
        model.save_weights(tmp_path / f"{name}.weights.h5")
    whole = explain(tmp_path / "old.keras", tmp_path / "new.keras")
    apart = explain(
        tmp_path / "old.weights.h5",
        tmp_path / "new.weights.h5",
        old_model=tmp_path / "old.keras",
        new_model=tmp_path / "new.keras",
    )
    bare = explain(tmp_path / "old.weights.h5", tmp_path / "new.weights.h5")
    assert apart.layers == whole.layers
    landed = {line.address: line.keras.landed for line in bare.layers if line.weights}
    for line in whole.layers:
        if line.weights:
            ours = [(one.origin, one.key) for one in line.keras.landed]
            assert [(one.origin, one.key) for one in landed[line.address]] == ours
    assert {line.carry.decision.value for line in bare.layers if line.weights} <= {
        "unknown",
        "skip",
        "initialise",
    }


def test_a_class_of_ones_own_is_named_and_not_guessed(tmp_path: Path) -> None:
    keras = load_keras()

    @keras.saving.register_keras_serializable("mine")
    class Scale(keras.layers.Layer):  # type: ignore[name-defined, misc]
        def build(self, shape: tuple[int, ...]) -> None:
            self.factor = self.add_weight(shape=(shape[-1],))

        def call(self, value: Any) -> Any:
            return value * self.factor

    model = chain(conv(4), lambda _: Scale(), conv(4))(keras, keras.layers)
    model.save(tmp_path / "m.keras")
    found = explain(tmp_path / "m.keras", tmp_path / "m.keras")
    by_kind = {line.kind: line for line in found.layers}
    assert by_kind["Scale"].carry.decision == "unknown"
    assert "mine>Scale" in by_kind["Scale"].carry.words
    assert by_kind["Scale"].keras.outcome is Outcome.UNKNOWN
    first, second = (line for line in found.layers if line.kind == "Conv2D")
    assert first.carry.decision == "copy"
    assert second.carry.decision == "unknown"
    assert "mine>Scale" in second.carry.words


def test_every_layer_class_of_keras_is_known_or_left_out_on_purpose() -> None:
    from grow.nets.explain.addresses import snake_case
    from grow.nets.explain.kinds import KNOWN, OPAQUE

    keras = load_keras()
    classes = {
        name: thing
        for name, thing in vars(keras.layers).items()
        if isinstance(thing, type) and issubclass(thing, keras.layers.Layer)
    }
    there = {name for name in classes if name not in {"Layer", "Wrapper"}}
    known = (KNOWN - {"Functional", "Sequential"}) | OPAQUE
    assert known <= there
    assert {classes[name] for name in there} == {classes[name] for name in known}
    to_snake_case = keras.src.utils.naming.to_snake_case
    for name in known:
        assert snake_case(name) == to_snake_case(classes[name].__name__)


def test_every_layer_that_is_said_to_pass_its_input_on_does(tmp_path: Path) -> None:
    from grow.nets.explain.kinds import OF_KERAS_2, PASSES_ON

    keras = load_keras()
    pictures = np.random.default_rng(0).uniform(-200, 400, (2, 8, 8, 3)).astype("float32")
    factors = ({"factor": 0.3}, {"factor": 3}, {"rate": 0.2}, {"stddev": 0.1})
    wide = {"height_factor": 0.2, "width_factor": 0.2}
    for name in sorted(PASSES_ON - OF_KERAS_2):
        kind = getattr(keras.layers, name)
        if name.startswith("SpatialDropout") and name != "SpatialDropout2D":
            continue
        layer = next(made for one in ({}, *factors, wide) if (made := _made(kind, one)) is not None)
        assert np.array_equal(layer(pictures, training=False), pictures), name


def _made(kind: Any, given: dict[str, float]) -> Any:
    try:
        return kind(**given)
    except (TypeError, ValueError):
        return None


NOTHING_TO_DO: tuple[Callable[[Any], Any], ...] = (
    a("Rescaling", 1.0),
    a("ZeroPadding2D", 0),
    a("Cropping2D", 0),
    a("UpSampling2D", 1),
    a("RandomCrop", 8, 8),
    a("Reshape", (8, 8, 3)),
    a("Permute", (1, 2, 3)),
    a("Activation", "linear"),
    lambda at: at.Pipeline([at.RandomFlip(), at.RandomZoom(0.2)]),
)
SOMETHING_TO_DO: tuple[Callable[[Any], Any], ...] = (
    a("Rescaling", 2.0),
    a("ZeroPadding2D", 1),
    a("Permute", (2, 1, 3)),
    a("Activation", "relu"),
    a("AutoContrast"),
    lambda at: at.Pipeline([at.RandomFlip(), at.Rescaling(2.0)]),
)


@pytest.mark.parametrize("number", range(len(NOTHING_TO_DO) + len(SOMETHING_TO_DO)))
def test_layers_whose_settings_make_them_the_identity(number: int, tmp_path: Path) -> None:
    keras = load_keras()
    layer = (NOTHING_TO_DO + SOMETHING_TO_DO)[number]
    ends = (a("GlobalAveragePooling2D"), dense(2))
    old = chain(conv(4), *ends)(keras, keras.layers)
    new = chain(layer, conv(4), *ends)(keras, keras.layers)
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype("float32")
    inside = keras.Model(new.inputs, new.layers[1].output)
    is_identity = np.array_equal(inside.predict(pictures, verbose=0), pictures)
    assert is_identity == (number < len(NOTHING_TO_DO))
    old.save(tmp_path / "old.keras")
    new.save(tmp_path / "new.keras")
    for one, other in (("old", "new"), ("new", "old")):
        found = explain(tmp_path / f"{one}.keras", tmp_path / f"{other}.keras")
        copied = {line.carry.decision.value for line in found.layers if line.weights}
        assert copied == ({"copy"} if is_identity else {"skip"})


@pytest.mark.parametrize("pair", sorted(PAIRS))
def test_shapes_are_inferred_as_keras_has_them(pair: str, tmp_path: Path) -> None:
    from dataclasses import replace

    from grow.nets.archive import read
    from grow.nets.archive.shapes import with_input_shapes

    keras = load_keras()
    for number, build in enumerate(PAIRS[pair]):
        path = tmp_path / f"{number}.keras"
        build(keras, keras.layers).save(path)
        layers = read(path).layers
        forgotten = [
            layer if layer.kind == "InputLayer" else replace(layer, input_shape=None)
            for layer in layers
        ]
        told = with_input_shapes(forgotten)
        for layer in layers:
            if layer.path in told and layer.input_shape is not None:
                assert told[layer.path] == layer.input_shape, layer.path
