"""Where a stage file is written to, what it calls its run, and how it names the folder of pictures.

Pure but for questions to the file system.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from grow.config.schema.values import NAME_PATTERN
from grow.data.manifest import shown
from grow.errors import DataError, UsageError

_NAME = re.compile(NAME_PATTERN)
_LONGEST_NAME = 48
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})
"""Letters that are not a plain one with a mark, which Unicode would take apart by itself."""


def check_place(file: Path, *, force: bool = False) -> None:
    """Returns where a stage file can be written to ``file``; asked before the work is done.

    Raises:
        UsageError: something already exists, or its folder is not.
    """
    if file.is_dir():
        raise UsageError(f"{file}: expected a file to write, found a folder")
    if not file.parent.is_dir():
        raise UsageError(
            f"{file}: there is no folder {file.parent}", hint="create it, or name another file"
        )
    if os.path.lexists(file) and not force:
        raise UsageError(f"{file} already exists", hint="--force replaces it; --out names another")


def checked_name(name: str) -> str:
    """``name``, where it can name a run.

    Raises:
        UsageError: it cannot.
    """
    if not _NAME.match(name):
        raise UsageError(
            f'name: expected letters, digits, "-", "_" and ".", found "{shown(name)}"',
            hint="such as my-pictures",
        )
    return name


def name_for(folder: Path) -> str:
    """A name for the run: the folder's own, in letters that every system takes."""
    plain = unicodedata.normalize("NFKD", folder.resolve().name.translate(_LETTERS))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = re.sub(r"[^A-Za-z0-9_]+", "-", plain)[:_LONGEST_NAME].strip("-_")
    return words or "pictures"


def checked_folder(folder: Path) -> Path:
    """``folder``, where there is such a folder.

    Raises:
        DataError: there is none.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise DataError(
            f"{folder}: expected a folder of pictures, found {found}",
            hint="name a folder with a folder for each class in it, such as pictures/cats and "
            "pictures/dogs",
        )
    return folder


def path_from(file: Path, folder: Path) -> str:
    """The folder as the stage file is to name it: relative to itself where that is possible.

    Raises:
        DataError: its name is no text.
    """
    # Through links, `..` leads elsewhere than the words say: the file's place is resolved, and
    # the folder too where its own words do not lead to it.
    base = os.path.realpath(file.parent)
    try:
        path = os.path.relpath(os.path.abspath(folder), base)  # noqa: PTH100 - lexical, on purpose
        if not _same(Path(base, path), folder):
            path = os.path.relpath(os.path.realpath(folder), base)
    except ValueError:  # Windows: on another drive
        path = str(folder.resolve())
    path = Path(path).as_posix()
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{shown(path)}: expected a folder whose name is text, found bytes that are none",
            hint="rename it: a stage file cannot name it",
        ) from None
    return f"./{path}" if path.startswith("~") else path  # or it would mean a home folder


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
