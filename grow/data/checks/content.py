"""Findings about pictures that are there more than once: copies, leaks, two labels.

Pure: pictures and groups in, findings out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from grow.data import together
from grow.data.alike import MOST
from grow.data.checks.value import Finding, Group, Severity
from grow.data.checks.wording import agreeing, among, many
from grow.data.manifest import SPLITS, Manifest, Picture

_SPLITS = {"train": "training", "validation": "validation", "test": "test"}

Pictures = tuple[Picture, ...]


def copies(manifest: Manifest) -> list[Finding]:
    """What is to be said of files with the same bytes."""
    same = _grouped(manifest.pictures, [picture.digest for picture in manifest.pictures])
    found = [*_two_labels(manifest.classes, same), *_leaks(same)]
    within = [group for group in same if not _labels(group) and not _splits(group)]
    if within:
        extra = sum(len(group) - 1 for group in within)
        found.append(
            Finding(
                "duplicates",
                Severity.NOTE,
                f"{many(extra, 'file')} {agreeing(extra, 'is a copy', 'are copies')} of another "
                "one of the same class and split",
                "Such pictures count more than others; remove the copies unless that is meant.",
                _listed(within),
            )
        )
    return found


def look_alikes(
    manifest: Manifest, groups: Sequence[int], *, proposes: bool = False
) -> list[Finding]:
    """What is to be said of pictures that look alike though their files differ.

    Args:
        manifest: the pictures.
        groups: for each picture the group it is in, as `grow.data.alike` says.
        proposes: whether validation is a share for which a grouping can be proposed.
    """
    alike = [
        group
        for group in _grouped(manifest.pictures, groups)
        if len({picture.digest for picture in group}) > 1
    ]
    found = [
        *_alike_with_two_labels(manifest, [group for group in alike if _labels(group)]),
        *_alike_across_splits(manifest, alike, proposes=proposes),
    ]
    within = [group for group in alike if not _labels(group) and not _splits(group)]
    if within:
        total = sum(map(len, within))
        found.append(
            Finding(
                "look-alikes",
                Severity.NOTE,
                f"{many(total, 'picture')} {agreeing(total, 'looks', 'look')} like another one of "
                "the same class and split",
                "The same picture saved again, perhaps; look at a few of them.",
                _listed(within),
            )
        )
    return found


def not_compared(pictures: int) -> list[Finding]:
    """What is to be said where there are too many pictures to compare each with all others."""
    if pictures <= MOST:
        return []
    return [
        Finding(
            "look-alikes-not-compared",
            Severity.NOTE,
            f"more than {MOST:,} pictures: of those that look alike, only those were looked for "
            "whose small grey copies are equal",
            "Check parts of them to find the others.",
        )
    ]


def _two_labels(classes: tuple[str, ...], same: Iterable[Pictures]) -> Iterator[Finding]:
    groups = [group for group in same if _labels(group)]
    if groups:
        yield Finding(
            "two-labels",
            Severity.WARNING,
            f"{many(len(groups), 'picture')} {agreeing(len(groups), 'is', 'are')} filed under two "
            "classes or more, as copies of the same file",
            "One of the labels is wrong; remove the copies that are.",
            tuple(Group(_keys(group), _named(classes, group)) for group in groups),
        )


def _leaks(same: Iterable[Pictures]) -> Iterator[Finding]:
    groups = [group for group in same if _splits(group)]
    for held in ("validation", "test"):
        leaked = [g for g in groups if {"train", held} <= _splits(g)]
        count = sum(picture.split == held for group in leaked for picture in group)
        if count:
            yield Finding(
                f"leak-{held}",
                Severity.WARNING,
                f"{many(count, f'{held} picture')} {agreeing(count, 'is', 'are')} among the "
                "training pictures too, as copies of the same file",
                f"What is learnt by heart counts as right there; remove them from {held} or train.",
                _listed(leaked),
            )
    between = [group for group in groups if "train" not in _splits(group)]
    if between:
        yield Finding(
            "shared-by-validation-and-test",
            Severity.NOTE,
            f"{many(len(between), 'picture')} {agreeing(len(between), 'is', 'are')} in both "
            "validation and test, as copies of the same file",
            "The two then say less than they seem to.",
            _listed(between),
        )


def _alike_with_two_labels(manifest: Manifest, groups: list[Pictures]) -> Iterator[Finding]:
    total = sum(map(len, groups))
    if total:
        yield Finding(
            "look-alike-two-labels",
            _by_share(total, len(manifest.pictures)),
            f"{many(total, 'picture')} {agreeing(total, 'looks', 'look')} like one of another "
            "class",
            "Look at them: the same picture may be filed under two classes.",
            tuple(Group(_keys(group), _named(manifest.classes, group)) for group in groups),
        )


def _alike_across_splits(
    manifest: Manifest, alike: list[Pictures], *, proposes: bool
) -> Iterator[Finding]:
    groups = [group for group in alike if _splits(group)]
    for held in ("validation", "test"):
        leaked = [group for group in groups if {"train", held} <= _splits(group)]
        count = sum(picture.split == held for group in leaked for picture in group)
        total = sum(picture.split == held for picture in manifest.pictures)
        if count:
            yield Finding(
                f"look-alike-leak-{held}",
                _by_share(count, total),
                f"{many(count, f'{held} picture')} {agreeing(count, 'looks', 'look')} like a "
                "training picture",
                together.advice(manifest, alike)
                if proposes and held == "validation"
                else "Look at them: the same picture, saved again, is no fair test.",
                _listed(leaked),
            )


def _by_share(count: int, total: int) -> Severity:
    return Severity.WARNING if count >= together.SERIOUS * total else Severity.NOTE


def _grouped(pictures: Pictures, marks: Sequence[object]) -> list[Pictures]:
    """The pictures with the same mark, where there are two or more, in their order."""
    groups: dict[object, list[Picture]] = {}
    for picture, mark in zip(pictures, marks, strict=True):
        groups.setdefault(mark, []).append(picture)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _labels(group: Pictures) -> set[int]:
    """The labels of a group; none where all have the same."""
    labels = {picture.label for picture in group}
    return labels if len(labels) > 1 else set()


def _splits(group: Pictures) -> set[str]:
    """The splits of a group; none where all have the same."""
    splits = {picture.split for picture in group}
    return set(splits) if len(splits) > 1 else set()


def _keys(group: Pictures) -> tuple[str, ...]:
    return tuple(picture.key for picture in group)


def _named(classes: tuple[str, ...], group: Pictures) -> str:
    return among([classes[label] for label in sorted(_labels(group))])


def _listed(groups: Iterable[Pictures]) -> tuple[Group, ...]:
    """The groups, each with the splits it is in where those are several."""
    found = []
    for group in groups:
        splits = [_SPLITS[split] for split in SPLITS if split in _splits(group)]
        found.append(Group(_keys(group), among(splits) if splits else ""))
    return tuple(found)
