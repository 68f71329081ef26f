"""A stage's model for other programs: converted, compared, and only then put in its place.

Its classes and its card stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grow import atomic
from grow.data.decode import Undecodable
from grow.data.prepare import Prepared
from grow.data.preprocessing import Preprocessing
from grow.data.reduce import area_mean
from grow.data.sheet import choose
from grow.data.sources.named import find_pictures
from grow.deploy import formats
from grow.deploy.card import Card, gather
from grow.deploy.formats import Format
from grow.deploy.predict import check_finite, spread
from grow.deploy.trained import Origin, Trained, of_run, prepared_pictures
from grow.errors import DataError, GrowError, UsageError
from grow.runs import documents
from grow.signals import StopSwitch
from grow.train import step
from grow.train.events import Listener, to_all

SCHEMA = "grow.export/1"
"""Name and version of ``model.json`` beside an export."""

TOLERANCE = 1e-5
"""By how much a probability may differ from the Keras model's: float32 keeps seven digits, and
other programs add in another order."""

_COMPARED = 256
"""How many pictures are compared at most."""

NOTES = "model.json"
CARD = "README.md"


@dataclass(frozen=True)
class Comparison:
    """An exported model beside the Keras model, on real pictures.

    Attributes:
        pictures: how many were compared.
        largest_difference: of any class's probability for any picture.
        tolerance: what it may be.
        same_class: pictures that both give the same class.
    """

    pictures: int
    largest_difference: float
    tolerance: float
    same_class: int

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain JSON values."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Export:
    """An export that is in its place.

    Attributes:
        folder: where it stands.
        to: its format.
        trained: the model it was made from.
        card: what is known of that model.
        comparison: how it compares with the Keras model.
    """

    folder: Path
    to: Format
    trained: Trained
    card: Card
    comparison: Comparison

    @property
    def path(self) -> Path:
        """The model's file, or the folder of a SavedModel."""
        return self.folder / formats.FILES[self.to]

    def to_dict(self) -> dict[str, Any]:
        """The export as plain JSON values, in the form that ``SCHEMA`` names."""
        return {**describe(self.trained, self.to, self.comparison), "folder": str(self.folder)}


def export(  # noqa: PLR0913  (each is one option of the command)
    run: str | PathLike[str],
    to: Format,
    *,
    out: str | PathLike[str] | None = None,
    stage: str | None = None,
    pictures: Sequence[str | PathLike[str]] = (),
    force: bool = False,
    card_text: Callable[[Card], str],
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Export:
    """Writes the model of a run's last complete stage in another program's format.

    It is run in that program and compared with the Keras model on real pictures first; a
    folder that is not whole, or does not compute the same, never appears.

    Args:
        run: a run folder.
        to: ``saved_model``, ``onnx`` or ``litert``.
        out: the folder to make; ``exports/STAGE-FORMAT`` in the run folder unless said.
        stage: name of the stage that is meant instead.
        pictures: files and folders to compare on; the run's validation pictures unless said.
        force: whether an earlier export in that folder gives way.
        card_text: writes the card that stands beside the model.
        listeners: called with `Preparing` where pictures must be read again.
        stop: asks to stop in between.

    Raises:
        UsageError: an extra is not installed, the folder is taken, or there is no such stage.
        RunFolderError: it is no run folder, is damaged, or the stage is not complete.
        DataError: there are no pictures to compare on.
        GrowError: it cannot be converted, or does not compute the same.
        Stopped: stopped as asked.
    """
    formats.check_installed(to)
    trained, origin = of_run(run, stage)
    folder = _place(origin, to, out, replace=force)
    emit, switch = to_all(listeners), stop or StopSwitch()
    prepared, trouble = _prepared(origin, emit, switch, needed=not pictures)
    batch = _batch(trained, prepared, [str(one) for one in pictures])
    switch.check()
    model = trained.model()
    expected = spread(step.predict_batch(model, len(batch), batch), len(trained.notes.classes))
    check_finite(expected, trained)
    card = gather(trained, origin, model, prepared, trouble)
    with atomic.new_folder(folder, replace=force) as beside:
        made = formats.write(model, to, _inside(trained), beside)
        comparison = _compare(to, made, batch, expected)
        notes = documents.to_json(describe(trained, to, comparison))
        (beside / NOTES).write_bytes(notes)
        text = card_text(card)
        (beside / CARD).write_bytes(text.encode("utf-8", "backslashreplace"))
        switch.check()
    return Export(folder, to, trained, card, comparison)


def _place(origin: Origin, to: Format, out: str | PathLike[str] | None, *, replace: bool) -> Path:
    """Where the export will stand.

    Raises:
        UsageError: something stands there, and it is not to give way or is no export.
    """
    if out is None:
        folder = origin.run.path / "exports" / f"{origin.stage.path.name}-{to}"
    else:
        folder = Path(out)
    if not folder.is_symlink() and not folder.exists():
        return folder
    if not _is_export(folder):
        raise UsageError(
            f"{folder}: expected a folder that is not there yet, found something else than an "
            "export of grow",
            hint="name another one with --out",
        )
    if not replace:
        raise UsageError(
            f"{folder}: there is an export already",
            hint="replace it with --force, or name another folder with --out",
        )
    return folder


def _is_export(folder: Path) -> bool:
    try:
        return documents.read_object(folder / NOTES).get("schema") == SCHEMA
    except GrowError:
        return False


def _prepared(
    origin: Origin, emit: Listener, switch: StopSwitch, *, needed: bool
) -> tuple[Prepared | None, str]:
    """The run's pictures, or why there are none."""
    try:
        return prepared_pictures(origin.run, emit, switch), ""
    except DataError as error:
        if needed:
            hint = "an export is compared on real pictures: name some with --pictures"
            raise DataError(error.message, hint=hint) from error
        return None, error.message


def _batch(
    trained: Trained, prepared: Prepared | None, named: Sequence[str]
) -> NDArray[np.float32]:
    """What to compare on, shape ``(pictures, height, width, channels)``."""
    preprocessing = trained.notes.preprocessing
    if prepared is None or named:
        return _read(preprocessing, named)
    held = len(prepared.manifest.indices("validation")) > 0
    rows = choose(prepared.manifest, "validation" if held else "train", _COMPARED, seed=0)
    return area_mean(prepared.images[rows], *preprocessing.image[:2])


def _read(preprocessing: Preprocessing, named: Sequence[str]) -> NDArray[np.float32]:
    pixels, reason = [], "there are none"
    for file in find_pictures(named).files:
        try:
            pixels.append(preprocessing.read(file.name))
        except Undecodable as error:
            reason = f"{file.name}: {error.reason}"
        if len(pixels) == _COMPARED:
            break
    if not pixels:
        raise DataError(f"no picture to compare on can be used: {reason}")
    return np.stack(pixels)


def _compare(
    to: Format, made: Path, batch: NDArray[np.float32], expected: NDArray[np.float64]
) -> Comparison:
    """The exported model beside what the Keras model says, shape ``(pictures, classes)``.

    Raises:
        GrowError: it computes something else, or the Keras model gives no numbers.
    """
    found = spread(formats.run(to, made, batch), expected.shape[1])
    if found.shape != expected.shape:
        raise GrowError(f"{to}: expected outputs of {expected.shape}, found {found.shape}")
    largest = float(np.abs(found - expected).max())
    if not largest <= TOLERANCE:  # nor when it is NaN
        raise GrowError(
            f"the {to} model's probabilities differ from the Keras model's by up to "
            f"{largest:.2g}, expected at most {TOLERANCE:.0e}: nothing was exported",
        )
    same = int((found.argmax(axis=1) == expected.argmax(axis=1)).sum())
    return Comparison(len(batch), largest, TOLERANCE, same)


def _inside(trained: Trained) -> dict[str, Any]:
    """What goes inside the file, where its format has a place for it."""
    return {
        "class_names": list(trained.notes.classes),
        "preprocessing": trained.notes.preprocessing.to_dict(),
        "model": trained.title,
    }


def describe(trained: Trained, to: Format, comparison: Comparison) -> dict[str, Any]:
    """What ``model.json`` says, as plain JSON values in the form that ``SCHEMA`` names."""
    fingerprint = None if trained.origin is None else trained.origin.stage.plan.fingerprint
    return {
        "schema": SCHEMA,
        "format": to,
        "file": formats.FILES[to],
        "input": formats.INPUT,
        **_inside(trained),
        "fingerprint": fingerprint,
        "comparison": comparison.to_dict(),
    }
