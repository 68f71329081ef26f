"""A Keras model in the formats of other programs, written and run there.

Keras's own converters write; the programs that such files are made for run them: TensorFlow,
ONNX Runtime, LiteRT. What an extra brings is loaded only when its format is asked for.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from grow.backend import held_back, load_tensorflow
from grow.errors import GrowError, UsageError

Format = Literal["saved_model", "onnx", "litert"]
Outputs = NDArray[np.float32]

FILES: Mapping[Format, str] = {
    "saved_model": "saved_model",
    "onnx": "model.onnx",
    "litert": "model.tflite",
}
"""What an export is called in its folder; a SavedModel is a folder itself."""

_MODULES: Mapping[Format, tuple[str, ...]] = {
    "saved_model": (),
    "onnx": ("onnx", "onnxruntime", "tf2onnx"),
    "litert": ("ai_edge_litert",),
}

INPUT, OUTPUT = "pixels", "probabilities"


def check_installed(to: Format) -> None:
    """Returns where all that a format needs is installed; loads nothing.

    Raises:
        UsageError: something is not; the hint says how to get it.
    """
    lacking = [module for module in _MODULES[to] if find_spec(module) is None]
    if lacking:
        raise UsageError(
            f"--to {to}: expected the extra `{to}`, found {' and '.join(lacking)} not installed",
            hint=f"install it with: python -m pip install 'grow-trainer[{to}]' (or '.[{to}]' in "
            "a checkout)",
        )


def write(model: Any, to: Format, notes: Mapping[str, Any], folder: Path) -> Path:
    """Converts a model; returns the file, or the folder of a SavedModel.

    Args:
        model: a ``keras.Model`` from ``(batch, height, width, channels)``.
        to: the format.
        notes: plain JSON values that go inside where the format has a place for them (ONNX).
        folder: where it is written.

    Raises:
        GrowError: the converter cannot.
        OSError: it could not be written.
    """
    path = folder / FILES[to]
    name = "tf_saved_model" if to == "saved_model" else to
    try:
        with held_back(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # converters warn of what is theirs to mend
            model.export(path, format=name, verbose=False)
            if to == "onnx":
                _finish_onnx(path, notes)
    except OSError:
        raise
    except Exception as error:  # converters raise whatever their parts do
        raise GrowError(f"the model cannot be converted to {to}: {_first_line(error)}") from error
    return path


def run(to: Format, path: Path, batch: NDArray[np.float32]) -> Outputs:
    """What an exported model says of ``batch``, in the program it was made for.

    Args:
        to: its format.
        path: its file or folder.
        batch: shape ``(batch, height, width, channels)``, pixels in [0, 255].

    Returns:
        Shape ``(batch, 1)`` or ``(batch, classes)``, as the Keras model's outputs.

    Raises:
        GrowError: the program cannot run it.
    """
    runners = {"saved_model": _run_saved_model, "onnx": _run_onnx, "litert": _run_litert}
    try:
        with held_back():
            return runners[to](path, batch)
    except Exception as error:  # and so do the programs that run it
        raise GrowError(f"the exported {to} model cannot be run: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """What went wrong; converters add pages about where in themselves."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _finish_onnx(path: Path, notes: Mapping[str, Any]) -> None:
    """Gives input and output names that say what they are, and puts the notes inside."""
    import onnx  # noqa: PLC0415  (an extra)

    proto = onnx.load(path)
    graph = proto.graph
    _replace_erfc(graph)
    _rename(graph, graph.input[0].name, INPUT)
    _rename(graph, graph.output[0].name, OUTPUT)
    for end in (graph.input[0], graph.output[0]):
        end.type.tensor_type.shape.dim[0].dim_param = "batch"
    texts = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in notes.items()
    }
    onnx.helper.set_model_props(proto, texts)
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, path)


def _replace_erfc(graph: Any) -> None:
    """Puts 1 - erf(x) for erfc(x), which ONNX lacks; tf2onnx 1.17 passes it on (for gelu)."""
    import onnx  # noqa: PLC0415  (an extra)

    if not any(node.op_type == "Erfc" for node in graph.node):
        return
    graph.initializer.append(onnx.helper.make_tensor("erfc/one", onnx.TensorProto.FLOAT, (), [1.0]))
    nodes = []
    for node in graph.node:
        if node.op_type != "Erfc":
            nodes.append(node)
            continue
        erf = f"{node.output[0]}/erf"
        nodes.append(onnx.helper.make_node("Erf", node.input, [erf]))
        nodes.append(onnx.helper.make_node("Sub", ["erfc/one", erf], node.output))
    del graph.node[:]
    graph.node.extend(nodes)


def _rename(graph: Any, old: str, new: str) -> None:
    for end in (*graph.input, *graph.output):
        end.name = new if end.name == old else end.name
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _run_saved_model(path: Path, batch: NDArray[np.float32]) -> Outputs:
    loaded = load_tensorflow().saved_model.load(str(path))  # kept: the variables go with it
    outputs: Outputs = loaded.serve(batch).numpy()
    return outputs


def _run_onnx(path: Path, batch: NDArray[np.float32]) -> Outputs:
    import onnxruntime  # noqa: PLC0415  (an extra)

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs: Outputs = session.run([OUTPUT], {INPUT: batch})[0]
    return outputs


def _run_litert(path: Path, batch: NDArray[np.float32]) -> Outputs:
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415  (an extra)

    (outputs,) = Interpreter(str(path)).get_signature_runner()(**{INPUT: batch}).values()
    found: Outputs = outputs
    return found
