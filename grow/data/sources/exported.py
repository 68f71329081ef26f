"""Data sets that are fetched first: where they lie then, and what is known of them before.

This module owns their places in the cache, and as which source they are read from there. It
fetches nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grow.config.schema import CsvData, Data, Fetched, KerasData, Local, NpzData, TfdsData
from grow.data.manifest import Split
from grow.data.sources.outline import Outline
from grow.data.sources.parts import use

TABLE = "pictures.csv"

CLASSES: dict[str, tuple[str, ...]] = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
    "cifar100": tuple(str(label) for label in range(100)),
}
"""The classes of Keras's data sets, in the order of their labels, as their authors name them;
Keras gives cifar100 as numbers only, and so they stand here."""

_TRAIN = {"mnist": 60_000, "fashion_mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}
_TEST = 10_000
_COMMON = ("fit", "master", "augment", "on_bad", "balance", "range", "validation")


def place(data: Fetched, cache: Path) -> Path:
    """The file or folder in ``cache`` that a data set is kept in once it is fetched."""
    match data:
        case KerasData():
            return cache / "datasets" / f"keras-{data.name}.npz"
        case TfdsData():
            name = data.name.replace("/", "-").replace(":", "-")
            return cache / "datasets" / f"tfds-{name}"


def local(data: Data, cache: Path) -> Local:
    """As which source ``data`` is read; all but fetched ones as they are."""
    match data:
        case KerasData():
            return NpzData(source="npz", path=str(place(data, cache)), **_common(data))
        case TfdsData():
            return CsvData(source="csv", path=str(place(data, cache) / TABLE), **_common(data))
        case _:
            return data


def missing(data: Data, cache: Path) -> Fetched | None:
    """The data set that must be fetched before ``data`` can be read; None where none must."""
    if isinstance(data, Fetched) and not place(data, cache).exists():
        return data
    return None


def foreseen(data: Fetched) -> Outline | None:
    """What a data set that is not fetched yet will offer, where that is known."""
    if not isinstance(data, KerasData):
        return None
    classes, test = CLASSES[data.name], _TEST
    totals: dict[Split, int] = {"train": _TRAIN[data.name], "test": test}
    used = use(list(totals), data.validation, f"keras {data.name}")
    # All four are close to balanced; totals are exact.
    counts: dict[Split, dict[str, int]] = {s: {} for s in ("train", "validation", "test")}
    for split, as_split in used.of.items():
        shares = divmod(totals[split], len(classes))
        counts[as_split] = {c: shares[0] + (i < shares[1]) for i, c in enumerate(classes)}
    return Outline(f"keras {data.name}", classes, counts, used.fraction, ())


def _common(data: Fetched) -> dict[str, Any]:
    return {key: getattr(data, key) for key in _COMMON}
