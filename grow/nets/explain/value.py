"""An explanation as a value: three columns for each layer of the new model, and its JSON form.

Decides nothing itself (`columns` does).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grow.nets.architecture import Shape
from grow.nets.explain.align import Pair
from grow.nets.explain.carry import Carry, Decision
from grow.nets.explain.loading import Loading, Loads, Outcome

SCHEMA = "grow.explanation/1"
"""Name and version of the JSON form; a change of meaning raises the number."""


class Difference(StrEnum):
    """How what Keras loads differs from what could be carried over; the list is closed."""

    SAME = "same"
    WRONG_LAYER = "wrong_layer"
    WRONG_WEIGHT = "wrong_weight"
    OTHER_INPUTS = "other_inputs"
    OTHER_SETTINGS = "other_settings"
    PARTLY = "partly"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Gap:
    """The difference between what Keras loads and what could be carried over.

    Attributes:
        kind: in one word.
        silent: whether Keras does it without a warning or an error.
        words: for people.
    """

    kind: Difference
    silent: bool = False
    words: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The difference as plain JSON values."""
        return {"kind": self.kind, "silent": self.silent, "words": self.words}


@dataclass(frozen=True)
class Line:
    """One layer of the new model.

    Attributes:
        layer: its path.
        kind: its class.
        address: where Keras saves it; empty where it does not.
        weights: shape of each weight, by name.
        pair: the old layer it is, and how that is known; None for a new one.
        carry: what could be carried over, and why.
        keras: what Keras would load.
        difference: where the two differ.
        silent: whether they do without any warning of Keras's.
        words: the difference for people.
        by_name: the same for ``by_name=True``; None where the old file is in another format
            than the older HDF5 format, the only one that Keras loads by name.
    """

    layer: str
    kind: str
    address: str
    weights: dict[str, Shape]
    pair: Pair | None
    carry: Carry
    keras: Loading
    difference: Difference
    silent: bool
    words: str
    by_name: tuple[Loading, Gap] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The line as plain JSON values."""
        pair = self.pair
        return {
            "layer": self.layer,
            "kind": self.kind,
            "address": self.address or None,
            "weights": {name: list(shape) for name, shape in self.weights.items()},
            "old": None if pair is None else pair.old,
            "aligned": None
            if pair is None
            else {"how": pair.how, "words": pair.words, "others": list(pair.others)},
            "carry": {
                "decision": self.carry.decision,
                "reason": self.carry.reason,
                "words": self.carry.words,
                "fits": self.carry.fits,
            },
            "keras": _loading(self.keras),
            "difference": Gap(self.difference, self.silent, self.words).to_dict(),
            "keras_by_name": None if self.by_name is None else _loading(self.by_name[0]),
            "difference_by_name": None if self.by_name is None else self.by_name[1].to_dict(),
        }


def _loading(loading: Loading) -> dict[str, Any]:
    """What Keras does with one layer, as plain JSON values."""
    loaded = [
        {
            "weight": one.weight,
            "address": f"{one.address}/vars/{one.key}",
            "from": one.layer or None,
            "from_weight": one.origin_weight,
            "from_address": one.origin,
        }
        for one in loading.landed
    ]
    return {"outcome": loading.outcome, "words": loading.words, "loaded": loaded}


@dataclass(frozen=True)
class Gone:
    """One layer of the old model that the new one lacks.

    Attributes:
        layer: its path.
        kind: its class.
        weights: shape of each weight, by name.
        lands_in: new layers in which Keras would put its weights, by path.
    """

    layer: str
    kind: str
    weights: dict[str, Shape]
    lands_in: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The line as plain JSON values."""
        weights = {name: list(shape) for name, shape in self.weights.items()}
        lands_in = list(self.lands_in)
        return {"layer": self.layer, "kind": self.kind, "weights": weights, "lands_in": lands_in}


@dataclass(frozen=True)
class Explanation:
    """What could be carried over between two saved models, and what Keras would load.

    Attributes:
        old: file of the old model.
        new: file of the new model.
        layers: one line per layer of the new model, in its order.
        gone: one line per layer of the old model that the new one lacks.
        notes: what could not be told from the files, in words.
        loads: what Keras does with the model as a whole.
        named: the same for ``by_name=True``; None where the old file cannot be loaded so.
    """

    old: str
    new: str
    layers: tuple[Line, ...]
    gone: tuple[Gone, ...]
    notes: tuple[str, ...]
    loads: Loads
    named: Loads | None = None

    @property
    def silent(self) -> tuple[Line, ...]:
        """Layers in which Keras would put weights that do not belong there, without a word."""
        return tuple(line for line in self.layers if line.silent)

    @property
    def silent_by_name(self) -> tuple[Line, ...]:
        """The same for ``by_name=True``."""
        return tuple(line for line in self.layers if line.by_name and line.by_name[1].silent)

    def counts(self) -> dict[str, int]:
        """How many layers with weights there are of each sort."""
        lines = [line for line in self.layers if line.weights]
        return {
            "with_weights": len(lines),
            **{d.value: sum(line.carry.decision is d for line in lines) for d in Decision},
            "loaded_by_keras": sum(line.keras.outcome is Outcome.LOADED for line in lines),
            "differ": sum(line.difference is not Difference.SAME for line in lines),
            "silent": len(self.silent),
            "silent_by_name": len(self.silent_by_name),
            "wrong_layer": sum(line.difference is Difference.WRONG_LAYER for line in lines),
        }

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain JSON values, in the form that ``SCHEMA`` names."""
        return {
            "schema": SCHEMA,
            "old": self.old,
            "new": self.new,
            "notes": list(self.notes),
            "counts": self.counts(),
            "loading": _whole(self.loads),
            "loading_by_name": None if self.named is None else _whole(self.named),
            "layers": [line.to_dict() for line in self.layers],
            "gone": [line.to_dict() for line in self.gone],
        }


def _whole(loads: Loads) -> dict[str, Any]:
    """What Keras does with the whole model, as plain JSON values."""
    return {
        "by": loads.by,
        "error": loads.error or None,
        "plain_error": loads.plain_error or None,
    }
