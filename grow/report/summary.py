"""What a run came to, stage by stage and epoch by epoch, in the words that all reports share.

Pure values from a `Run`; no markup. The result as a whole is in `result`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from grow.nets.transfer import TransferPlan, named
from grow.planning.history import Divergence, EpochRecord, GrowthShock, History
from grow.planning.schedule import HALF
from grow.report.words import duration, flops, percent, plural, size
from grow.runs.result import Run, StageResult

STAGE_COLUMNS = (
    *("stage", "image", "parameters", "training", "epochs", "best epoch"),
    *("val accuracy", "val loss", "time", "CPU time", "state"),
)


def stage_cells(result: StageResult) -> tuple[str, ...]:
    """A stage as a row under `STAGE_COLUMNS`."""
    stage, best, history = result.plan, result.best, result.history
    return (
        f"{stage.number} {stage.name}",
        size(stage.architecture.image),
        f"{stage.architecture.parameters:,}",
        flops(sum(one.training_flops for one in result.happened)) if result.happened else "-",
        f"{len(history)}/{stage.training.epochs}",
        str(best.epoch) if best and best.validated else "-",
        "-" if best is None else percent(best.val_accuracy),
        "-" if best is None or not best.validated else figure(best.val_loss),
        duration(sum(one.seconds for one in result.happened)),
        duration(sum(one.cpu_seconds for one in result.happened)),
        result.state,
    )


def stage_facts(result: StageResult, classes: Sequence[str] = ()) -> str:
    """A stage in a sentence: its network, and how far it came.

    Args:
        result: the stage.
        classes: those that the last stage knows; a stage that knows fewer says which.
    """
    stage, best = result.plan, result.best
    shape, blocks = size(stage.architecture.image), len(stage.architecture.blocks)
    network = (
        f"{shape} images, {plural(blocks, 'block')}, "
        f"{plural(stage.architecture.parameters, 'parameter')}, "
        f"{flops(stage.architecture.training_flops)} per training image."
    )
    diverged = "".join(f" {words}." for words in divergence_words(result))
    if classes and stage.classes != tuple(classes):
        network += f" It has {len(stage.classes)} classes ({named(stage.classes)}); its figures "
        network += "cover only these."
    if best is None:
        begun = {"waiting": " Not trained yet.", "diverged": ""}.get(
            result.state, " No epoch complete yet."
        )
        return f"{network}{begun}{diverged}"
    spent = totals((result,))
    reached = f"Epoch {best.epoch} is kept; there are no validation images."
    if best.validated:
        reached = f"Best epoch {best.epoch}: {percent(best.val_accuracy)} validation accuracy, "
        reached += f"validation loss {figure(best.val_loss)}."
    ended = f" Ended: {result.done.reason}." if result.done else " Still in training."
    if result.diverged:
        ended = ""
    return f"{network} {spent}. {reached}{diverged}{ended}"


def divergence_words(result: StageResult) -> list[str]:
    """Each time a stage's training diverged, and what was done about it, in words."""
    found = [
        f"Diverged in {one.words}; learning rate {_rates(result, one)}"
        for one in result.divergences
    ]
    if result.diverged and not result.divergences:  # as an earlier version left it
        found.append(result.diverged[0].upper() + result.diverged[1:])
    elif wrong := not_finite(result.history):
        found.append(f"Diverged: {wrong}")
    return found


def not_finite(history: History) -> str:
    """Which epochs an earlier version counted although they diverged; empty for none."""
    wrong = [record.epoch for record in history if not record.is_finite]
    if not wrong:
        return ""
    return f"the losses of {plural(len(wrong), 'epoch')}, from epoch {wrong[0]} on, are not finite"


def _rates(result: StageResult, one: Divergence) -> str:
    """The learning rate before and after a divergence."""
    before = f"{one.learning_rate:.3g}"
    ended = result.diverged and one is result.divergences[-1]
    return f"{before}, not halved" if ended else f"{before} -> {one.learning_rate * HALF:.3g}"


def totals(stages: Sequence[StageResult]) -> str:
    """What all stages took together, in words."""
    records = [one for result in stages for one in result.happened]
    spent = (sum(getattr(r, name) for r in records) for name in _SPENT)
    operations, seconds, cpu_seconds = spent
    epochs = sum(len(result.history) for result in stages)
    return (
        f"{plural(epochs, 'epoch')}, {flops(operations)} of training, "
        f"{duration(seconds)} wall time, {duration(cpu_seconds)} CPU time"
    )


_SPENT = ("training_flops", "seconds", "cpu_seconds")


def figure(value: float) -> str:
    """A loss with four decimals; what is no number is said so."""
    return f"{value:.4f}" if math.isfinite(value) else "not a number"


DIVERGED_BEFORE = "not a finite number, because training of the previous stage had diverged"
"""What is said of a growth that an earlier version made from weights that are no numbers."""


def shock_words(shock: GrowthShock, plan: TransferPlan | None = None) -> str:
    """The growth shock as a sentence."""
    if not shock.is_finite:
        return f"Growth shock: {DIVERGED_BEFORE}."
    if not shock.validated:
        return (
            "Growth shock, before any training: logits changed by at most "
            f"{shock.logit_drift:.2g}. There are no validation images."
        )
    of = ""
    if plan is not None and plan.classes is not None:
        of = f", on the validation images of the old classes ({named(plan.classes.before)})"
    return (
        f"Growth shock, before any training{of}: validation loss "
        f"{figure(shock.loss_before)} before, {figure(shock.loss_after)} after; validation "
        f"accuracy {percent(shock.accuracy_before)} before, {percent(shock.accuracy_after)} after; "
        f"logits changed by at most {shock.logit_drift:.2g}."
    )


def pictures_words(run: Run) -> str:
    """How many pictures of how many classes, by split."""
    counts = {split: sum(classes.values()) for split, classes in run.log.counts.items()}
    known = ", ".join(f"{count:,} {split}" for split, count in counts.items() if count)
    return f"{plural(len(run.classes), 'class').replace('classs', 'classes')}" + (
        f"; images: {known}" if known else ""
    )


def unusable_words(run: Run) -> str:
    """How many pictures were left out; empty where the log does not say."""
    if not run.log.counts:
        return ""
    count = len(run.log.unusable)
    if not count:
        return "No file was left out."
    return (
        f"{plural(count, 'file')} could not be used and {'was' if count == 1 else 'were'} left out."
    )


@dataclass(frozen=True)
class EpochRow:
    """An epoch, or an attempt at one that diverged, as a row under `EPOCH_COLUMNS`.

    Attributes:
        cells: its figures.
        mark: what is said beside them.
        best: whether it is the epoch whose weights the stage ends with.
    """

    cells: tuple[str, ...]
    mark: str
    best: bool = False


def epoch_rows(result: StageResult) -> tuple[EpochRow, ...]:
    """Everything that happened in a stage's training, in order."""
    best, freeze = result.best, result.plan.groups.freeze
    rows = []
    for one in result.happened:
        if isinstance(one, Divergence):
            rate = _rates(result, one)
            cells = (str(one.epoch), *"----", f"{one.learning_rate:.2g}", duration(one.seconds))
            where = f"at step {one.step}" if one.step else "immediately after growth"
            rows.append(EpochRow(cells, f"diverged {where}: {one.what}; rate {rate}"))
            continue
        marks = ["best"] * (one is best and one.validated) + ["frozen"] * (one.epoch <= freeze)
        marks += ["diverged"] * (not one.is_finite)
        rows.append(EpochRow(epoch_cells(one), ", ".join(marks), one is best))
    return tuple(rows)


def epoch_cells(record: EpochRecord) -> tuple[str, ...]:
    """An epoch as a row of figures."""
    return (
        str(record.epoch),
        figure(record.loss),
        percent(record.accuracy),
        figure(record.val_loss) if record.validated else "-",
        percent(record.val_accuracy),
        f"{record.learning_rate:.2g}",
        duration(record.seconds),
    )


EPOCH_COLUMNS = (
    *("epoch", "loss", "accuracy", "val loss", "val accuracy", "learning rate", "time"),
)
