"""What each folder under the root is for: the parts of a data set, or the classes.

This module owns that decision, and the looking that it takes: the root, two levels deep. It opens
no picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from grow.config.schema import FolderData
from grow.data.manifest import Split
from grow.data.sources import layout
from grow.data.sources.layout import Insides
from grow.data.sources.parts import TEST, TRAIN, VALIDATION, share_of, worded
from grow.data.sources.walk import Level, look
from grow.errors import DataError


@dataclass(frozen=True)
class Roles:
    """What each folder under the root is for.

    Attributes:
        folders: the folder's name for each split that has one.
        fraction: the share to set aside when validation has no folder.
        said: whether the stage file says what to validate on.
    """

    folders: dict[Split, str]
    fraction: float | None
    said: bool


@dataclass(frozen=True)
class Root:
    """The root, looked at two levels deep.

    Attributes:
        path: where it is.
        level: what is in it.
        levels: what is in each folder under it; without those that cannot be listed.
        insides: what each folder holds, through wrappers.
    """

    path: Path
    level: Level
    levels: Mapping[str, Level]
    insides: Insides


def look_at(path: Path) -> Root:
    """Look at a root and at each folder under it.

    Raises:
        DataError: the root cannot be listed.
    """
    level = listing(path, "")
    levels = each(level, "")
    return Root(path, level, levels, insides(level, levels))


def listing(path: Path, prefix: str) -> Level:
    """One folder, as `walk.look` lists it.

    Raises:
        DataError: it cannot be listed.
    """
    try:
        return look(str(path), prefix)
    except OSError as error:
        raise DataError(
            f"{path}: expected a folder that can be listed, found: {error.strerror}",
            hint="Check the folder's permissions.",
        ) from error


def each(level: Level, prefix: str) -> dict[str, Level]:
    """What is in each folder of a level; those that cannot be listed are `walk`'s to name."""
    levels = {}
    for name, path in level.folders.items():
        with suppress(OSError):
            levels[name] = look(path, f"{prefix}{name}/")
    return levels


def insides(level: Level, levels: Mapping[str, Level]) -> Insides:
    """What each folder of a level holds, through wrappers."""
    return {name: layout.inside(name, level.folders[name], one) for name, one in levels.items()}


def _named(folders: Iterable[str], names: tuple[str, ...]) -> str | None:
    known = {folder.lower(): folder for folder in reversed(list(folders))}
    return next((known[name] for name in names if name in known), None)


def roles(root: Root, data: FolderData) -> Roles | None:
    """What the folders under the root are for; None where they are the classes.

    Raises:
        DataError: the folder to validate on is not there.
    """
    folders, validation = root.level.folders, data.validation
    if data.classes is not None and set(data.classes) <= set(folders):
        return None
    aside = validation if isinstance(validation, str) and validation != "none" else None
    parts = _parts(root, aside)
    if parts is None:
        return None
    if aside is not None:
        rest = [name for name in folders if name != parts["train"]]
        if aside not in rest:
            raise _no_validation_folder(root.path, aside, rest)
        parts = {part: name for part, name in parts.items() if name != aside}
        parts["validation"] = aside
    elif validation is not None:
        parts.pop("validation", None)
    fraction = None if "validation" in parts else share_of(validation)
    return Roles(parts, fraction, validation is not None)


def _parts(root: Root, aside: str | None) -> dict[Split, str] | None:
    """The folder of each part by its name; None where the folders are the classes.

    Args:
        root: the root.
        aside: the folder to validate on, where the stage file says it.
    """
    train = _named(root.level.folders, TRAIN)
    if train is None or _is_class(root, train):
        return layout.by_words(root.insides)
    rest = [name for name in root.level.folders if name not in (train, aside)]
    test = _named(rest, TEST)
    # Test pictures change no weights, so that one more name for them keeps what was trained. A
    # longer name for validation pictures would not: `_unused` tells how to have them used.
    like = [n for n in rest if worded(n) == "test" and layout.shares(root.insides, n, train)]
    if test is None and len(like) == 1:
        test = like[0]
    found: tuple[tuple[Split, str | None], ...] = (
        ("train", train),
        ("validation", _named(rest, VALIDATION)),
        ("test", test),
    )
    return {part: name for part, name in found if name is not None}


def _is_class(root: Root, train: str) -> bool:
    """Whether the folder named train is a class: pictures of trains, beside other classes."""
    others = [n for n in root.level.folders if n.lower() not in TRAIN + VALIDATION + TEST]
    return bool(others) and not listing(root.path / train, "").folders


def _no_validation_folder(root: Path, wanted: str, there: list[str]) -> DataError:
    near = get_close_matches(wanted, there, n=1)
    meant = f'Did you mean "{near[0]}"? ' if near else ""
    found = ", ".join(f'"{name}"' for name in there) or "no folder beside the train folder"
    return DataError(
        f'data.validation: expected a folder named "{wanted}" in {root}, found {found}.',
        hint=f"{meant}Name a folder that is there, or a share such as 0.2.",
    )
