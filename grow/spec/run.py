"""A whole stage file: its stages, what each carries over, and when checkpoints are written."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from grow.scalars import Seconds
from grow.spec.data import Data
from grow.spec.model import Model, Operator
from grow.spec.training import (
    MAY_BE_OFF,
    TRAINING_KEYS,
    Best,
    EarlyStopping,
    Optimizer,
    Plateau,
    Training,
)
from grow.spec.values import Name, Value, as_tuple

Policy = Literal["strict", "shape", "preserve"]
OptimizerState = Literal["carry", "reset"]


def _weights_alone(value: Any) -> Any:
    """`transfer: strict` is short for `transfer: {weights: strict}`."""
    return {"weights": value} if isinstance(value, str) else value


def _or_weights_alone(schema: dict[str, Any]) -> None:
    """The short form, for editors."""
    whole = {key: schema.pop(key) for key in ("$ref", "allOf") if key in schema}
    schema["anyOf"] = [{"enum": list(get_args(Policy))}, whole]


class Transfer(Value):
    """What is carried over from the stage before."""

    weights: Policy = Field("preserve", description="what may be carried over")
    layers: dict[str, Policy] = Field({}, description="another policy for single layers, by name")
    optimizer: OptimizerState = Field(
        "reset", description="whether the optimizer's state goes along with its weights"
    )


class Stage(Value):
    """One stage: how the architecture grows, what is carried over, what is trained otherwise."""

    name: Name = Field(description="what the stage is called")
    grow: Annotated[tuple[Operator, ...], BeforeValidator(as_tuple)] = Field(
        (), description="growth operators, applied in order"
    )
    transfer: Annotated[Transfer, BeforeValidator(_weights_alone)] = Field(
        Transfer(),
        description="what is carried over from the stage before",
        json_schema_extra=_or_weights_alone,
    )
    batch: int | None = Field(None, ge=1, le=1_000_000, description="as in train")
    optimizer: Optimizer | None = Field(None, description="as in train")
    learning_rate: float | None = Field(None, gt=0.0, description="as in train")
    epochs: int | None = Field(None, ge=1, le=1_000_000, description="as in train")
    reduce_on_plateau: Plateau | None = Field(None, description="as in train")
    early_stopping: EarlyStopping | None = Field(None, description="as in train")
    best: Best | None = Field(None, description="as in train")


class Checkpoint(Value):
    """When a run writes down where it stands; changes no weight, so no fingerprint either."""

    every: Seconds = Field(
        60.0,
        description="how long training may go on within an epoch without a checkpoint: seconds, "
        "or text with s, m or h; there is one at the end of each epoch anyway",
        examples=["60s", "5m"],
    )


class Report(Value):
    """What reports of a run show; changes no weight, so no fingerprint either."""

    pictures: bool = Field(
        True,
        description="whether the pictures that were classed most wrongly are kept in the run "
        "folder and shown in its reports",
    )


class RunSpec(Value):
    """A whole stage file."""

    name: Name = Field(description="names the run and its folder")
    seed: int = Field(0, ge=0, lt=2**63, description="start of all random numbers of training")
    data: Data = Field(description="which pictures")
    model: Model = Field(description="the architecture that stage 1 trains")
    train: Training = Field(description="how stages are trained, unless a stage says otherwise")
    checkpoint: Checkpoint = Field(Checkpoint(), description="when checkpoints are written")
    report: Report = Field(Report(), description="what reports of the run show")
    stages: Annotated[
        tuple[Stage, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=1000)
    ] = Field(
        description="the stages, in order",
        json_schema_extra={"minItems": 1, "maxItems": 1000},  # pydantic forgets them here
    )

    def training(self, stage: Stage) -> Training:
        """The training settings of one stage: its own keys over those of ``train``."""
        own = {key: getattr(stage, key) for key in stage.model_fields_set & TRAINING_KEYS}
        # An explicit null switches a schedule off; for the other keys it means "unsaid".
        said = {k: v for k, v in own.items() if v is not None or k in MAY_BE_OFF}
        return self.train.model_copy(update=said)
