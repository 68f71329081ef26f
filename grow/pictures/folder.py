"""The folder source: a folder of one's own pictures becomes a listing with classes and splits.

This module owns the layouts that are understood, what each folder's name means, and the
words for all that can be wrong with them. It opens no picture. Imports the standard library,
`errors`, `spec` and its neighbours `locate`, `manifest`, `parts` and `walk` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from grow.errors import DataError
from grow.pictures.locate import looked_at, possible
from grow.pictures.manifest import Candidate, Listing, Split, Unusable, in_order, shown
from grow.pictures.parts import FRACTION, NOT_USED, TEST, TRAIN, VALIDATION, named
from grow.pictures.walk import Level, look, walk
from grow.spec import FolderData

_LAYOUT = (
    "Put each class in a folder of its own, as in cats/ and dogs/, or those into train/ with "
    "val/ and test/ beside it."
)

_NAMED = 3


@dataclass(frozen=True)
class _Roles:
    """What each folder under the root is for.

    Attributes:
        folders: the folder's name for each split that has one.
        fraction: the share to set aside when validation has no folder.
        said: whether the stage file says what to validate on.
    """

    folders: dict[Split, str]
    fraction: float | None
    said: bool


def resolve_root(data: FolderData, base: Path) -> Path:
    """The folder ``data.path`` means, resolved.

    A relative path is looked for in ``base`` (the stage file's folder), then in the current
    directory; ``~`` is the home folder.

    Raises:
        DataError: there is no such folder; the message names every place looked at.
    """
    places = possible("data.path", data.path, base)
    for place in places:
        if place.is_dir():
            return place.resolve()
    found = next((f"{place} is a file" for place in places if place.exists()), "no such folder")
    raise DataError(
        f'data.path: expected a folder of pictures at "{data.path}", found {found}. '
        f"Looked at {looked_at(places)}.",
        hint="Correct data.path; it is relative to the stage file, or else to where the "
        "command runs.",
    )


def list_folder(data: FolderData, base: Path) -> Listing:
    """List the pictures under ``data.path``; no file is opened.

    Raises:
        DataError: no such folder, or its folders are not classes as `_LAYOUT` says.
    """
    root = resolve_root(data, base)
    level = _look(root, "")
    roles = _roles(root, level, data.validation)
    if roles is None:
        return _flat(root, level, data.validation)
    return _split(root, level, roles)


def _look(path: Path, prefix: str) -> Level:
    try:
        return look(str(path), prefix)
    except OSError as error:
        raise DataError(
            f"{path}: expected a folder that can be listed, found: {error.strerror}",
            hint="Check the folder's permissions.",
        ) from error


def _named(folders: dict[str, str], names: tuple[str, ...]) -> str | None:
    known = {folder.lower(): folder for folder in reversed(folders)}
    return next((known[name] for name in names if name in known), None)


def _roles(root: Path, level: Level, validation: str | float | None) -> _Roles | None:
    """What the folders under the root are for; None where they are the classes."""
    train = _named(level.folders, TRAIN)
    if train is None or _is_class(root, level, train):
        return None
    rest = {name: at for name, at in level.folders.items() if name != train}
    if isinstance(validation, str) and validation != "none":
        if validation not in rest:
            raise _no_validation_folder(root, validation, rest)
        aside: str | None = validation
    else:
        aside = _named(rest, VALIDATION) if validation is None else None
    test = _named({name: at for name, at in rest.items() if name != aside}, TEST)
    folders: dict[Split, str] = {"train": train}
    if aside:
        folders["validation"] = aside
    if test:
        folders["test"] = test
    fraction = None if aside else _share(validation)
    return _Roles(folders, fraction, validation is not None)


def _share(validation: str | float | None) -> float | None:
    """The share to set aside where no folder is validated on."""
    if validation == "none":
        return None
    return validation if isinstance(validation, float) else FRACTION


def _is_class(root: Path, level: Level, train: str) -> bool:
    """Whether the folder named train is a class: pictures of trains, beside other classes."""
    others = [name for name in level.folders if name.lower() not in TRAIN + VALIDATION + TEST]
    return bool(others) and not _look(root / train, "").folders


def _no_validation_folder(root: Path, wanted: str, there: dict[str, str]) -> DataError:
    near = get_close_matches(wanted, there, n=1)
    meant = f'Did you mean "{near[0]}"? ' if near else ""
    found = ", ".join(f'"{name}"' for name in there) or "no folder beside the train folder"
    return DataError(
        f'data.validation: expected a folder named "{wanted}" in {root}, found {found}.',
        hint=f"{meant}Name a folder that is there, or a share such as 0.2.",
    )


def _flat(root: Path, level: Level, validation: str | float | None) -> Listing:
    """The root's folders are the classes."""
    folders = level.folders
    if folders and all(name.lower() in VALIDATION + TEST for name in folders):
        raise DataError(
            f"{root}: expected a train folder, found only {_quoted(folders)}.", hint=_LAYOUT
        )
    _check_classes(root, level)
    if isinstance(validation, str) and validation != "none":
        raise DataError(
            f'data.validation: expected a train folder beside "{validation}" in {root}, found '
            f"only class folders: {_quoted(folders)}.",
            hint=f"Name a share such as 0.2, or put the classes into train/ and {validation}/.",
        )
    classes = tuple(folders)
    found, unusable = _collect(classes, level, "train")
    _check_filled(root, classes, found, unusable)
    return _listing(root, classes, found, unusable, _share(validation))


def _split(root: Path, level: Level, roles: _Roles) -> Listing:
    """The root has a train folder; the classes are in there."""
    unused = [name for name in level.folders if name not in roles.folders.values()]
    unusable = level.unusable + _outside(level) + [_not_used(name, roles) for name in unused]
    found: list[Candidate] = []
    classes: tuple[str, ...] = ()
    for split, name in roles.folders.items():
        inside = _look(root / name, f"{name}/")
        if split == "train":
            _check_classes(root / name, inside)
            classes = tuple(inside.folders)
        _check_known(root / name, inside, classes)
        more, reasons = _collect(classes, inside, split, f"{name}/")
        if split == "train":
            _check_filled(root / name, classes, more, reasons)
        found += more
        unusable += reasons
    return _listing(root, classes, found, unusable, roles.fraction)


def _collect(
    classes: tuple[str, ...], level: Level, split: Split, prefix: str = ""
) -> tuple[list[Candidate], list[Unusable]]:
    """The pictures in all class folders of one split, and what is unusable there."""
    found: list[Candidate] = []
    unusable = level.unusable + _outside(level)
    for name, path in level.folders.items():
        label = classes.index(name)
        tree = walk(path, f"{prefix}{name}/")
        found += [Candidate(key, label, split, at) for key, at in tree.pictures]
        unusable += tree.unusable
    return found, unusable


def _not_used(name: str, roles: _Roles) -> Unusable:
    """A folder beside the train folder that no picture is taken from."""
    part = named(name)
    if part is None:
        return Unusable(f"{name}/", "not used: neither train, validation nor test folder")
    # Two folders of one meaning: nobody has said which, so that is worth a look.
    if not roles.said or part == "train":
        return Unusable(f"{name}/", f'not used: the {part} folder is "{roles.folders[part]}"')
    return Unusable(f"{name}/", NOT_USED, chosen=True)


def _outside(level: Level) -> list[Unusable]:
    return [Unusable(key, "a picture outside the class folders") for key, _ in level.pictures]


def _listing(
    root: Path,
    classes: tuple[str, ...],
    found: list[Candidate],
    unusable: list[Unusable],
    fraction: float | None,
) -> Listing:
    found.sort(key=in_order)
    ordered = tuple(sorted(unusable, key=lambda entry: entry.key))
    return Listing(str(root), classes, tuple(found), ordered, fraction)


def _check_classes(place: Path, level: Level) -> None:
    names = list(level.folders)
    if len(names) >= 2:
        return
    hint = _LAYOUT
    if names:
        found = f'only one folder, "{names[0]}"'
        if len(_look(place / names[0], "").folders) >= 2:
            hint = f"Did you mean {place / names[0]}? {_LAYOUT}"
    elif level.pictures:
        found = f"{len(level.pictures)} pictures and no class folders"
    else:
        found = "no folder and no picture"
    raise DataError(f"{place}: expected two or more class folders, found {found}.", hint=hint)


def _check_known(place: Path, level: Level, classes: tuple[str, ...]) -> None:
    for name in level.folders:
        if name not in classes:
            raise DataError(
                f"{place}: expected the classes of the train folder ({_quoted(classes)}), found "
                f'"{name}", which it does not have.',
                hint="Rename or remove the folder, or add the class to the train folder.",
            )


def _check_filled(
    place: Path, classes: tuple[str, ...], found: list[Candidate], unusable: list[Unusable]
) -> None:
    filled = {candidate.label for candidate in found}
    empty = [name for label, name in enumerate(classes) if label not in filled]
    if empty:
        instead = [one for one in unusable if not set(empty).isdisjoint(one.key.split("/")[:-1])]
        words = ", ".join(f"{shown(one.key)} ({one.reason})" for one in instead[:_NAMED])
        more = ", ..." if instead[_NAMED:] else ""
        there = f" Not usable there: {words}{more}." if words else ""
        raise DataError(
            f"{place}: expected pictures (.jpg, .jpeg, .png, .bmp, .gif, .webp) in every class "
            f"folder, found none in {_quoted(empty)}.{there}",
            hint="Add pictures, or remove the folder where it is no class.",
        )


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
