"""The parts a data set is divided into: what they are called, and what each is used for.

This module owns the names of train, validation and test parts and the rule that says which of
them is validated on. It reads nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from grow.data.manifest import SPLITS, Split
from grow.errors import DataError

TRAIN = ("train", "training", "training_set")
VALIDATION = ("val", "valid", "validation", "validation_set", "dev")
TEST = ("test", "testing", "test_set")

# Words that tell a part within a longer name, such as seg_train or TestData2017.
# fmt: off
_WORDS: dict[Split, frozenset[str]] = {
    "train": frozenset({
        "train", "training", "trn", "trainset", "trainingset", "traindata", "trainingdata",
        "trainval",
    }),
    "validation": frozenset({
        "val", "valid", "validation", "dev", "eval", "evaluation", "valset", "validset", "devset",
        "evalset", "valdata",
    }),
    "test": frozenset({"test", "testing", "tst", "testset", "testingset", "testdata"}),
}
# fmt: on
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

FRACTION = 0.2
"""The share of the training pictures that is set aside where nothing else is said."""

NOT_USED = "not used: data.validation says what to validate on"


@dataclass(frozen=True)
class Use:
    """What the parts of a data set are used for.

    Attributes:
        of: the split each part becomes; a part that is not there is not used.
        fraction: the share of the training pictures to set aside, if any.
    """

    of: dict[Split, Split]
    fraction: float | None


def named(name: str) -> Split | None:
    """Which part ``name`` means, capitals or not; None where it means none."""
    meanings: tuple[tuple[Split, tuple[str, ...]], ...] = (
        ("train", TRAIN),
        ("validation", VALIDATION),
        ("test", TEST),
    )
    return next((part for part, names in meanings if name.lower() in names), None)


def worded(name: str) -> Split | None:
    """Which part the words of ``name`` mean, as seg_train and TestData do; None for none or two.

    Training and validation pictures together, as in train_val, are to train on.
    """
    words = {word.lower() for word in _WORD.findall(name)}
    meant = [part for part, known in _WORDS.items() if not known.isdisjoint(words)]
    if named(name) or not meant:
        return named(name)
    return meant[0] if len(meant) == 1 or meant == ["train", "validation"] else None


def share_of(validation: str | float | None) -> float | None:
    """The share of the training pictures to set aside where no part is validated on.

    Args:
        validation: what `data.validation` says; ``none`` sets nothing aside.
    """
    if validation == "none":
        return None
    return validation if isinstance(validation, float) else FRACTION


def use(
    there: Collection[Split], validation: Split | Literal["none"] | float | None, place: str
) -> Use:
    """What each part that is ``there`` is used for, given ``data.validation``.

    Raises:
        DataError: the part to validate on, or the training part, is not there.
    """
    if "train" not in there:
        raise DataError(
            f"{place}: expected pictures to train on, found {_listed(there)} pictures.",
            hint="Call one part train.",
        )
    of: dict[Split, Split] = {part: part for part in SPLITS if part in there}
    if validation == "none":
        of.pop("validation", None)
        return Use(of, None)
    if isinstance(validation, str) and validation not in there:
        raise DataError(
            f"data.validation: expected {validation} pictures in {place}, found "
            f"{_listed(there)} pictures.",
            hint="Name a part that is there, or a share such as 0.2.",
        )
    if isinstance(validation, float):
        of.pop("validation", None)
        return Use(of, validation)
    if validation == "test":
        of.pop("validation", None)
        of["test"] = "validation"
    return Use(of, None if "validation" in of.values() else FRACTION)


def _listed(there: Collection[Split]) -> str:
    parts = [part for part in SPLITS if part in there]
    return f"only {' and '.join(parts)}" if parts else "no"
