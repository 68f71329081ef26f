"""Findings about how many pictures there are of each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sqrt

from grow.data.checks.value import Finding, Severity
from grow.data.checks.wording import among, many, percent
from grow.data.manifest import Split

Counts = Mapping[Split, Mapping[str, int]]

UNEVEN, LOPSIDED = 1.5, 5.0
"""Largest class over smallest: from here on a note, and from there on a warning."""

FEW, VERY_FEW = 20, 5
"""Fewer training pictures of a class than this: a note, and a warning."""

ROUGH = 0.03
"""Standard error of a validation accuracy above which a note says so."""


def balance(counts: Counts) -> list[Finding]:
    """What is to be said of the numbers of pictures per split and class."""
    return [*_imbalance(counts), *_few(counts["train"]), *_missing(counts), *_rough(counts)]


def _imbalance(counts: Counts) -> Iterator[Finding]:
    filled = {name: count for name, count in counts["train"].items() if count}
    if len(filled) < 2:
        return
    largest, smallest = max(filled, key=filled.__getitem__), min(filled, key=filled.__getitem__)
    ratio = filled[largest] / filled[smallest]
    if ratio < UNEVEN:
        return
    held: Split = "validation" if any(counts["validation"].values()) else "train"
    share = counts[held][largest] / sum(counts[held].values())
    of = {"validation": "validation", "train": "training"}[held]
    yield Finding(
        "imbalance",
        Severity.WARNING if ratio >= LOPSIDED else Severity.NOTE,
        f"{ratio:.1f} training pictures of {largest} for each one of {smallest}; always answering "
        f"{largest} is right on {percent(share)} of the {of} pictures",
        f"Judge an accuracy against {percent(share)}; add pictures of {smallest} if you can.",
    )


def _few(training: Mapping[str, int]) -> Iterator[Finding]:
    few = {name: count for name, count in training.items() if 0 < count < FEW}
    if few:
        named = among([f"{name} ({count})" for name, count in few.items()])
        yield Finding(
            "few-pictures",
            Severity.WARNING if min(few.values()) < VERY_FEW else Severity.NOTE,
            f"few training pictures of {named}",
            "A network learns such pictures by heart; add some, or leave the class out.",
        )


def _missing(counts: Counts) -> Iterator[Finding]:
    for split in ("validation", "test"):
        there = counts[split]
        missing = [name for name, count in there.items() if not count and counts["train"][name]]
        if missing and any(there.values()):
            yield Finding(
                f"missing-from-{split}",
                Severity.WARNING,
                f"no {split} picture of {among(missing)}",
                f"How well it is told cannot be measured; add {split} pictures of it.",
            )


def _rough(counts: Counts) -> Iterator[Finding]:
    total = sum(counts["validation"].values())
    error = sqrt(0.25 / total) if total else 0.0
    if error > ROUGH:
        yield Finding(
            "few-to-validate-on",
            Severity.NOTE,
            f"{many(total, 'validation picture')}: an accuracy measured on them has a standard "
            f"error of up to {100 * error:.1f} points",
            "Take differences smaller than twice that for chance.",
        )
