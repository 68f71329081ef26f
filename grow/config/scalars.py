"""Kinds of single values in a stage file: sizes, channels, factors, shares, counts, times.

Each takes what people write and gives one plain value. Imports pydantic and the
"""

from __future__ import annotations

import re
import warnings
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema


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


LARGEST_SIDE = 4096
"""Height and width of the largest pictures, in pixels."""

Side = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
Channels = Annotated[Literal[1, 3], BeforeValidator(_whole)]
_SIZES: list[dict[str, Any]] = [
    {"type": "integer", "minimum": 1, "maximum": LARGEST_SIDE},
    {
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": LARGEST_SIDE},
        "minItems": 2,
        "maxItems": 2,
    },
]
Size = Annotated[
    tuple[Side, Side],
    BeforeValidator(_square),
    WithJsonSchema({"anyOf": _SIZES}),
]

TIMES_PATTERN = r"^([2-9]|[1-9][0-9]{1,2})[x\u00d7]$"
"""How many times as large: ``2x``."""


def _times(value: Any) -> Any:
    """The sign for times is an x, however it is written."""
    return value.replace("\u00d7", "x") if isinstance(value, str) else value


Resize = Annotated[
    Annotated[Size, Tag("size")]
    | Annotated[str, Field(pattern=TIMES_PATTERN), BeforeValidator(_times), Tag("factor")],
    Discriminator(lambda value: "factor" if isinstance(value, str) else "size"),
    WithJsonSchema({"anyOf": [*_SIZES, {"type": "string", "pattern": TIMES_PATTERN}]}),
]
"""A size, or how many times the size before: ``2x``."""


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


SHARE_PATTERN = r"^[0-9]{1,2}(\.[0-9]{1,9})? ?%$"
"""A number of per cent: ``0.5%``."""


def _share(value: Any) -> Any:
    """Text with a per cent sign becomes a share of 1."""
    if isinstance(value, str) and re.fullmatch(SHARE_PATTERN, value):
        return float(value.rstrip("% ")) / 100
    return value


Share = Annotated[
    float,
    Field(ge=0.0, lt=1.0),
    BeforeValidator(_share),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
                {"type": "string", "pattern": SHARE_PATTERN},
            ]
        }
    ),
]
"""A share of 1, or so many per cent: 0.005 is ``0.5%``."""


_LARGEST_VALUE = 1e12  # of a picture: products of it stay far from what a float cannot hold


def _rising(value: Any) -> Any:
    """The word auto, or two numbers, the smaller first."""
    if value == "auto":
        return value
    pair = value if isinstance(value, list | tuple) else ()
    if [type(item) in (int, float) and abs(item) <= _LARGEST_VALUE for item in pair] != [True] * 2:
        raise ValueError(value)
    low, high = (float(item) for item in pair)
    if not low < high:
        raise ValueError(value)
    return low, high


Range = Annotated[
    Literal["auto"] | tuple[float, float],
    BeforeValidator(_rising),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "auto", "type": "string"},
                {
                    "type": "array",
                    "prefixItems": [{"type": "number"}, {"type": "number"}],
                    "minItems": 2,
                    "maxItems": 2,
                },
            ]
        }
    ),
]
"""Which stored value becomes black and which white: ``[0, 478]``, or ``auto``."""


REPEAT_PATTERN = r"^up to [0-9]{1,3}$"
"""How often at most, in words: ``up to 5``."""
_MOST = 100


def _at_most(value: Any) -> Any:
    """``up to 5`` is 5."""
    if isinstance(value, str) and re.fullmatch(REPEAT_PATTERN, value):
        return int(value.rpartition(" ")[2])
    return value


Repeat = Annotated[
    int,
    Field(ge=1, le=_MOST),
    BeforeValidator(_at_most),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _MOST},
                {"type": "string", "pattern": REPEAT_PATTERN},
            ]
        }
    ),
]
"""How often at most."""


def regular_expression(pattern: str) -> re.Pattern[str]:
    """The pattern as Python's `re` reads it.

    Raises:
        ValueError: it is none; says why.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sets that later versions may read differently
            return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error) or "nested too deeply") from error
