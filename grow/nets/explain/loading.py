"""What Keras's ``load_weights(skip_mismatch=True)`` does, predicted from addresses and shapes.

From a ``.keras`` or ``.weights.h5`` file, Keras walks the new model and looks up each group of
weights by address. A group with another number of arrays is left alone; otherwise arrays are
assigned one by one until one does not fit, so that a group can be loaded in part. It warns of
each group that failed, and says nothing of one that fits, whatever it was trained for. How it
loads the older HDF5 format is in `rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from grow.nets.architecture import Shape
from grow.nets.explain.described import Group, Layer, Model, Stored


class Outcome(StrEnum):
    """What Keras does with a layer of the new model; the list is closed."""

    LOADED = "loaded"
    PARTLY = "partly"
    SKIPPED = "skipped"
    NO_WEIGHTS = "no_weights"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Landing:
    """One array of the old file that lands in one weight of the new model.

    Attributes:
        address: of the group in the new model.
        key: of the weight in it.
        weight: the weight's name.
        origin: where the array stands in the old file.
        layer: path of the old layer it belonged to; empty where no layer has it.
        origin_weight: the weight's name there.
    """

    address: str
    key: str
    weight: str
    origin: str
    layer: str
    origin_weight: str


@dataclass(frozen=True)
class Loading:
    """What Keras does with one layer.

    Attributes:
        outcome: in one word.
        landed: which array lands where.
        words: the same for people.
        warned: whether Keras names the layer in a warning.
    """

    outcome: Outcome
    landed: tuple[Landing, ...]
    words: str
    warned: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        """The old layers that the arrays belonged to, in order."""
        return tuple(dict.fromkeys(landing.layer for landing in self.landed))


class By(StrEnum):
    """How Keras finds the weights of a layer in a file; the list is closed."""

    ADDRESS = "address"
    ORDER = "order"
    NAME = "name"


@dataclass(frozen=True)
class Loads:
    """What Keras does with a whole model.

    Attributes:
        by: how it finds weights.
        each: what it does with each layer of the new model, by path.
        error: the error that it raises all the same, in words; empty for none.
        plain_error: the error that it raises without ``skip_mismatch``; empty for none.
    """

    by: By
    each: Mapping[str, Loading]
    error: str = ""
    plain_error: str = ""


def load_by_address(old: Model, new: Model) -> Loads:
    """What Keras does with each layer of ``new`` given the file of ``old``."""
    of_old = owners(old)
    each = {layer.path: load(layer, old.stored, of_old) for layer in new.layers}
    failed = [path for path, loading in each.items() if loading.warned]
    plain = ""
    if failed:
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        plain = f"{failed[0]}{more} could not be loaded"
    return Loads(By.ADDRESS, each, "", plain)


def owners(model: Model) -> dict[tuple[str, str], tuple[str, str]]:
    """For each address and key the layer that it belongs to, and the weight's name."""
    return {
        (group.address, weight.key): (layer.path, weight.name)
        for layer in model.layers
        for group in layer.groups
        for weight in group.weights
    }


def load(
    layer: Layer, stored: Stored, of_old: Mapping[tuple[str, str], tuple[str, str]]
) -> Loading:
    """What Keras does with ``layer`` of the new model.

    Args:
        layer: a layer of the new model.
        stored: what the old weights file holds.
        of_old: `owners` of the old model.
    """
    if not layer.weights:
        return Loading(Outcome.NO_WEIGHTS, (), "has no weights")
    if layer.foreign:
        words = f"{layer.unknown}: it may load in its own way"
        return Loading(Outcome.UNKNOWN, (), words)
    landed: list[Landing] = []
    failures: list[str] = []
    for group in layer.groups:
        taken, failure = _load_group(group, stored)
        failures += [failure] if failure else []
        for key, origin in taken.items():
            name = next(weight.name for weight in group.weights if weight.key == key)
            owner, old_name = of_old.get((origin, key), ("", key))
            place = f"{origin}/vars/{key}"
            landed.append(Landing(group.address, key, name, place, owner, old_name))
    return summary(landed, failures)


def _load_group(group: Group, stored: Stored) -> tuple[dict[str, str], str]:
    """For each key that is assigned the address it comes from; why it failed, or nothing."""
    taken: dict[str, str] = {}
    first = ""
    for address in (group.address, *group.also):
        found = stored.get(address, {})
        failure = _failure(group, address, found, taken)
        if not failure:
            return taken, ""
        first = first or failure
    return taken, first


def _failure(group: Group, address: str, found: Mapping[str, Shape], taken: dict[str, str]) -> str:
    """Assigns in order into ``taken`` until something does not fit; says what."""
    if group.counted and len(found) != len(group.weights):
        if not found:
            return f"the old file has nothing at {address}"
        return f"{address} holds {len(found)} weights, {len(group.weights)} are expected"
    for weight in group.weights:
        if weight.key not in found:
            return f"{address} holds no weight {weight.key}"
        if found[weight.key] != weight.shape:
            return f"{weight.name} {found[weight.key]} at {address} does not fit {weight.shape}"
        taken[weight.key] = address
    return ""


def summary(landed: Sequence[Landing], failures: Sequence[str]) -> Loading:
    """What Keras does with a layer, from the arrays that land and the failures it warns of."""
    sources = " and ".join(dict.fromkeys(one.layer or one.origin for one in landed))
    if not failures:
        return Loading(Outcome.LOADED, tuple(landed), f"loads the weights of {sources}")
    if not landed:
        return Loading(Outcome.SKIPPED, (), f"skipped with a warning: {failures[0]}", warned=True)
    names = ", ".join(one.weight for one in landed)
    words = f"only {names} of {sources}, with a warning: {failures[0]}"
    return Loading(Outcome.PARTLY, tuple(landed), words, warned=True)
