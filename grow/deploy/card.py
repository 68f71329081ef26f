"""What is known of a trained model, gathered for its card: data, figures, how it came about.

Measures the model again on the validation and test pictures as they are now. The card itself is
text made from this value (`report.card`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from grow.config.write import to_yaml
from grow.data.manifest import Manifest, Split
from grow.data.prepare import Part, Prepared
from grow.data.reduce import area_mean
from grow.deploy.predict import check_finite, spread
from grow.deploy.trained import Origin, Trained, of_run, prepared_pictures
from grow.errors import DataError, RunFolderError
from grow.runs import documents
from grow.runs.folder import RunFolder
from grow.runs.model_file import Notes
from grow.runs.result import Run, StageResult, noted
from grow.signals import StopSwitch
from grow.train import step
from grow.train.events import Listener, to_all

SCHEMA = "grow.card/1"
"""Name and version of the JSON form of a card."""

_BATCH = 256
_MEASURED: tuple[Split, ...] = ("validation", "test")


@dataclass(frozen=True)
class Measured:
    """How the model does on the pictures of one split.

    Attributes:
        right: pictures classed rightly, by class.
        total: pictures, by class.
    """

    right: Mapping[str, int]
    total: Mapping[str, int]

    @property
    def accuracy(self) -> float:
        """Share of all pictures classed rightly, in [0, 1]."""
        return sum(self.right.values()) / sum(self.total.values())

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain JSON values."""
        return {
            "accuracy": self.accuracy,
            "right": dict(self.right),
            "total": dict(self.total),
        }


@dataclass(frozen=True)
class Pictures:
    """The pictures of a run as they are now.

    Attributes:
        counts: pictures by split and class.
        unusable: how many were left out, by reason.
        changed: whether the training or validation pictures are others than the run's.
    """

    counts: Mapping[Split, Mapping[str, int]]
    unusable: Mapping[str, int]
    changed: bool

    def to_dict(self) -> dict[str, Any]:
        """The counts as plain JSON values."""
        counts = {split: dict(classes) for split, classes in self.counts.items()}
        return {"counts": counts, "unusable": dict(self.unusable), "changed": self.changed}


@dataclass(frozen=True)
class Card:
    """What is known of a trained model.

    Attributes:
        run: the run it comes from.
        stage: the stage it comes from, complete.
        notes: its classes, and how a picture becomes what it is fed.
        pictures: the pictures; None where they could not be looked at.
        measured: how it does on the validation and test pictures there are now.
        trouble: why the pictures could not be looked at; empty when they could.
        versions: of what wrote its weights.
    """

    run: Run
    stage: StageResult
    notes: Notes
    pictures: Pictures | None
    measured: Mapping[Split, Measured]
    trouble: str
    versions: Mapping[str, str]

    @property
    def lineage(self) -> tuple[StageResult, ...]:
        """The stages that led to the model, its own last."""
        return self.run.stages[: self.stage.plan.number]

    @property
    def stage_file(self) -> str:
        """The stage file that makes it again, as YAML."""
        return to_yaml(self.run.spec)

    def to_dict(self) -> dict[str, Any]:
        """The card as plain JSON values, in the form that ``SCHEMA`` names."""
        return {
            "schema": SCHEMA,
            "name": self.run.name,
            "classes": list(self.notes.classes),
            "preprocessing": self.notes.preprocessing.to_dict(),
            "stage": self.stage.to_dict(),
            "pictures": None if self.pictures is None else self.pictures.to_dict(),
            "measured": {split: figures.to_dict() for split, figures in self.measured.items()},
            "trouble": self.trouble,
            "versions": dict(self.versions),
            "stage_file": self.stage_file,
        }


def card(
    run: str | PathLike[str],
    *,
    stage: str | None = None,
    listeners: Iterable[Listener] = (),
    stop: StopSwitch | None = None,
) -> Card:
    """What is known of the model of a run's last complete stage.

    Args:
        run: a run folder.
        stage: name of the stage that is meant instead.
        listeners: called with `Preparing` where pictures must be read again.
        stop: asks to stop in between.

    Raises:
        RunFolderError: it is no run folder, is damaged, or the stage is not complete.
        UsageError: there is no such stage.
        GrowError: its outputs are no numbers.
        Stopped: stopped as asked.
    """
    trained, origin = of_run(run, stage)
    emit, switch = to_all(listeners), stop or StopSwitch()
    try:
        prepared, trouble = prepared_pictures(origin.run, emit, switch), ""
    except DataError as error:
        prepared, trouble = None, error.message
    return gather(trained, origin, trained.model(), prepared, trouble)


def gather(
    trained: Trained, origin: Origin, model: Any, prepared: Prepared | None, trouble: str
) -> Card:
    """The card of a model that is loaded already.

    Args:
        trained: which model.
        origin: where it comes from.
        model: the ``keras.Model`` itself.
        prepared: the run's pictures as they are now; None where they cannot be used.
        trouble: why they cannot.
    """
    # A stage before some classes were new is measured on the pictures of those it knows.
    part = None if prepared is None else prepared.among(trained.notes.classes)
    pictures = None
    if prepared is not None:
        pictures = _pictures(origin.run, (part or prepared).manifest)
    measured: dict[Split, Measured] = {}
    if part is not None:
        for split in _MEASURED:
            if len(part.manifest.indices(split)):
                measured[split] = _measure(model, trained, part, split)
    return Card(
        run=origin.run,
        stage=origin.stage,
        notes=trained.notes,
        pictures=pictures,
        measured=measured,
        trouble=trouble,
        versions=_versions(origin.stage),
    )


def _pictures(run: Run, manifest: Manifest) -> Pictures:
    noted_digest = noted(RunFolder(run.path)).pictures.among(manifest.classes).digest
    reasons = Counter(entry.reason for entry in manifest.unusable)
    return Pictures(manifest.counts(), dict(reasons), manifest.training_digest != noted_digest)


def _measure(model: Any, trained: Trained, part: Part, split: Split) -> Measured:
    """The model's classes for the pictures of a split, beside their own."""
    notes = trained.notes
    rows = part.manifest.indices(split)
    right: Counter[str] = Counter(dict.fromkeys(notes.classes, 0))
    total: Counter[str] = Counter(dict.fromkeys(notes.classes, 0))
    for start in range(0, len(rows), _BATCH):
        chosen = rows[start : start + _BATCH]
        batch = area_mean(part.images[chosen], *notes.preprocessing.image[:2])
        shares = spread(
            step.predict_batch(model, min(_BATCH, len(rows)), batch), len(notes.classes)
        )
        check_finite(shares, trained)
        said = shares.argmax(axis=1)
        for label, found in zip(part.manifest.labels[chosen], said, strict=True):
            total[notes.classes[label]] += 1
            right[notes.classes[label]] += int(label == found)
    return Measured(dict(right), dict(total))


def _versions(stage: StageResult) -> dict[str, str]:
    """What wrote the stage's weights; empty where that is not known any longer."""
    if stage.done is None:
        return {}
    path = stage.path / "checkpoints" / stage.done.checkpoint / "manifest.json"
    try:
        values = documents.read_object(path).get("versions")
    except RunFolderError:  # a checkpoint is not needed to use a model
        return {}
    return {str(k): str(v) for k, v in values.items()} if isinstance(values, dict) else {}
