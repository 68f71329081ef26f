"""Which pictures are set aside for validation, and whether what is left can be trained on.

This module owns the rule of the split, a pure function of the pictures' contents, and the
making of a manifest from a listing and the pictures' digests. It reads no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from grow.data.manifest import (
    SPLITS,
    Groups,
    Listing,
    Manifest,
    Picture,
    Split,
    Unusable,
    in_order,
    shown,
)
from grow.data.remark import REASONS, Remark
from grow.errors import DataError

_BITS = 64
_NAMED = 5
_LISTED = 10


def rank(digest: str) -> int:
    """The place of a picture's content in [0, 2**64): even over contents, always the same."""
    return int.from_bytes(hashlib.sha256(f"split {digest}".encode()).digest()[: _BITS // 8])


def set_aside(pictures: Sequence[Picture], fraction: float) -> list[Picture]:
    """The same pictures, about a ``fraction`` of them with the split validation.

    A picture's content alone decides, so adding pictures moves no other one and copies of a
    picture stay on one side. A class that would have no training or no validation picture
    gets the nearest ranked one moved over, copies with it, where it has two contents or more.
    """
    threshold = int(fraction * 2**_BITS)
    aside = {p.digest for p in pictures if rank(p.digest) < threshold}
    contents: dict[int, set[str]] = {}
    for picture in pictures:
        contents.setdefault(picture.label, set()).add(picture.digest)
    for label in sorted(contents):
        if len(contents[label]) < 2:
            aside -= contents[label]  # what cannot be trained on is refused
        elif contents[label] <= aside:
            aside.remove(max(contents[label], key=rank))
        elif not contents[label] & aside:
            aside.add(min(contents[label], key=rank))
    return [replace(p, split="validation") if p.digest in aside else p for p in pictures]


def set_aside_groups(pictures: Sequence[Picture], fraction: float, groups: Groups) -> list[Picture]:
    """As `set_aside`, all pictures of a group on one side.

    A group's name alone decides, so adding pictures to it, or other groups, moves none. A picture
    that is in no group is a group of its own, by its content. A class that would have no training
    or no validation picture gets its nearest ranked group moved over, where that leaves every
    class something to train on.
    """
    threshold = int(fraction * 2**_BITS)
    ranks: dict[str, int] = {}
    of_picture: list[str] = []
    of_class: dict[int, set[str]] = {}
    copied: dict[str, str] = {}  # an ungrouped copy of a grouped picture goes with it
    for picture in pictures:
        if name := groups.get(picture.key):
            copied[picture.digest] = min(name, copied.get(picture.digest, name))
    for picture in pictures:
        name = groups.get(picture.key) or copied.get(picture.digest)
        unit = f"group {name}" if name else picture.digest
        ranks.setdefault(unit, rank(unit))
        of_picture.append(unit)
        of_class.setdefault(picture.label, set()).add(unit)
    aside = {unit for unit, place in ranks.items() if place < threshold}
    for label in sorted(of_class):
        if of_class[label] <= aside:
            aside.remove(max(of_class[label], key=ranks.__getitem__))
    for label in sorted(of_class):
        if of_class[label] & aside:
            continue
        movable = [
            unit
            for unit in sorted(of_class[label], key=ranks.__getitem__)
            if not any(units <= aside | {unit} for units in of_class.values())
        ]
        aside.update(movable[:1])
    return [
        replace(p, split="validation") if unit in aside else p
        for p, unit in zip(pictures, of_picture, strict=True)
    ]


def without(listing: Listing, classes: Collection[str]) -> Listing:
    """The listing as it would be if some classes were not there; labels count without them."""
    kept = tuple(name for name in listing.classes if name not in classes)
    labels = {listing.classes.index(name): label for label, name in enumerate(kept)}
    candidates = (
        replace(one, label=labels[one.label]) for one in listing.candidates if one.label in labels
    )
    return replace(listing, classes=kept, candidates=tuple(candidates), unusable=())


def settle(
    listing: Listing,
    digests: Mapping[str, str],
    reasons: Mapping[str, str],
    later: Sequence[Collection[str]] = (),
) -> Manifest:
    """The manifest of a listing once each candidate has a digest or a reason, by key.

    Args:
        listing: the pictures.
        digests: of each that could be read.
        reasons: why others are unusable.
        later: sets of classes, for each of which the manifest without them is made too: with the
            validation pictures that are set aside where these classes are not there.
    """
    pictures = [
        Picture(c.key, c.label, c.split, digests[c.key])
        for c in listing.candidates
        if c.key not in reasons
    ]
    if listing.fraction is not None:
        train = [p for p in pictures if p.split == "train"]
        rest = [p for p in pictures if p.split != "train"]
        divided = (
            set_aside(train, listing.fraction)
            if listing.groups is None
            else set_aside_groups(train, listing.fraction, listing.groups)
        )
        pictures = sorted(rest + divided, key=in_order)
    unusable = [Unusable(key, reason) for key, reason in reasons.items()]
    ordered = tuple(sorted([*listing.unusable, *unusable], key=lambda entry: entry.key))
    told = (*listing.remarks, *_of_groups(listing, pictures))
    earlier = tuple(settle_without(listing, classes, digests, reasons) for classes in later)
    return Manifest(listing.classes, tuple(pictures), ordered, told, earlier)


def settle_without(
    listing: Listing,
    classes: Collection[str],
    digests: Mapping[str, str],
    reasons: Mapping[str, str],
) -> Manifest:
    """The manifest of a listing as it would be if some classes were not there."""
    rest = without(listing, classes)
    own = {c.key: reasons[c.key] for c in rest.candidates if c.key in reasons}
    return settle(rest, digests, own)


def _of_groups(listing: Listing, pictures: Sequence[Picture]) -> Iterator[Remark]:
    """What is to be known of the groups, once the pictures are divided."""
    groups = listing.groups
    if groups is None:
        return
    splits: dict[str, dict[Split, list[str]]] = {}
    for picture in pictures:
        if name := groups.get(picture.key):
            splits.setdefault(name, {}).setdefault(picture.split, []).append(picture.key)
    alone = tuple(picture.key for picture in pictures if picture.key not in groups)
    yield Remark("groups", _division(listing, pictures, splits), note=True)
    if alone:
        yield Remark(
            "not-in-a-group",
            f"{len(alone):,} of {len(pictures):,} pictures are in no group, such as "
            f"{shown(alone[0])}; each counts as a group of its own",
            keys=alone,
            note=True,
        )
    parted = {name: there for name, there in splits.items() if len(there) > 1}
    if parted:
        name, there = next(iter(sorted(parted.items())))
        parts = " and ".join(part for part in SPLITS if part in there)
        yield Remark(
            "group-in-several-splits",
            f"{len(parted):,} of {len(splits):,} groups {'has' if len(parted) == 1 else 'have'} "
            f'pictures in several splits, such as "{shown(name)}" in {parts}',
            "The stage file or the pictures' folders say so; the accuracy measured on them is "
            "higher than on pictures of new groups.",
            tuple(key for one in parted.values() for keys in one.values() for key in keys),
        )


def _division(
    listing: Listing, pictures: Sequence[Picture], splits: Mapping[str, Collection[Split]]
) -> str:
    """How many groups there are, and how many of them and of their pictures are set aside."""
    words = f"{len(splits):,} group{'' if len(splits) == 1 else 's'} of pictures"
    if listing.fraction is None:
        return words
    aside = sum("validation" in there for there in splits.values())
    held = sum(picture.split == "validation" for picture in pictures)
    total = held + sum(picture.split == "train" for picture in pictures)
    return (
        f"{words}, {aside:,} of them set aside for validation, with {held / max(total, 1):.1%} of "
        f"the pictures where {listing.fraction:.4g} was asked for"
    )


def check(manifest: Manifest, place: str, *, validates: bool = True) -> None:
    """See that every class can be trained on and that there is something to validate on.

    Args:
        manifest: the pictures.
        place: where they are.
        validates: whether anything is to be validated on.

    Raises:
        DataError: a class has no training picture, or there is no validation picture.
    """
    for one in manifest.earlier:
        where = f"{place}, as stages see it that know only {', '.join(one.classes)}"
        check(one, where, validates=validates)
    counts = manifest.counts()
    empty = [name for name, number in counts["train"].items() if not number]
    if empty:
        names = ", ".join(f'"{name}"' for name in empty)
        raise DataError(
            f"{place}: expected a usable training picture in every class, found none in "
            f"{names}.{_first(manifest)}",
            hint="Add pictures to it, or repair those that cannot be used.",
        )
    if validates and not any(counts["validation"].values()):
        raise DataError(
            f"{place}: expected pictures to validate on, found none.{_first(manifest)}"
            f"{_all_copies(manifest)}",
            hint="Add pictures, or say in data.validation which folder or share to use.",
        )


def remarks(counts: Mapping[Split, Mapping[str, int]]) -> tuple[str, ...]:
    """What is worth knowing of pictures by split and class that can be trained on all the same."""
    missing = [name for name, number in counts["validation"].items() if not number]
    if not missing or len(missing) == len(counts["validation"]):
        return ()
    names = ", ".join(f'"{name}"' for name in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return (f"no validation pictures of {names}{more}: no figure tells how well they are learnt",)


def check_all_used(manifest: Manifest) -> None:
    """See that no file is left out because something is wrong with it.

    Raises:
        DataError: there are such files; names the first ten.
    """
    bad = [entry for entry in manifest.unusable if not entry.chosen]
    if not bad:
        return
    named = [f"  {shown(entry.key)}: {entry.reason}" for entry in bad[:_LISTED]]
    if len(bad) > _LISTED:
        named.append(f"  and {len(bad) - _LISTED:,} more")
    files = "1 file that cannot" if len(bad) == 1 else f"{len(bad):,} files that cannot"
    raise DataError(
        "\n".join([f"data.on_bad: expected every file to be usable, found {files} be:", *named]),
        hint="Repair them or take them away, or leave them out with on_bad: skip.",
    )


def _all_copies(manifest: Manifest) -> str:
    """What was found of the contents that can be why nothing is set aside, or nothing."""
    words = [one.words for one in manifest.remarks if one.code in REASONS]
    copies = len({one.digest for one in manifest.pictures}) < len(manifest.pictures)
    return f" {'. '.join(words)}." if words and copies else ""  # only copies stay on one side


def _first(manifest: Manifest) -> str:
    """The first unusable files in words, or nothing."""
    named = [f"{shown(entry.key)} ({entry.reason})" for entry in manifest.unusable[:_NAMED]]
    more = len(manifest.unusable) - len(named)
    if more:
        named.append(f"and {more} more")
    return f" Not usable: {', '.join(named)}." if named else ""
