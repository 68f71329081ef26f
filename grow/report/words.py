"""Numbers and shapes as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

_SCALES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage with one decimal; a dash where nothing was measured."""
    return "-" if math.isnan(share) else f"{share:.1%}"


def loss(value: float, *, measured: bool = True) -> str:
    """A loss with four decimals; a dash where nothing was measured."""
    return f"{value:.4f}" if measured else "-"


def probability(share: float) -> str:
    """A probability as a percentage; very small and very large ones are not rounded to none."""
    if not math.isfinite(share):
        return "not a number"
    if 0 < share < 0.0005:
        return "below 0.1%"
    return "above 99.9%" if 0.9995 <= share < 1 else percent(share)


def flops(count: float) -> str:
    """Floating-point operations with a metric prefix: ``1.5 TFLOP``."""
    for scale, prefix in _SCALES:
        if count >= scale:
            return f"{count / scale:.3g} {prefix}FLOP"
    return f"{count:.0f} FLOP"


def duration(seconds: float) -> str:
    """Seconds as ``0:05``, ``12:34`` or ``1:02:03``."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def megabytes(count_bytes: int) -> str:
    """Bytes as ``1.5 MB`` or ``12 kB``, a million and a thousand bytes."""
    if count_bytes >= 1_000_000:
        return f"{count_bytes / 1_000_000:,.1f} MB"
    return f"{count_bytes / 1000:,.0f} kB" if count_bytes >= 1000 else f"{count_bytes} B"


def size(shape: Sequence[int]) -> str:
    """A picture's or a map's shape: ``64x64x3``."""
    return "x".join(str(side) for side in shape)


def plural(count: int, word: str) -> str:
    """``1 picture``, ``2 pictures``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def listing(names: Sequence[str], most: int = 8) -> str:
    """Names with commas between them; of many only the first, and how many more."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
