"""Whether growing helped, in one plain sentence: a pure decision over paired differences.

The question is put at equal training FLOPs, since that is what growth claims to save, and then
once more against the same small pictures without growing, so that growth is not praised for
what they do. A difference counts as found when its paired t test, adjusted by Holm's rule for
all differences of the comparison, gives p < 0.05; as none when its whole 95% interval lies
within one percentage point of zero (two one-sided tests at 2.5% each: Schuirmann 1987,
J. Pharmacokinet. Biopharm. 15, 657-680). What is neither is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from grow.comparison.arms import RESIZE_ONLY, SCRATCH_FLOPS
from grow.comparison.stats import A_POINT, LEVEL, Difference, Estimate


class Standing(StrEnum):
    """How growth stands against one control."""

    BETTER = "better"
    WORSE = "worse"
    EQUAL = "equal"
    UNTOLD = "untold"


class Outcome(StrEnum):
    """The kinds of verdict."""

    HELPED = "helped"
    DID_NOT_HELP = "did_not_help"
    SMALL_PICTURES = "small_pictures"
    SHARE_UNTOLD = "share_untold"
    UNTOLD = "untold"


@dataclass(frozen=True)
class Verdict:
    """What the comparison says of one growth.

    Attributes:
        growth: the growth it is about.
        outcome: which kind of verdict it is.
        sentence: the same in words, with its figures.
    """

    growth: str
    outcome: Outcome
    sentence: str


def standing(difference: Difference) -> Standing:
    """How growth stands against a control, by their paired difference.

    Equal goes first: a difference that is told, but lies within a point of zero with all of its
    interval, is not one worth having.
    """
    found = difference.estimate
    if found.low is None or found.high is None:
        return Standing.UNTOLD
    if found.low > -A_POINT and found.high < A_POINT:
        return Standing.EQUAL
    if difference.p_adjusted is None or difference.p_adjusted >= LEVEL:
        return Standing.UNTOLD
    return Standing.BETTER if found.mean > 0 else Standing.WORSE


def outcome(scratch: Difference, resized: Difference | None) -> Outcome:
    """The verdict's kind.

    Most of a gain counts as the small pictures' when what growing adds to them is, at the upper
    end of its interval, less than half of the gain at the lower end of its own.

    Args:
        scratch: growth less training from scratch at equal FLOPs.
        resized: growth less the same small pictures without growing; None where the stage file
            leaves no such control.
    """
    stands = standing(scratch)
    if stands is Standing.UNTOLD:
        return Outcome.UNTOLD
    if stands is not Standing.BETTER:
        return Outcome.DID_NOT_HELP
    if resized is None or standing(resized) is Standing.BETTER:
        return Outcome.HELPED
    gain, share = scratch.estimate.low or 0.0, resized.estimate.high
    small = share is not None and share < gain / 2
    return Outcome.SMALL_PICTURES if small else Outcome.SHARE_UNTOLD


def decide(growth: str, against: Mapping[str, Difference], judged_on: str) -> Verdict:
    """The verdict on one growth.

    Args:
        growth: its name.
        against: its paired differences, by control; ``scratch_flops`` is among them.
        judged_on: ``test`` or ``validation``: the pictures the accuracies are of.
    """
    scratch, resized = against[SCRATCH_FLOPS], against.get(RESIZE_ONLY)
    kind = outcome(scratch, resized)
    return Verdict(growth, kind, _sentence(kind, scratch, resized, judged_on))


def _sentence(
    kind: Outcome, scratch: Difference, resized: Difference | None, judged_on: str
) -> str:
    gain = (
        f"{points(scratch.estimate)} in {judged_on} accuracy compared with training from scratch "
        "at equal FLOPs"
    )
    match kind:
        case Outcome.UNTOLD:
            return f"Inconclusive after {_repeats(scratch)}: {gain}.{_needed(scratch)}"
        case Outcome.DID_NOT_HELP:
            harm = "reduced accuracy" if standing(scratch) is Standing.WORSE else "did not help"
            return f"Growing {harm}: {gain}."
    if resized is None:
        return f"Growing helped: {gain}."
    share = f"{points(resized.estimate)} compared with the same small images without growing"
    if kind is Outcome.HELPED:
        return f"Growing helped: {gain}, and {share}."
    if kind is Outcome.SHARE_UNTOLD:
        start = "Growing with small images helped, but the share due to growing is inconclusive"
        return f"{start} after {_repeats(resized)}: {gain}, {share}.{_needed(resized)}"
    if standing(resized) is Standing.WORSE:
        return f"Small images without growing are better than growing: {share}; growing has {gain}."
    return f"Most of the gain comes from the small images, not from growing: {gain}, but {share}."


def points(found: Estimate) -> str:
    """A difference of accuracies in percentage points, with its interval."""
    if found.low is None or found.high is None:
        return f"{signed(found.mean)} points"
    return f"{signed(found.mean)} points (95% CI {signed(found.low)} to {signed(found.high)})"


def signed(share: float) -> str:
    """A difference of two shares in percentage points: such as ``+0.8``, with a true minus sign."""
    return f"{share * 100:+.1f}".replace("-", "\N{MINUS SIGN}")


def _repeats(difference: Difference) -> str:
    count = difference.estimate.repeats
    return "1 repeat" if count == 1 else f"{count} repeats"


def _needed(difference: Difference) -> str:
    """How many repeats would be needed, as a sentence; empty where that is unknown."""
    if difference.estimate.spread is None:
        return ""
    told = difference.repeats_for_observed
    if told is not None and told > difference.estimate.repeats:
        return f" About {told} repeats would be needed."
    wanted = difference.repeats_for_a_point
    if wanted is not None and wanted > difference.estimate.repeats:
        return f" About {wanted} repeats would be needed to detect a difference of 1 point."
    return ""
