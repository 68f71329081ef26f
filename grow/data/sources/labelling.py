"""Which class each folder of a part of the data set means, given the classes of the train folder.

This module owns when a folder name stands for a class that is spelt otherwise, when pictures are
taken to have no labels at all, and the words for folders that fit no class. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from grow.data.manifest import shown
from grow.data.remark import Remark
from grow.data.sources.layout import is_wrapper, listed, says_unlabelled
from grow.data.sources.spelling import alike, difference, folded
from grow.data.sources.walk import Level
from grow.errors import DataError


@dataclass(frozen=True)
class Classes:
    """The classes there are.

    Attributes:
        used: their names, in label order.
        left_out: class folders that the stage file does not choose.
        chosen: whether the stage file chooses among the folders.
    """

    used: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    chosen: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        """All class folders of the train folder."""
        return (*self.used, *self.left_out)


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
    known = _by_fold(folders)
    for name in wanted:
        meant = _meant(name, known)
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
    return Classes(ordered, tuple(name for name in folders if name not in used), chosen=True)


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
    left_out, bare, respelt = [], [], []
    known, places = _by_fold(classes.all), {name: at for at, name in enumerate(classes.used)}
    for name in folders:
        meant = _meant(name, known)
        if meant in places:
            of[name] = places[meant]
            respelt += [] if meant == name else [(name, meant)]
        elif meant in classes.left_out:
            left_out.append(name)
        elif says_unlabelled(name):
            bare.append(name)
        elif classes.chosen and not get_close_matches(name, classes.used, n=1):
            left_out.append(name)
        else:
            raise _unknown(place, name, classes)
    return Labels(of, tuple(left_out), tuple(bare), tuple(_respelt(prefix, respelt)))


def is_unlabelled(level: Level, outer: str, classes: Classes) -> bool:
    """Whether a part holds pictures and no folder that could be meant for a class.

    Args:
        level: what is in the part's folder.
        outer: what that is called.
        classes: the classes there are.
    """
    if not level.folders:
        return bool(level.pictures)
    known = _by_fold(classes.all)
    numbers = all(name.isdigit() for name in classes.all)
    return all(
        (is_wrapper(name, outer) or says_unlabelled(name) or name.lower() == "unknown")
        and not (numbers and name.isdigit())
        and _meant(name, known) is None
        and not get_close_matches(name, classes.all, n=1)
        for name in level.folders
    )


def look_alikes(prefix: str, classes: Classes) -> Iterable[Remark]:
    """Classes whose names look equal, or differ in capitals only."""
    groups = alike(classes.used)
    if groups:
        first = groups[0]
        more = f"; and {len(groups) - 1:,} more such" if groups[1:] else ""
        yield Remark(
            "class-names-alike",
            f"{listed(first)} are {len(first)} classes: {difference(first[0], first[1])}{more}",
            "If they are one class, put their pictures into one folder.",
            tuple(f"{prefix}{name}/" for group in groups for name in group),
        )


ByFold = Mapping[str, Sequence[str]]


def _by_fold(names: Iterable[str]) -> ByFold:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(folded(name), []).append(name)
    return found


def _meant(name: str, known: ByFold) -> str | None:
    """The name that is meant, spelt so or nearly so; None where none or several are."""
    found = known.get(folded(name), ())
    if name in found:
        return name
    return found[0] if len(found) == 1 else None


def _respelt(prefix: str, respelt: Sequence[tuple[str, str]]) -> Iterable[Remark]:
    if respelt:
        name, meant = respelt[0]
        more = f"; and {len(respelt) - 1:,} more such" if respelt[1:] else ""
        yield Remark(
            "class-spelt-otherwise",
            f'"{shown(prefix + name)}" is taken for the class "{shown(meant)}" of the train '
            f"folder: {difference(name, meant)}{more}",
            "Rename the folders, so that other programs take them for one class, too.",
            tuple(f"{prefix}{name}/" for name, _ in respelt),
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
