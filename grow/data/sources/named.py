"""The pictures that somebody names: files as they are, folders with all that is below them.

This module owns which files are meant, in which order, and the words for names that lead
nowhere. It opens no picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from grow.data.manifest import Unusable
from grow.data.sources.kinds import KINDS
from grow.data.sources.walk import walk
from grow.errors import DataError, UsageError


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that is to be read as a picture.

    Attributes:
        name: its path, as it was named or found.
        folder_label: the place among the classes of that after which a folder it lies in is
            named; None for none.
    """

    name: str
    folder_label: int | None = None


@dataclass(frozen=True)
class Named:
    """What names came to.

    Attributes:
        files: the pictures in the order of the names; those of a folder sorted by path.
        unusable: links that lead nowhere and folders that cannot be listed.
        skipped: files in folders that are no pictures.
    """

    files: tuple[NamedFile, ...]
    unusable: tuple[Unusable, ...] = ()
    skipped: tuple[Unusable, ...] = ()


def find_pictures(names: Sequence[str], classes: Sequence[str] = ()) -> Named:
    """The files that are meant by names of files and folders.

    A file that is named is taken whatever it is; those in a folder as training would find them.

    Raises:
        UsageError: there is no name, or nothing of a name.
        DataError: there is no file.
    """
    if not names:
        raise UsageError("expected pictures or folders of them, found none")
    for name in names:
        _check(name)
    files: list[NamedFile] = []
    others: list[Unusable] = []
    for name in names:
        if Path(name).is_dir():
            more, rest = _search(Path(name), classes)
            files += more
            others += rest
        else:
            files.append(NamedFile(name, _label([Path(name).parent.name], classes)))
    # A document is passed over; a link or a folder that cannot be followed hides pictures.
    skipped = tuple(one for one in others if Path(one.key).is_file())
    unusable = tuple(one for one in others if one not in skipped)
    if not files and not unusable:
        found = f"only other files ({len(skipped):,})" if skipped else "no file"
        first = f", such as {skipped[0].key}: {skipped[0].reason}" if skipped else ""
        raise DataError(f"{', '.join(names)}: expected pictures ({KINDS}), found {found}{first}")
    return Named(tuple(files), unusable, skipped)


def _check(name: str) -> None:
    """That something of this name is there."""
    if name == "-":
        raise UsageError(
            "-: pictures are not read from standard input", hint="name files or folders"
        )
    if not name or "\0" in name or not Path(name).exists():
        raise UsageError(f"{name or repr(name)}: there is no such file or folder")


def _search(folder: Path, classes: Sequence[str]) -> tuple[list[NamedFile], list[Unusable]]:
    """What is in a folder and below, as training would find it, sorted by path."""
    found = walk(str(folder), "" if folder == Path() else f"{folder}/".replace("//", "/"))
    files = []
    for key, path in sorted(found.pictures):
        inside = PurePath(path).relative_to(folder).parts[:-1]
        files.append(NamedFile(key, _label([folder.absolute().name, *inside], classes)))
    return files, sorted(found.unusable, key=lambda one: one.key)


def _label(folders: Sequence[str], classes: Sequence[str]) -> int | None:
    """The class that the nearest of some enclosing folders is named after."""
    for name in reversed(folders):
        if name in classes:
            return classes.index(name)
    return None
