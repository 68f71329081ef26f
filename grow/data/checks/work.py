"""The check from top to bottom: which pictures, reading them, comparing them, the findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grow.config.schema import CsvData, FolderData, Local, scale_of, validates
from grow.data import split
from grow.data.alike import alike
from grow.data.cache.index import stamps
from grow.data.checks.balance import balance
from grow.data.checks.condition import oddities, remarked, sizes, unusable
from grow.data.checks.content import copies, look_alikes, not_compared
from grow.data.checks.giveaways import giveaways, tried
from grow.data.checks.value import Check, Finding, Severity
from grow.data.facts import Seen
from grow.data.manifest import Listing, Manifest
from grow.data.prepare import prepare
from grow.data.sources.outline import list_pictures
from grow.data.sources.there import absent, check_there
from grow.data.survey import Survey, survey_files, survey_prepared
from grow.data.together import proposable
from grow.errors import DataError

Doing = Literal["prepared", "read", "compared"]
Teller = Callable[[Doing], Callable[[int, int], None]]

_GRAVEST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(frozen=True)
class Wanted:
    """Which pictures are checked.

    Attributes:
        data: the pictures.
        base: the folder relative paths start from.
        shape: height, width and channels of the largest pictures a network will see; None
            where no stage file says so.
    """

    data: Local
    base: Path
    shape: tuple[int, int, int] | None


def check(source: str, wanted: Wanted, cache: Path, tell: Teller) -> Check:
    """Tells what is to be known of pictures before training on them. Changes no file.

    Args:
        source: what the check calls them.
        wanted: the pictures.
        cache: where prepared pictures are kept.
        tell: for each thing that is done, what is told how far it is; it raises to stop.

    Raises:
        DataError: there is no such folder, or it is not laid out as expected.
    """
    listing = list_pictures(wanted.data, wanted.base)
    survey = _survey(wanted, listing, cache, tell)
    manifest = survey.manifest
    alike_groups = alike(survey.thumbs(), tell("compared")).tolist()
    independent = {"test"} if listing.fraction is not None else {"validation", "test"}
    tested = tried(survey, independent)
    findings = [
        *_refusal(wanted.data, listing, manifest),
        *giveaways(tested),
        *copies(manifest),
        *look_alikes(manifest, alike_groups, proposes=proposable(wanted.data, listing)),
        *not_compared(len(manifest.pictures)),
        *balance(manifest.counts()),
        *unusable(listing, manifest),
        *oddities(survey, wanted.shape[:2] if wanted.shape else None),
        *map(remarked, manifest.remarks),
    ]
    return Check(
        source=source,
        classes=manifest.classes,
        counts=manifest.counts(),
        set_aside=listing.fraction is not None,
        sizes=sizes(survey.facts),
        separations=tested,
        findings=tuple(sorted(findings, key=lambda one: _GRAVEST_FIRST.index(one.severity))),
    )


def _survey(wanted: Wanted, listing: Listing, cache: Path, tell: Teller) -> Survey:
    if isinstance(wanted.data, FolderData | CsvData):
        seen = Seen(wanted.shape, wanted.data.fit, scale_of(wanted.data))
        return survey_files(listing, seen, tell("read"))
    # Pictures without files of their own are looked at as a network will see them.
    shape = wanted.shape or (0, 0, 0)
    told = tell("prepared")
    prepared = prepare(wanted.data, wanted.base, shape, cache, progress=told)
    return survey_prepared(prepared.manifest, prepared.images, tell("read"))


def _refusal(data: Local, listing: Listing, manifest: Manifest) -> list[Finding]:
    """Why a run would refuse these pictures."""
    try:
        check_there(listing, absent(listing, stamps(listing)))
        split.check(manifest, listing.place, validates=validates(data))
    except DataError as error:
        return [Finding("refused", Severity.ERROR, error.message.rstrip("."), error.hint)]
    return []
