"""What a run came to, stage by stage and epoch by epoch, in the words that all reports share.

Pure values from a `Run`; no markup. The result as a whole is in `result`. Standard library and
floors 0 to 4 only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from grow.history import EpochRecord, GrowthShock
from grow.report.words import duration, flops, percent, plural, size
from grow.runs import Run, StageResult

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
        flops(sum(record.training_flops for record in history)) if history else "-",
        f"{len(history)}/{stage.training.epochs}",
        str(best.epoch) if best and best.validated else "-",
        "-" if best is None else percent(best.val_accuracy),
        "-" if best is None or not best.validated else figure(best.val_loss),
        duration(sum(record.seconds for record in history)),
        duration(sum(record.cpu_seconds for record in history)),
        result.state,
    )


def stage_facts(result: StageResult) -> str:
    """A stage in a sentence: its network, and how far it came."""
    stage, best = result.plan, result.best
    shape, blocks = size(stage.architecture.image), len(stage.architecture.blocks)
    network = (
        f"{shape} pictures, {plural(blocks, 'block')}, "
        f"{plural(stage.architecture.parameters, 'parameter')}, "
        f"{flops(stage.architecture.training_flops)} to train on a picture once."
    )
    if best is None:
        return f"{network} {'Not trained yet.' if result.state == 'waiting' else 'Just begun.'}"
    spent = totals((result,))
    reached = f"Epoch {best.epoch} is kept; nothing is validated on."
    if best.validated:
        reached = f"Best epoch {best.epoch}: {percent(best.val_accuracy)} validation accuracy, "
        reached += f"validation loss {figure(best.val_loss)}."
    ended = f" Ended: {result.done.reason}." if result.done else " Still in training."
    return f"{network} {spent}. {reached}{ended}"


def totals(stages: Sequence[StageResult]) -> str:
    """What all stages took together, in words."""
    records = [record for result in stages for record in result.history]
    spent = (sum(getattr(r, name) for r in records) for name in _SPENT)
    operations, seconds, cpu_seconds = spent
    return (
        f"{plural(len(records), 'epoch')}, {flops(operations)} of training, "
        f"{duration(seconds)} by the clock, {duration(cpu_seconds)} of CPU time"
    )


_SPENT = ("training_flops", "seconds", "cpu_seconds")


def figure(value: float) -> str:
    """A loss with four decimals; what is no number is said so."""
    return f"{value:.4f}" if math.isfinite(value) else "not a number"


def shock_words(shock: GrowthShock) -> str:
    """The growth shock as a sentence."""
    if not shock.validated:
        return (
            "Measured at the moment of growth, before any training: logits moved by at most "
            f"{shock.logit_drift:.2g}. Nothing is validated on."
        )
    return (
        f"Measured at the moment of growth, before any training: validation loss "
        f"{figure(shock.loss_before)} before, {figure(shock.loss_after)} after; validation "
        f"accuracy {percent(shock.accuracy_before)} before, {percent(shock.accuracy_after)} after; "
        f"logits moved by at most {shock.logit_drift:.2g}."
    )


def pictures_words(run: Run) -> str:
    """How many pictures of how many classes, by split."""
    counts = {split: sum(classes.values()) for split, classes in run.log.counts.items()}
    known = ", ".join(f"{count:,} {split}" for split, count in counts.items() if count)
    return f"{plural(len(run.classes), 'class').replace('classs', 'classes')}" + (
        f"; pictures: {known}" if known else ""
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
