"""The folder source: a folder of one's own pictures becomes a listing with classes and splits.

This module owns the layouts that are understood, what each folder's name means, and the
words for all that can be wrong with them. `layout` tells classes from parts of a data set, and
`labelling` which class a folder of another part means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grow.config.schema import FolderData
from grow.data.manifest import Candidate, Listing, Split, Unusable, in_order, shown
from grow.data.remark import Remark
from grow.data.sources import layout, left_out
from grow.data.sources.kinds import KINDS
from grow.data.sources.labelling import Classes, Labels, choose, is_unlabelled, labels, look_alikes
from grow.data.sources.layout import listed
from grow.data.sources.locate import looked_at, possible
from grow.data.sources.parts import FRACTION, NOT_USED, TEST, VALIDATION, named, share_of, worded
from grow.data.sources.roles import Roles, Root, each, insides, listing, look_at, roles
from grow.data.sources.spelling import folded
from grow.data.sources.walk import Level, walk
from grow.errors import DataError

_LAYOUT = (
    "Put each class in a folder of its own, as in cats/ and dogs/, or those into train/ with "
    "val/ and test/ beside it."
)

_NAMED = 3
_NOT_CHOSEN = "not used: data.classes chooses others"


@dataclass
class _Found:
    """What is gathered while the folders are gone through."""

    candidates: list[Candidate] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    unread: list[Unusable] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


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
    """List the pictures under ``data.path``; only files whose endings do not tell are opened.

    Raises:
        DataError: no such folder, or its folders are not classes as `_LAYOUT` says.
    """
    root = look_at(resolve_root(data, base))
    parts = roles(root, data)
    return _flat(root, data) if parts is None else _split(root, parts, data)


def _flat(root: Root, data: FolderData) -> Listing:
    """The root's folders are the classes."""
    folders, place = root.level.folders, root.path
    if data.classes is None:
        if folders and all(name.lower() in VALIDATION + TEST for name in folders):
            raise DataError(
                f"{place}: expected a train folder, found only {listed(folders)}.", hint=_LAYOUT
            )
        layout.check(str(place), root.insides)
    _check_classes(place, root.level)
    if isinstance(data.validation, str) and data.validation != "none":
        raise DataError(
            f'data.validation: expected a train folder beside "{data.validation}" in {place}, '
            f"found only class folders: {listed(folders)}.",
            hint=f"Name a share such as 0.2, or put the classes into train/ and "
            f"{data.validation}/.",
        )
    classes = choose(str(place), list(folders), data.classes)
    found = _Found()
    _train(found, place, "", root.level, classes, root.levels)
    return _listing(root, classes, found, share_of(data.validation))


def _split(root: Root, roles: Roles, data: FolderData) -> Listing:
    """The root has a train folder; the classes are in there."""
    found = _Found(unusable=root.level.unusable + _outside(root.level))
    train = roles.folders["train"]
    place, prefix, level = _entered(root.path / train, lambda one: len(one.folders) >= 2)
    _check_classes(place, level)
    classes = choose(str(place), list(level.folders), data.classes)
    _train(found, place, prefix, level, classes, each(level, prefix))
    fraction = roles.fraction
    for split, name in roles.folders.items():
        if split != "train" and not _part(found, root.path / name, split, classes):
            if split == "validation" and roles.said:
                raise DataError(
                    f"data.validation: expected the class folders {listed(classes.used)} in "
                    f"{root.path / name}, found pictures without classes.",
                    hint="Sort them into class folders, or name a share such as 0.2.",
                )
            fraction = FRACTION if split == "validation" else fraction
    _unused(found, root, roles)
    return _listing(root, classes, found, fraction)


def _train(
    found: _Found,
    place: Path,
    prefix: str,
    level: Level,
    classes: Classes,
    levels: Mapping[str, Level],
) -> None:
    """The pictures to train on, in class folders in ``place``."""
    of = {name: label for label, name in enumerate(classes.used)}
    before = len(found.unusable)
    _collect(found, Labels(of, classes.left_out), level, "train", prefix, levels)
    _check_filled(place, classes.used, found.candidates, found.unusable[before:])
    found.remarks += look_alikes(prefix, classes)
    if not classes.chosen:
        found.remarks += layout.remarks(insides(level, levels))


def _part(found: _Found, place: Path, split: Split, classes: Classes) -> bool:
    """The pictures of another part; False where nothing tells their classes."""
    known = {folded(name) for name in classes.all}
    at, prefix, level = _entered(place, lambda one: not known.isdisjoint(map(folded, one.folders)))
    if is_unlabelled(level, at.name, classes):
        _unlabelled(found, place, f"{place.name}/", split, classes)
        return False
    meant = labels(str(at), prefix, level.folders, classes)
    found.remarks += meant.remarks
    _collect(found, meant, level, split, prefix)
    for name in meant.unlabelled:
        _unlabelled(found, at / name, f"{prefix}{name}/", split, classes)
    return True


def _entered(place: Path, enough: Callable[[Level], bool]) -> tuple[Path, str, Level]:
    """A part's folder, or the one with classes behind wrappers such as train/train; its prefix."""
    first = place, f"{place.name}/", listing(place, f"{place.name}/")
    at, prefix, level = first
    passed: list[Unusable] = []
    while not level.pictures and len(level.folders) == 1 and not enough(level):
        name = next(iter(level.folders))
        if not layout.is_wrapper(name, at.name):
            return first
        passed += level.unusable
        at, prefix = at / name, f"{prefix}{name}/"
        level = listing(at, prefix)
    if not enough(level):
        return first
    level.unusable = passed + level.unusable
    return at, prefix, level


def _collect(
    found: _Found,
    meant: Labels,
    level: Level,
    split: Split,
    prefix: str,
    levels: Mapping[str, Level] | None = None,
) -> None:
    """The pictures in all class folders of one split, and what is unusable there."""
    found.unusable += level.unusable + _outside(level)
    found.unusable += [Unusable(f"{prefix}{n}/", _NOT_CHOSEN, chosen=True) for n in meant.left_out]
    for name, label in meant.of.items():
        tree = walk(level.folders[name], f"{prefix}{name}/", (levels or {}).get(name))
        found.candidates += [Candidate(key, label, split, at) for key, at in tree.pictures]
        found.unusable += tree.unusable
        found.unread += [one for one in tree.unusable if one.kind]


def _unlabelled(found: _Found, place: Path, key: str, split: Split, classes: Classes) -> None:
    """Pictures of a part that nothing tells the classes of: left out, with a remark."""
    number = len(walk(str(place), key).pictures)
    found.unusable.append(Unusable(key, "not used: pictures without classes"))
    found.remarks.append(left_out.without_classes(key, number, str(place), split, classes.used))


def _unused(found: _Found, root: Root, roles: Roles) -> None:
    """Folders beside the train folder that no picture is taken from."""
    train = roles.folders["train"]
    rest = [name for name in root.level.folders if name not in roles.folders.values()]
    found.unusable += [_not_used(name, roles) for name in rest]
    seen = {name: root.insides[name] for name in rest if name in root.insides}
    for name in seen:
        part = None if named(name) else worded(name)
        wanted = part and part not in roles.folders and not (roles.said and part == "validation")
        if part and wanted and layout.shares(root.insides, name, train):
            found.remarks.append(left_out.part_not_used(name, part))
    bare = [n for n, one in seen.items() if not worded(n) and (one.pictures or one.folders)]
    if bare and len(roles.folders) == 1:
        found.remarks.append(left_out.beside_train(bare, train))


def _not_used(name: str, roles: Roles) -> Unusable:
    """A folder beside the train folder that no picture is taken from."""
    part = named(name) or worded(name)
    if roles.said and (part == "validation" or named(name) == "test"):
        return Unusable(f"{name}/", NOT_USED, chosen=True)
    # Two folders of one meaning: nobody has said which, so that is worth a look.
    if part is not None and part in roles.folders:
        return Unusable(f"{name}/", f'not used: the {part} folder is "{roles.folders[part]}"')
    return Unusable(f"{name}/", "not used: neither train, validation nor test folder")


def _outside(level: Level) -> list[Unusable]:
    return [Unusable(key, "a picture outside the class folders") for key, _ in level.pictures]


def _listing(root: Root, classes: Classes, found: _Found, fraction: float | None) -> Listing:
    found.candidates.sort(key=in_order)
    unusable = tuple(sorted(found.unusable, key=lambda entry: entry.key))
    remarks = (*found.remarks, *left_out.unread(found.unread, len(found.candidates)))
    place = str(root.path)
    return Listing(place, classes.used, tuple(found.candidates), unusable, fraction, remarks)


def _check_classes(place: Path, level: Level) -> None:
    names = list(level.folders)
    if len(names) >= 2:
        return
    hint = _LAYOUT
    if names:
        found = f'only one folder, "{names[0]}"'
        inner = place
        while not level.pictures and len(level.folders) == 1:
            inner /= next(iter(level.folders))
            level = listing(inner, "")
        if len(level.folders) >= 2:
            hint = f"Did you mean {inner}? {_LAYOUT}"
    elif level.pictures:
        found = f"{len(level.pictures)} pictures and no class folders"
    else:
        found = "no folder and no picture"
    raise DataError(f"{place}: expected two or more class folders, found {found}.", hint=hint)


def _check_filled(
    place: Path, classes: tuple[str, ...], found: list[Candidate], unusable: list[Unusable]
) -> None:
    filled = {candidate.label for candidate in found}
    empty = [name for label, name in enumerate(classes) if label not in filled]
    if empty:
        there = sorted(unusable, key=lambda one: one.key)
        instead = [one for one in there if not set(empty).isdisjoint(one.key.split("/")[:-1])]
        words = ", ".join(f"{shown(one.key)} ({one.reason})" for one in instead[:_NAMED])
        more = ", ..." if instead[_NAMED:] else ""
        why = f" Not usable there: {words}{more}." if words else ""
        raise DataError(
            f"{place}: expected pictures ({KINDS}) in every class folder, found none in "
            f"{listed(empty)}.{why}",
            hint="Add pictures, or remove the folder where it is no class.",
        )
