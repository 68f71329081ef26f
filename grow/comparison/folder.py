"""A comparison's folder: its result written whole, and read back as the value it was made from.

Reading weighs the trials up again, so what is shown of an old result is made by the same code
as that of a new one. No Keras, no pictures.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import MISSING, fields
from os import PathLike
from pathlib import Path
from typing import Any

from grow import atomic, plainfile
from grow.atomic import Guard, unguarded
from grow.comparison.analysis import compare_trials, leave_out_diverged
from grow.comparison.result import SCHEMA, Comparison, Diverged, Pictures, Setting
from grow.comparison.stats import Point, StageEnd, Trial
from grow.errors import GrowError, RunFolderError
from grow.runs import documents
from grow.runs.folder import RunFolder

RESULT = "compare.json"
"""Where the result is, in the comparison's folder."""

_REPORTS = ("report.html", "report.md")


def is_comparison(folder: Path) -> bool:
    """Whether this is a comparison's folder, complete or not, as opposed to a run's.

    Of a folder with both, what trained in it decides: stages, or repeats.
    """
    repeats = any(folder.glob("seed-*/run.json"))
    if RunFolder(folder).named_as_stages() or (_is_there(folder / "run.json") and not repeats):
        return False
    return repeats or _is_there(folder / RESULT)


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def write(found: Comparison, guard: Guard = unguarded) -> None:
    """Writes a comparison's result into its folder, in one step.

    Raises:
        OSError: it could not be written; what was there before is still there.
    """
    values = found.to_dict()
    del values["schema"]  # the document has it
    content = documents.encode(SCHEMA, values)
    atomic.write_file(found.setting.folder / RESULT, content, guard)


def mend(folder: Path, repeats: Iterable[Path], guard: Guard) -> tuple[str, ...]:
    """Puts aside what is damaged of a comparison's own files; says what, in words.

    Args:
        folder: the comparison's folder, locked.
        repeats: where the run folders of its repeats belong.
        guard: asked before anything is moved.

    Raises:
        OSError: something cannot be put aside.
    """
    wrong = {path: plainfile.misplaced(path) for path in (folder / name for name in _REPORTS)}
    wrong |= {path: plainfile.misplaced(path, "folder") for path in repeats}
    if _is_there(folder / "run.json"):
        wrong[folder / "run.json"] = "a comparison has none"
    if _is_there(folder / RESULT):
        try:
            load_comparison(folder)
        except RunFolderError as error:
            wrong[folder / RESULT] = error.message.removeprefix(f"{folder / RESULT} is damaged: ")
    return tuple(
        f"{path} is damaged: {why}; put aside as {atomic.set_aside(path, guard).name}, "
        "it is made anew where it is needed"
        for path, why in wrong.items()
        if why
    )


def load_comparison(folder: str | PathLike[str]) -> Comparison:
    """The comparison that was last completed in a folder.

    Raises:
        RunFolderError: none was, or its result is damaged.
        GrowError: training diverged in every repeat.
    """
    path = Path(folder) / RESULT
    if not _is_there(path):
        raise RunFolderError(
            f"the comparison in {folder} is not complete yet: it has no {RESULT}",
            hint="the same `grow compare` that began it goes on with it",
        )
    try:
        return _comparison(Path(folder), documents.read(path, SCHEMA))
    except RunFolderError as error:
        message = error.message
    except plainfile.MALFORMED as error:
        message = f"{path} is damaged: {type(error).__name__}: {error}"
    raise RunFolderError(message, hint="the same `grow compare` writes it anew; nothing is trained")


def beside(run_dir: Path, settings: str) -> Comparison | None:
    """A run's comparison: in the folder that is `grow compare`'s own choice, of the same settings.

    Args:
        run_dir: the run folder.
        settings: the stage file that was run, written out.
    """
    folder = run_dir.with_name(f"{run_dir.name}-compare")
    try:
        found = load_comparison(folder)
    except GrowError:  # none, or none that can be used: the run is shown without
        return None
    return found if found.setting.settings == settings else None


def _comparison(folder: Path, values: dict[str, Any]) -> Comparison:
    setting = Setting(
        name=values["name"],
        folder=folder,
        seeds=tuple(values["seeds"]),
        threads=values["threads"],
        pictures=Pictures(values["judged_on"], values["pictures"]),
        missing=tuple(values["missing"].items()),
        versions=values["versions"],
        command=values.get("command", ""),  # not in those of 0.1.0
        settings=values.get("settings", ""),
        diverged=tuple(Diverged(**one) for one in values.get("diverged", ())),
    )
    trials = {
        variant["name"]: [_trial(one) for one in variant["trials"]]
        for variant in values["variants"]
    }
    return compare_trials(*leave_out_diverged(setting, trials))


def _trial(values: dict[str, Any]) -> Trial:
    return Trial(
        seed=values["seed"],
        stages=tuple(_record(StageEnd, one) for one in values["stages"]),
        curve=tuple(_record(Point, one) for one in values["curve"]),
    )


def _record(kind: Any, values: dict[str, Any]) -> Any:
    """The record with these fields; null stands for what is no number."""
    known = (
        (field.name, values[field.name])
        for field in fields(kind)
        if field.name in values or field.default is MISSING  # a newer field, in an older file
    )
    return kind(**{name: math.nan if value is None else value for name, value in known})
