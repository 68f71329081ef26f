"""What a check of pictures found, as values, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grow.data.checks.giveaway import Separation
from grow.data.manifest import Split
from grow.errors import DataError

SCHEMA = "grow.data-check/1"
"""Name and version of the JSON form of a check."""


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Training would be refused."""
    WARNING = "warning"
    """What is trained, or what is measured of it, will be worse or wrong."""
    NOTE = "note"
    """Good to know."""


@dataclass(frozen=True)
class Group:
    """Pictures that belong together in a finding; most often one alone.

    Attributes:
        pictures: their keys: paths relative to the pictures' folder.
        why: what is said of them, in words; empty where the finding says it.
    """

    pictures: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        code: what it is, for programs; the page docs/data-check.md lists them.
        severity: how much it matters.
        words: what was found.
        advice: what to do about it; empty where there is nothing to do.
        groups: the pictures it is about, all of them.
    """

    code: str
    severity: Severity
    words: str
    advice: str = ""
    groups: tuple[Group, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "words": self.words,
            "advice": self.advice,
            "groups": [{"pictures": list(one.pictures), "why": one.why} for one in self.groups],
        }


@dataclass(frozen=True)
class Sizes:
    """How large the pictures are, upright.

    Attributes:
        smallest: width and height of the one with the fewest pixels.
        median: of the one in the middle.
        largest: of the one with the most.
        aspects: width over height: the least, the median, the greatest.
        formats: how many files of each format; empty where there are no files.
        modes: how many pictures hold colours in each way, in Pillow's words.
    """

    smallest: tuple[int, int]
    median: tuple[int, int]
    largest: tuple[int, int]
    aspects: tuple[float, float, float]
    formats: Mapping[str, int]
    modes: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The sizes as plain JSON values."""
        return {
            "smallest": list(self.smallest),
            "median": list(self.median),
            "largest": list(self.largest),
            "aspects": list(self.aspects),
            "formats": dict(self.formats),
            "modes": dict(self.modes),
        }


@dataclass(frozen=True)
class Check:
    """What a check found.

    Attributes:
        source: what was checked: a folder or a stage file.
        classes: names of the classes, in label order.
        counts: usable pictures per split and class.
        set_aside: whether validation is a share of the training pictures.
        sizes: how large they are; None where there is no usable one.
        separations: how well each trivial statistic tells the classes; empty where there are
            too few pictures to say.
        findings: what was found, the gravest first.
    """

    source: str
    classes: tuple[str, ...]
    counts: Mapping[Split, Mapping[str, int]]
    set_aside: bool
    sizes: Sizes | None
    separations: tuple[Separation, ...]
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """How many findings are that grave."""
        return sum(one.severity is severity for one in self.findings)

    def exit_code(self, *, strict: bool = False) -> int:
        """What `grow data check` exits with: 0, or 3 where training would be refused.

        Args:
            strict: whether warnings count as well.
        """
        grave = self.count(Severity.ERROR) + (self.count(Severity.WARNING) if strict else 0)
        return DataError.exit_code if grave else 0

    def to_dict(self) -> dict[str, Any]:
        """The check as plain JSON values, in the form that ``SCHEMA`` names."""
        return {
            "schema": SCHEMA,
            "source": self.source,
            "classes": list(self.classes),
            "counts": {split: dict(classes) for split, classes in self.counts.items()},
            "set_aside": self.set_aside,
            "sizes": None if self.sizes is None else self.sizes.to_dict(),
            "statistics": [_statistic(one) for one in self.separations],
            "findings": [one.to_dict() for one in self.findings],
        }


def _statistic(one: Separation) -> dict[str, Any]:
    return {
        "name": one.name,
        "chance": one.chance,
        "bound": one.bound,
        "training": one.training,
        "others": {
            split: {
                "accuracy": held.accuracy,
                "training": held.training,
                "bound": held.bound,
                "pictures": held.pictures,
            }
            for split, held in one.others.items()
        },
        "verdict": one.verdict.value,
    }
