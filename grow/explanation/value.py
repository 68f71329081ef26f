"""An explanation as a value: three columns for each layer of the new model, and its JSON form.

Decides nothing itself (`columns` does). Standard library and floor 0 only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grow.architecture import Shape
from grow.explanation.align import Pair
from grow.explanation.carry import Carry, Decision
from grow.explanation.loading import Loading, Outcome

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

    def to_dict(self) -> dict[str, Any]:
        """The line as plain JSON values."""
        pair = self.pair
        loaded = [
            {
                "weight": one.weight,
                "address": f"{one.address}/vars/{one.key}",
                "from": one.layer or None,
                "from_weight": one.origin_weight,
                "from_address": f"{one.origin}/vars/{one.key}",
            }
            for one in self.keras.landed
        ]
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
            "keras": {"outcome": self.keras.outcome, "words": self.keras.words, "loaded": loaded},
            "difference": {"kind": self.difference, "silent": self.silent, "words": self.words},
        }


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
    """

    old: str
    new: str
    layers: tuple[Line, ...]
    gone: tuple[Gone, ...]
    notes: tuple[str, ...]

    @property
    def silent(self) -> tuple[Line, ...]:
        """Layers in which Keras would put weights that do not belong there, without a word."""
        return tuple(line for line in self.layers if line.silent)

    def counts(self) -> dict[str, int]:
        """How many layers with weights there are of each sort."""
        lines = [line for line in self.layers if line.weights]
        return {
            "with_weights": len(lines),
            **{d.value: sum(line.carry.decision is d for line in lines) for d in Decision},
            "loaded_by_keras": sum(line.keras.outcome is Outcome.LOADED for line in lines),
            "differ": sum(line.difference is not Difference.SAME for line in lines),
            "silent": len(self.silent),
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
            "layers": [line.to_dict() for line in self.layers],
            "gone": [line.to_dict() for line in self.gone],
        }
