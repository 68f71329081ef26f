"""Contact sheets: what the pictures of a stage file, or of a folder, look like to a network."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from PIL.Image import Image

from grow.config.schema import Data, FolderData
from grow.data.cache import cache_folder
from grow.data.manifest import Manifest, Split
from grow.data.prepare import prepare
from grow.data.sheet import choose
from grow.data.sheet import contact_sheet as draw_sheet
from grow.data.sources import fetching
from grow.errors import DataError, UsageError
from grow.planning import validate
from grow.planning.stages import master_shape
from grow.signals import StopSwitch
from grow.train.events import Listener, Prepared, Preparing, announcing, to_all

_FOLDER_SIZE = (128, 128, 3)
"""At which size a bare folder is shown: no stage file says what a network would see."""


def contact_sheet(
    source: str | PathLike[str],
    *,
    count: int = 48,
    split: Split = "train",
    seed: int = 0,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Image:
    """A picture of pictures, evenly over the classes, each with its class's name.

    Args:
        source: a stage file, or a folder of pictures.
        count: how many pictures.
        split: ``train``, ``validation`` or ``test``.
        seed: which of them.
        listeners: called with each event of preparing the pictures, at first use.
        stop: asks to stop in between.

    Raises:
        UsageError: there is neither a file nor a folder.
        StageFileError: the stage file cannot be used.
        DataError: the pictures cannot be used, or there are none in that split.
        Stopped: stopped as asked.
    """
    data, base, shape = _pictures(Path(source))
    emit = to_all(listeners)
    cache, check_stop = cache_folder(), (stop or StopSwitch()).check
    prepared = prepare(
        fetching.fetch(data, cache, announcing(emit), check_stop),
        base,
        shape,
        cache,
        progress=lambda done, total: emit(Preparing(done, total)),
        check_stop=check_stop,
    )
    manifest = prepared.manifest
    unusable = tuple((item.key, item.reason) for item in manifest.unusable)
    emit(Prepared(manifest.classes, manifest.counts(), unusable))
    _check_split(source, manifest, split)
    rows = choose(manifest, split, count, seed)
    captions = [manifest.classes[manifest.labels[row]] for row in rows]
    return draw_sheet(prepared.images[rows], captions)


def _check_split(source: str | PathLike[str], manifest: Manifest, split: Split) -> None:
    there = [name for name, classes in manifest.counts().items() if any(classes.values())]
    if split not in there:
        raise DataError(
            f"{source}: there are no {split} pictures to show",
            hint=f"there are {' and '.join(there)} pictures",
        )


def _pictures(source: Path) -> tuple[Data, Path, tuple[int, int, int]]:
    if source.is_dir():
        return FolderData(source="folder", path=str(source.resolve())), source, _FOLDER_SIZE
    if not source.exists():
        raise UsageError(f"{source}: expected a stage file or a folder of pictures, found nothing")
    spec = validate.read(source)
    return spec.data, source.parent, master_shape(spec)
