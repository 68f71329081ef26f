"""On which scale the values of arrays are: 0 to 1, 0 to 255, or one that must be said.

The arrays of a file share one scale, and all their values decide it together: a single value
beyond 1 among millions from 0 to 1 would otherwise make every picture black. What keeps to neither
scale is refused, with the line of the stage file that repairs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grow.config.schema import NpyData, NpzData, scale_of
from grow.data.remark import Remark
from grow.data.sources import arrayfile
from grow.data.sources.arrays import parts_of
from grow.data.sources.locate import file
from grow.data.values import SIXTEEN, Scale, rounded
from grow.errors import DataError

UNIT: Scale = (0.0, 1.0)
BYTES: Scale = (0.0, 255.0)

PREVIEW_BYTES = 1 << 30
"""How much of an array is looked through before it is prepared: a second or a few."""

_ROUNDING = 1e-6  # what 32 bits leave of 1 after a division and a multiplication
_AROUND = 50  # values between 0 and 1 for each one above, from which on those above are strays
_SAMPLED = 4096  # values of each part that shares and quantiles are taken from
_STRAY = 4.0  # how many times what 99.9% keep to, from which on the greatest value is a stray


@dataclass(frozen=True)
class Bounds:
    """What the values of one array are.

    Attributes:
        name: of the array in its file; empty where it is alone.
        dtype: of its values.
        low: the smallest that is a number.
        high: the greatest; for bytes that go beyond 1 their usual 255.
        sample: some of those that are numbers, from all over the array.
        whole: whether all values were looked at.
    """

    name: str
    dtype: np.dtype[Any]
    low: float
    high: float
    sample: NDArray[np.float64] = field(repr=False)
    whole: bool = True

    @property
    def words(self) -> str:
        """The array and its bounds, as messages name them."""
        return f"{self.name} {_span(self.low, self.high)}".lstrip()


@dataclass(frozen=True)
class Judged:
    """The scale of a file's arrays.

    Attributes:
        scale: which values become 0 and 255.
        remarks: what was assumed, as notes.
    """

    scale: Scale
    remarks: tuple[Remark, ...] = ()


def bounds(name: str, dtype: np.dtype[Any], parts: Iterable[NDArray[Any]]) -> Bounds | None:
    """What the values are, read part by part; None where there are none that are numbers."""
    low, high = np.inf, -np.inf
    samples: list[NDArray[np.float64]] = []
    for part in parts:
        if dtype == np.uint8 and part.size and part.max() > 1:
            # Bytes beyond 1 are on the scale of bytes, whatever follows.
            return Bounds(name, dtype, *BYTES, np.empty(0))
        numbers = part if dtype.kind != "f" or np.isfinite(part).all() else part[np.isfinite(part)]
        if not numbers.size:
            continue
        low, high = min(low, float(numbers.min())), max(high, float(numbers.max()))
        # An odd step, so that not only one channel or column is met.
        samples.append(np.ravel(numbers)[:: numbers.size // _SAMPLED | 1].astype(np.float64))
    if low > high:
        return None
    return Bounds(name, dtype, low, high, np.concatenate(samples))


def judge(place: str, found: Sequence[Bounds]) -> Judged:
    """The one scale of all arrays of a file.

    Raises:
        DataError: they keep to none, or not to the same one; says what to do.
    """
    if not found:
        raise DataError(
            f"{place}: expected values from 0 to 255 or from 0 to 1, found none that are numbers.",
            hint="Look at how the arrays were made: they hold NaN or infinity only, or nothing.",
        )
    telling = [one for one in found if one.low != 0 or one.high != 0] or list(found)
    scales = {_scale(one) for one in telling}
    scale = scales.pop() if len(scales) == 1 else None
    if scale is not None:
        return Judged(scale, tuple(_assumed(telling, scale)))
    raise DataError(
        f"{place}: expected values from 0 to 255 or from 0 to 1, found {_listed(telling)}"
        f"{'' if len(scales) > 1 else _strays(telling)}.",
        hint=_repair(telling, len(scales) > 1),
    )


def preview(data: NpzData | NpyData, base: Path) -> tuple[Remark, ...]:
    """Looks through arrays that are not prepared yet, as preparing them will; what is assumed.

    Raises:
        DataError: as `judge` does.
    """
    if scale_of(data) is not None:
        return ()
    if isinstance(data, NpyData):
        path, names = file("data.images", data.images, base, "an .npy file"), [""]
    else:
        path = file("data.path", data.path, base, "an .npz file")
        names = [part.images for part in parts_of(path, arrayfile.names(path))]
    found, whole = [], True
    for name in names:
        head = arrayfile.head(path, name)
        most = max(1, PREVIEW_BYTES // arrayfile.BLOCK_BYTES)
        one = bounds(name, head.dtype, islice(arrayfile.blocks(path, name), most))
        found += [one] if one else []
        whole &= head.bytes <= PREVIEW_BYTES or head.dtype == np.uint8
    remarks = judge(str(path), found).remarks
    if whole:
        return remarks
    gigabytes = f"{PREVIEW_BYTES / 1e9:.1f} GB"
    part = Remark(
        "scale-previewed",
        f"only the first {gigabytes} of each array were looked through for the scale of its values",
        "A run looks through all of them, and refuses values beyond that scale.",
        note=True,
    )
    return (*remarks, part)


def _scale(one: Bounds) -> Scale | None:
    """The scale an array keeps to; None where that cannot be told."""
    if one.low < -_ROUNDING or one.high > 255 + _ROUNDING:
        return None
    if one.high <= 1 + _ROUNDING:
        return UNIT
    if one.dtype.kind != "f":
        return BYTES
    return None if one.high < 2 or _mostly_below_one(one) else BYTES


def _mostly_below_one(one: Bounds) -> bool:
    """Whether values above 1 are strays among those from 0 to 1."""
    between = np.count_nonzero((one.sample > 0) & (one.sample < 1))
    return bool(between > _AROUND * np.count_nonzero(one.sample > 1))


def _assumed(found: Sequence[Bounds], scale: Scale) -> Iterator[Remark]:
    """What is worth saying of arrays that are no plain bytes."""
    special = [one for one in found if one.dtype != np.uint8 or scale == UNIT]
    if not special:
        return
    kinds = " and ".join(dict.fromkeys(str(one.dtype) for one in special))
    white = f"{scale[1]:g}"
    yield Remark(
        "assumed-scale",
        f"values of {kinds} ({_listed(special)}) are taken as from 0, black, to {white}, white",
        "Where black and white are other values, say so with `range: [LOW, HIGH]` in data.",
        note=True,
    )


def _listed(found: Sequence[Bounds]) -> str:
    """The bounds of all arrays, each by its name where they differ."""
    spans = {_span(one.low, one.high) for one in found}
    return spans.pop() if len(spans) == 1 else ", ".join(one.words for one in found)


def _strays(found: Sequence[Bounds]) -> str:
    low, high = min(one.low for one in found), max(one.high for one in found)
    least, most = _usual(found)
    if high - low > _STRAY * (most - least) > 0:
        return f", 99.8% of them {_span(least, most)}"
    return ""


def _repair(found: Sequence[Bounds], differ: bool) -> str:
    """What to do, with the line for the stage file."""
    low, high = min(one.low for one in found), max(one.high for one in found)
    tops = [max(abs(one.low), abs(one.high)) for one in found]
    if differ and max(tops) > 8 * min(tops):
        return (
            "Save all of them on the same scale: no one range can hold for arrays that differ so "
            "much. Divide those that go to 255 by 255, say."
        )
    likely = _likely(found)
    keeps = low >= likely[0] - 1e-3 * (high - low) and high <= likely[1] + 1e-3 * (high - low)
    words = f"Say `range: {_pair(likely)}` in data"
    if not keeps:
        words += ", which cuts off what is beyond"
    if not keeps and high < 2 and low > -2:
        words += f", or `range: {_pair(rounded(low, high))}`, which keeps all"
    if _standardised(found):
        words += "; the values look standardised (mean 0, standard deviation 1)"
    return f"{words}."


def _likely(found: Sequence[Bounds]) -> Scale:
    """The range that was most likely meant."""
    low, high = min(one.low for one in found), max(one.high for one in found)
    least, most = _usual(found)
    if all(one.dtype.kind == "f" for one in found):
        if least >= -0.1 and most <= 1.1:
            return UNIT
        if -1.1 <= least < -0.1 and most <= 1.1:
            return (-0.5, 0.5) if max(-least, most) <= 0.55 else (-1.0, 1.0)
        if least >= -25 and 100 <= most <= 280:
            return BYTES
    elif low >= -128 and high <= 127:
        return (-128.0, 127.0)
    if high - low > _STRAY * (most - least) > 0:
        low, high = least, most
    elif 0.9 * SIXTEEN < high <= SIXTEEN:
        high = float(SIXTEEN)
    return rounded(low, high)


def _usual(found: Sequence[Bounds]) -> tuple[float, float]:
    """What nearly all values keep to: the bounds without a thousandth at either end."""
    pooled = np.concatenate([one.sample for one in found])
    if not pooled.size:
        return BYTES
    least, most = np.quantile(pooled, [0.001, 0.999])
    return float(least), float(most)


def _standardised(found: Sequence[Bounds]) -> bool:
    pooled = np.concatenate([one.sample for one in found])
    floats = all(one.dtype.kind == "f" for one in found)
    return bool(
        floats and pooled.size and abs(pooled.mean()) < 0.2 and 0.7 < pooled.std() < 1.4
        and pooled.min() < -0.5
    )  # fmt: skip


def _span(low: float, high: float) -> str:
    return f"{_short(low)} to {_short(high)}"


def _short(value: float) -> str:
    """Few digits, but for a value next to a bound, which must not look like it."""
    text = f"{value:.4g}"
    return f"{value:.8g}" if float(text) in (*UNIT, *BYTES) and float(text) != value else text


def _pair(scale: Scale) -> str:
    return f"[{scale[0]:g}, {scale[1]:g}]"
