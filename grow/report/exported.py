"""What an export came to, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from grow.report.words import megabytes, plural

if TYPE_CHECKING:
    from pathlib import Path

    from grow.deploy.export import Export


def export_lines(made: Export) -> Iterator[str]:
    """What was exported, how it compares with the Keras model, and where it is."""
    found = made.comparison
    yield f"{made.to} of {made.trained.title}"
    yield (
        f"compared with the Keras model on {plural(found.pictures, 'picture')}: same class for "
        f"{found.same_class:,}, probabilities differ by at most {found.largest_difference:.2g} "
        f"(allowed: {found.tolerance:.0e})"
    )
    yield f"{made.path} ({megabytes(_size(made.path))}), its classes and its card beside it"


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files)
