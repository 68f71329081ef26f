"""The verdict as a table: what is found, what is none, what is inconclusive."""

from __future__ import annotations

import pytest

from grow.comparison.stats import Difference, differences
from grow.comparison.verdict import Outcome, Standing, decide, outcome, standing


def of(*points: float) -> Difference:
    """A paired difference of so many percentage points in each repeat, judged by itself."""
    (found,) = differences([[value / 100 for value in points]])
    return found


BETTER = of(3.0, 3.4, 2.8, 3.1)
WORSE = of(-3.0, -3.4, -2.8, -3.1)
EQUAL = of(0.1, -0.2, 0.0, 0.2)
UNTOLD = of(4.0, -3.0, 1.5, -1.0)
SMALL = of(0.5, 0.6, 0.5, 0.6)


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (BETTER, Standing.BETTER),
        (WORSE, Standing.WORSE),
        (EQUAL, Standing.EQUAL),
        (UNTOLD, Standing.UNTOLD),
        (SMALL, Standing.EQUAL),  # told from zero, but not worth a point
        (of(5.0), Standing.UNTOLD),  # one repeat tells nothing
    ],
)
def test_standings(difference: Difference, expected: Standing) -> None:
    assert standing(difference) is expected


def test_a_difference_that_only_stands_without_the_others_is_not_told() -> None:
    values = [0.01, 0.05, 0.03, 0.04]
    (alone,) = differences([values])
    among = differences([values, [0.01, -0.01, 0.02, 0.0], [0.02, 0.01, -0.03, 0.0]])[0]
    assert standing(alone) is Standing.BETTER
    assert standing(among) is Standing.UNTOLD


ALL = (BETTER, WORSE, EQUAL, UNTOLD, SMALL, None)


@pytest.mark.parametrize(
    ("scratch", "resized", "expected"),
    [
        (BETTER, BETTER, Outcome.HELPED),
        (BETTER, None, Outcome.HELPED),
        (BETTER, EQUAL, Outcome.SMALL_PICTURES),
        (BETTER, WORSE, Outcome.SMALL_PICTURES),
        (BETTER, UNTOLD, Outcome.SHARE_UNTOLD),
        # Not told from none, yet surely less than half of three points.
        (BETTER, of(0.9, -0.7, 0.4, -0.3), Outcome.SMALL_PICTURES),
        # Less than a point, yet half of what there is to gain.
        (of(1.3, 1.4, 1.2, 1.3), of(0.7, 0.8, 0.7, 0.8), Outcome.SHARE_UNTOLD),
        *((EQUAL, resized, Outcome.DID_NOT_HELP) for resized in ALL),
        *((WORSE, resized, Outcome.DID_NOT_HELP) for resized in ALL),
        *((UNTOLD, resized, Outcome.UNTOLD) for resized in ALL),
        (of(5.0), of(5.0), Outcome.UNTOLD),
    ],
)
def test_outcomes(scratch: Difference, resized: Difference | None, expected: Outcome) -> None:
    assert outcome(scratch, resized) is expected


def said(scratch: Difference, resized: Difference | None = None, on: str = "test") -> str:
    against = {"scratch_flops": scratch}
    if resized is not None:
        against["resize_only"] = resized
    return decide("growth", against, on).sentence


@pytest.mark.parametrize(
    ("scratch", "resized", "words"),
    [
        (BETTER, BETTER, "Growing helped: +3.1 points (95% CI +2.7 to +3.5) in test accuracy"),
        (BETTER, None, "Growing helped: +3.1 points"),
        (BETTER, EQUAL, "Most of the gain comes from the small images, not from growing: +3.1"),
        (
            BETTER,
            WORSE,
            "Small images without growing are better than growing: \N{MINUS SIGN}3.1 points",
        ),
        (BETTER, UNTOLD, "the share due to growing is inconclusive after 4 repeats"),
        (EQUAL, BETTER, "Growing did not help: +0.0 points"),
        (WORSE, BETTER, "Growing reduced accuracy: \N{MINUS SIGN}3.1 points"),
        (UNTOLD, BETTER, "Inconclusive after 4 repeats: "),
    ],
)
def test_sentences(scratch: Difference, resized: Difference | None, words: str) -> None:
    sentence = said(scratch, resized)
    assert words in sentence
    assert sentence.endswith(".")
    assert "equal FLOPs" in sentence


def test_what_cannot_be_told_says_how_many_repeats_would() -> None:
    unsure = of(4.0, -1.0, 3.0)
    assert said(unsure).endswith(f" About {unsure.repeats_for_observed} repeats would be needed.")
    assert (unsure.repeats_for_observed or 0) > 3
    tiny = of(2.0, -2.1, 0.2)  # no number of repeats worth naming tells this one
    assert tiny.repeats_for_observed is None
    needed = f" About {tiny.repeats_for_a_point} repeats would be needed to detect a difference "
    assert said(tiny).endswith(f"{needed}of 1 point.")


def test_one_repeat_cannot_tell_and_promises_no_number() -> None:
    sentence = said(of(5.0))
    assert sentence.startswith("Inconclusive after 1 repeat: +5.0 points in test accuracy")


def test_it_says_which_pictures_it_was_judged_on() -> None:
    assert "validation accuracy" in said(BETTER, on="validation")
