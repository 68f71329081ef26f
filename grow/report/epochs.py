"""All epochs of a run as CSV, for spreadsheets and plotting programs."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

from grow.planning.history import Divergence, EpochRecord
from grow.runs.result import Run

_FIGURES = tuple(field.name for field in fields(EpochRecord))


def epochs_csv(run: Run) -> str:
    """One line an epoch: the stage, the fields of an epoch, and what it all cost up to there.

    An attempt at an epoch that diverged has a line of its own, which says so in its last column.
    A figure that is no number is left empty.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    sums = ("total_training_flops", "total_cpu_seconds", "total_seconds")
    writer.writerow(("stage", "name", *_FIGURES, "best", *sums, "diverged"))
    operations, cpu_seconds, seconds = 0, 0.0, 0.0
    for result in run.stages:
        best = 0 if result.best is None else result.best.epoch
        for record in result.happened:
            operations += record.training_flops
            cpu_seconds += record.cpu_seconds
            seconds += record.seconds
            figures = record.to_dict()
            writer.writerow(
                (
                    *(result.plan.number, result.plan.name),
                    *(figures.get(name) for name in _FIGURES),
                    int(record.epoch == best and isinstance(record, EpochRecord)),
                    *(operations, round(cpu_seconds, 3), round(seconds, 3)),
                    f"step {record.step}: {record.what}" if isinstance(record, Divergence) else "",
                )
            )
    return buffer.getvalue()
