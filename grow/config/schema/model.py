"""The `model` part of a stage file, and the growth operators that change a model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from grow.config.scalars import Channels, Resize, Side, Size
from grow.config.schema.values import Fraction, Name, Value, as_tuple

Pool = Literal["max", "average", "none"]
HeadPool = Literal["flatten", "global_average", "global_max"]
Activation = Literal["relu", "elu", "gelu", "leaky_relu", "linear", "sigmoid", "silu", "tanh"]


class Block(Value):
    """One block of the trunk: convolution, then pooling."""

    filters: int = Field(ge=1, le=65536, description="filters of the convolution")
    kernel: Size = Field((3, 3), description="height and width of the kernel")
    activation: Activation = Field("relu", description="activation of the convolution")
    batch_norm: bool = Field(False, description="batch normalisation after the convolution")
    pool: Pool = Field(
        "max", description="what follows the convolutions; none keeps the maps' size"
    )
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
    filters: int = Field(ge=1, le=65536, description="filters it has afterwards, more than before")


class GrowHead(Value):
    """More classes: outputs for them in the last layer."""

    grow: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        BeforeValidator(as_tuple),
        Field(min_length=1),
    ] = Field(
        description="the classes that are new from this stage on, by name; the stages before it "
        "are trained without their pictures",
        examples=[["tri"]],
        json_schema_extra={"minItems": 1},  # pydantic forgets it here
    )


class Operator(Value):
    """One growth operator: exactly one key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    insert: Insert | None = Field(None, description="a new block: convolution, then pooling")
    resize: Resize | None = Field(
        None,
        description="another input resolution, or how many times the one before",
        examples=[32, "2x"],
    )
    deepen: Deepen | None = Field(None, description="one more convolution in a block")
    widen: Widen | None = Field(None, description="more filters in a block")
    head: GrowHead | None = Field(None, description="more classes in the last layer")


class Head(Value):
    """What follows the trunk; the layer for the classes is added by itself."""

    pool: HeadPool = Field("flatten", description="how the trunk's maps become one vector")
    dense: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1_000_000)], ...], BeforeValidator(as_tuple)
    ] = Field((128,), description="units of the hidden dense layers, one number each")
    activation: Activation = Field("relu", description="activation of the hidden dense layers")
    dropout: Fraction = Field(0.0, description="share dropped after each hidden dense layer")


class Model(Value):
    """The architecture that stage 1 trains."""

    image: Annotated[tuple[Side, Side, Channels], BeforeValidator(as_tuple)] = Field(
        description="height, width and channels (3 colour, 1 grey) of stage 1's pictures",
        examples=[[16, 16, 3]],
    )
    blocks: Annotated[
        tuple[Block, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=64)
    ] = Field(
        description="the trunk, from the picture inwards",
        json_schema_extra={"minItems": 1, "maxItems": 64},  # pydantic forgets them here
    )
    head: Head = Field(Head(), description="what follows the trunk")
