"""Folders as the file system has them: sub-folders, picture files, and all that is neither.

This module owns what is clutter, and how links are followed without going round in circles; what
counts as a picture is `kinds`' to say, which opens the files whose endings do not tell. It knows
nothing of classes or splits.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from grow.data.manifest import Unusable
from grow.data.sources.kinds import is_read, no_picture

# What systems leave behind by themselves; with hidden names the only things not reported.
_CLUTTER = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir"})


@dataclass
class Level:
    """What one folder holds, or a whole tree of them.

    Attributes:
        folders: path of each sub-folder by name, in name order; of a tree, none.
        pictures: key and path of each picture file.
        unusable: files that are not pictures, and links that lead nowhere.
    """

    folders: dict[str, str] = field(default_factory=dict)
    pictures: list[tuple[str, str]] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)


def look(path: str, prefix: str) -> Level:
    """List one folder, links followed; each key is ``prefix`` and the name.

    Raises:
        OSError: the folder cannot be listed.
    """
    level = Level()
    with os.scandir(path) as entries:
        for entry in entries:
            if not _is_clutter(entry.name):
                _sort_in(level, entry, prefix)
    level.folders = dict(sorted(level.folders.items()))
    return level


def glance(path: str) -> tuple[list[str], bool]:
    """A folder's sub-folders and whether it has a picture, no longer looked at once it has one.

    Nothing where the folder cannot be listed.
    """
    level = Level()
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if not _is_clutter(entry.name):
                    _sort_in(level, entry, "")
                if level.pictures:
                    return [], True
    except OSError:
        return [], False
    return sorted(level.folders), False


def walk(path: str, prefix: str, known: Level | None = None) -> Level:
    """List a folder and all below it; each folder once, however many links lead to it.

    ``known`` is what `look` found in the folder itself, where it was looked at. A folder that
    cannot be listed becomes an unusable entry. Never raises OSError.
    """
    found = Level()
    seen: set[tuple[int, int]] = set()
    waiting = [(path, prefix)]
    while waiting:
        path, prefix = waiting.pop()
        try:
            status = os.stat(path)  # noqa: PTH116 - ten thousand files: no Path objects here
            if (status.st_dev, status.st_ino) in seen:
                why = "a link to a folder listed already"
                found.unusable.append(Unusable(prefix, why, chosen=True))
                continue
            seen.add((status.st_dev, status.st_ino))
            level, known = known or look(path, prefix), None
        except OSError as error:
            found.unusable.append(Unusable(prefix, f"cannot be listed: {error.strerror}"))
            continue
        found.pictures += level.pictures
        found.unusable += level.unusable
        waiting += [(at, f"{prefix}{name}/") for name, at in reversed(level.folders.items())]
    return found


def _sort_in(level: Level, entry: os.DirEntry[str], prefix: str) -> None:
    key = prefix + entry.name
    kind = _kind(entry)
    if kind == "folder":
        level.folders[entry.name] = entry.path
    elif kind != "file":
        level.unusable.append(Unusable(key, kind))
    else:
        ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - as above
        why = None if is_read(ending) else no_picture(entry.path, ending)
        if why is None:
            level.pictures.append((key, entry.path))
        else:
            level.unusable.append(Unusable(key, why.reason, kind=why.kind))


def _kind(entry: os.DirEntry[str]) -> str:
    """``folder``, ``file``, or in words why it is neither."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        entry.stat()
    except OSError:  # among them a link to itself
        return "a link that leads nowhere"
    return "neither a file nor a folder"


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _CLUTTER
