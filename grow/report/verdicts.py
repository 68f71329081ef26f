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
    "start, with growth's image sizes and epochs."
)

_VARIANTS = {
    "scratch_flops": (
        "The final architecture from random weights in one stage, with growth's training FLOPs, "
        "rounded up to whole epochs. It tests whether growing is a better use of the same "
        "computation."
    ),
    "scratch_epochs": (
        "The same, with as many epochs as growth trained in all stages; it costs more. It tests "
        "whether growing loses accuracy."
    ),
    "resize_only": (
        "The final depth from the start, with growth's image sizes and epochs. It tests whether "
        "growing helps, or the small images."
    ),
}

LIMITS = (
    "All repeats use the same images and the same split. The intervals cover variation between "
    "seeds, not between data sets.",
    "Curves, budgets and speed-ups always use the validation images.",
    "A control with other settings, such as longer training or another learning rate, might do "
    "better. Neither the controls nor growth are tuned.",
    "A best accuracy is the maximum over many noisy epochs: a hard target that favours longer "
    "training.",
    "CPU and wall times depend on the machine and its load; FLOPs do not.",
)
"""The limits of a comparison."""


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
    return f"{plural(len(setting.seeds), 'repeat')}{threads}; images: {counts}"


def notes(found: Comparison) -> tuple[str, ...]:
    """What has to be known to read the figures rightly."""
    pictures = found.setting.pictures
    judged = pictures.counts.get(pictures.judged_on, 0)
    mean = found.summaries[0].accuracy.mean
    error = math.sqrt(mean * (1 - mean) / judged) * 100 if judged else 0.0
    lines = [_EXPLAINED]
    if pictures.judged_on == "validation":
        lines.append(
            "There are no test images: all figures use the validation images on which the best "
            "epochs were selected, so they are optimistic."
        )
    lines.append(
        f"All repeats use the same {judged:,} {pictures.judged_on} images: the intervals cover "
        "variation between seeds; the accuracy itself has a standard error of "
        f"{error:.1f} points."
    )
    missing = found.setting.missing
    lines += [f"No control `{called(name)}`: {why}." for name, why in missing]
    return tuple(lines)


def called(name: str) -> str:
    """A variant's name for people."""
    return _WORDS.get(name, name)
