"""What is on disk and what is wrong with it: surveys, verification, where a stage can go on.

Reads and judges; changes nothing. Sizes are always looked at, checksums when asked (`thorough`)
and for everything that is trained on.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from grow import plainfile
from grow.config.schema import Training
from grow.errors import GrowError, RunFolderError
from grow.planning import cache_key, lineup, schedule
from grow.planning.history import Divergences, EpochRecord, until
from grow.planning.lineup import Found
from grow.planning.stages import Pictures, StagePlan, plan_stages
from grow.runs import checkpoint, documents
from grow.runs.checkpoint import DamagedError, State
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import Done, StageFolder, unlike

SCHEMA = "grow.verification/1"
"""Name and version of the JSON form of a verification."""


_RUN_FILES = ("run.json", "stages.yaml", "events.jsonl", "unusable.txt")
_REPORTS = ("report.html", "report.md", "report.json")
_RUN_FOLDERS = ("tensorboard", "exports")


@dataclass(frozen=True)
class Flaw:
    """Something wrong with one file of a run folder, in words that name it.

    Attributes:
        undoes: whether a finished stage is finished no longer with it.
    """

    path: Path
    words: str
    undoes: bool = True


@dataclass(frozen=True)
class Start:
    """Where a stage can go on from, verified.

    Attributes:
        state: the state there; None to start from nothing.
        names: the checkpoints needed: that one, and the one of the best epoch until then.
        flaws: the newer ones that cannot be used, and why.
        divergences: the attempts that diverged, at the epochs until there and at the next one.
    """

    state: State | None
    names: tuple[str, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    divergences: Divergences = ()


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes:
        path: the run folder.
        checked: how many files and checkpoints were looked at.
        flaws: what is wrong with them.
    """

    path: Path
    checked: int
    flaws: tuple[Flaw, ...]

    def to_dict(self) -> dict[str, Any]:
        """The verification as plain JSON values."""
        flaws = [{"path": str(flaw.path), "words": flaw.words} for flaw in self.flaws]
        found = {"folder": str(self.path), "checked": self.checked, "flaws": flaws}
        return {"schema": SCHEMA, **found}


def verify(run_dir: str | PathLike[str]) -> Verification:
    """Checks every file of a run folder: sizes, checksums, seals, and what goes together.

    Raises:
        RunFolderError: it is not a run folder.
    """
    folder = RunFolder(Path(run_dir))
    if not folder.named_as_stages():
        folder.header()
    flaws, checked = [*run_flaws(folder)], 2
    planned = {folder.of(stage).path: stage for stage in _planned(folder)}
    for stage in folder.stage_folders():
        flaws += stage_flaws(stage, planned.get(stage.path), thorough=True)
        checked += len(checkpoint.numbers(stage.checkpoints))
        checked += sum(1 for path in stage.path.iterdir() if path.is_file())
    return Verification(folder.path, checked, tuple(flaws))


def _planned(folder: RunFolder) -> tuple[StagePlan, ...]:
    """The stages of the stage file that was run; none where that is damaged."""
    try:
        header = folder.header()
        pictures = Pictures(tuple(header["classes"]), header["pictures"])
        return plan_stages(folder.spec(), pictures)
    except GrowError:
        return ()


def run_flaws(folder: RunFolder) -> Iterator[Flaw]:
    """What is wrong with the run's own files, and with what stands where its stages belong."""
    yield from _misplaced(folder.path, (*_RUN_FILES[1:], *_REPORTS), _RUN_FOLDERS)
    for path in folder.named_as_stages():
        if why := plainfile.misplaced(path, "folder"):
            yield Flaw(path, f"{path} is damaged: {why}")
    yield from _noted_flaws(folder)
    report = folder.path / "report.json"
    if report.is_file() and _or_none(lambda: documents.read_object(report)) is None:
        yield Flaw(report, f"{report} is damaged: it is not the JSON of a report")


def _noted_flaws(folder: RunFolder) -> Iterator[Flaw]:
    copy = folder.stage_file
    try:
        text: str = folder.header()["stages"]
        folder.spec()
    except RunFolderError as error:
        yield Flaw(folder.run_file, error.message)
        return
    if plainfile.misplaced(copy):
        return  # told already
    try:
        same = plainfile.read_bytes(copy) == text.encode()
    except OSError as error:
        yield Flaw(copy, f"{copy} cannot be read ({error.strerror})")
    else:
        if not same:
            yield Flaw(copy, f"{copy} is not what run.json says was run")


def _misplaced(
    place: Path, files: Iterable[str], folders: Iterable[str], *, undoes: bool = True
) -> Iterator[Flaw]:
    """A flaw for each name at which something of another kind stands."""
    kinds: tuple[tuple[Iterable[str], Literal["file", "folder"]], ...]
    kinds = ((files, "file"), (folders, "folder"))
    for names, kind in kinds:
        for path in (place / name for name in names):
            if why := plainfile.misplaced(path, kind):
                yield Flaw(path, f"{path} is damaged: {why}", undoes)


def survey(folder: RunFolder) -> tuple[Found, ...]:
    """What stage folders there are, looked at without reading tensors."""
    return tuple(_found(stage) for stage in folder.stage_folders())


def _found(folder: StageFolder) -> Found:
    header = _own_header(folder)
    if header is None:
        # Its name still says which one it is; what it is worth is seen when it is needed.
        number, name = folder.path.name.split("-", 1)
        name, _, address = name.rpartition("-")
        header = {"number": int(number), "name": name, "fingerprint": address, "recipe": {}}
    flaws = stage_flaws(folder, thorough=False)
    history = _or_none(folder.history) or ()
    return Found(
        number=header["number"],
        name=header["name"],
        fingerprint=header["fingerprint"],
        recipe=header["recipe"],
        epochs=len(history),
        done=(folder.path / "done.json").exists(),
        flaws=tuple(flaw.words for flaw in flaws if flaw.undoes),
        history=history,
        saved=tuple(_saved(folder)),
        divergences=_or_none(folder.divergences) or (),
    )


def _saved(folder: StageFolder) -> Iterator[tuple[int, int]]:
    for path in checkpoint.newest_first(folder.checkpoints):
        try:
            yield checkpoint.look(path)
        except DamagedError:
            continue  # named by whoever uses it


def _or_none(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except RunFolderError:
        return None


def _own_header(folder: StageFolder) -> dict[str, Any] | None:
    """What ``stage.json`` says; None where it is damaged, or another folder's."""
    header = _or_none(folder.header)
    if header is None or _header_flaw(folder, header):
        return None
    return dict(header)


def _header_flaw(folder: StageFolder, header: dict[str, Any]) -> str:
    if cache_key.fingerprint(header["recipe"]) != header["fingerprint"]:
        return "its fingerprint is not that of its recipe"
    if not folder.path.name.endswith(f"-{header['fingerprint'][:8]}"):
        return "it belongs to another folder"
    return ""


def stage_flaws(
    folder: StageFolder, planned: StagePlan | None = None, *, thorough: bool
) -> tuple[Flaw, ...]:
    """What is wrong with the files of a stage folder.

    Args:
        folder: the stage's folder.
        planned: the stage that it is of; None where the stage file that was run has none such.
        thorough: whether checksums are checked too, and every checkpoint.
    """
    flaws = [*_misplaced(folder.path, ("model.keras",), ("checkpoints",))]
    flaws += _document_flaws(folder, planned)
    done = _or_none(folder.done)
    if done is not None:
        flaws += [flaw for flaw in _done_flaws(folder, done, thorough=thorough) if flaw]
    elif planned is not None:
        flaws += _plan_flaws(folder, planned)
    names = [path.name for path in checkpoint.named(folder.checkpoints)]
    flaws += _misplaced(folder.checkpoints, (), names, undoes=False)
    if thorough:
        flaws += _checkpoint_flaws(folder)
    unique = {flaw.path: flaw for flaw in reversed(flaws)}
    return tuple(reversed(unique.values()))


def _document_flaws(folder: StageFolder, planned: StagePlan | None) -> Iterator[Flaw]:
    reads: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("stage.json", folder.header),
        ("plan.json", folder.plan),
        ("growth.json", folder.growth_shock),
        ("history.jsonl", folder.history),
        ("findings.json", folder.findings),
        ("done.json", folder.done),
        ("test.json", folder.tested),
    )
    header = None
    for name, read in reads:
        path = folder.path / name
        if name == "stage.json" and planned is None and not os.path.lexists(path):
            continue  # nobody can write it anew before the stage is used again
        try:
            found = read()
        except RunFolderError as error:
            yield Flaw(path, error.message, undoes=name != "test.json")
        else:
            header = found if name == "stage.json" else header
    if header is not None and (why := _header_flaw(folder, header)):
        yield Flaw(folder.path / "stage.json", f"{folder.path / 'stage.json'} is damaged: {why}")


def _plan_flaws(folder: StageFolder, planned: StagePlan) -> Iterator[Flaw]:
    """Of a stage that is not finished, nothing vouches for the plan; but it can be made again."""
    path = folder.path / "plan.json"
    found = _or_none(folder.plan)
    if found is not None and (
        planned.transfer is None
        or _wordless(found.to_dict()) != _wordless(planned.transfer.to_dict())
    ):
        yield Flaw(path, f"{path} is damaged: it is not the plan of this stage")


def _wordless(value: Any) -> Any:
    """A plan without its words, which differ from version to version."""
    if isinstance(value, dict):
        return {k: _wordless(v) for k, v in value.items() if k not in ("words", "why")}
    return [_wordless(one) for one in value] if isinstance(value, list | tuple) else value


def _done_flaws(folder: StageFolder, done: Done, *, thorough: bool) -> Iterator[Flaw]:
    for name, seal in done.files.items():
        path = folder.path / Path(name).name
        why = unlike(path, seal, thorough=thorough)
        if why:
            yield Flaw(path, f"{path} is damaged: {why}")
    for name in ("plan.json", "growth.json") if done.files else ():
        path = folder.path / name
        if name not in done.files and os.path.lexists(path):
            yield Flaw(path, f"{path} is not of this stage: done.json does not know it")
    history = _or_none(folder.history)
    if history is not None and len(history) != done.epochs:
        path = folder.path / "history.jsonl"
        yield Flaw(path, f"{path} is damaged: expected {done.epochs} epochs, found {len(history)}")
    if history is not None and (why := ended_diverged(done, history)):
        path = folder.path / "done.json"
        yield Flaw(path, f"{path}: {why}")
    best = folder.checkpoints / done.checkpoint
    try:
        if checkpoint.look(best) != (done.best, 0):
            yield Flaw(best, f"{best} is damaged: it is not of epoch {done.best}")
        elif thorough and checkpoint.digest(_state_of(best, "").part("weights")) != done.weights:
            yield Flaw(best, f"{best} is damaged: its weights are not those of done.json")
    except DamagedError as error:
        yield Flaw(best, error.message)


def ended_diverged(done: Done, history: Sequence[EpochRecord]) -> str:
    """Why a stage that an earlier version completed is none, in words; empty where it is one."""
    best = next((record for record in history if record.epoch == done.best), None)
    if best is None or best.is_finite:
        return ""
    return (
        f"the stage ended with epoch {best.epoch}, whose loss is not a finite number: "
        "its training had diverged"
    )


def _checkpoint_flaws(folder: StageFolder) -> Iterator[Flaw]:
    training = folder.expected_training()
    for path in checkpoint.newest_first(folder.checkpoints):
        try:
            _state_of(path, training)
        except DamagedError as error:
            yield Flaw(path, error.message, undoes=False)


def newest_start(folder: StageFolder, training: Training) -> Start:
    """The newest checkpoint that training can go on from, read and verified.

    Its best epoch's checkpoint has to be good too: the stage may end with those weights.
    """
    flaws: list[Flaw] = []
    of = folder.expected_training()
    for path in checkpoint.newest_first(folder.checkpoints):
        try:
            state = _state_of(path, of)
        except DamagedError as error:
            flaws.append(Flaw(path, error.message))
            continue
        if not lineup.lies_within(training, len(state.history), state.step):
            continue  # of a longer training of the same stage
        if not lineup.may_halve(training, state.divergences):
            continue  # of one that was allowed more halvings
        try:
            names = (path.name, *_best_of(folder, state, training, of))
            return Start(state, names, tuple(flaws), _divergences(folder, state))
        except DamagedError as error:
            flaws.append(Flaw(path, f"{path} needs the checkpoint of its best epoch: {error}"))
    return Start(None, (), tuple(flaws), _divergences(folder, None))


def _divergences(folder: StageFolder, state: State | None) -> Divergences:
    """The divergences that training goes on after.

    A checkpoint at the end of an epoch knows nothing of the attempts at the next one that led
    back to it: the history does. What the history has of epochs that a damaged checkpoint takes
    with it comes again, and is decided again in the same way.
    """
    known = () if state is None else state.divergences
    if state is not None and state.step:
        return known
    epochs = 0 if state is None else len(state.history)
    noted: Divergences = _or_none(folder.divergences) or ()
    return until(noted, epochs + 1) if until(noted, epochs) == known else known


def _state_of(path: Path, training: str) -> State:
    """The state in a checkpoint, verified; what holds no numbers is as good as damaged.

    Raises:
        DamagedError: it cannot be trusted, or an earlier version wrote it after it had diverged.
    """
    state = checkpoint.read(path, training)
    if path.name != f"{state.number:06d}":
        raise DamagedError(f"{path}: holds the checkpoint {state.number:06d}")
    wrong = next((record.epoch for record in state.history if not record.is_finite), None)
    if wrong is None and not math.isfinite(state.tally.loss):
        wrong = len(state.history) + 1
    if wrong is not None:
        raise DamagedError(f"{path}: its training had diverged in epoch {wrong}")
    found = checkpoint.not_finite(state.tensors)
    if found is not None:
        raise DamagedError(f"{path}: its training had diverged: {found[0]} holds {found[1]}")
    return state


def _best_of(folder: StageFolder, state: State, training: Training, of: str) -> tuple[str, ...]:
    """The name of the best epoch's checkpoint, verified, unless it is the state itself."""
    best = schedule.best_epoch(training, state.history)
    if best == 0 or (best == len(state.history) and state.step == 0):
        return ()
    path = folder.checkpoints / f"{checkpoint.number_of_epoch(state, best):06d}"
    _state_of(path, of)
    return (path.name,)
