"""What a stage file says, as frozen values.

Owns the keys, their types, defaults and bounds; each description below is what `grow schema`
tells an editor. It reads no file and decides nothing: checks that need more than one key's
own value live in `stagefile`. Imports pydantic and `scalars` only.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from grow.scalars import Channels, Seconds, Side, Size

Monitor = Literal["val_loss", "val_accuracy", "loss", "accuracy"]
Best = Literal[Monitor, "last"]
Policy = Literal["strict", "shape", "preserve"]
OptimizerState = Literal["carry", "reset"]
Pool = Literal["max", "average", "none"]
HeadPool = Literal["flatten", "global_average", "global_max"]
Activation = Literal["relu", "elu", "gelu", "leaky_relu", "linear", "sigmoid", "silu", "tanh"]
Optimizer = Literal["adam", "adamw", "nadam", "rmsprop", "sgd"]
NAME_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]


class Value(BaseModel):
    """The settings all values of a stage file share: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _tuple(value: Any) -> Any:
    """YAML has lists where frozen values have tuples."""
    return tuple(value) if isinstance(value, list) else value


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


class Block(Value):
    """One block of the trunk: convolution, then pooling."""

    filters: int = Field(ge=1, le=65536, description="filters of the convolution")
    kernel: Size = Field((3, 3), description="height and width of the kernel")
    activation: Activation = Field("relu", description="activation of the convolution")
    batch_norm: bool = Field(False, description="batch normalisation after the convolution")
    pool: Pool = Field("max", description="kind of pooling")
    pool_size: Size = Field((2, 2), description="height and width of the pooling window")
    dropout: Fraction = Field(0.0, description="share of the block's outputs dropped in training")
    name: Name | None = Field(None, description="what `after` calls it; block_N unless said")


class Insert(Block):
    """A new block and where it goes."""

    at: Literal["start", "end"] | None = Field(
        None, description="first or last of the trunk; end unless said"
    )
    after: Name | None = Field(None, description="the block it follows, by name")


class Deepen(Value):
    """One more convolution in a block, before its pooling, with the block's own settings."""

    block: Name = Field(description="the block, by name")
    kernel: Size = Field((3, 3), description="height and width of the kernel")


class Widen(Value):
    """More filters in every convolution of a block."""

    block: Name = Field(description="the block, by name")
    filters: int = Field(ge=1, le=65536, description="filters it has afterwards")


class Operator(Value):
    """One growth operator: exactly one key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    insert: Insert | None = Field(None, description="a new conv + pool block")
    resize: Size | None = Field(None, description="another input resolution")
    deepen: Deepen | None = Field(None, description="one more convolution in a block")
    widen: Widen | None = Field(None, description="more filters in a block")


class Head(Value):
    """What follows the trunk; the layer for the classes is added by itself."""

    pool: HeadPool = Field("flatten", description="how the trunk's maps become one vector")
    dense: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1_000_000)], ...], BeforeValidator(_tuple)
    ] = Field((128,), description="units of the hidden dense layers")
    activation: Activation = Field("relu", description="activation of the hidden dense layers")
    dropout: Fraction = Field(0.0, description="share dropped after each hidden dense layer")


class Model(Value):
    """The architecture that stage 1 trains."""

    image: Annotated[tuple[Side, Side, Channels], BeforeValidator(_tuple)] = Field(
        description="height, width and channels (3 colour, 1 grey) of stage 1's pictures",
        examples=[[16, 16, 3]],
    )
    blocks: Annotated[
        tuple[Block, ...], BeforeValidator(_tuple), Field(min_length=1, max_length=64)
    ] = Field(
        description="the trunk, from the picture inwards",
        json_schema_extra={"minItems": 1, "maxItems": 64},  # pydantic forgets them here
    )
    head: Head = Field(Head(), description="what follows the trunk")


class Plateau(Value):
    """Lower the learning rate when the monitored figure stops improving (Keras's rule)."""

    monitor: Monitor = Field("val_loss", description="the figure to watch")
    factor: float = Field(0.5, gt=0.0, lt=1.0, description="multiply the learning rate by this")
    patience: int = Field(2, ge=1, description="epochs without improvement before it is lowered")
    min_delta: float = Field(1e-4, ge=0.0, description="what counts as an improvement")
    cooldown: int = Field(0, ge=0, description="epochs after a lowering that do not count")
    minimum: float = Field(0.0, ge=0.0, description="never below this learning rate")


class EarlyStopping(Value):
    """End a stage when the monitored figure stops improving."""

    monitor: Monitor = Field("val_loss", description="the figure to watch")
    patience: int = Field(3, ge=1, description="epochs without improvement before it ends")
    min_delta: float = Field(0.0, ge=0.0, description="what counts as an improvement")


class Training(Value):
    """How a stage is trained."""

    batch: int = Field(32, ge=1, le=1_000_000, description="pictures a step")
    optimizer: Optimizer = Field("adam", description="Keras optimizer, its own defaults")
    learning_rate: float = Field(0.001, gt=0.0, description="learning rate of the first epoch")
    epochs: int = Field(ge=1, le=1_000_000, description="passes over the training pictures")
    reduce_on_plateau: Plateau | None = Field(None, description="lower the learning rate")
    early_stopping: EarlyStopping | None = Field(None, description="end before all epochs")
    best: Best = Field("val_accuracy", description="which epoch's weights a stage ends with")


TRAINING_KEYS = frozenset(Training.model_fields)
MAY_BE_OFF = frozenset({"reduce_on_plateau", "early_stopping"})


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
    grow: Annotated[tuple[Operator, ...], BeforeValidator(_tuple)] = Field(
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


class RunSpec(Value):
    """A whole stage file."""

    name: Name = Field(description="names the run and its folder")
    seed: int = Field(0, ge=0, lt=2**63, description="start of all random numbers of training")
    data: Data = Field(description="which pictures")
    model: Model = Field(description="the architecture that stage 1 trains")
    train: Training = Field(description="how stages are trained, unless a stage says otherwise")
    checkpoint: Checkpoint = Field(Checkpoint(), description="when checkpoints are written")
    stages: Annotated[
        tuple[Stage, ...], BeforeValidator(_tuple), Field(min_length=1, max_length=1000)
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
