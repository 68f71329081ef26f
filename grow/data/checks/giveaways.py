"""The giveaway test on pictures: which statistics are tried, and the findings in words.

Pure: a survey in, separations and findings out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from grow.data.checks.giveaway import PLAIN, Sample, Separation, Statistic, Verdict, separations
from grow.data.checks.value import Finding, Severity
from grow.data.checks.wording import agreeing, among, percent
from grow.data.facts import COLUMNS
from grow.data.manifest import Manifest
from grow.data.survey import Survey

STRONG = 0.6
"""The skill from which on a statistic that tells the classes everywhere is a warning."""

TOGETHER = "all together"

_STATISTICS: dict[str, tuple[str, ...]] = {
    "size": ("pixels", "aspect"),
    "file size per pixel": ("bytes_per_pixel",),
    "file format": ("format", "mode"),
    "JPEG quality": ("jpeg_quality",),
    "brightness": ("brightness",),
    "contrast": ("contrast",),
    "mean colour": ("red_green", "yellow_blue", "saturation"),
    "sharpness": ("sharpness",),
    "border": tuple(name for name in COLUMNS if name.startswith("border_")),
}

_OF_FILES = frozenset({"size", "file size per pixel", "file format", "JPEG quality"})
"""What a network does not see as such: signs of how the pictures came to be."""

_TELLING = (Verdict.TRAINING_ONLY, Verdict.BOTH, Verdict.UNCONFIRMED)

_WORDS = {"train": "training", "validation": "validation", "test": "test"}


def tried(survey: Survey, independent: Collection[str]) -> tuple[Separation, ...]:
    """How well each statistic that varies tells the classes; each content counts once.

    Args:
        survey: the pictures.
        independent: the splits that were collected apart from the training pictures.
    """
    values, manifest = survey.values(), survey.manifest
    rows = _once_each(manifest)
    samples = {
        split: Sample(values[chosen], manifest.labels[chosen])
        for split in _WORDS
        if len(chosen := rows[[manifest.pictures[row].split == split for row in rows]])
    }
    training = samples.pop("train", None)
    if training is None:
        return ()
    statistics = _varying(training.values)
    return separations(training, samples, statistics, independent=independent)


def giveaways(tested: Sequence[Separation]) -> list[Finding]:
    """What is to be said of the statistics that tell the classes."""
    return [*_training_only(tested), *_everywhere(tested), *_unconfirmed(tested)]


def _once_each(manifest: Manifest) -> NDArray[np.int64]:
    """A row of each content; a training picture goes before its copies elsewhere.

    Those would flatter the rule.
    """
    kept: dict[str, int] = {}
    for split in _WORDS:
        for row, picture in enumerate(manifest.pictures):
            if picture.split == split:
                kept.setdefault(picture.digest, row)
    return np.array(sorted(kept.values()), np.int64)


def _varying(values: NDArray[np.float32]) -> list[Statistic]:
    """The statistics that are not the same for all pictures, and all of them together."""
    varies = {
        name
        for place, name in enumerate(COLUMNS)
        if len(np.unique(values[:, place], equal_nan=True)) > 1
    }
    found = []
    for name, columns in _STATISTICS.items():
        there = tuple(COLUMNS.index(column) for column in columns if column in varies)
        if there:
            found.append(Statistic(name, there))
    if len(found) > 1:
        found.append(Statistic(TOGETHER, tuple(c for one in found for c in one.columns)))
    return found


def _training_only(tested: Sequence[Separation]) -> Iterator[Finding]:
    found = _chosen(tested, Verdict.TRAINING_ONLY)
    if not found:
        return
    lost = [
        _WORDS[split]
        for split in ("validation", "test")
        if any(split in one.others and _falls(one, split) for one in found)
    ]
    seen = any(one.name not in _OF_FILES for one in found)
    yield Finding(
        "giveaway-in-training-only",
        Severity.WARNING if _skill(found) >= PLAIN else Severity.NOTE,
        f"{_names(found)} {agreeing(len(found), 'gives', 'give')} the class away in training but "
        f"not in {among(lost)}: {_figures(found[0])}. "
        + (
            "The network will learn that instead of what the pictures show"
            if seen
            else "A network sees only what that does to the pixels, but the classes were not "
            "collected alike"
        ),
        "Find out what was done to the training pictures of one class, and get them untouched.",
    )


def _everywhere(tested: Sequence[Separation]) -> Iterator[Finding]:
    found = _chosen(tested, Verdict.BOTH)
    if found:
        yield Finding(
            "giveaway-everywhere",
            Severity.WARNING if _skill(found) >= STRONG else Severity.NOTE,
            f"{_names(found)} {agreeing(len(found), 'tells', 'tell')} the classes in training and "
            f"elsewhere: {_figures(found[0])}. It may be a real difference, or an artefact of how "
            "the pictures were collected",
            "If it is none that your task is about, collect or treat all classes alike.",
        )


def _unconfirmed(tested: Sequence[Separation]) -> Iterator[Finding]:
    found = _chosen(tested, Verdict.UNCONFIRMED)
    if found:
        yield Finding(
            "giveaway-unconfirmed",
            Severity.WARNING if _skill(found) >= STRONG else Severity.NOTE,
            f"{_names(found)} {agreeing(len(found), 'tells', 'tell')} the classes in training: "
            f"{_figures(found[0])}. There are no, or too few, other pictures, collected apart, to "
            "show whether it is a real difference or an artefact",
            "Validate on pictures from elsewhere, or find out where the difference comes from.",
        )


def _chosen(tested: Sequence[Separation], verdict: Verdict) -> list[Separation]:
    """Those with a verdict: what a network sees before what it does not, the strongest first.

    All together only where no single one tells the classes.
    """
    found = [one for one in tested if one.verdict is verdict]
    single = [one for one in found if one.name != TOGETHER]
    if not single and any(one.verdict in _TELLING for one in tested if one.name != TOGETHER):
        return []  # that single one is why all together tell the classes
    return sorted(single or found, key=lambda one: (one.name in _OF_FILES, -one.training))


def _falls(one: Separation, split: str) -> bool:
    held = one.others[split]
    return held.training - held.accuracy > held.bound


def _skill(found: Sequence[Separation]) -> float:
    return max(one.skill(one.training) for one in found)


def _names(found: Sequence[Separation]) -> str:
    names = [one.name for one in found]
    if names == [TOGETHER]:
        return "all statistics together"
    return among(names)


def _figures(one: Separation) -> str:
    """The figures of one statistic in words."""
    elsewhere = [f"{percent(held.accuracy)} in {split}" for split, held in one.others.items()]
    parts = [f"{percent(one.training)} in training", *elsewhere]
    name = "a rule" if one.name == TOGETHER else f"{one.name} alone"
    return f"{name} is right on {', '.join(parts)}, where guessing is on {percent(one.chance)}"
