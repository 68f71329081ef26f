"""A whole stage file: its stages, what each carries over, and when checkpoints are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from grow.config.scalars import Factor, Repeat, Seconds, Share
from grow.config.schema.data import Data
from grow.config.schema.model import Model, Operator
from grow.config.schema.training import (
    MAY_BE_OFF,
    TRAINING_KEYS,
    Best,
    Monitor,
    OnDivergence,
    Optimizer,
    ReduceOnPlateau,
    Training,
    Until,
    number_of_halvings,
    or_a_word,
)
from grow.config.schema.values import Name, Value, as_tuple

Policy = Literal["strict", "shape", "preserve"]
OptimizerState = Literal["carry", "reset"]


def _weights_alone(value: Any) -> Any:
    """`transfer: strict` is short for `transfer: {weights: strict}`."""
    return {"weights": value} if isinstance(value, str) else value


def _or_weights_alone(schema: dict[str, Any]) -> None:
    """The short form, for editors."""
    whole = {key: schema.pop(key) for key in ("$ref", "allOf") if key in schema}
    schema["anyOf"] = [{"enum": list(get_args(Policy))}, whole]


class ShrinkPerturb(Value):
    """Weights carried over are shrunk, and a little of fresh initial weights is added."""

    shrink: float = Field(ge=0.0, le=1.0, description="multiply what is carried over by this")
    perturb: float = Field(ge=0.0, le=1.0, description="add fresh initial weights times this")


class Carried(Value):
    """How layers that were carried over are trained, other than new ones."""

    freeze: int = Field(
        0, ge=0, le=1_000_000, description="epochs from the stage's start without training them"
    )
    learning_rate: Factor = Field(
        1.0,
        description="multiply their learning rate by this: a number, or text with x",
        examples=["0.1x", 0.1],
    )


class Transfer(Value):
    """What is carried over from the stage before."""

    weights: Policy = Field(
        "preserve",
        description="what may be carried over: what has the same shape and the same inputs "
        "(strict), the same shape (shape), or whatever can be adapted so that the function "
        "survives (preserve)",
    )
    layers: dict[str, Policy] = Field(
        {}, description="another policy for single layers, by their names such as dense_1"
    )
    optimizer: OptimizerState = Field(
        "reset",
        description="whether the optimizer's state goes along with its weights, or starts anew",
    )
    shrink_perturb: ShrinkPerturb | None = Field(
        None, description="shrink what is carried over, and add a little noise"
    )


class Stop(Value):
    """When a repeated growth is not repeated again: it has stopped to pay."""

    gain: Share = Field(
        description="stop when a growth gained less than this over the stage before it: a share "
        "of the validation pictures, or per cent",
        examples=["0.5%"],
    )
    monitor: Monitor = Field("val_accuracy", description="the figure to compare, of best epochs")


class Stage(Value):
    """One stage: how the architecture grows, what is carried over, what is trained otherwise."""

    name: Name = Field(description="what the stage is called, and its folder")
    repeat: Repeat | None = Field(
        None,
        description="grow like this so many times, one stage after the other; the last entry only",
        examples=[5, "up to 5"],
    )
    stop: Stop | None = Field(None, description="repeat only while it pays")
    grow: Annotated[tuple[Operator, ...], BeforeValidator(as_tuple)] = Field(
        (), description="growth operators, applied in order"
    )
    transfer: Annotated[Transfer, BeforeValidator(_weights_alone)] = Field(
        Transfer(),
        description="what is carried over from the stage before",
        json_schema_extra=_or_weights_alone,
    )
    carried: Carried = Field(Carried(), description="how layers carried over are trained")
    batch: int | None = Field(None, ge=1, le=1_000_000, description="as in train")
    optimizer: Optimizer | None = Field(None, description="as in train")
    learning_rate: float | None = Field(None, gt=0.0, description="as in train")
    epochs: int | None = Field(None, ge=1, le=1_000_000, description="as in train")
    warm_up: float | None = Field(None, ge=0.0, le=1_000_000.0, description="as in train")
    reduce_on_plateau: ReduceOnPlateau | None = Field(
        None, description="as in train; null switches it off"
    )
    until: Until | None = Field(None, description="as in train; null switches it off")
    best: Best | None = Field(None, description="as in train")
    on_divergence: Annotated[OnDivergence | None, BeforeValidator(number_of_halvings)] = Field(
        None, description="as in train", json_schema_extra=or_a_word
    )


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


@dataclass(frozen=True)
class Round:
    """One stage that may come: an entry of ``stages``, or one repetition of it.

    Attributes:
        entry: position of the entry in ``stages``.
        number: which repetition of it, from 1.
        stage: the entry, under the name that this repetition has: ``deeper``, ``deeper-2``.
    """

    entry: int
    number: int
    stage: Stage

    @property
    def stop(self) -> Stop | None:
        """What decides whether it comes; None where it comes anyway.

        The first repetition always comes: there is no growth yet whose gain would tell.
        """
        return self.stage.stop if self.number > 1 else None


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


class RunSpec(Value):
    """A whole stage file."""

    name: Name = Field(description="names the run and its folder")
    seed: int = Field(
        0,
        ge=0,
        lt=2**63,
        description="start of all random numbers of training: same seed, same weights",
    )
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

    @property
    def rounds(self) -> tuple[Round, ...]:
        """All stages that may come, one by one: a repeated entry as often as it says."""
        return tuple(
            Round(index, number, stage.model_copy(update={"name": _numbered(stage.name, number)}))
            for index, stage in enumerate(self.stages)
            for number in range(1, (stage.repeat or 1) + 1)
        )

    def training(self, stage: Stage) -> Training:
        """The training settings of one stage: its own keys over those of ``train``."""
        own = {key: getattr(stage, key) for key in stage.model_fields_set & TRAINING_KEYS}
        # An explicit null switches a schedule off; for the other keys it means "unsaid".
        said = {k: v for k, v in own.items() if v is not None or k in MAY_BE_OFF}
        return self.train.model_copy(update=said)
