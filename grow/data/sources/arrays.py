"""The array sources, npz and npy: arrays of pictures and labels become a listing.

This module owns which names in a file are understood, how labels become classes, and the words
for arrays that cannot be used. It reads labels and the heads of picture arrays, no pixel. numpy
is loaded by its functions, so that other sources are listed without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grow.config.schema import NpyData, NpzData
from grow.data.manifest import Candidate, Listing, Split, Unusable, in_order
from grow.data.remark import Remark
from grow.data.sources import labels as doubtful
from grow.data.sources.labels import Use
from grow.data.sources.locate import file
from grow.data.sources.parts import NOT_USED, VALIDATION, use
from grow.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PARTS: tuple[tuple[Split, tuple[str, ...]], ...] = (
    ("train", ("train",)),
    ("validation", VALIDATION),
    ("test", ("test",)),
)
_PAIRS = (("x_{}", "y_{}"), ("{}_images", "{}_labels"))
_BARE = (("images", "labels"), ("x", "y"))
_CLASS_NAMES = ("class_names", "classes", "label_names")
_KNOWN = "x_train and y_train (x_val, x_test likewise), or images and labels"
_SHOWN = 10


@dataclass(frozen=True)
class Part:
    """The pictures and the labels of one part.

    Attributes:
        split: which part.
        images: name of the array of pictures in the file.
        labels: name of the array of labels in the file.
    """

    split: Split
    images: str
    labels: str


def list_npz(data: NpzData, base: Path) -> Listing:
    """List the pictures of an .npz file: its labels are read, no pixel is.

    Raises:
        DataError: no such file, not the arrays in it, or not a label for each picture.
    """
    from grow.data.sources import arrayfile  # noqa: PLC0415 - numpy, for this source alone

    path = file("data.path", data.path, base, "an .npz file")
    names = arrayfile.names(path)
    parts = parts_of(path, names)
    used = use([part.split for part in parts], data.validation, str(path))
    labels = {}
    for part in parts:
        number = arrayfile.head(path, part.images).number
        labels[part] = _labels(path, part.labels, arrayfile.read(path, part.labels), number)
    own = next((name for name in _CLASS_NAMES if name in names), None)
    inside = () if own is None else _texts(path, own, arrayfile.read(path, own))
    train = labels[next(part for part in parts if part.split == "train")]
    classes, positions = _classes(path, data.classes or inside, train)
    found: list[Candidate] = []
    unusable = []
    doubts: list[Remark] = []
    for part in parts:
        if part.split not in used.of:
            unusable.append(Unusable(f"{part.images}/", NOT_USED, chosen=True))
            continue
        if not (data.classes or inside):
            doubts += _doubts(path, part.labels, labels[part])
        numbers = _numbers(path, part.labels, labels[part], positions)
        found += _candidates(path, part.images, numbers, used.of[part.split])
    found.sort(key=in_order)
    return Listing(str(path), classes, tuple(found), tuple(unusable), used.fraction, tuple(doubts))


def list_npy(data: NpyData, base: Path) -> Listing:
    """List the pictures of two .npy files: the labels are read, no pixel is.

    Raises:
        DataError: no such file, not an array of pictures, or not a label for each picture.
    """
    from grow.data.sources import arrayfile  # noqa: PLC0415 - numpy, for this source alone

    images = file("data.images", data.images, base, "an .npy file")
    path = file("data.labels", data.labels, base, "an .npy file")
    labels = _labels(path, "", arrayfile.read(path, ""), arrayfile.head(images, "").number)
    classes, positions = _classes(path, data.classes or (), labels)
    found = _candidates(images, "", _numbers(path, "", labels, positions), "train")
    found.sort(key=in_order)
    fraction = use(["train"], data.validation, str(images)).fraction
    doubts = () if data.classes else _doubts(path, "", labels)
    return Listing(str(images), classes, tuple(found), (), fraction, doubts)


def parts_of(path: Path, names: Sequence[str]) -> tuple[Part, ...]:
    """The parts that the arrays of an .npz file are.

    Raises:
        DataError: none of them, or pictures without labels.
    """
    parts = []
    for split, words in _PARTS:
        pairs = [(x.format(word), y.format(word)) for word in words for x, y in _PAIRS]
        bare = list(_BARE) if split == "train" else []
        there = next((pair for pair in pairs + bare if pair[0] in names), None)
        if there is None:
            continue
        if there[1] not in names:
            raise DataError(
                f'{path}: expected the labels of "{there[0]}" as "{there[1]}", found '
                f"{_quoted(names)}.",
                hint="Save them under that name.",
            )
        parts.append(Part(split, *there))
    if not parts:
        raise DataError(
            f"{path}: expected the arrays {_KNOWN}, found {_quoted(names)}.",
            hint="Save them under such names: numpy.savez(file, x_train=…, y_train=…).",
        )
    return tuple(parts)


def key(name: str, row: int) -> str:
    """What the picture in a row of an array is called."""
    return f"{name}/{row:08d}" if name else f"{row:08d}"


def place(key: str) -> tuple[str, int]:
    """The array and the row that a key names."""
    name, _, row = key.rpartition("/")
    return name, int(row)


def _candidates(path: Path, name: str, labels: Sequence[int], split: Split) -> list[Candidate]:
    where = str(path)
    return [Candidate(key(name, row), label, split, where) for row, label in enumerate(labels)]


def _labels(path: Path, name: str, labels: NDArray[Any], pictures: int) -> NDArray[Any]:
    """Whole numbers or texts, shape `(pictures,)`, from what people save as labels."""
    where = f'{path}: "{name}"' if name else f"{path}:"
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    columns = labels.ndim == 2 and len(labels) == pictures and labels.dtype.kind in "biuf"
    if columns and ((labels == 0) | (labels == 1)).all() and (labels.sum(1) == 1).all():
        labels = labels.argmax(axis=1)  # one column a class
    if labels.ndim != 1 or len(labels) != pictures:
        flags = labels.ndim == 2 and len(labels) == pictures and labels.dtype.kind in "iubf"
        # Of flags for each class several may be set, which one column a class does not admit.
        many = flags and ((labels == 0) | (labels == 1)).all() and (labels.sum(1) > 1).any()
        several = f"{doubtful.ONE_EACH} " if many else ""
        raise DataError(
            f"{where} expected one label for each of {pictures:,} pictures, found an array of "
            f"shape {labels.shape}.",
            hint=f"{several}Save labels of shape (n,), numbers of classes or their names.",
        )
    if labels.dtype.kind == "f" and (labels == labels.round()).all():
        labels = labels.astype("int64")
    if labels.dtype.kind == "S":
        labels = _decoded(where, labels)
    if labels.dtype.kind not in "iubU":
        odd = (labels != labels.round()).argmax() if labels.dtype.kind == "f" else None
        such = "" if odd is None else f", such as {labels[odd]:g} in row {odd}"
        numbers = "" if odd is None else f"{doubtful.NO_NUMBERS} "
        raise DataError(
            f"{where} expected labels that are whole numbers or texts, found {labels.dtype}{such}.",
            hint=f"{numbers}Save numbers of classes or their names.",
        )
    return labels


def _doubts(path: Path, name: str, labels: NDArray[Any]) -> tuple[Remark, ...]:
    """What is doubtful about labels, whole numbers or texts of shape `(pictures,)`."""
    import numpy as np  # noqa: PLC0415 - numpy, for this source alone

    values, first, counts = np.unique(labels, return_index=True, return_counts=True)
    rows = zip(values.tolist(), first.tolist(), counts.tolist(), strict=True)
    uses = {str(value): Use(count, row) for value, row, count in rows}
    return doubtful.doubts(f'{path}: "{name}"' if name else str(path), uses, "row")


def _texts(path: Path, name: str, values: NDArray[Any]) -> tuple[str, ...]:
    if values.ndim != 1 or values.dtype.kind not in "US":
        raise DataError(
            f'{path}: "{name}" expected the class names as texts, found {values.dtype} of shape '
            f"{values.shape}.",
            hint="Save a list of texts under that name, or leave it out.",
        )
    if values.dtype.kind == "S":
        values = _decoded(f'{path}: "{name}"', values)
    return tuple(str(value) for value in values)


def _decoded(where: str, values: NDArray[Any]) -> NDArray[Any]:
    import numpy as np  # noqa: PLC0415 - numpy, for this source alone

    try:
        return np.char.decode(values, "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where} expected texts in UTF-8, found: {error}.", hint="Save texts, not bytes."
        ) from error


def _classes(
    path: Path, names: tuple[str, ...], train: NDArray[Any]
) -> tuple[tuple[str, ...], dict[Any, int]]:
    """The class names, and the position of each value that a label can have."""
    there = sorted(set(train.tolist()))
    if names:
        if len(set(names)) < len(names):
            raise DataError(f"{path}: expected class names that differ, found {_quoted(names)}.")
        texts = bool(there) and isinstance(there[0], str)
        return names, {name if texts else label: label for label, name in enumerate(names)}
    if len(there) < 2:
        found = f"only {there[0]!r}" if there else "none"
        raise DataError(
            f"{path}: expected two or more classes among the training pictures, found {found}.",
            hint="Save a label for each picture.",
        )
    return tuple(str(value) for value in there), {value: i for i, value in enumerate(there)}


def _numbers(path: Path, name: str, labels: NDArray[Any], positions: dict[Any, int]) -> list[int]:
    values = labels.tolist()
    unknown = next((row for row, value in enumerate(values) if value not in positions), None)
    if unknown is None:
        return [positions[value] for value in values]
    known = ", ".join(str(value) for value in list(positions)[:_SHOWN])
    more = ", …" if len(positions) > _SHOWN else ""
    where = f'{path}: "{name}" row {unknown}' if name else f"{path}: row {unknown}"
    raise DataError(
        f"{where}: expected one of the labels {known}{more}, found {values[unknown]!r}.",
        hint="Every label must be that of a training picture, or of a class that is named.",
    )


def _quoted(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _SHOWN else ""
    return (", ".join(f'"{name}"' for name in names[:_SHOWN]) or "nothing") + more
