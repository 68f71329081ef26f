"""What all values of a stage file share: frozen, strict, no unknown keys; names; fractions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]


class Value(BaseModel):
    """The settings all values of a stage file share: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def as_tuple(value: Any) -> Any:
    """YAML has lists where frozen values have tuples."""
    return tuple(value) if isinstance(value, list) else value
