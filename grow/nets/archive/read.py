"""One saved model as a description, from whatever files there are of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from grow.errors import UsageError
from grow.nets.archive.bare import bare_layers
from grow.nets.archive.graph import outermost_in, read_graph
from grow.nets.archive.hdf5 import expected_rows, placed
from grow.nets.archive.legacy import modern
from grow.nets.archive.nodes import is_model
from grow.nets.archive.opened import Opened, opened
from grow.nets.explain.described import Model, Row, Slot
from grow.nets.explain.loading import owners


def read(path: Path, model: Path | None = None) -> Model:
    """The model in a ``.keras`` or ``.h5`` file, or of a file that holds weights only.

    Args:
        path: any of these.
        model: for a file of weights the file of its model; without it only what the weights
            file tells is known, and of the older HDF5 format nothing is.

    Raises:
        UsageError: a file is missing, is no such file, or the two do not belong together.
    """
    file = opened(path)
    if model is None:
        return _described(file, file)
    if file.config is not None:
        raise UsageError(
            f"{path}: holds its own model, so {model} is one too many",
            hint="name a model only beside a file of weights",
        )
    other = opened(model)
    if other.config is None:
        raise UsageError(
            f"{model}: holds weights only, expected the model of {path}",
            hint="name the .keras or .h5 file that model.save() wrote",
        )
    found = _described(file, other)
    _check_belongs(path, model, found.stored, _described(other, other).stored)
    return found


def _described(file: Opened, model: Opened) -> Model:
    """The weights of one file in the model of another, or of the same."""
    if model.config is None:
        return _without_model(file)
    config = _read_config(model)
    if not is_model(config):
        return _of_unknown_class(file, config)
    try:
        notes: tuple[str, ...] = ()
        rows: tuple[Row, ...] = ()
        weights = file.weights
        if weights is None:
            weights, rows, notes = placed(outermost_in(config), file.lists or {})
        found = read_graph(config, weights)
        if file.lists is None:
            rows = expected_rows(found.outermost, weights)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _strange(model, error) from error
    if not found.layers:
        notes = (*notes, "has no layers")
    result = Model(str(file.path), found.layers, weights.stored, found.outputs, notes)
    rows = _with_names(rows, owners(result))
    return replace(result, rows=rows, is_hdf5=file.lists is not None)


def _read_config(file: Opened) -> dict[str, Any]:
    try:
        return modern(file.config or {})
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _strange(file, error) from error


def _strange(file: Opened, error: Exception) -> UsageError:
    where = "config.json" if file.lists is None else "model_config"
    return UsageError(f"{file.path}: its {where} is not one that Keras writes ({error!r})")


def _with_names(
    rows: tuple[Row, ...], names: Mapping[tuple[str, str], tuple[str, str]]
) -> tuple[Row, ...]:
    """Rows whose arrays are called as the layers call them."""

    def named(slot: Slot) -> Slot:
        _, name = names.get((slot.address, slot.key), ("", slot.weight))
        return replace(slot, weight=name)

    return tuple(replace(row, slots=tuple(map(named, row.slots))) for row in rows)


def _without_model(file: Opened) -> Model:
    if file.weights is None:
        raise UsageError(
            f"{file.path}: holds weights only (it has no model_config), in the older HDF5 "
            "format, which does not tell the classes, settings and connections of layers",
            hint="name its model too, with --old-model or --new-model: the .keras or .h5 file "
            "that model.save() wrote; or save the whole model again",
        )
    note = "holds weights only: settings and connections are not known; name its model too"
    layers = bare_layers(file.weights)
    return Model(str(file.path), layers, file.weights.stored, notes=(note,))


def _of_unknown_class(file: Opened, config: dict[str, Any]) -> Model:
    name = config.get("registered_name") or config.get("class_name", "?")
    if file.weights is None:
        raise UsageError(
            f"{file.path}: the model's class {name} is not known here, and the older HDF5 "
            "format tells nothing else of its layers",
            hint="load it in Keras and save it again as .keras",
        )
    note = f"the model's class {name} is not known here: only addresses and names are told"
    layers = bare_layers(file.weights)
    return Model(str(file.path), layers, file.weights.stored, notes=(note,))


def _check_belongs(
    path: Path,
    model: Path,
    stored: Mapping[str, Mapping[str, Any]],
    own: Mapping[str, Mapping[str, Any]],
) -> None:
    """That weights have the addresses and shapes of the model they are said to be of."""
    for address, arrays in own.items():
        if not address.startswith("layers/"):
            continue
        found = stored.get(address, {})
        if arrays != found:
            raise UsageError(
                f"{path}: not weights of the model in {model}: at {address} expected "
                f"{list(arrays.values())}, found {list(found.values())}"
            )
