"""Where a path of a stage file leads: the places it can mean, and the words for none of them.

This module owns that rule, the same for every source. It opens nothing.
"""

from __future__ import annotations

from pathlib import Path

from grow.errors import DataError


def possible(key: str, written: str, base: Path) -> list[Path]:
    """The places that ``written`` can mean, the likeliest first.

    A relative path is looked for in ``base`` (the stage file's folder), then in the current
    directory; ``~`` is the home folder.

    Raises:
        DataError: there is no such home folder.
    """
    path = Path(written)
    if written.startswith("~"):
        try:
            path = path.expanduser()
        except RuntimeError as error:
            raise DataError(f"{key}: {path}: {error}", hint="Write the path in full.") from error
    return [path] if path.is_absolute() else [base.absolute() / path, path.absolute()]


def file(key: str, written: str, base: Path, kind: str) -> Path:
    """The file that ``written`` means, resolved.

    Args:
        key: the stage file's key, such as ``data.path``.
        written: what it says.
        base: the stage file's folder.
        kind: what is expected there, such as ``an .npz file``.

    Raises:
        DataError: there is no such file; the message names every place looked at.
    """
    places = possible(key, written, base)
    for place in places:
        if place.is_file():
            return place.resolve()
    found = next((f"{place} is a folder" for place in places if place.is_dir()), "no such file")
    raise DataError(
        f'{key}: expected {kind} at "{written}", found {found}. Looked at {looked_at(places)}.',
        hint=f"Correct {key}; it is relative to the stage file, or else to where the command runs.",
    )


def looked_at(places: list[Path]) -> str:
    """The places in words, each once."""
    return " and ".join(dict.fromkeys(str(place) for place in places))
