"""Look-alikes on both sides of a split that grow made, and the groups that would prevent that.

This module owns which groupings are tried and when one is worth proposing. Pure: pictures and
groups of look-alikes in, words out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from grow.config.schema import CsvData, FolderData, Local, PathGroup
from grow.data.manifest import Candidate, Listing, Manifest, Picture
from grow.data.remark import Remark
from grow.data.sources import grouping, matching

SERIOUS = 0.01
"""The share of pictures from which on look-alikes are a warning; they may be told by error."""

MANY = 0.05
"""The share from which on look-alikes of few classes are one, whatever the names tell."""

_KEPT_TOGETHER = 0.9
"""The share of look-alikes across the split that a proposed grouping keeps on one side, at least;
two films can show the same room."""

_SHAPES = (
    r"([^/]+)[-_. ]\d+\.\w+$",  # a name, then a number: p7_003.png
    r"([^/]*\D)\d+\)?\.\w+$",  # run3b12.png, film (3).png
    r"([^/_-]+)[_-][^/]*$",  # the first word: p7_left.png
    r"([^/_-]+[_-][^/_-]+)[_-][^/]*$",  # the first two: site1_p7_left.png
    r"[_-]([^/_-]+)\.\w+$",  # the last: left_p7.png
    r"(\d+)[a-zA-Z]\.\w+$",  # 17a.png, 17b.png
)
_WORDS = 8
_DEPTHS = (1, 2, 3)


def proposable(data: Local, listing: Listing) -> bool:
    """Whether a grouping can be proposed: a share is set aside, and nobody has said by what."""
    return (
        isinstance(data, FolderData | CsvData)
        and data.group is None
        and listing.fraction is not None
    )


def find_leak(manifest: Manifest, groups: Sequence[Sequence[int]]) -> Remark | None:
    """The warning of look-alikes across a share that was set aside; None where they are few.

    Args:
        manifest: the pictures.
        groups: which look alike, by their places in the manifest.
    """
    alike = [[manifest.pictures[place] for place in group] for group in groups]
    crossing = _crossing(alike)
    count = sum(one.split == "validation" for group in crossing for one in group)
    total = sum(one.split == "validation" for one in manifest.pictures)
    if not count or count < SERIOUS * total:
        return None
    # Strokes of one digit look alike too. Films show in most classes, or in the names.
    classes = {one.label for group in crossing for one in group}
    spread = 2 * len(classes) >= len(manifest.classes) or count >= MANY * total
    if not spread and propose(manifest, alike) is None:
        return None
    return Remark(
        "look-alike-leak-validation",
        f"{count:,} of {total:,} validation pictures {'looks' if count == 1 else 'look'} like a "
        "training picture, so the accuracy on them may be higher than on new pictures",
        advice(manifest, alike),
        tuple(one.key for group in crossing for one in group),
    )


def advice(manifest: Manifest, alike: Sequence[Sequence[Picture]]) -> str:
    """What to do about look-alikes on both sides of a share that was set aside."""
    found = propose(manifest, alike)
    if found is None:
        return (
            "Look at them with grow data check. If pictures belong together (frames of a film, "
            "pictures of a patient), say so with group in data: then all of a group go to one side."
        )
    group, number = found
    return (
        "If they belong together (frames of a film, pictures of a patient), add "
        f"group: {written(group)} to data: the pictures are then {number:,} groups, each of them "
        "on one side."
    )


def written(group: PathGroup) -> str:
    """A grouping as a stage file has it."""
    if group.pattern is None:
        return f"{{folder: {group.folder}}}"
    quoted = group.pattern.replace("'", "''")
    return f"{{pattern: '{quoted}'}}"


def propose(manifest: Manifest, alike: Sequence[Sequence[Picture]]) -> tuple[PathGroup, int] | None:
    """A grouping by paths that keeps the look-alikes together, the finest; and its groups' number.

    Args:
        manifest: the pictures, a share of them set aside.
        alike: pictures that look alike, in groups.
    """
    divided = [one for one in manifest.pictures if one.split != "test"]
    crossing = _crossing(alike)
    if not crossing:
        return None
    best: tuple[PathGroup, int] | None = None
    for group in _tried([one.key for one in crossing[0]]):
        names = _names(group, divided, manifest.classes)
        number = len(set(filter(None, names.values())))
        if (best is None or number > best[1]) and _serves(names, divided, crossing):
            best = (group, number)
    return best


def _crossing(alike: Sequence[Sequence[Picture]]) -> list[list[Picture]]:
    """Of pictures that look alike, those of the divided ones that are on both sides."""
    divided = ([one for one in group if one.split != "test"] for group in alike)
    return [
        group
        for group in divided
        if len({one.split for one in group}) > 1 and len({one.digest for one in group}) > 1
    ]


def _tried(keys: Sequence[str]) -> Iterator[PathGroup]:
    """Groupings to try, the plainest first; a word before a number is taken from the ``keys``."""
    for depth in _DEPTHS:
        yield PathGroup(folder=depth)
    words = [re.findall(r"([A-Za-z]+[-_ ]?)\d", key) for key in keys]
    for word in list(dict.fromkeys(words[0]))[:_WORDS]:
        if all(word in others for others in words):
            yield PathGroup(pattern=rf"{re.escape(word)}(\d+)".replace(r"\-", "-"))
    for shape in _SHAPES:
        yield PathGroup(pattern=shape)


def _names(
    group: PathGroup, pictures: Sequence[Picture], classes: tuple[str, ...]
) -> dict[str, str]:
    """The name of each picture's group, by key; empty where it is in none."""
    keys = [one.key for one in pictures]
    if group.pattern is not None:
        found = matching.names(re.compile(group.pattern), keys)
        return dict(zip(keys, found, strict=True))
    candidates = tuple(Candidate(one.key, one.label, one.split, "") for one in pictures)
    inside = grouping.by_path(group, Listing("", classes, candidates))
    return {key: inside.get(key, "") for key in keys}


def _serves(
    names: dict[str, str], pictures: Sequence[Picture], crossing: Sequence[Sequence[Picture]]
) -> bool:
    """Whether a grouping keeps look-alikes together and leaves something to divide."""
    together = 0
    for group in crossing:
        found = {names[one.key] for one in group}
        together += len(found) == 1 and "" not in found
    named = [name for name in names.values() if name]
    # A group for each picture keeps nothing together, and one for each class divides nothing.
    if together < _KEPT_TOGETHER * len(crossing) or 2 * len(set(named)) > len(named):
        return False
    of_class: dict[int, set[str]] = {}
    for one in pictures:
        of_class.setdefault(one.label, set()).add(names[one.key] or f"\0{one.key}")
    return all(len(groups) > 1 for groups in of_class.values())
