"""One saved model as a description, from whatever files there are of it.

Floors 0 and 1, h5py through `archive`.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from grow.errors import UsageError
from grow.explanation.described import Model
from grow.saved.archive import Weights, open_archive, open_weights
from grow.saved.bare import bare_layers
from grow.saved.graph import read_graph
from grow.saved.nodes import is_model


def read(path: Path, model: Path | None = None) -> Model:
    """The model in a ``.keras`` file, or of a ``.weights.h5`` file.

    Args:
        path: either of the two.
        model: for a weights file the ``.keras`` file of its model; without it only what the
            weights file tells is known.

    Raises:
        UsageError: a file is missing, is no such file, or the two do not belong together.
    """
    if path.is_file() and zipfile.is_zipfile(path):
        if model is not None:
            raise UsageError(
                f"{path}: holds its own model, so {model} is one too many",
                hint="name a model only beside a .weights.h5 file",
            )
        return _with_config(path, path, None)
    weights = open_weights(path)
    if model is not None:
        return _with_config(path, model, weights)
    note = "holds weights only: settings and connections are not known; name its model too"
    return Model(str(path), bare_layers(weights), weights.stored, notes=(note,))


def _with_config(path: Path, archive: Path, weights: Weights | None) -> Model:
    config, own = open_archive(archive)
    if weights is None:
        weights = own
    else:
        _check_belongs(path, archive, weights, own)
    if not is_model(config):
        name = config.get("registered_name") or config.get("class_name", "?")
        note = f"the model's class {name} is not known here: only addresses and names are told"
        return Model(str(path), bare_layers(weights), weights.stored, notes=(note,))
    try:
        layers, outputs = read_graph(config, weights)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{archive}: its config.json is not one that Keras writes ({error!r})"
        ) from error
    return Model(str(path), layers, weights.stored, outputs, _notes(layers_of=len(layers)))


def _notes(layers_of: int) -> tuple[str, ...]:
    return () if layers_of else ("has no layers",)


def _check_belongs(path: Path, archive: Path, weights: Weights, own: Weights) -> None:
    """That weights have the addresses and shapes of the model they are said to be of."""
    for address, arrays in own.stored.items():
        if not address.startswith("layers/"):
            continue
        found = weights.stored.get(address, {})
        if arrays != found:
            raise UsageError(
                f"{path}: not weights of the model in {archive}: at {address} expected "
                f"{list(arrays.values())}, found {list(found.values())}"
            )
