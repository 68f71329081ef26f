"""Whether the folders under a root are classes, or the parts of a data set with classes inside.

This module owns what their names and their sub-folders tell of that: understood where the names
say so, refused where they are plainly parts and nobody can tell which, a remark where both can be.
It opens no picture.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from grow.data.manifest import Split, shown
from grow.data.remark import Remark
from grow.data.sources.parts import TEST, VALIDATION, named, worded
from grow.data.sources.spelling import folded
from grow.data.sources.walk import Level, glance
from grow.errors import DataError

Names = Collection[str]

_DEEPEST = 5
_SHOWN = 4

# fmt: off
# Words that say nothing of what is on the pictures inside.
_NEUTRAL = frozenset({
    "all", "batch", "batches", "cam", "camera", "chunk", "clip", "clips", "data", "dataset", "dir",
    "file", "files", "folder", "frame", "frames", "group", "image", "images", "img", "imgs",
    "jpeg", "jpegs", "jpg", "part", "photo", "photos", "pic", "pics", "picture", "pictures", "png",
    "raw", "seq", "sequence", "series", "session", "set", "shard", "subject", "subset", "vid",
    "video", "videos",
})
_UNLABELLED = frozenset({
    "unlabeled", "unlabelled", "unlabel", "nolabel", "nolabels", "unsup", "unsupervised",
})
# Words for equal pieces of one whole.
_PIECES = frozenset({
    "fold", "folds", "part", "batch", "set", "split", "subset", "chunk", "shard",
})
# fmt: on
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Inside:
    """What a folder under the root holds, seen through wrappers such as seg_train/seg_train.

    Attributes:
        folders: its sub-folders, by name.
        pictures: whether it has pictures of its own.
    """

    folders: tuple[str, ...] = ()
    pictures: bool = False


Insides = Mapping[str, Inside]


def inside(name: str, path: str, level: Level) -> Inside:
    """What a folder holds; ``level`` is what was listed of it."""
    seen = Inside(tuple(level.folders), bool(level.pictures))
    for _ in range(_DEEPEST):
        if seen.pictures or len(seen.folders) != 1 or not is_wrapper(seen.folders[0], name):
            break
        path, name = f"{path}/{seen.folders[0]}", seen.folders[0]
        folders, pictures = glance(path)
        seen = Inside(tuple(folders), pictures)
    return seen


def is_wrapper(name: str, outer: str) -> bool:
    """Whether a folder's only sub-folder is no class by its name, as in seg_train/seg_train."""
    return folded(name) == folded(outer) or worded(name) is not None or is_neutral(name)


def is_neutral(name: str) -> bool:
    """Whether a name says nothing of what is on pictures: images, batch_2, 2019, b."""
    return all(word in _NEUTRAL or (len(word) == 1 and word.isascii()) for word in _words(name))


def says_unlabelled(name: str) -> bool:
    """Whether a name says that nobody knows the classes of the pictures inside."""
    return not _UNLABELLED.isdisjoint({*_words(name), "".join(_words(name))})


def by_words(insides: Insides) -> dict[Split, str] | None:
    """The folder of each part where the names say it: seg_train beside seg_test, say.

    None unless one folder is for training by its words and holds class folders, and there is one
    for another part that holds the same ones, or nothing but pictures while no folder could be a
    class.
    """
    worded_as = {name: part for name in insides if (part := worded(name))}
    training = [name for name, part in worded_as.items() if part == "train"]
    others = {name: part for name, part in worded_as.items() if part != "train"}
    if len(training) != 1 or not others or len(set(others.values())) < len(others):
        return None
    classes = {folded(name) for name in insides[training[0]].folders}
    if len(classes) < 2:
        return None
    rest = [insides[name] for name in insides if name not in worded_as]
    if any(_shared(one, classes) for one in rest):
        return None
    plain = any(_shared(insides[name], classes) for name in others)
    bare = all(not insides[name].folders for name in others) and not any(
        one.folders or one.pictures for one in rest
    )
    if not plain and not bare:
        return None
    return {"train": training[0], **{part: name for name, part in others.items()}}


def shares(insides: Insides, name: str, train: str) -> bool:
    """Whether a folder's sub-folders are, for the most part, the class folders of another."""
    if name not in insides or train not in insides:
        return False
    return _shared(insides[name], {folded(one) for one in insides[train].folders})


def _shared(one: Inside, classes: Names) -> bool:
    """Whether sub-folders are, for the most part, class folders."""
    ours = {folded(name) for name in one.folders}
    return bool(ours) and 2 * len(ours & set(classes)) >= len(ours)


def check(root: str, insides: Insides) -> None:
    """See that the folders under ``root`` are not plainly something else than classes.

    Raises:
        DataError: they are parts of a data set; nobody can tell which is which.
    """
    holding = {name: one for name, one in insides.items() if one.folders or one.pictures}
    parts = {name: part for name in holding if (part := worded(name))}
    beside = {folded(name) for name in holding if name not in parts}
    again = [name for name in parts if beside <= {folded(one) for one in holding[name].folders}]
    if len(beside) >= 2 and again:
        raise DataError(
            f"{root}: expected class folders, found {listed(again)}, which "
            f"{_hold(again)} the folders beside {_it(again)} once more: by "
            f"{'its name' if len(again) == 1 else 'their names'} a part of the data set.",
            hint=f"Put the class folders beside {_it(again)} into {root}/train. {_escape(holding)}",
        )
    same = _same(holding)
    inner = _inner(holding, same)
    named_so = sum(name in parts for name in same) >= 2
    if named_so or (len(same) >= 2 and all(map(_is_piece, same)) and not _says_nothing(inner)):
        raise DataError(
            f"{root}: expected class folders, found {listed(same)}, which hold the same folders "
            f"({listed(inner)}): parts of a data set by their names, and it is not clear which is "
            "which.",
            hint=f"Put the class folders to train on into {root}/train, those to test on into "
            f"{root}/test; or name one of the folders in data.path. {_escape(holding)}",
        )
    if len(parts) == len(holding) and {"train"} < set(parts.values()):
        raise DataError(
            f"{root}: expected class folders, found {listed(parts)}: parts of a data set by their "
            "names, which do not hold the same class folders.",
            hint=f"Sort the pictures of each by class, as in train/cats and train/dogs. "
            f"{_escape(holding)}",
        )


def remarks(insides: Insides) -> list[Remark]:
    """What is doubtful about folders that are taken for classes."""
    return [
        *_parts_inside(insides),
        *_same_inside(insides),
        *_all_again(insides),
        *_parts_among(insides),
        *_unlabelled_class(insides),
    ]


def _parts_inside(insides: Insides) -> Iterable[Remark]:
    """Classes that hold train and test folders: the inverse of what is understood."""
    found = [name for name, one in insides.items() if _is_divided(one)]
    if len(found) >= 2 or (found and len(found) == len(insides)):
        first = found[0]
        yield Remark(
            "splits-inside-classes",
            f"{listed(found)} {_hold(found)} {listed(insides[first].folders)}: parts of a data set "
            "by their names, and all of them are trained on",
            f"To keep them apart, turn the folders around: train/{first} instead of {first}/train.",
            tuple(f"{name}/" for name in found),
        )


def _is_divided(one: Inside) -> bool:
    meant = {worded(name) for name in one.folders}
    return not one.pictures and "train" in meant and bool(meant & {"validation", "test"})


def _same_inside(insides: Insides) -> Iterable[Remark]:
    same = _same({name: one for name, one in insides.items() if not _is_divided(one)})
    inner = _inner(insides, same)
    if len(same) >= 2 and not _says_nothing(inner):
        yield Remark(
            "same-folders-in-classes",
            f"{listed(same)} hold no pictures of their own but the same folders ({listed(inner)}), "
            "and are taken for the classes",
            f"If {listed(inner)} are the classes, name one of the outer folders in data.path, or "
            f"put them into train/ and test/. {_escape(insides)}",
            tuple(f"{name}/" for name in same),
        )


def _all_again(insides: Insides) -> Iterable[Remark]:
    """A folder that holds the ones beside it once more, as archives unpacked into themselves do."""
    known = {folded(name) for name in insides}
    found = [
        name
        for name, one in insides.items()
        if not one.pictures
        and len({folded(n) for n in one.folders} & (known - {folded(name)})) >= 2
        and _shared(one, known - {folded(name)})
    ]
    others = [name for name in insides if name not in found]
    if found and len(others) >= 2:
        yield Remark(
            "classes-inside-a-class",
            f"{listed(found)} {_hold(found)} the folders beside {_it(found)} once more, and "
            f"{'is' if len(found) == 1 else 'are'} taken for a class",
            f"Take {_it(found)} away, or leave {_it(found)} out: {choosing(others)}.",
            tuple(f"{name}/" for name in found),
        )


def _same(insides: Insides) -> list[str]:
    """The folders without pictures of their own that hold nearly the same two or more folders."""
    bare = {
        name: {folded(inner) for inner in one.folders}
        for name, one in insides.items()
        if len(one.folders) >= 2 and not one.pictures
    }
    often = Counter(inner for folders in bare.values() for inner in folders)
    common = {inner for inner, times in often.items() if times >= 2 and 2 * times >= len(bare)}
    return [
        name
        for name, folders in bare.items()
        if len(folders & common) >= 2 and 2 * len(folders & common) >= len(folders)
    ]


def _inner(insides: Insides, names: Names) -> list[str]:
    """The sub-folders that most of some folders hold."""
    often = Counter(inner for name in names for inner in insides[name].folders)
    return sorted(inner for inner, times in often.items() if 2 * times >= len(names))


def _says_nothing(names: Names) -> bool:
    """Whether no name could be a class; the ten digits and the letters could."""
    letters = [name for name in names if len(name) == 1 and name.isalpha()]
    could_be = set(names) >= set("0123456789") or len(letters) >= 20
    return all(map(is_neutral, names)) and not could_be


def _parts_among(insides: Insides) -> Iterable[Remark]:
    """A folder called test or val beside class folders; train may be pictures of trains."""
    others = [name for name in insides if not named(name)]
    found = [
        name
        for name in insides
        if name.lower() in TEST + VALIDATION and f"in{name.lower()}" not in map(folded, insides)
    ]
    if found and len(others) >= 2:
        yield Remark(
            "split-taken-for-class",
            f"{listed(found)} {'is' if len(found) == 1 else 'are'} taken for a class, since there "
            "is no train folder",
            "If it is a part of the data set, put the class folders into train/ beside it. If not "
            f"wanted: {choosing(others)}.",
            tuple(f"{name}/" for name in found),
        )


def _unlabelled_class(names: Names) -> Iterable[Remark]:
    """A folder of pictures without labels among those that are taken for classes."""
    found = [name for name in names if says_unlabelled(name)]
    if found:
        yield Remark(
            "unlabelled-taken-for-class",
            f"{listed(found)} {'is' if len(found) == 1 else 'are'} taken for a class",
            "Where nobody knows the classes of these pictures, leave them out: "
            f"{choosing([name for name in names if name not in found])}.",
            tuple(f"{name}/" for name in found),
        )


def choosing(names: Names) -> str:
    """What to write into a stage file to have just these folders as the classes."""
    if len(names) > _SHOWN:
        return "name the classes in data.classes of the stage file"
    return f"`classes: [{listed(names)}]` in data of the stage file"


def _escape(names: Names) -> str:
    return f"Where they are classes all the same: {choosing(names)}."


def _is_piece(name: str) -> bool:
    words = _words(name)
    return not _PIECES.isdisjoint(words) and is_neutral("_".join({*words} - _PIECES))


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(re.sub(r"([a-z])([A-Z])", r"\1_\2", name))]


def _hold(names: Names) -> str:
    return "holds" if len(names) == 1 else "hold"


def _it(names: Names) -> str:
    return "it" if len(names) == 1 else "them"


def listed(names: Iterable[str]) -> str:
    """Names in quotation marks; of many only the first."""
    quoted = [f'"{shown(name)}"' for name in names]
    more = len(quoted) - _SHOWN
    return ", ".join(quoted[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
