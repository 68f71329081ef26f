"""Whether a trivial statistic tells the classes, and whether it still does on other pictures.

This package owns the rule that guesses a class from a few figures, how well it does on pictures
it has not seen, what is beyond chance, and the verdicts. Arrays in, frozen values out: it knows
nothing of files or pictures.
"""

from grow.data.checks.giveaway.separation import (
    FEWEST,
    PLAIN,
    Held,
    Sample,
    Separation,
    Statistic,
    Verdict,
    separations,
)

__all__ = [
    "FEWEST",
    "PLAIN",
    "Held",
    "Sample",
    "Separation",
    "Statistic",
    "Verdict",
    "separations",
]
