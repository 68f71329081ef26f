"""Every claim of `grow explain` about pairs of models, against what Keras does with them.

Models of one family are the same network: flat, nested, with layers that do nothing at
inference, renamed. Each is saved in both formats and compared with each in both. Three claims
are held against Keras: what ``load_weights`` puts where, the silence about it, and every copy:
with the old weights in the copied layers, what comes out of each of them is what came out of
its old one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grow.backend import load_keras
from grow.nets.archive import read
from grow.nets.explain import Difference, Explanation, Model, explain
from grow.nets.explain.carry import Decision
from tests.tf.test_explain_loading import arrays_in

pytestmark = [pytest.mark.tf, pytest.mark.slow]


def steps(
    at: Any,
    names: tuple[str, ...] | None = None,
    *,
    widths: tuple[int, int] = (4, 4),
    classes: int = 3,
    batch_norm: bool = False,
) -> list[Any]:
    """The layers of the network that all models of the family are."""
    given = [{"name": name} for name in names] if names else [{}] * 4
    convs = [
        at.Conv2D(width, 3, padding="same", activation="relu", **name)
        for width, name in zip(widths, given, strict=False)
    ]
    norms = [at.BatchNormalization() for _ in widths] if batch_norm else [at.ReLU(), at.ReLU()]
    return [
        convs[0], norms[0], at.MaxPooling2D(), convs[1], norms[1], at.MaxPooling2D(), at.Flatten(),
        at.Dense(5, activation="relu", **given[2]), at.Dense(classes, **given[3]),
    ]  # fmt: skip


def flat(keras: Any, layers: list[Any]) -> Any:
    start = value = keras.Input((8, 8, 3))
    for layer in layers:
        value = layer(value)
    return keras.Model(start, value)


def sequential(keras: Any, layers: list[Any]) -> Any:
    return keras.Sequential([keras.Input((8, 8, 3)), *layers])


def nested(
    keras: Any, layers: list[Any], *, name: str = "backbone", functional: bool = False
) -> Any:
    """Everything up to the flatten inside a model of its own."""
    inside = keras.Input((8, 8, 3))
    if functional:
        value = inside
        for layer in layers[:7]:
            value = layer(value)
        part = keras.Model(inside, value, name=name)
    else:
        part = keras.Sequential([inside, *layers[:7]], name=name)
    start = keras.Input((8, 8, 3))
    value = part(start)
    for layer in layers[7:]:
        value = layer(value)
    return keras.Model(start, value)


def nested_twice(keras: Any, layers: list[Any]) -> Any:
    inner = keras.Sequential([keras.Input((8, 8, 3)), *layers[:3]], name="stem")
    outer = keras.Sequential([keras.Input((8, 8, 3)), inner, *layers[3:7]], name="backbone")
    return keras.Sequential([keras.Input((8, 8, 3)), outer, *layers[7:]])


def augmented(keras: Any, layers: list[Any], *, inside: bool = False) -> Any:
    at = keras.layers
    random = [at.RandomFlip(), at.RandomRotation(0.1), at.RandomZoom(0.1), at.GaussianNoise(0.1)]
    if inside:
        random = [keras.Sequential(random, name="augmentation")]
    return flat(keras, [*random, *layers])


def dropped(keras: Any, layers: list[Any]) -> Any:
    at = keras.layers
    between = [at.SpatialDropout2D(0.1), at.Identity(), at.ActivityRegularization(0.1)]
    more = [*layers[:3], *between, *layers[3:8], at.Dropout(0.5), at.Activation("linear")]
    return flat(keras, [*more, layers[8], at.AlphaDropout(0.1)])


def both(keras: Any, layers: list[Any]) -> Any:
    """Nested, augmented, with dropout."""
    at = keras.layers
    random = keras.Sequential([keras.Input((8, 8, 3)), at.RandomFlip(), at.RandomContrast(0.1)])
    part = keras.Sequential([keras.Input((8, 8, 3)), *layers[:6]], name="features")
    return flat(keras, [random, part, at.Dropout(0.3), layers[6], at.Dropout(0.2), *layers[7:]])


NAMES = ("c1", "c2", "d1", "out")
OTHERS = ("conv_a", "conv_b", "dense_a", "dense_b")
FAMILY: dict[str, Callable[[Any], Any]] = {
    "flat": lambda k: flat(k, steps(k.layers)),
    "named": lambda k: flat(k, steps(k.layers, NAMES)),
    "renamed": lambda k: flat(k, steps(k.layers, OTHERS)),
    "sequential": lambda k: sequential(k, steps(k.layers)),
    "nested": lambda k: nested(k, steps(k.layers)),
    "nested named": lambda k: nested(k, steps(k.layers, NAMES)),
    "nested functional": lambda k: nested(k, steps(k.layers, NAMES), functional=True),
    "nested twice": lambda k: nested_twice(k, steps(k.layers)),
    "augmented": lambda k: augmented(k, steps(k.layers, NAMES)),
    "augmented inside": lambda k: augmented(k, steps(k.layers), inside=True),
    "dropped": lambda k: dropped(k, steps(k.layers, NAMES)),
    "both": lambda k: both(k, steps(k.layers)),
}
"""One network in many forms; every layer could be carried over between any two."""


def inserted(keras: Any, place: int) -> Any:
    layers = steps(keras.layers)
    layers.insert(place, keras.layers.Conv2D(4, 3, padding="same", activation="relu"))
    return flat(keras, layers)


def residual(keras: Any, *, concatenated: bool = False, swapped: bool = False) -> Any:
    at = keras.layers
    start = keras.Input((8, 8, 3))
    value = at.Conv2D(4, 3, padding="same", activation="relu")(start)
    sides = [at.Conv2D(4, 1)(value), at.Conv2D(4, 3, padding="same")(value)]
    joined = at.Concatenate if concatenated else at.Add
    value = joined()(sides[::-1] if swapped else sides)
    return keras.Model(start, at.Dense(3)(at.GlobalAveragePooling2D()(value)))


def twice(keras: Any, *, model: bool) -> Any:
    """A layer, or a model of one, used twice."""
    at = keras.layers
    start = keras.Input((8, 8, 3))
    shared: Any = at.Conv2D(3, 3, padding="same", activation="relu")
    if model:
        shared = keras.Sequential([keras.Input((8, 8, 3)), shared], name="twin")
    value = at.Concatenate()([shared(shared(start)), shared(start)])
    return keras.Model(start, at.Dense(3)(at.Flatten()(value)))


def frozen(keras: Any) -> Any:
    layers = steps(keras.layers, NAMES, batch_norm=True)
    layers[1].trainable = False
    layers[3].trainable = False
    return nested(keras, layers)


OTHER: dict[str, Callable[[Any], Any]] = {
    "wider": lambda k: flat(k, steps(k.layers, widths=(6, 4))),
    "more classes": lambda k: flat(k, steps(k.layers, NAMES, classes=5)),
    "more classes nested": lambda k: nested(k, steps(k.layers, NAMES, classes=5)),
    "inserted": lambda k: inserted(k, 3),
    "inserted at the end": lambda k: inserted(k, 6),
    "normalised": lambda k: flat(k, steps(k.layers, batch_norm=True)),
    "normalised nested": lambda k: nested(k, steps(k.layers, NAMES, batch_norm=True)),
    "frozen nested": frozen,
    "residual": residual,
    "residual swapped": lambda k: residual(k, swapped=True),
    "concatenated": lambda k: residual(k, concatenated=True),
    "concatenated swapped": lambda k: residual(k, concatenated=True, swapped=True),
    "twice": lambda k: twice(k, model=False),
    "model twice": lambda k: twice(k, model=True),
}
FAMILIES = [
    set(FAMILY),
    {"normalised", "normalised nested", "frozen nested"},
    {"more classes", "more classes nested"},
    {"residual", "residual swapped"},
    {"twice", "model twice"},
]
"""Families of models that are one network."""

FORMATS = ("keras", "h5")


@dataclass
class Saved:
    """One model, as Keras reads it back from one file."""

    file: Path
    described: Model
    model: Any
    values: list[np.ndarray]
    variables: dict[str, int]
    arrays: dict[str, np.ndarray]
    outputs: dict[str, list[np.ndarray]]

    def reset(self) -> None:
        for variable, value in zip(self.model.variables, self.values, strict=True):
            variable.assign(value)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Saved]:
    """Every model in both formats; each weight of each with values that no other has."""
    keras = load_keras()
    folder = tmp_path_factory.mktemp("matrix")
    found = {}
    for number, (name, build) in enumerate((FAMILY | OTHER).items()):
        model = build(keras)
        scatter_small(model, number)
        for last in FORMATS:
            file = folder / f"{name}.{last}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.save(file)
            found[name, last] = opened(keras, file, folder)
    return found


def scatter_small(model: Any, seed: int) -> None:
    """Weights that no other weight of any model has, small enough to multiply."""
    numbers = np.random.default_rng(seed)
    for variable in model.variables:
        if "seed" not in variable.path:
            values = numbers.normal(size=tuple(variable.shape)) * 0.4
            variable.assign(abs(values) + 0.1 if "variance" in variable.path else values)


def opened(keras: Any, file: Path, folder: Path) -> Saved:
    model = keras.models.load_model(file, compile=False)
    values = [variable.numpy() for variable in model.variables]
    model.save(folder / "again.keras")
    again = arrays_in(folder / "again.keras")
    variables = {
        name: next(n for n, value in enumerate(values) if np.array_equal(value, array))
        for name, array in again.items()
        if name.startswith("layers/") and "seed" not in name
    }
    outputs = outputs_of(model)
    return Saved(file, read(file), model, values, variables, arrays_in(file), outputs)


def layers_by_path(model: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from layers_by_path(layer, f"{before}{layer.name}/")
        else:
            yield f"{before}{layer.name}", layer


def outputs_of(model: Any) -> dict[str, list[np.ndarray]]:
    """What each layer gives at each of its calls, for the same random pictures always."""
    given = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype("float32")
    found: dict[str, list[np.ndarray]] = {}
    layers = dict(layers_by_path(model))

    def watch(path: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            result = call(*args, **kwargs)
            found.setdefault(path, []).append(np.asarray(result))
            return result

        return called

    for path, layer in layers.items():
        layer.call = watch(path, layer.call)
    model(given, training=False)
    for layer in layers.values():
        del layer.call
    return found


def check_loading(old: Saved, new: Saved, found: Explanation, *, by_name: bool) -> None:
    """What Keras puts where, and whether it says so."""
    how = {"by_name": True} if by_name else {}
    new.reset()
    error = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            new.model.load_weights(old.file, skip_mismatch=True, **how)
        except ValueError as raised:
            error = str(raised)
    after = [variable.numpy() for variable in new.model.variables]
    expected = list(new.values)
    foreign: set[str] = set()
    for line in found.layers:
        loading = line.by_name[0] if by_name and line.by_name else line.keras
        for landing in loading.landed:
            place = new.variables[f"{landing.address}/vars/{landing.key}"]
            expected[place] = old.arrays[landing.origin]
            if line.pair is None or landing.layer != line.pair.old:
                foreign.add(line.layer)
    assert all(map(np.array_equal, after, expected))
    loads = found.named if by_name else found.loads
    assert loads is not None
    assert bool(loads.error) == bool(error)
    astray = (Difference.WRONG_LAYER, Difference.WRONG_WEIGHT)
    gaps = {
        line.layer: (line.by_name[1].kind, line.by_name[1].silent)
        if by_name and line.by_name
        else (line.difference, line.silent)
        for line in found.layers
    }
    claimed = {name for name, (kind, silent) in gaps.items() if silent and kind in astray}
    warned = {
        line.layer
        for line in found.layers
        if (line.by_name[0] if by_name and line.by_name else line.keras).warned
    }
    assert claimed == (set() if error else foreign - warned)

    new.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            new.model.load_weights(old.file, **how)
            assert not loads.plain_error
        except ValueError:
            assert loads.plain_error
    new.reset()


def check_copies(old: Saved, new: Saved, found: Explanation) -> None:
    """With the old weights in every copied layer, each gives what its old one gave."""
    new.reset()
    olds, news = dict(layers_by_path(old.model)), dict(layers_by_path(new.model))
    copied = {
        line.layer: line.pair.old
        for line in found.layers
        if line.carry.decision is Decision.COPY and line.pair is not None
    }
    old.reset()
    for path, origin in copied.items():
        news[path].set_weights(olds[origin].get_weights())
    before, after = old.outputs, outputs_of(new.model)
    for path, origin in copied.items():
        assert len(before[origin]) == len(after[path])
        for one, other in zip(before[origin], after[path], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5, err_msg=path)
    new.reset()


@pytest.mark.parametrize("old_format", FORMATS)
@pytest.mark.parametrize("new_format", FORMATS)
def test_every_claim_about_every_pair(
    old_format: str, new_format: str, saved: dict[tuple[str, str], Saved]
) -> None:
    wrong = []
    for row, old_name in enumerate(FAMILY | OTHER):
        for column, new_name in enumerate(FAMILY | OTHER):
            same = any({old_name, new_name} <= family for family in FAMILIES)
            every = 2 if old_format == new_format else 5
            if not same and (row + 2 * column) % every:
                continue  # all pairs of a family, and a sample of all others
            old, new = saved[old_name, old_format], saved[new_name, new_format]
            found = explain(old.described, new.described)
            try:
                check_loading(old, new, found, by_name=False)
                if old_format == "h5":
                    check_loading(old, new, found, by_name=True)
                check_copies(old, new, found)
            except AssertionError as error:
                wrong.append(f"{old_name} to {new_name}: {str(error)[:200]}")
            missed = [
                (line.layer, line.carry.words)
                for line in found.layers
                if line.weights and line.carry.decision is not Decision.COPY
            ]
            if missed and same:
                wrong.append(f"{old_name} to {new_name}: {missed}")
    assert not wrong, "\n".join(wrong)


def test_the_forward_pass_notices_a_copy_that_is_none(
    saved: dict[tuple[str, str], Saved], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = saved["flat", "keras"], saved["inserted", "h5"]
    check_copies(old, new, explain(old.described, new.described))
    monkeypatch.setattr("grow.nets.explain.passing.is_identity", lambda layer: bool(layer.calls))
    with pytest.raises(AssertionError):
        check_copies(old, new, explain(old.described, new.described))
