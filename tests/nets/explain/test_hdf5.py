"""Reading the older HDF5 format without Keras: old configurations, odd layers, damage."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from grow.errors import UsageError
from grow.nets.archive import read
from grow.nets.explain import Explanation
from grow.nets.explaining import explain
from tests.nets.explain.keras2 import Arrays, write


def layer(kind: str, name: str, inbound: Any = (), **config: Any) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", **config}
    nodes = [[[source, 0, 0, {}] for source in inbound]] if inbound else []
    return {"class_name": kind, "config": config, "name": name, "inbound_nodes": nodes}


def pixels(shape: tuple[int, ...] = (8, 8, 3)) -> dict[str, Any]:
    return layer("InputLayer", "input_1", batch_input_shape=[None, *shape], sparse=False)


def conv(name: str, source: str, filters: int = 4, **more: Any) -> dict[str, Any]:
    given = {"kernel_size": [3, 3], "padding": "same", "activation": "relu", **more}
    return layer("Conv2D", name, [source], filters=filters, strides=[1, 1], use_bias=True, **given)


def dense(name: str, source: str, units: int = 2) -> dict[str, Any]:
    return layer("Dense", name, [source], units=units, activation="softmax", use_bias=True)


def model(*layers: dict[str, Any], kind: str = "Functional") -> dict[str, Any]:
    ends = {"input_layers": [["input_1", 0, 0]], "output_layers": [[layers[-1]["name"], 0, 0]]}
    return {"class_name": kind, "config": {"name": "model", "layers": list(layers), **ends}}


def arrays(name: str, *shapes: tuple[int, ...], words: tuple[str, ...] = ()) -> Arrays:
    words = words or ("kernel", "bias")
    pairs = zip(words, shapes, strict=True)
    return [(f"{name}/{word}:0", np.zeros(shape, "float32")) for word, shape in pairs]


PLAIN = model(pixels(), conv("c1", "input_1"), layer("Flatten", "f", ["c1"]), dense("out", "f"))
LISTS: dict[str, Arrays] = {
    "input_1": [],
    "c1": arrays("c1", (3, 3, 3, 4), (4,)),
    "f": [],
    "out": arrays("out", (256, 2), (2,)),
}


def decisions(found: Explanation) -> dict[str, str]:
    return {line.layer: line.carry.decision.value for line in found.layers if line.weights}


def test_shapes_that_the_file_does_not_tell_are_inferred(tmp_path: Path) -> None:
    found = read(write(tmp_path / "m.h5", PLAIN, LISTS))
    assert {one.path: one.input_shape for one in found.layers} == {
        "input_1": (8, 8, 3),
        "c1": (8, 8, 3),
        "f": (8, 8, 4),
        "out": (256,),
    }
    assert found.is_hdf5
    assert [row.name for row in found.rows] == list(LISTS)


def test_a_sequential_model_of_the_oldest_form(tmp_path: Path) -> None:
    first = conv("c1", "input_1")
    first["config"]["batch_input_shape"] = [None, 8, 8, 3]
    layers = [first, layer("Flatten", "f"), dense("out", "f")]
    for config in (layers, {"name": "sequential_1", "layers": layers}):
        old = write(tmp_path / "old.h5", {"class_name": "Sequential", "config": config}, LISTS)
        new = write(tmp_path / "new.h5", PLAIN, LISTS)
        assert decisions(explain(old, new)) == {"c1": "copy", "out": "copy"}


@pytest.mark.parametrize("kind", ["Model", "Functional"])
def test_a_nested_model_s_list_is_dealt_out_to_its_layers(kind: str, tmp_path: Path) -> None:
    norm = layer("BatchNormalization", "bn", ["c1"], axis=[3], scale=True, center=True)
    flat = [pixels(), conv("c1", "input_1"), norm, layer("Flatten", "f", ["bn"]), dense("out", "f")]
    inner = model(*flat[:3], kind=kind)
    inner = {**inner, "name": "base", "inbound_nodes": [[["input_1", 0, 0, {}]]]}
    inner["config"]["name"] = "base"
    after = layer("Flatten", "f")
    after["inbound_nodes"] = [[["base", 1, 0, {}]]]  # Keras 2 counts the making of a model
    outer = model(pixels(), inner, after, dense("out", "f"), kind=kind)
    words = ("gamma", "beta", "moving_mean", "moving_variance")
    of_norm = arrays("bn", *[(4,)] * 4, words=words)
    lists = {**LISTS, "c1": LISTS["c1"], "bn": of_norm}
    together = [*LISTS["c1"], *of_norm]
    old = write(tmp_path / "old.h5", model(*flat), lists)
    new = write(tmp_path / "new.h5", outer, {"input_1": [], "base": together, "out": LISTS["out"]})
    found = explain(old, new)
    assert decisions(found) == {"base/c1": "copy", "base/bn": "copy", "out": "copy"}
    assert found.loads.error == "the file has 3 layers with weights, the model 2"
    assert not found.silent
    assert not found.silent_by_name
    back = explain(new, old)
    assert decisions(back) == {"c1": "copy", "bn": "copy", "out": "copy"}


def test_a_model_that_is_used_twice_is_called_twice(tmp_path: Path) -> None:
    inner = model(pixels(), conv("c1", "input_1", 3))
    calls = [[["input_1", 0, 0, {}]], [["twin", 1, 0, {}]]]
    inner = {**inner, "name": "twin", "inbound_nodes": calls}
    add = layer("Add", "add")
    add["inbound_nodes"] = [[["twin", 1, 0, {}], ["twin", 2, 0, {}]]]
    path = tmp_path / "m.h5"
    lists = {"input_1": [], "twin": arrays("c1", (3, 3, 3, 3), (3,))}
    found = read(write(path, model(pixels(), inner, add), lists))
    by_path = found.by_path()
    sources = [call.inputs[0] for call in by_path["twin/c1"].calls]
    assert [(one.layer, one.call) for one in sources] == [("twin/input_1", 0), ("twin/input_1", 1)]
    given = [(one.layer, one.call) for one in by_path["add"].calls[0].inputs]
    assert given == [("twin/c1", 0), ("twin/c1", 1)]


def test_functions_of_tensorflow_are_steps_and_not_layers_with_weights(tmp_path: Path) -> None:
    def times(number: float) -> dict[str, Any]:
        thing = layer("TFOpLambda", "tf.math.multiply", function="math.multiply")
        thing["inbound_nodes"] = [["c1", 0, 0, {"y": number}]]
        return thing

    after = layer("Flatten", "f", ["tf.math.multiply"])
    made = [
        write(
            tmp_path / f"{number}.h5",
            model(pixels(), conv("c1", "input_1"), times(number), after, dense("out", "f")),
            LISTS,
        )
        for number in (2.0, 3.0)
    ]
    assert decisions(explain(made[0], made[0])) == {"c1": "copy", "out": "copy"}
    found = explain(*made)
    assert decisions(found) == {"c1": "copy", "out": "skip"}
    assert "called with other arguments" in found.layers[-1].carry.words


def test_a_lambda_is_named_and_never_run(tmp_path: Path) -> None:
    code = ["4wEAAAAAAAAAAAAAAAEAAAABAAAAQwAAAHMEAAAAZAFTAA==", None, None]
    thing = layer("Lambda", "lam", ["c1"], function=code, function_type="lambda")
    config = model(
        pixels(), conv("c1", "input_1"), thing, layer("Flatten", "f", ["lam"]), dense("out", "f")
    )
    path = write(tmp_path / "m.h5", config, LISTS)
    found = explain(path, path)
    assert decisions(found) == {"c1": "copy", "out": "unknown"}
    assert "a program, which is not read" in found.layers[2].carry.words


@pytest.mark.parametrize("name", ["Scale", "mine>Scale", "Addons>GroupNormalization"])
def test_a_class_of_someone_s_own_is_named_and_not_guessed(name: str, tmp_path: Path) -> None:
    config = model(
        pixels(), conv("c1", "input_1"), layer(name, "s", ["c1"]),
        layer("Flatten", "f", ["s"]), dense("out", "f"),
    )  # fmt: skip
    lists = {**LISTS, "s": arrays("s", (4,), words=("factor",))}
    path = write(tmp_path / "m.h5", config, lists)
    found = explain(path, path)
    assert decisions(found) == {"c1": "copy", "s": "unknown", "out": "unknown"}
    line = next(line for line in found.layers if line.layer == "s")
    assert f"the class {name} is not one of Keras's" in line.carry.words
    assert line.weights == {"0": (4,)}
    assert not found.silent


def test_an_activation_of_someone_s_own_is_named(tmp_path: Path) -> None:
    config = model(
        pixels(), conv("c1", "input_1", activation="mine"), layer("Flatten", "f", ["c1"]),
        dense("out", "f"),
    )  # fmt: skip
    path = write(tmp_path / "m.h5", config, LISTS)
    found = explain(path, path)
    assert decisions(found) == {"c1": "unknown", "out": "unknown"}


def test_old_words_for_the_same_settings(tmp_path: Path) -> None:
    old = model(
        pixels(), conv("c1", "input_1", activation="swish", groups=1, dilation_rate=[1, 1]),
        layer("LeakyReLU", "leaky", ["c1"], alpha=0.30000001192092896),
        layer("RandomHeight", "stretch", ["leaky"], factor=0.2),
        layer("Flatten", "f", ["stretch"], data_format="channels_last"), dense("out", "f"),
    )  # fmt: skip
    new = model(
        pixels(), conv("c1", "input_1", activation="silu"),
        layer("LeakyReLU", "leaky", ["c1"], negative_slope=0.30000001192092896),
        layer("Flatten", "f", ["leaky"]), dense("out", "f"),
    )  # fmt: skip
    first = write(tmp_path / "old.h5", old, LISTS)
    second = write(tmp_path / "new.h5", new, LISTS)
    assert decisions(explain(first, second))["c1"] == "copy"


def test_long_lists_of_names_are_kept_in_pieces(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", PLAIN, LISTS)
    with h5py.File(path, "a") as file:
        names = list(file["model_weights"].attrs["layer_names"])
        del file["model_weights"].attrs["layer_names"]
        file["model_weights"].attrs["layer_names0"] = names[:2]
        file["model_weights"].attrs["layer_names1"] = names[2:]
    assert [row.name for row in read(path).rows] == list(LISTS)


def test_weights_alone_say_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path / "w.h5", None, LISTS)
    with pytest.raises(UsageError) as caught:
        read(path)
    text = str(caught.value)
    assert "holds weights only (it has no model_config)" in text
    assert "--old-model" in text
    whole = write(tmp_path / "m.h5", PLAIN, LISTS)
    assert decisions(explain(path, whole, old_model=whole)) == {"c1": "copy", "out": "copy"}


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "m.h5", PLAIN, LISTS)
    other = {**LISTS, "c1": arrays("c1", (5, 5, 3, 4), (4,))}
    weights = write(tmp_path / "w.h5", None, other)
    with pytest.raises(UsageError, match="not weights of the model in"):
        read(weights, whole)
    with pytest.raises(UsageError, match="holds weights only, expected the model of"):
        read(weights, weights)


def change(path: Path, edit: Callable[[h5py.File], None]) -> None:
    with h5py.File(path, "a") as file:
        edit(file)


def names_what_is_not_there(file: h5py.File) -> None:
    del file["model_weights/c1/c1/kernel:0"]


def links_elsewhere(file: h5py.File) -> None:
    del file["model_weights/c1"]
    file["model_weights/c1"] = h5py.ExternalLink("/etc/passwd", "/")


def links_in_a_circle(file: h5py.File) -> None:
    del file["model_weights/c1"]
    file["model_weights/c1"] = h5py.SoftLink("/model_weights/c1")


def no_json(file: h5py.File) -> None:
    file.attrs["model_config"] = b"{'class_name':"


def no_text(file: h5py.File) -> None:
    file.attrs["model_config"] = np.bytes_(b"\xff\xfe\xfd")


def a_number(file: h5py.File) -> None:
    file.attrs["model_config"] = 3


def a_list(file: h5py.File) -> None:
    file.attrs["model_config"] = b"[1, 2]"


def deep(file: h5py.File) -> None:
    file.attrs["model_config"] = b"[" * 100_000 + b"]" * 100_000


def deep_models(file: h5py.File) -> None:
    config = PLAIN
    for _ in range(3000):
        config = {"class_name": "Functional", "name": "m", "config": {"layers": [config]}}
        config["inbound_nodes"] = []
    text = ['{"class_name": "Functional", "name": "m", "inbound_nodes": [], "config": {"layers": [']
    file.attrs["model_config"] = "".join(text * 3000) + "]}}" * 3000


def strange_layers(file: h5py.File) -> None:
    file.attrs["model_config"] = json.dumps(
        {"class_name": "Functional", "config": {"layers": [{"class_name": 3, "config": 4}]}}
    )


def names_are_numbers(file: h5py.File) -> None:
    file["model_weights"].attrs["layer_names"] = 7


def weights_are_no_group(file: h5py.File) -> None:
    del file["model_weights"]
    file["model_weights"] = 1.0


def no_weights(file: h5py.File) -> None:
    del file["model_weights"]


@pytest.mark.parametrize(
    "edit",
    [
        names_what_is_not_there, links_elsewhere, links_in_a_circle, no_json, no_text, a_number,
        a_list, deep, deep_models, strange_layers, names_are_numbers, weights_are_no_group,
        no_weights,
    ],
)  # fmt: skip
def test_damage_inside_is_said_in_words(edit: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", PLAIN, LISTS)
    change(path, edit)
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert caught.value.exit_code == 2


@pytest.mark.slow
def test_any_damage_is_said_in_words_or_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grow.nets.archive.opened.TIME_LIMIT_SECONDS", 5.0)
    whole = write(tmp_path / "m.h5", PLAIN, LISTS).read_bytes()
    numbers, path = random.Random(1), tmp_path / "broken.h5"
    said = []
    for number in range(150):
        broken = bytearray(whole)
        if number % 3 == 0:
            broken = broken[: numbers.randrange(len(broken))]
        else:
            for _ in range(numbers.choice((1, 8, 64))):
                broken[numbers.randrange(len(broken))] = numbers.randrange(256)
        path.write_bytes(broken)
        said.append(message_of(path))
    assert len([one for one in said if one]) > 50
    assert all(str(path) in one for one in said if one)


def message_of(path: Path) -> str:
    """What is said of a file; nothing where it can be read."""
    try:
        read(path)
    except UsageError as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("while True: pass", "did not end within 1 seconds"),
        ("import os; os.abort()", "ended by signal"),
        ("raise SystemExit('no memory')", "no memory"),
    ],
)
def test_a_reader_that_hangs_or_dies_is_an_error_in_words(
    program: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grow.nets.archive.opened._PROGRAM", program)
    monkeypatch.setattr("grow.nets.archive.opened.TIME_LIMIT_SECONDS", 1.0)
    path = write(tmp_path / "m.h5", PLAIN, LISTS)
    with pytest.raises(UsageError, match=words) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.h5"
    os.mkfifo(path)
    with pytest.raises(UsageError, match="is no ordinary file"):
        read(path)


def test_an_archive_that_unpacks_to_zeros_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(PLAIN))
        with archive.open("model.weights.h5", "w", force_zip64=True) as file:
            for _ in range(1100):
                file.write(bytes(1 << 20))
    with pytest.raises(UsageError, match="too many"):
        read(path)


def test_a_huge_configuration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("config.json", "w") as file:
            for _ in range(80):
                file.write(b" " * (1 << 20))
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(UsageError, match=r"config\.json is too large"):
        read(path)


def test_keras_is_not_loaded(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", PLAIN, LISTS)
    program = (
        "import sys, grow\n"
        f"found = grow.explain({str(path)!r}, {str(path)!r})\n"
        "assert found.counts()['copy'] == 2\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
