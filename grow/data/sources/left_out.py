"""What is said of pictures in a folder that are not used though somebody may want them. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from grow.data.manifest import Split, Unusable, shown
from grow.data.remark import Remark
from grow.data.sources.kinds import NEEDS_HEIF, PUT_AWAY
from grow.data.sources.layout import choosing, listed

MANY_UNREAD = 0.01
"""The share of pictures that are not read from which on they are a warning."""


def without_classes(
    key: str, number: int, path: str, split: Split, classes: Sequence[str]
) -> Remark:
    """Of pictures of another part than train that nothing tells the classes of.

    Args:
        key: their folder, with a slash at its end.
        number: how many there are.
        path: the same folder, as commands are to name it.
        split: the part.
        classes: the classes of the train folder.
    """
    instead = ""
    if split == "validation":
        instead = " A share of the training pictures is set aside to validate on instead."
    return Remark(
        "pictures-without-classes",
        f"{shown(key)} holds {number:,} pictures and no class folders, and is left out",
        f"To judge by them, sort them into {listed(f'{key}{name}' for name in classes)}. To have "
        "a trained model tell their classes: grow predict RUN "
        f"{shown(shlex.quote(path))}.{instead}",
        (key,),
    )


def part_not_used(name: str, part: Split) -> Remark:
    """Of a folder that is a part by its words and its class folders, beside one called train."""
    say = (
        f"Say `validation: {shown(name)}` in data, or rename" if part == "validation" else "Rename"
    )
    return Remark(
        "part-not-used",
        f"{shown(name)}/ holds the same class folders as the train folder and is not used",
        f"{say} it to {part}/.",
        (f"{name}/",),
    )


def beside_train(names: Sequence[str], train: str) -> Remark:
    """Of folders beside the train folder where there is no other part: all may be classes."""
    one = len(names) == 1
    return Remark(
        "folder-beside-train",
        f"{listed(names)} {'is' if one else 'are'} not used, since {train}/ is taken for the "
        "folder to train on",
        f"If {train} is a class, too: {choosing([*names, train])}. To test on pictures, put them "
        "into test/.",
        tuple(f"{name}/" for name in names),
    )


def unread(unread: Sequence[Unusable], used: int) -> Iterable[Remark]:
    """Pictures and videos in class folders that are left out, from a share of them on."""
    if not unread or len(unread) < MANY_UNREAD * (used + len(unread)):
        return
    kinds = Counter(one.kind for one in unread)
    words = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common())
    heic = [f"{NEEDS_HEIF}."] if "HEIC" in kinds else []
    away = any(kind.startswith(PUT_AWAY) for kind in kinds)
    others = [kind for kind in kinds if kind != "HEIC" and not kind.startswith(PUT_AWAY)]
    which = "the others" if heic or away else "them"
    advice = [
        *heic,
        *(["Rename those that were put away, if you want them."] if away else []),
        *([f"Save {which} as JPEG or PNG, if you want them."] if others else []),
    ]
    yield Remark(
        "unread-pictures",
        f"{len(unread):,} of {used + len(unread):,} pictures in class folders are of kinds that "
        f"are not read, and are left out ({words})",
        " ".join(advice),
        tuple(sorted(one.key for one in unread)),
    )
