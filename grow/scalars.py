"""Kinds of single values in a stage file: sizes, channels, factors, lengths of time.

Each takes what people write and gives one plain value. Imports pydantic and the standard
library only.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema


def _square(value: Any) -> Any:
    """One number stands for a square (32 is 32x32); YAML's lists become tuples."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    return tuple(value) if isinstance(value, list) else value


def _whole(value: Any) -> Any:
    """A literal number is compared with ==, which true and 1.0 would pass."""
    if type(value) is not int:
        raise ValueError(value)
    return value


Side = Annotated[int, Field(ge=1, le=4096)]
Channels = Annotated[Literal[1, 3], BeforeValidator(_whole)]
Size = Annotated[
    tuple[Side, Side],
    BeforeValidator(_square),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 4096},
                {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 1, "maximum": 4096},
                    "minItems": 2,
                    "maxItems": 2,
                },
            ]
        }
    ),
]


FACTOR_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,9})? ?[x\u00d7]$"
"""A number with an x or a times sign: ``0.1x``."""


def _factor(value: Any) -> Any:
    """Text with a times sign, such as ``0.1x``, becomes a number."""
    if isinstance(value, str) and re.fullmatch(FACTOR_PATTERN, value):
        return float(value[:-1])
    return value


Factor = Annotated[
    float,
    Field(gt=0.0, le=1e3),
    BeforeValidator(_factor),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
                {"type": "string", "pattern": FACTOR_PATTERN},
            ]
        }
    ),
]


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
TIME_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,9})? ?[smh]$"
"""A number with a unit: ``60s``, ``1.5h``."""


def _seconds(value: Any) -> Any:
    """Text with a unit, such as ``5m``, becomes a number of seconds."""
    if isinstance(value, str) and re.fullmatch(TIME_PATTERN, value):
        return float(value[:-1]) * _UNITS[value[-1]]
    return value


Seconds = Annotated[
    float,
    Field(ge=0.0, le=1e9),
    BeforeValidator(_seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1_000_000_000},
                {"type": "string", "pattern": TIME_PATTERN},
            ]
        }
    ),
]
