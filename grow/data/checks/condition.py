"""Findings about files and sizes: what cannot be used, what is odd, how large pictures are.

Pure: facts in, findings out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from os.path import splitext

import numpy as np

from grow.data.checks.value import Finding, Group, Severity, Sizes
from grow.data.checks.wording import agreeing, many
from grow.data.facts import Facts
from grow.data.manifest import Listing, Manifest, Unusable
from grow.data.remark import Remark
from grow.data.sources.kinds import ENDINGS
from grow.data.survey import Survey

MANY_BAD = 0.01
"""The share of unusable pictures from which on they are a warning."""

_ALSO = {"MPO": (".mpo",)}


def unusable(listing: Listing, manifest: Manifest) -> list[Finding]:
    """What is to be said of pictures that cannot be read, and of files that are left out."""
    named = {candidate.key for candidate in listing.candidates}
    bad = [one for one in manifest.unusable if one.key in named]
    other = [one for one in manifest.unusable if one.key not in named]
    found = []
    if bad:
        grave = len(bad) >= MANY_BAD * len(listing.candidates)
        found.append(
            Finding(
                "bad-pictures",
                Severity.WARNING if grave else Severity.NOTE,
                f"{many(len(bad), 'picture')} cannot be used",
                "Repair or remove them; a run leaves them out.",
                _reasons(bad),
            )
        )
    if other:
        found.append(
            Finding(
                "left-out",
                Severity.NOTE,
                f"{many(len(other), 'file')} or {agreeing(len(other), 'folder', 'folders')} "
                f"{agreeing(len(other), 'is', 'are')} left out",
                "Nothing to do where they are no pictures to train on.",
                _reasons(other),
            )
        )
    return found


def oddities(survey: Survey, size: tuple[int, int] | None) -> list[Finding]:
    """What is to be said of single pictures.

    Args:
        survey: the pictures.
        size: height and width of the largest pictures the network will see; None if unknown.
    """
    found = [*_wrong_endings(survey), *_animated(survey)]
    return found if size is None else [*found, *_enlarged(survey.facts, size)]


def remarked(remark: Remark) -> Finding:
    """What the source or the preparation warns of, as a finding."""
    groups = tuple(Group((key,)) for key in remark.keys)
    severity = Severity.NOTE if remark.note else Severity.WARNING
    return Finding(remark.code, severity, remark.words, remark.advice, groups)


def sizes(facts: Sequence[Facts]) -> Sizes | None:
    """How large the pictures are; None where there is none."""
    if not facts:
        return None
    shapes = sorted(((one.width, one.height) for one in facts), key=lambda s: (s[0] * s[1], s))
    aspects = np.array([width / height for width, height in shapes])
    return Sizes(
        smallest=shapes[0],
        median=shapes[len(shapes) // 2],
        largest=shapes[-1],
        aspects=(float(aspects.min()), float(np.median(aspects)), float(aspects.max())),
        formats=_counted(one.format for one in facts if one.format),
        modes=_counted(one.mode for one in facts),
    )


def _wrong_endings(survey: Survey) -> Iterator[Finding]:
    wrong = [
        Group((picture.key,), f"a {facts.format} picture")
        for picture, facts in zip(survey.manifest.pictures, survey.facts, strict=True)
        if facts.format and not _fits(picture.key, facts.format)
    ]
    if wrong:
        yield Finding(
            "wrong-ending",
            Severity.NOTE,
            f"{many(len(wrong), 'picture')} {agreeing(len(wrong), 'has', 'have')} an ending that "
            "is not one of the format's",
            "The content decides here; other programs may trip over them.",
            tuple(wrong),
        )


def _fits(key: str, form: str) -> bool:
    """Whether a file's ending is one of its format's; a name without any misleads nobody."""
    ending = splitext(key)[1].lower()  # noqa: PTH122 - a key, not a path
    # Cameras put a second picture behind the first one of a JPEG, which Pillow calls MPO.
    return not ending or ending in (*ENDINGS.get(form, ENDINGS["JPEG"]), *_ALSO.get(form, ()))


def _animated(survey: Survey) -> Iterator[Finding]:
    moving = [
        Group((picture.key,))
        for picture, facts in zip(survey.manifest.pictures, survey.facts, strict=True)
        if facts.animated
    ]
    if moving:
        yield Finding(
            "animated",
            Severity.NOTE,
            f"{many(len(moving), 'picture')} {agreeing(len(moving), 'has', 'have')} several frames",
            "Only the first frame is used.",
            tuple(moving),
        )


def _enlarged(facts: Sequence[Facts], size: tuple[int, int]) -> Iterator[Finding]:
    height, width = size
    small = sum(one.width < width or one.height < height for one in facts)
    if small:
        yield Finding(
            "enlarged",
            Severity.NOTE,
            f"{many(small, 'picture')} {agreeing(small, 'is', 'are')} smaller than the {width}x"
            f"{height} of the largest stage, and will be enlarged",
            "Enlarging adds no detail; a smaller last stage would be cheaper.",
        )


def _counted(words: Iterator[str]) -> dict[str, int]:
    """How often each word is there, the most frequent first."""
    return dict(sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0])))


def _reasons(entries: Sequence[Unusable]) -> tuple[Group, ...]:
    return tuple(Group((entry.key,), entry.reason) for entry in entries)
