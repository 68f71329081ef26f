"""Which class each folder of a part of the data set means, given the classes of the train folder.

This module owns when a folder name stands for a class that is spelt otherwise, when pictures are
taken to have no labels at all, and the words for folders that fit no class. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from grow.errors import DataError
from grow.pictures.layout import is_neutral, listed, says_unlabelled
from grow.pictures.manifest import shown
from grow.pictures.remark import Remark
from grow.pictures.spelling import alike, difference, folded
from grow.pictures.walk import Level


@dataclass(frozen=True)
class Classes:
    """The classes there are.

    Attributes:
        used: their names, in label order.
        left_out: class folders that the stage file does not choose.
    """

    used: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All class folders of the train folder."""
        return (*self.used, *self.left_out)

    @property
    def chosen(self) -> bool:
        """Whether the stage file chooses among the folders."""
        return bool(self.left_out)


@dataclass(frozen=True)
class Labels:
    """What the folders of one part mean.

    Attributes:
        of: the label of each folder that means a class.
        left_out: folders of classes that the stage file does not choose.
        unlabelled: folders of pictures whose classes nobody knows, by their names.
        remarks: which names are not spelt as their class is.
    """

    of: dict[str, int]
    left_out: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


def choose(place: str, folders: Sequence[str], wanted: Sequence[str] | None) -> Classes:
    """The classes among ``folders``; all unless some are ``wanted``.

    Raises:
        DataError: one that is wanted is not there, or is said twice.
    """
    if wanted is None:
        return Classes(tuple(folders))
    used = []
    for name in wanted:
        meant = _meant(name, folders)
        if meant is None:
            raise DataError(
                f'data.classes: expected folders in {place}, found "{shown(name)}", which is none '
                f"of {listed(folders)}.",
                hint=f"{_near(name, folders)}Name folders that are there.",
            )
        if meant in used:
            raise DataError(
                f'data.classes: expected each class once, found "{shown(name)}" twice.',
                hint="Take one of them away.",
            )
        used.append(meant)
    ordered = tuple(name for name in folders if name in used)
    return Classes(ordered, tuple(name for name in folders if name not in used))


def labels(place: str, prefix: str, folders: Iterable[str], classes: Classes) -> Labels:
    """What the folders of another part than train mean.

    Args:
        place: the part's folder, for messages.
        prefix: what their keys begin with.
        folders: their names.
        classes: the classes there are.

    Raises:
        DataError: a folder fits no class of the train folder.
    """
    of: dict[str, int] = {}
    left_out, bare, remarks = [], [], []
    for name in folders:
        meant = _meant(name, classes.all)
        if meant in classes.used:
            of[name] = classes.used.index(meant)
            remarks += [] if meant == name else [_respelt(prefix, name, meant)]
        elif meant in classes.left_out:
            left_out.append(name)
        elif says_unlabelled(name):
            bare.append(name)
        elif classes.chosen and not get_close_matches(name, classes.used, n=1):
            left_out.append(name)
        else:
            raise _unknown(place, name, classes)
    return Labels(of, tuple(left_out), tuple(bare), tuple(remarks))


def is_unlabelled(level: Level, classes: Classes) -> bool:
    """Whether a part holds pictures and no folder that could be meant for a class."""
    if not level.folders:
        return bool(level.pictures)
    numbers = all(name.isdigit() for name in classes.all)
    return all(
        (is_neutral(name) or says_unlabelled(name))
        and not (numbers and name.isdigit())
        and _meant(name, classes.all) is None
        and not get_close_matches(name, classes.all, n=1)
        for name in level.folders
    )


def look_alikes(prefix: str, classes: Classes) -> list[Remark]:
    """Classes whose names look equal, or differ in capitals only."""
    return [
        Remark(
            "class-names-alike",
            f"{listed(group)} are {len(group)} classes: {difference(group[0], group[1])}",
            "If they are one class, put their pictures into one folder.",
            tuple(f"{prefix}{name}/" for name in group),
        )
        for group in alike(classes.used)
    ]


def _meant(name: str, names: Sequence[str]) -> str | None:
    """The one of ``names`` that is meant, spelt so or nearly so; None where none or several are."""
    if name in names:
        return name
    found = [one for one in names if folded(one) == folded(name)]
    return found[0] if len(found) == 1 else None


def _respelt(prefix: str, name: str, meant: str) -> Remark:
    return Remark(
        "class-spelt-otherwise",
        f'"{shown(prefix + name)}" is taken for the class "{shown(meant)}" of the train folder: '
        f"{difference(name, meant)}",
        "Rename one of them, so that other programs take them for one, too.",
        (f"{prefix}{name}/",),
    )


def _unknown(place: str, name: str, classes: Classes) -> DataError:
    spelt = [one for one in classes.used if folded(one) == folded(name)]
    either = f" It can mean {listed(spelt)}." if spelt else ""
    return DataError(
        f"{place}: expected the classes of the train folder ({listed(classes.used)}), found "
        f'"{shown(name)}", which it does not have.{either}',
        hint=f"{_near(name, classes.used)}Rename or remove the folder, or add the class to the "
        "train folder.",
    )


def _near(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f'Did you mean "{shown(near[0])}"? ' if near else ""
