"""The result of a run in short: how good, on which pictures, and what it was chosen on.

Pure values from a `Run`; no markup.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from grow.report.words import percent, plural
from grow.runs.result import Run, StageResult

_Z = 1.959964
"""The 97.5% quantile of the normal distribution: an interval of 95%."""


@dataclass(frozen=True)
class Headline:
    """The result in short.

    Attributes:
        figure: the accuracy, such as ``82.5%``; empty while there is none.
        words: what that is the share of.
        interval: the range that goes with so many pictures, in words; empty where unknown.
        chosen: on what the result was chosen, and what that means for it.
    """

    figure: str
    words: str
    interval: str
    chosen: str


def headline(run: Run) -> Headline:
    """The result of the last stage that is complete, or else of the last that has begun."""
    result = subject(run)
    if result is None or result.best is None:
        diverged = any(stage.diverged for stage in run.stages)
        words = "No result: training diverged." if diverged else _NOTHING_YET
        return Headline("", words, "", "")
    best, findings = result.best, result.findings
    where = f"Stage {result.plan.number} {result.plan.name}, epoch {best.epoch}"
    if result.diverged:
        where += f" of {result.plan.training.epochs}, after which training diverged"
    elif result.done is None:
        where += f" of {result.plan.training.epochs}, still in training"
    if findings is not None and findings.split == "test":
        return Headline(
            percent(findings.accuracy),
            f"accuracy on {plural(findings.pictures, 'test image')}",
            _interval(findings.right, findings.pictures),
            f"{where}, {_choice(result)}. The test images were not used to select anything.",
        )
    if findings is None and not best.validated:
        return Headline("", f"{where}: no validation or test images.", "", "")
    count, accuracy = sum(run.log.counts.get("validation", {}).values()), best.val_accuracy
    if findings is not None:
        count, accuracy = findings.pictures, findings.accuracy
    images = plural(count, "validation image") if count else "the validation images"
    return Headline(
        percent(accuracy),
        f"accuracy on {images}",
        _interval(round(accuracy * count), count) if count else "",
        f"{where}, {_choice(result)}. {_caution(result)}",
    )


_NOTHING_YET = "No epoch is complete yet."


def subject(run: Run) -> StageResult | None:
    """The stage that a report is about: the last complete one, or the last with an epoch."""
    complete = [result for result in run.stages if result.done is not None]
    begun = [result for result in run.stages if result.history]
    return next(reversed(complete or begun), None)


def _choice(result: StageResult) -> str:
    monitor = result.plan.training.best
    if monitor == "last":
        return "the last epoch"
    names = {"val_loss": "lowest validation loss", "val_accuracy": "highest validation accuracy"}
    names |= {"loss": "lowest training loss", "accuracy": "highest training accuracy"}
    return f"selected for the {names[monitor]}"


def _caution(result: StageResult) -> str:
    if result.plan.training.best.startswith("val_"):
        return "The epoch was selected on the same images, so the accuracy is slightly optimistic."
    return "The epoch was not selected on these images; other settings may have been."


def _interval(right: int, pictures: int) -> str:
    low, high = wilson(right, pictures)
    return f"95% CI {100 * low:.1f}% to {100 * high:.1f}%"


def wilson(right: int, pictures: int) -> tuple[float, float]:
    """The 95% score interval of a share.

    Wilson, "Probable inference, the law of succession, and statistical inference" (Journal of
    the American Statistical Association 22, 1927).

    Args:
        right: how many of the pictures are classed rightly.
        pictures: how many there are, at least 1.
    """
    share, z2 = right / pictures, _Z * _Z / pictures
    middle = (share + z2 / 2) / (1 + z2)
    spread = _Z / (1 + z2) * math.sqrt(share * (1 - share) / pictures + z2 / (4 * pictures))
    return max(middle - spread, 0.0), min(middle + spread, 1.0)


def unknown_errors(run: Run) -> str:
    """Why nothing is known of the pictures classed wrongly; empty where it is."""
    one = subject(run)
    if one is None or one.done is None:
        return "Misclassified images are listed when a stage is complete; no stage is complete yet."
    if one.findings is not None:
        return ""
    if one.best is not None and not one.best.validated:
        return "There are no validation or test images to measure errors on."
    return (
        f"Stage {one.plan.number} {one.plan.name} was completed by a version of grow that did not "
        "record misclassified images."
    )


def under_way(run: Run) -> str:
    """How many stages are complete, where not all are; empty otherwise."""
    complete = sum(result.done is not None for result in run.stages)
    if complete == len(run.stages):
        return ""
    begun = [result for result in run.stages if result.state in ("begun", "diverged")]
    total = plural(len(run.stages), "stage")
    words = f"{complete} of {total} {'is' if complete == 1 else 'are'} complete"
    for result in begun[-1:]:
        stage = result.plan
        words += (
            f"; stage {stage.number} {stage.name} has {len(result.history)} of "
            f"{plural(stage.training.epochs, 'epoch')}"
        )
        words += f": {result.diverged}" if result.diverged else ""
    return f"{words}."


def remarks(run: Run) -> str:
    """What else has to be known beside the result; empty where there is nothing."""
    return " ".join(filter(None, (under_way(run), better_before(run))))


def better_before(run: Run) -> str:
    """What is said where an earlier stage did better than the last; empty otherwise."""
    last = subject(run)
    if last is None or last.best is None:
        return ""
    for result in run.stages:
        if result is last or result.best is None or result.done is None:
            continue
        if result.plan.classes != last.plan.classes:
            continue  # among fewer classes it is easier to be right
        if result.best.val_accuracy > last.best.val_accuracy:
            return (
                f"An earlier stage has a higher validation accuracy: {result.plan.number} "
                f"{result.plan.name}, {percent(result.best.val_accuracy)} against "
                f"{percent(last.best.val_accuracy)}."
            )
    return ""
