"""The check from top to bottom: which pictures, reading them, comparing them, the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal

from grow import fetching, stagefile
from grow.checking.balance import balance
from grow.checking.condition import oddities, remarked, sizes, unusable
from grow.checking.content import copies, look_alikes, not_compared
from grow.checking.giveaways import giveaways, tried
from grow.checking.value import Check, Finding, Severity
from grow.errors import DataError, UsageError
from grow.events import Listener, Preparing, to_all
from grow.pictures import split
from grow.pictures.alike import alike
from grow.pictures.facts import Seen
from grow.pictures.index import stamps
from grow.pictures.manifest import Listing, Manifest
from grow.pictures.outline import list_pictures
from grow.pictures.prepare import prepare
from grow.pictures.survey import Survey, survey_files, survey_prepared
from grow.pictures.there import absent, check_there
from grow.pictures.together import proposable
from grow.planning import cache_folder
from grow.spec import CsvData, FolderData, Local, scale_of, validates
from grow.stageplans import master_shape
from grow.stopping import StopSwitch

_GRAVEST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(frozen=True)
class _Source:
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


def check(
    source: str | PathLike[str],
    *,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Check:
    """Tells what is to be known of pictures before training on them. Changes no file.

    Args:
        source: a folder of pictures, or a stage file.
        listeners: called with the progress of reading, as `grow.events.Preparing`.
        stop: asks to stop in between.

    Raises:
        UsageError: there is neither a file nor a folder.
        StageFileError: the stage file cannot be used.
        DataError: there is no such folder, or it is not laid out as expected.
        Stopped: stopped as asked.
    """
    emit, switch = to_all(listeners), stop or StopSwitch()
    tell = _teller(emit, switch)
    wanted = _source(Path(source), emit, switch)
    listing = list_pictures(wanted.data, wanted.base)
    survey = _survey(wanted, listing, tell)
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
        source=str(source),
        classes=manifest.classes,
        counts=manifest.counts(),
        set_aside=listing.fraction is not None,
        sizes=sizes(survey.facts),
        separations=tested,
        findings=tuple(sorted(findings, key=lambda one: _GRAVEST_FIRST.index(one.severity))),
    )


def _source(path: Path, emit: Listener, stop: StopSwitch) -> _Source:
    if path.is_dir():
        return _Source(FolderData(source="folder", path=str(path.resolve())), path, None)
    if not path.exists():
        raise UsageError(f"{path}: expected a stage file or a folder of pictures, found nothing")
    spec = stagefile.read(path)
    data = fetching.fetch(spec.data, cache_folder(), emit, stop.check)
    return _Source(data, path.parent, master_shape(spec))


Doing = Literal["prepared", "read", "compared"]
Teller = Callable[[Doing], Callable[[int, int], None]]


def _teller(emit: Listener, stop: StopSwitch) -> Teller:
    """For each thing that is done, what is to be told how far it is; it raises to stop."""

    def teller(doing: Doing) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            stop.check()
            emit(Preparing(done, total, doing))

        return tell

    return teller


def _survey(wanted: _Source, listing: Listing, tell: Teller) -> Survey:
    if isinstance(wanted.data, FolderData | CsvData):
        seen = Seen(wanted.shape, wanted.data.fit, scale_of(wanted.data))
        return survey_files(listing, seen, tell("read"))
    # Pictures without files of their own are looked at as a network will see them.
    shape = wanted.shape or (0, 0, 0)
    told = tell("prepared")
    prepared = prepare(wanted.data, wanted.base, shape, cache_folder(), progress=told)
    return survey_prepared(prepared.manifest, prepared.images, tell("read"))


def _refusal(data: Local, listing: Listing, manifest: Manifest) -> list[Finding]:
    """Why a run would refuse these pictures."""
    try:
        check_there(listing, absent(listing, stamps(listing)))
        split.check(manifest, listing.place, validates=validates(data))
    except DataError as error:
        return [Finding("refused", Severity.ERROR, error.message.rstrip("."), error.hint)]
    return []
