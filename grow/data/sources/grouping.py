"""Which pictures belong together: frames of a film, pictures of a patient.

This module owns how a group's name is found, and the words for groups that cannot be used. A
group's name is all that identifies it, wherever its pictures lie. It opens no picture.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Sequence

from grow.config.scalars import regular_expression
from grow.config.schema import PathGroup
from grow.data.manifest import Candidate, Groups, Listing, shown
from grow.data.sources import matching
from grow.errors import DataError

LIMIT_SECONDS = 5.0
"""How long a pattern may be searched for in all paths."""

_UNBOUNDED = 2
"""With more repetitions in a pattern than these, one long path can take minutes."""

_ESCAPES_AND_SETS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


def by_path(group: PathGroup, listing: Listing) -> Groups:
    """The groups that the pictures' paths tell.

    Raises:
        DataError: the pattern is no regular expression, or takes too long.
    """
    keys = [candidate.key for candidate in listing.candidates]
    if group.pattern is not None:
        found: Iterable[str] = _matched(group.pattern, keys)
    else:
        depth = group.folder or 1
        found = (_folder(candidate, listing.classes, depth) for candidate in listing.candidates)
    return {key: name for key, name in zip(keys, found, strict=True) if name}


def _folder(candidate: Candidate, classes: Sequence[str], depth: int) -> str:
    """The name of the folder so many steps up; nothing where that is the class's, or none."""
    folders = candidate.key.split("/")[:-1]
    own = classes[candidate.label]
    # In a folder of pictures the class folder stands first, or behind that of the part.
    above = next((place for place, name in enumerate(folders[:2]) if name == own), -1)
    inside = folders[above + 1 :]
    return inside[-depth] if len(inside) >= depth else ""


def _matched(pattern: str, keys: Sequence[str]) -> list[str]:
    try:
        expression = regular_expression(pattern)
    except ValueError as error:
        raise DataError(
            f'data.group.pattern: expected a regular expression, found "{pattern}": {error}.',
            hint=r"Write it as Python's re reads it, such as clip_(\d+).",
        ) from error
    if _may_take_long(pattern):
        return _in_own_process(pattern, keys)
    end = time.monotonic() + LIMIT_SECONDS
    found = []
    for name in matching.names(expression, keys):
        found.append(name)
        if len(found) % 64 == 0 and time.monotonic() > end:
            raise _takes_long(pattern)
    return found


def _may_take_long(pattern: str) -> bool:
    """Whether a path may take more than its length cubed; told from the text, on the safe side."""
    plain = _ESCAPES_AND_SETS.sub("x", pattern)
    again = re.search(r"\)[*+{]", plain) or re.search(r"\\[1-9]|\(\?P=", pattern)
    return bool(again) or len(re.findall(r"[*+{]", plain)) > _UNBOUNDED


def _in_own_process(pattern: str, keys: Sequence[str]) -> list[str]:
    import subprocess  # noqa: PLC0415 - for such patterns alone

    command = [sys.executable, "-I", "-S", matching.__file__]
    try:
        done = subprocess.run(  # noqa: S603 - this very Python, and a file of ours
            command,
            input=json.dumps([pattern, list(keys)]).encode(),
            capture_output=True,
            timeout=LIMIT_SECONDS,
            check=True,
            start_new_session=True,  # Ctrl-C is for this process
        )
    except subprocess.TimeoutExpired as error:
        raise _takes_long(pattern) from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise DataError(
            f'data.group.pattern: expected to search for "{pattern}" in a process of its own, '
            f"found: {error}.",
            hint="Write it with fewer repetitions (*, +, {}), and none within another.",
        ) from error
    names: list[str] = json.loads(done.stdout)
    return names


def _takes_long(pattern: str) -> DataError:
    return DataError(
        f"data.group.pattern: expected a regular expression that is searched for in all paths "
        f'within {LIMIT_SECONDS:.0f} seconds, found "{pattern}", which takes longer.',
        hint=r"Write it with fewer repetitions (*, +, {}), and none within another: \d+, not "
        r"(\d+)*.",
    )


def check(listing: Listing, group: PathGroup) -> None:
    """See that the groups tell pictures apart, and that a share can be set aside by them.

    Raises:
        DataError: no picture is in a group, or each class is one group.
    """
    groups = listing.groups
    if groups is None:
        return
    if not groups:
        first = shown(listing.candidates[0].key)
        raise DataError(
            f"data.group: expected groups of pictures by {_said(group)}, found none for any of "
            f"{len(listing.candidates):,} pictures; the first is {first}.",
            hint=_ADVICE[_key(group)],
        )
    if listing.fraction is None:
        return
    of_class: dict[int, set[str]] = {}
    train = [one for one in listing.candidates if one.split == "train"]
    for one in train:
        of_class.setdefault(one.label, set()).add(groups.get(one.key, f"\0{one.key}"))
    if any(len(names) > 1 for names in of_class.values()):
        return
    all_names = sorted(set().union(*of_class.values()))
    same = "all of them are in one group" if len(all_names) == 1 else "each class is one group"
    named = ", ".join(f'"{shown(name.lstrip(chr(0)))}"' for name in all_names[:3])
    raise DataError(
        f"data.group: expected groups by {_said(group)} that can be divided between training and "
        f"validation, found {len(train):,} pictures of which {same}: {named}.",
        hint=_ADVICE[_key(group)],
    )


_ADVICE = {
    "pattern": "A pattern is searched for in the path below data.path, such as "
    r"cats/clip_07_003.jpg; clip_(\d+) makes a group of each clip.",
    "folder": "folder: 1 is the folder that a picture lies in, within that of its class, 2 the "
    "one around it.",
    "column": "Name a column that has the same value for pictures that belong together.",
}


def _key(group: PathGroup) -> str:
    said = (key for key in type(group).model_fields if getattr(group, key) is not None)
    return next(said, "folder")


def _said(group: PathGroup) -> str:
    key = _key(group)
    return f"{key}: {getattr(group, key)}"
