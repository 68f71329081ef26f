"""Recipes: everything that could change a stage's weights, as plain JSON values.

Their fingerprints, and what changed between two of them, in words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import Any

Recipe = dict[str, Any]


def fingerprint(recipe: Recipe) -> str:
    """Hexadecimal SHA-256 of a recipe's canonical JSON form."""
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


_LIMITS = ("epochs", "on_divergence")


def all_but_limits(recipe: Recipe) -> Recipe:
    """A recipe without how far it goes: what decides every state on the way."""
    training = recipe.get("training") or {}
    return {**recipe, "training": {k: v for k, v in training.items() if k not in _LIMITS}}


def training_digest(recipe: Recipe) -> str:
    """Tells one training from another, whatever the number of epochs."""
    return fingerprint(all_but_limits(recipe))


def differences(old: Recipe, new: Recipe) -> Iterator[str]:
    """What changed between two recipes, in words such as ``learning_rate 0.001 → 0.0005``."""
    plain = {key for key in old.keys() | new.keys() if key not in _GROUPS}
    yield from _changed_keys(_only(old, plain), _only(new, plain))
    yield from _changed_keys(old.get("training"), new.get("training"))
    if old.get("architecture") != new.get("architecture"):
        yield "the architecture changed"
    before, after = (recipe.get("pictures") or {} for recipe in (old, new))
    if before.get("digest") != after.get("digest"):
        yield "the pictures changed"
    rest = {key for key in before.keys() | after.keys() if key not in ("digest", "augment")}
    yield from _changed_keys(_only(before, rest), _only(after, rest))
    yield from _changed_keys(before.get("augment"), after.get("augment"))
    yield from _changed_keys(old.get("transfer"), new.get("transfer"), "transfer ")
    if old.get("parent") != new.get("parent"):
        yield "the stage before it changed"


_GROUPS = ("training", "architecture", "pictures", "transfer", "parent")


def _only(values: Recipe, keys: Collection[str]) -> Recipe:
    return {key: value for key, value in values.items() if key in keys}


def _changed_keys(old: Recipe | None, new: Recipe | None, before: str = "") -> Iterator[str]:
    one, other = old or {}, new or {}
    for key in sorted(one.keys() | other.keys(), key=lambda key: (_order(key), key)):
        if key not in one or key not in other or one[key] != other[key]:
            words = [_short(values.get(key, _UNSAID.get(key))) for values in (one, other)]
            yield f"{before}{key} {words[0]} → {words[1]}"


_UNSAID = {"on_divergence": "stop"}
"""What a key that a recipe leaves out stands for, where that has a name."""


def _order(key: str) -> int:
    return 0 if key in ("version", "seed") else 1


def _short(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value)
