"""What the shell completes: stage files, run folders, names of stages.

Looks at names in folders and opens no file, so that it answers at once. Never fails: where there
is nothing to offer, it offers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import typer

_STAGE = re.compile(r"\d{2,}-(?P<name>.+)-[0-9a-f]{8}")
_MOST = 200
"""How many names of a folder are looked at."""


def stage_files(incomplete: str) -> list[str]:
    """Stage files, and folders on the way to some."""
    return [
        f"{path}/" if path.is_dir() else str(path)
        for path in _begun(incomplete)
        if path.is_dir() or path.suffix in (".yaml", ".yml")
    ]


def run_folders(incomplete: str) -> list[str]:
    """Run folders, those in ``runs`` too, and folders on the way to some."""
    found = [f"{path}/" for path in _begun(incomplete) if path.is_dir() and not _is_run(path)]
    found += [str(path) for path in _begun(incomplete) if _is_run(path)]
    if "/" not in incomplete:
        found += [str(path) for path in _begun("runs/") if _is_run(path)]
    return list(dict.fromkeys(found))


def stages(ctx: typer.Context) -> list[str]:
    """Names of the stages of the run that stands before on the command line."""
    # While an option waits for its value, what stands before is not parsed into parameters.
    run = ctx.params.get("run") or next(iter(ctx.args), "")
    with suppress(OSError):
        found = [_STAGE.fullmatch(path.name) for path in Path(str(run)).iterdir()]
        return sorted({one["name"] for one in found if one is not None})
    return []


def _begun(incomplete: str) -> Iterator[Path]:
    """What is in the folder that is begun to be typed."""
    folder = incomplete.rpartition("/")[0] + "/" if "/" in incomplete else ""
    with suppress(OSError):
        paths = sorted(Path(folder or ".").iterdir())[:_MOST]
        yield from (path for path in paths if not path.name.startswith("."))


def _is_run(path: Path) -> bool:
    return (path / "run.json").is_file()
