"""Pages about the state of a run folder: what is damaged, what can go."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from grow.report.words import megabytes, plural
from grow.runs.gc import Cleaning
from grow.runs.verify import Verification


def verification_page(found: Verification) -> RenderableType:
    """What `grow status --verify` shows: what is wrong with the files of a run folder."""
    result = plural(len(found.flaws), "file") + " damaged" if found.flaws else "nothing is damaged"
    total = f"{plural(found.checked, 'file')} checked in {found.path}: {result}"
    return Group(*(Text(flaw.words) for flaw in found.flaws), Text(total))


def cleaning_page(found: Cleaning) -> RenderableType:
    """What `grow clean` shows before it asks: what of a run folder can go."""
    if not found.leftovers:
        return Text(f"everything in {found.path} is needed")
    lines = [
        Text(f"{megabytes(one.size_bytes):>10}  {one.path}: {one.why}") for one in found.leftovers
    ]
    total = f"{megabytes(found.size_bytes)} can be freed in {found.path}"
    return Group(*lines, Text(total))
