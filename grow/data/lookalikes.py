"""Which prepared pictures look alike, found once and kept beside the cache's index.

This module owns that file and what it costs at most. `together` says what it means.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from grow.data.cache.writing import remove_file
from grow.data.manifest import Manifest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 20_000
"""Among more pictures look-alikes are not looked for at the start of a run: some two seconds.
`grow data check` looks for them among more."""

SMALLEST = 16
"""Smaller pictures look alike too easily."""

FILE = "alike.json"
_VERSION = 1

Groups = list[list[int]]
"""Places in the manifest of pictures that look alike, two or more in each group."""


def kept(images: Path, manifest: Manifest) -> Groups | None:
    """What was found before of the array in the file ``images``; None where nothing is known."""
    try:
        values = json.loads(images.with_name(FILE).read_bytes())
        if (values["version"], values["images"]) != (_VERSION, images.name):
            return None
        groups: Groups = values["groups"]
        if all(0 <= place < len(manifest.pictures) for group in groups for place in group):
            return groups
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def find(
    images: NDArray[np.uint8], file: Path, manifest: Manifest, check_stop: Callable[[], None]
) -> Groups:
    """The groups of look-alikes among prepared pictures, found or kept; none among too many.

    Args:
        images: the master, uint8 of shape `(pictures, height, width, channels)`.
        file: the file that it is in.
        manifest: the pictures, in the array's order.
        check_stop: called in between; raises to stop.
    """
    if len(images) > MOST or min(images.shape[1:3]) < SMALLEST:
        return []
    known = kept(file, manifest)
    if known is not None:
        return known
    from grow.data.alike import alike  # noqa: PLC0415 - numpy, for what is not kept

    marks = alike(_thumbs(images, check_stop), lambda _done, _total: check_stop())
    places: dict[int, list[int]] = {}
    for place, mark in enumerate(marks.tolist()):
        places.setdefault(mark, []).append(place)
    groups = [group for group in places.values() if len(group) > 1]
    _keep(file, groups)
    return groups


def _thumbs(images: NDArray[np.uint8], check_stop: Callable[[], None]) -> NDArray[np.uint8]:
    """Grey copies, uint8 of shape `(pictures, THUMB, THUMB)`."""
    import numpy as np  # noqa: PLC0415 - as above
    from PIL import Image  # noqa: PLC0415 - as above

    from grow.data.facts import THUMB  # noqa: PLC0415 - as above

    thumbs = np.empty((len(images), THUMB, THUMB), np.uint8)
    for place, image in enumerate(images):
        if place % 256 == 0:
            check_stop()
        pixels = np.asarray(image)
        picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        grey = picture.convert("L").resize((THUMB, THUMB), Image.Resampling.BILINEAR)
        thumbs[place] = np.asarray(grey)
    return thumbs


def _keep(file: Path, groups: Groups) -> None:
    """Keep what was found; where that fails, it is found again."""
    values = {"version": _VERSION, "images": file.name, "groups": groups}
    beside = file.with_name(f"alike-{file.stem}.tmp")
    with suppress(OSError):
        beside.write_text(json.dumps(values))
        beside.replace(file.with_name(FILE))
    remove_file(beside)
