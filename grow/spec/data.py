"""The `data` part of a stage file: where the pictures come from and how they are prepared."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from grow.scalars import Size
from grow.spec.values import Fraction, Value


class Augment(Value):
    """Random changes of a training picture; validation pictures are never changed."""

    flip: Literal["none", "horizontal", "vertical", "both"] = Field(
        "none", description="mirror half of the pictures along this axis"
    )
    zoom: Fraction = Field(0.0, description="scale by a factor in [1 - zoom, 1 + zoom]")
    shear: Fraction = Field(0.0, description="slant by a tangent in [-shear, shear]")
    shift: Fraction = Field(0.0, description="move by up to this share of height and width")
    brightness: Fraction = Field(0.0, description="multiply by a factor in [1 - b, 1 + b]")


class _Pictures(Value):
    fit: Literal["stretch", "crop"] = Field(
        "stretch", description="how a picture of another shape becomes the model's shape"
    )
    master: Size | None = Field(
        None,
        description="size of the one prepared copy all stages' pictures are area means of; "
        "the largest stage's size unless said",
    )
    augment: Augment = Field(Augment(), description="random changes of training pictures")


class FolderData(_Pictures):
    """Pictures of one's own: a folder with one folder per class."""

    source: Literal["folder"] = Field(description="pictures of one's own, on disk")
    path: str = Field(
        min_length=1,
        description="a folder of class folders, or of train/val/test folders that hold them; "
        "relative to the stage file, or else to where the command runs",
    )
    validation: (
        Annotated[str, Field(min_length=1)] | Annotated[float, Field(gt=0.0, lt=1.0)] | None
    ) = Field(
        None,
        examples=["test", 0.2],
        description="the folder to validate on (such as test), or the share of the training "
        "pictures to set aside; val or validation when there, else 0.2, unless said",
    )


class DrawnData(_Pictures):
    """Cats and dogs drawn on the spot: nothing to download."""

    source: Literal["drawn"] = Field(description="pictures drawn on the spot")
    train: int = Field(2000, ge=2, le=1_000_000, description="how many pictures to train on")
    validation: int = Field(600, ge=2, le=1_000_000, description="how many to validate on")
    seed: int = Field(0, ge=0, lt=2**63, description="which pictures; not the training seed")


Data = Annotated[FolderData | DrawnData, Field(discriminator="source")]
