"""Contact sheets: what the pictures of a stage file, or of a folder, look like to a network.

Floor 4: puts `stagefile` and `pictures` together. No Keras.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from PIL.Image import Image

from grow import stagefile
from grow.errors import DataError
from grow.lineup import master_size
from grow.pictures.manifest import Split
from grow.pictures.prepare import CheckStop, Progress, no_progress, no_stop, prepare
from grow.pictures.sheet import choose
from grow.pictures.sheet import contact_sheet as draw_sheet
from grow.planning import cache_folder
from grow.spec import Data, FolderData

_FOLDER_SIZE = (128, 128, 3)
"""At which size a bare folder is shown: no stage file says what a network would see."""


def contact_sheet(
    source: str | PathLike[str],
    *,
    count: int = 48,
    split: Split = "train",
    seed: int = 0,
    progress: Progress = no_progress,
    check_stop: CheckStop = no_stop,
) -> Image:
    """A picture of pictures, evenly over the classes, each with its class's name.

    Args:
        source: a stage file, or a folder of pictures.
        count: how many pictures.
        split: ``train``, ``validation`` or ``test``.
        seed: which of them.
        progress: told how many of how many pictures are prepared, at first use.
        check_stop: raises to stop in between.

    Raises:
        StageFileError: the stage file cannot be used.
        DataError: the pictures cannot be used, or there are none in that split.
    """
    data, base, shape = _pictures(Path(source))
    prepared = prepare(data, base, shape, cache_folder(), progress=progress, check_stop=check_stop)
    if not any(prepared.manifest.counts()[split].values()):
        raise DataError(f"{source}: there are no {split} pictures to show")
    rows = choose(prepared.manifest, split, count, seed)
    captions = [prepared.manifest.classes[prepared.manifest.labels[row]] for row in rows]
    return draw_sheet(prepared.images[rows], captions)


def _pictures(source: Path) -> tuple[Data, Path, tuple[int, int, int]]:
    if source.is_dir():
        return FolderData(source="folder", path=str(source.resolve())), source, _FOLDER_SIZE
    spec = stagefile.read(source)
    return spec.data, source.parent, (*master_size(spec), spec.model.image[2])
