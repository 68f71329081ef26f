"""The `data` part of a stage file: where the pictures come from and how they are prepared."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from grow.config.scalars import Range, Size
from grow.config.schema.values import Fraction, Value, as_tuple

OnBad = Literal["skip", "stop"]


class Augment(Value):
    """Random changes of a training picture; validation pictures are never changed."""

    flip: Literal["none", "horizontal", "vertical", "both"] = Field(
        "none", description="mirror half of the pictures along this axis"
    )
    zoom: Fraction = Field(0.0, description="scale by a factor in [1 - zoom, 1 + zoom]")
    shear: Fraction = Field(0.0, description="slant by a tangent in [-shear, shear]")
    shift: Fraction = Field(0.0, description="move by up to this share of height and width")
    brightness: Fraction = Field(
        0.0, description="multiply by a factor in [1 - brightness, 1 + brightness]"
    )


class _Pictures(Value):
    fit: Literal["stretch", "crop"] = Field(
        "stretch",
        description="how a picture of another shape becomes the model's: stretch it, or crop the "
        "middle out of it",
    )
    master: Size | None = Field(
        None,
        description="size of the prepared copy of each picture, from which the sizes of all "
        "stages are made as area means; the largest stage's unless said",
    )
    augment: Augment = Field(Augment(), description="random changes of training pictures")
    on_bad: OnBad = Field(
        "skip",
        description="what to do about files that cannot be used: skip lists them, stop ends the "
        "run before anything is trained",
    )
    balance: Literal["none", "weights"] = Field(
        "none",
        description="how much a picture counts: none, all alike; weights, in the training loss a "
        "picture of class c counts pictures / (classes * pictures of c), so that all classes "
        "count alike",
    )


class _Stored(_Pictures):
    range: Range = Field(
        "auto",
        examples=[[0, 478]],
        description="which stored value becomes black and which white, all between in proportion "
        "and all beyond cut off; auto: 0 and 255 for 8 bits, 0 and 65535 for 16 bits, 0 and 1 or "
        "0 and 255 for arrays, whichever they keep to",
    )


class PathGroup(Value):
    """Which pictures belong together, as their paths tell: one of the keys."""

    pattern: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        examples=[r"clip_(\d+)"],
        description="a regular expression, searched for in a picture's path; what its first group "
        "in parentheses matches, or else the whole match, names the group",
    )
    folder: int | None = Field(
        None,
        ge=1,
        le=100,
        examples=[1],
        description="the name of a folder on the way to the picture names the group: 1 is the "
        "folder the picture lies in, 2 the one around that",
    )


class RowGroup(PathGroup):
    """Which pictures of a table belong together: one of the keys."""

    column: str | None = Field(
        None,
        min_length=1,
        examples=["patient"],
        description="the column of the table that names the group",
    )


_TOGETHER = (
    "which pictures belong together, such as frames of a film or pictures of a patient; when a "
    "share is set aside, all of a group go to one side"
)

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


def _none(value: Any) -> Any:
    """A share of 0 is none."""
    return "none" if type(value) in (int, float) and value == 0 else value


Nothing = Annotated[Literal["none"], BeforeValidator(_none), WithJsonSchema({"enum": ["none", 0]})]
Part = Annotated[
    Literal["validation", "test"] | Share | Nothing | None,
    Field(
        examples=["test", 0.2],
        description="which part to validate on, or the share of the training pictures to set "
        "aside; none to validate on nothing; the validation part when there is one, else 0.2, "
        "unless said",
    ),
]
ClassNames = Annotated[
    Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=2)] | None,
    BeforeValidator(as_tuple),
    Field(
        examples=[["cat", "dog"]],
        description="names of the classes 0, 1, 2 and so on; those in the file, or else the "
        "labels themselves, unless said",
    ),
]
ChosenClasses = Annotated[
    Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=2)] | None,
    BeforeValidator(as_tuple),
    Field(
        examples=[["cat", "dog"]],
        description="which class folders to use, in any order; all of them unless said",
    ),
]


class FolderData(_Stored):
    """Pictures of one's own: a folder with one folder per class."""

    source: Literal["folder"] = Field(description="pictures of one's own, on disk")
    path: str = Field(
        min_length=1,
        description="a folder of class folders, or of train/val/test folders that hold them; "
        "relative to the stage file, or else to where the command runs",
    )
    classes: ChosenClasses = None
    validation: Annotated[str, Field(min_length=1)] | Share | Nothing | None = Field(
        None,
        examples=["test", 0.2],
        description="the folder to validate on (such as test), or the share of the training "
        "pictures to set aside; none to validate on nothing; val or validation when there, else "
        "0.2, unless said",
    )
    group: PathGroup | None = Field(None, description=_TOGETHER)


class DrawnData(_Pictures):
    """Cats and dogs drawn on the spot: nothing to download."""

    source: Literal["drawn"] = Field(description="pictures drawn on the spot")
    train: int = Field(2000, ge=2, le=1_000_000, description="how many pictures to train on")
    validation: int = Field(
        600, ge=0, le=1_000_000, description="how many to validate on; 0 for none"
    )
    seed: int = Field(0, ge=0, lt=2**63, description="which pictures; not the training seed")


class NpzData(_Stored):
    """Arrays of pictures and labels in one file."""

    source: Literal["npz"] = Field(description="arrays in one .npz file")
    path: str = Field(
        min_length=1,
        description="an .npz file with x_train and y_train (x_val, x_test with their y if there "
        "are such), or images and labels; relative to the stage file, or else to where the "
        "command runs",
    )
    classes: ClassNames = None
    validation: Part = None


class NpyData(_Stored):
    """Two arrays, each in a file of its own."""

    source: Literal["npy"] = Field(description="two .npy files: pictures and labels")
    images: str = Field(
        min_length=1, description="an .npy file of shape (n, height, width[, 1 or 3]); as path"
    )
    labels: str = Field(min_length=1, description="an .npy file of n labels; as path")
    classes: ClassNames = None
    validation: Share | Nothing | None = Field(
        None,
        description="share of the training pictures to set aside; none to validate on nothing; "
        "0.2 unless said",
    )


class CsvData(_Stored):
    """Picture files named in a table."""

    source: Literal["csv"] = Field(description="picture files named in a table")
    path: str = Field(
        min_length=1,
        description="a file with the columns path and label, and split if there is one; paths "
        "in it are relative to it. Relative to the stage file, or else to where the command runs",
    )
    validation: Part = None
    group: RowGroup | None = Field(None, description=_TOGETHER)


class KerasData(_Stored):
    """A data set that Keras fetches."""

    source: Literal["keras"] = Field(description="a data set of keras.datasets")
    name: Literal["mnist", "fashion_mnist", "cifar10", "cifar100"] = Field(
        description="which data set; Keras fetches it the first time"
    )
    validation: Part = None


class TfdsData(_Stored):
    """A data set of TensorFlow Datasets."""

    source: Literal["tfds"] = Field(description="a data set of TensorFlow Datasets (extra tfds)")
    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*(/[A-Za-z0-9_.-]+)?(:[0-9]+\.[0-9]+\.[0-9]+)?$",
        examples=["cats_vs_dogs", "mnist:3.0.1"],
        description="its name there, with configuration and version if wanted; fetched the "
        "first time",
    )
    validation: Part = None


Local = FolderData | DrawnData | NpzData | NpyData | CsvData
"""What is read as it lies there, or drawn; the others are fetched first and then such a one."""

Fetched = KerasData | TfdsData
Data = Annotated[Local | Fetched, Field(discriminator="source")]


def validates(data: Data) -> bool:
    """Whether there is anything to validate on: a part, a share or drawn pictures."""
    return data.validation not in ("none", 0)


def scale_of(data: Data) -> tuple[float, float] | None:
    """Which stored values become 0 and 255, where the stage file says so; else None."""
    if isinstance(data, DrawnData) or data.range == "auto":
        return None
    return data.range
