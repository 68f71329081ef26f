"""The drawn pictures as a folder like one's own: class folders of PNG files.

For trying out what needs a folder, in tutorials and tests. No Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

from PIL import Image

from grow import atomic
from grow.data.ahead import in_order
from grow.data.synthetic.drawn import CLASSES, draw
from grow.errors import UsageError, writing

FIRST_TEST = 20_000_000
"""Test pictures are counted from here: they are in no part of `source: drawn`."""

_SMALLEST = 8


SCHEMA = "grow.drawn/1"
"""Name and version of the JSON form of drawn pictures."""


@dataclass(frozen=True)
class _Sheet:
    """One picture to draw: its place below the folder, and what it is a function of."""

    path: str
    index: int
    label: int


@dataclass(frozen=True)
class Drawn:
    """A folder of drawn pictures.

    Attributes:
        path: the folder.
        train: how many pictures are there to train on.
        test: how many to test on.
        size: rows and columns of each.
    """

    path: Path
    train: int
    test: int
    size: int

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "schema": SCHEMA,
            "folder": str(self.path),
            "classes": list(CLASSES),
            "pictures": {"train": self.train, "test": self.test},
            "size": self.size,
        }


def draw_pictures(
    folder: str | PathLike[str],
    *,
    pictures: int = 600,
    test: int = 0,
    size: int = 64,
    seed: int = 0,
    progress: Callable[[int, int], None],
    check_stop: Callable[[], None],
) -> Drawn:
    """Draws cats and dogs into a folder that appears when all are there.

    Args:
        folder: where; it must not be there yet, or be empty.
        pictures: how many; half of each class. The first ones of ``source: drawn``.
        test: how many more in a test folder, beside a train folder then.
        size: rows and columns of each picture.
        seed: which pictures.
        progress: told how many of how many pictures are drawn.
        check_stop: called in between; raises to stop.

    Raises:
        UsageError: there is something in the folder, or a number cannot be used.
        Stopped: stopped as asked; nothing is left behind.
    """
    path = Path(folder)
    _check(pictures, test, size)
    _check_empty(path)
    sheets = _sheets(pictures, test)
    # Resolved, since `.` and `..` have no name to write beside.
    with (
        writing(path, hint="name another folder"),
        atomic.new_folder(path.resolve(), replace=path.exists()) as beside,
    ):
        _draw_all(sheets, beside, (size, seed), progress, check_stop)
    return Drawn(path, pictures, test, size)


def _check(pictures: int, test: int, size: int) -> None:
    classes = len(CLASSES)
    if pictures < 2 * classes:
        raise UsageError(f"pictures: expected {2 * classes} or more, found {pictures}")
    if test and test < classes:
        raise UsageError(f"test: expected none, or {classes} or more, found {test}")
    if size < _SMALLEST:
        raise UsageError(f"size: expected {_SMALLEST} pixels or more, found {size}")


def _check_empty(path: Path) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise UsageError(f"{path}: expected a folder to draw into, found a file")
    if any(path.iterdir()):
        raise UsageError(
            f"{path}: expected an empty folder or none, found one with something in it",
            hint="name a new folder: nothing is drawn among what is there",
        )
    if path.resolve() == Path.cwd():
        raise UsageError(
            f"{path}: expected another folder than the one you are in", hint="such as pictures"
        )


def _sheets(pictures: int, test: int) -> list[_Sheet]:
    train = "train/" if test else ""
    parts = [(train, index) for index in range(pictures)]
    parts += [("test/", index) for index in range(FIRST_TEST, FIRST_TEST + test)]
    found = []
    for part, index in parts:
        label = index % len(CLASSES)
        name = CLASSES[label]
        found.append(_Sheet(f"{part}{name}/{name}-{index:05d}.png", index, label))
    return found


def _draw_all(
    sheets: list[_Sheet],
    folder: Path,
    look: tuple[int, int],
    progress: Callable[[int, int], None],
    check_stop: Callable[[], None],
) -> None:
    size, seed = look

    def png(sheet: _Sheet) -> bytes:
        buffer = BytesIO()
        Image.fromarray(draw(seed, sheet.index, sheet.label, size)).save(buffer, "PNG")
        return buffer.getvalue()

    with closing(in_order(png, sheets, check_stop)) as drawn:
        for done, (sheet, content) in enumerate(zip(sheets, drawn, strict=True), start=1):
            place = folder / sheet.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            progress(done, len(sheets))
