"""What is said of a comparison besides its tables: verdicts, setting, limits; names of variants.

Pure words. No Keras.
"""

from __future__ import annotations

import math

from grow.comparison.result import Comparison
from grow.report.words import plural

_WORDS = {
    "scratch_flops": "scratch, FLOPs",
    "scratch_epochs": "scratch, epochs",
    "resize_only": "resize only",
}

_EXPLAINED = (
    "scratch: the final architecture from random weights in one stage, with growth's training "
    "FLOPs (rounded up to whole epochs) or its epochs; resize only: the final depth from the "
    "start, on growth's picture sizes and epochs."
)

_VARIANTS = {
    "scratch_flops": (
        "The final architecture from random weights in one stage, for as many epochs as cost at "
        "least growth's training FLOPs, so at most one epoch more. Is growing a better use of "
        "the same computation?"
    ),
    "scratch_epochs": (
        "Likewise, for as many epochs as growth trained in all its stages; it costs more. Does "
        "growth lose anything?"
    ),
    "resize_only": (
        "The final depth from the start, on growth's picture sizes and epochs. Is it growing "
        "that helps, or the small pictures?"
    ),
}

LIMITS = (
    "The repeats share pictures and their split. The intervals say how much the seed matters, "
    "not how other pictures would do.",
    "Curves, budgets and speed-ups are always of the validation pictures.",
    "A control with other settings, such as a longer training or another learning rate, might do "
    "better. None is tuned, and neither is growth.",
    "A best accuracy is the highest of many noisy epochs: a hard target, which favours whoever "
    "trains longer.",
    "CPU and wall times depend on the machine and on what else it does; FLOPs do not.",
)
"""What a comparison does not tell."""


def variants(found: Comparison) -> tuple[tuple[str, str], ...]:
    """Each variant by its name for people, and what it is."""
    return tuple((called(one.name), _variant(one.name)) for one in found.summaries)


def _variant(name: str) -> str:
    policy = name.partition(":")[2]
    if policy:
        return f"The stage file with the transfer policy {policy} in every growth."
    return _VARIANTS.get(name, "The stage file as written.")


def verdict_line(found: Comparison, place: int) -> str:
    """One verdict; with several growths it says which one it is about."""
    verdict = found.verdicts[place]
    return f"{verdict.growth}: {verdict.sentence}" if len(found.verdicts) > 1 else verdict.sentence


def setting_line(found: Comparison) -> str:
    """What was compared on what."""
    setting, pictures = found.setting, found.setting.pictures
    counts = ", ".join(f"{count:,} {split}" for split, count in pictures.counts.items() if count)
    threads = f", {plural(setting.threads, 'thread')} each"
    return f"{plural(len(setting.seeds), 'repeat')}{threads}; pictures: {counts}"


def notes(found: Comparison) -> tuple[str, ...]:
    """What has to be known to read the figures rightly."""
    pictures = found.setting.pictures
    judged = pictures.counts.get(pictures.judged_on, 0)
    mean = found.summaries[0].accuracy.mean
    error = math.sqrt(mean * (1 - mean) / judged) * 100 if judged else 0.0
    lines = [_EXPLAINED]
    if pictures.judged_on == "validation":
        lines.append(
            "There are no test pictures: the figures are of the validation pictures that the best "
            "epochs were chosen on, so all of them flatter."
        )
    lines.append(
        f"All repeats share their {judged:,} {pictures.judged_on} pictures: the intervals say how "
        f"much the seed matters; the accuracy itself has a standard error of {error:.1f} points."
    )
    missing = found.setting.missing
    lines += [f"No control `{called(name)}`: {why}." for name, why in missing]
    return tuple(lines)


def called(name: str) -> str:
    """A variant's name for people."""
    return _WORDS.get(name, name)
