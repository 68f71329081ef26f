"""The `train` part of a stage file: optimizer, schedules, and which epoch a stage ends with."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from grow.config.schema.values import Value
from grow.errors import MOST_HALVINGS

Monitor = Literal["val_loss", "val_accuracy", "loss", "accuracy"]
Best = Literal[Monitor, "last"]
Optimizer = Literal["adam", "adamw", "nadam", "rmsprop", "sgd"]


class ReduceOnPlateau(Value):
    """Lower the learning rate when the monitored figure stops improving (Keras's rule)."""

    monitor: Monitor = Field("val_loss", description="the figure to watch")
    factor: float = Field(0.5, gt=0.0, lt=1.0, description="multiply the learning rate by this")
    patience: int = Field(2, ge=1, description="epochs without improvement before it is lowered")
    min_delta: float = Field(1e-4, ge=0.0, description="how much better counts as better")
    cooldown: int = Field(0, ge=0, description="epochs after a lowering that do not count")
    minimum: float = Field(0.0, ge=0.0, description="never below this learning rate")


class Plateau(Value):
    """The monitored figure stops improving (the rule of Keras's EarlyStopping)."""

    monitor: Monitor = Field("val_loss", description="the figure to watch")
    patience: int = Field(3, ge=1, description="epochs without improvement before the stage ends")
    min_delta: float = Field(0.0, ge=0.0, description="how much better counts as better")


class Until(Value):
    """What ends a stage before all its epochs are trained."""

    plateau: Plateau = Field(description="the monitored figure stops improving")


HALVINGS = 5
"""How often ``on_divergence: halve`` halves the learning rate of a stage: to a 32nd."""


class OnDivergence(Value):
    """What a stage does when its training diverges: when a loss or a weight is no number."""

    halve: int = Field(
        ge=0,
        le=MOST_HALVINGS,
        description="how often in a stage the learning rate may be halved before it ends as with "
        "stop",
    )


Remedy = Literal["stop", "halve"]


def number_of_halvings(value: Any) -> Any:
    """`stop` is short for `{halve: 0}`, and `halve` for as many times as are usual."""
    numbers = {"stop": 0, "halve": HALVINGS}
    return {"halve": numbers[value]} if isinstance(value, str) and value in numbers else value


def or_a_word(schema: dict[str, Any]) -> None:
    """The short forms, for editors."""
    whole = {key: schema.pop(key) for key in ("$ref", "allOf", "anyOf") if key in schema}
    choices = whole.pop("anyOf", [whole])
    schema["anyOf"] = [{"enum": list(get_args(Remedy))}, *choices]
    if schema.get("default"):
        schema["default"] = "stop"


class Training(Value):
    """How a stage is trained."""

    batch: int = Field(32, ge=1, le=1_000_000, description="pictures a step")
    optimizer: Optimizer = Field("adam", description="an optimizer of Keras, with Keras's defaults")
    learning_rate: float = Field(0.001, gt=0.0, description="learning rate of the first epoch")
    epochs: int = Field(
        ge=1, le=1_000_000, description="passes over the training pictures, at most"
    )
    warm_up: float = Field(
        0.0,
        ge=0.0,
        le=1_000_000.0,
        description="epochs, or a part of one, over which the learning rate rises from nothing",
    )
    reduce_on_plateau: ReduceOnPlateau | None = Field(
        None, description="lower the learning rate when it stops helping; off unless said"
    )
    until: Until | None = Field(
        None, description="end before all epochs are trained; off unless said"
    )
    best: Best = Field(
        "val_accuracy",
        description="which epoch's weights a stage ends with: those with the best such figure, or "
        "the last",
    )
    on_divergence: Annotated[OnDivergence, BeforeValidator(number_of_halvings)] = Field(
        OnDivergence(halve=0),
        description="when a loss or a weight is no finite number any more, the stage goes back to "
        "its last good epoch; then the run ends with exit code 1 (stop), or the learning rate is "
        f"halved and the stage goes on, up to {HALVINGS} times (halve) or as often as is said",
        json_schema_extra=or_a_word,
    )


TRAINING_KEYS = frozenset(Training.model_fields)
MAY_BE_OFF = frozenset({"reduce_on_plateau", "until"})
