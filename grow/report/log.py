"""The permanent lines of a run: what each event leaves in the terminal or in a log.

Each function returns; `console` prints.
"""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from grow.data.manifest import shown
from grow.data.sources.kinds import NO_PICTURE
from grow.data.split import remarks
from grow.planning.lineup import Action
from grow.report.after_growth import computed_line, training_lines
from grow.report.text import epoch_line, pictures_line, shock_line, stage_heading, transfer_table
from grow.report.words import percent, plural
from grow.train.events import (
    CheckpointWritten,
    Diverged,
    EpochDone,
    Event,
    FeaturesComputed,
    Fetching,
    Grown,
    GrowthEnded,
    Noted,
    Prepared,
    RunDone,
    RunStarted,
    StageDone,
    StageStarted,
    Warned,
)

_NAMED = 5
"""How many pictures left out are named one by one."""


def lines(event: Event, *, unusable_in: str = "") -> list[RenderableType]:
    """What is printed of an event for good; empty for most.

    Args:
        event: what happened.
        unusable_in: where all pictures left out are listed, in words; empty for nowhere.
    """
    match event:
        case Prepared():
            return _prepared(event, unusable_in)
        case RunStarted():
            return [Text(f"run {event.name} in {event.folder}")]
        case Grown():
            return _grown(event)
        case StageStarted():
            return _stage_started(event)
        case EpochDone(stage, record, best):
            frozen = record.epoch <= stage.groups.freeze
            last = stage.training.epochs
            return [epoch_line(record, last, best=best == record.epoch, frozen=frozen)]
        case StageDone():
            return [_stage_done(event)]
        case Diverged():
            most = str(event.stage.training.epochs)
            place = f"epoch {event.divergence.epoch:>{len(most)}}/{most}"
            return [Text(f"{place}  {event.words}", "yellow")]
        case Fetching() | FeaturesComputed() | GrowthEnded() | Warned() | Noted():
            return [_one_line(event)]
    return []


def warnings(event: Event, *, unusable_in: str = "") -> list[RenderableType]:
    """What of `lines` somebody should know who wants to hear of nothing else."""
    found = lines(event, unusable_in=unusable_in)
    match event:
        case Prepared():
            return found[1:]
        case Warned() | Diverged():
            return found
    return []


def also_logged(event: Event) -> list[RenderableType]:
    """What `lines` leaves out and a log file keeps: what would only be noise in a terminal."""
    match event:
        case CheckpointWritten():
            return [Text(f"checkpoint {event.path} in {event.seconds:.2f} s")]
        case StageStarted():
            name = f"stage {event.stage.number} {event.stage.name}"
            return [Text(f"{name}: training starts, {plural(event.steps, 'step')} an epoch")]
        case RunDone():
            return [Text(f"run {event.name} is done")]
    return []


def _one_line(event: Fetching | FeaturesComputed | GrowthEnded | Warned | Noted) -> Text:
    match event:
        case Fetching():
            return Text(f"fetching {event.name} ({event.source}), once, to {event.place}")
        case FeaturesComputed():
            return Text(computed_line(event))
        case GrowthEnded():
            return Text(f"stage {event.stage.number} skipped: {event.reason}")
        case Warned():
            return Text(f"warning: {event.text}", style="yellow")
        case Noted():
            return Text(f"note: {event.text}")


def _prepared(event: Prepared, unusable_in: str) -> list[RenderableType]:
    totals: dict[str, int] = {
        split: sum(classes.values()) for split, classes in event.counts.items()
    }
    found: list[RenderableType] = [Text(pictures_line(event.classes, totals))]
    found += [Text(f"warning: {remark}", style="yellow") for remark in remarks(event.counts)]
    if not event.unusable:
        return found
    left_out = plural(len(event.unusable), "file")
    # What may have been meant to be a picture comes first; a README.md is nothing to warn of.
    by_weight = sorted(event.unusable, key=lambda one: one[1].startswith(NO_PICTURE))
    if by_weight[0][1].startswith(NO_PICTURE):
        found.append(Text(f"note: {left_out} left out:"))
    else:
        found.append(Text(f"warning: {left_out} left out:", style="yellow"))
    found += [Text(f"  {shown(key)}: {reason}") for key, reason in by_weight[:_NAMED]]
    more = len(event.unusable) - _NAMED
    if more > 0:
        where = f"; all are listed in {unusable_in}" if unusable_in else ""
        found.append(Text(f"  and {more:,} more{where}"))
    return found


def _grown(event: Grown) -> list[RenderableType]:
    found: list[RenderableType] = [Text(), stage_heading(event.stage)]
    if event.stage.transfer is not None:
        found.append(transfer_table(event.stage.transfer))
    special = [Text(line) for line in training_lines(event.stage, {})]
    return [*found, shock_line(event.shock, event.stage.transfer), *special, Text()]


def _stage_started(event: StageStarted) -> list[RenderableType]:
    if event.again:
        return []  # the line above says so
    if event.history or event.step:
        words = f"resuming after {plural(len(event.history), 'epoch')}"
        words += f" and {plural(event.step, 'step')}" if event.step else ""
        return [Text(), stage_heading(event.stage), Text(words)]
    if event.stage.transfer is not None:
        return []  # it has just grown, and its heading stands above
    return [Text(), stage_heading(event.stage)]


def _stage_done(event: StageDone) -> Text:
    stage = event.stage
    best = next((record for record in event.history if record.epoch == event.best), None)
    figure = "no epoch on disk"  # a damaged history, of which the run complains at its end
    if best is not None:
        figure = f"no validation images (epoch {best.epoch})"
        if best.validated:
            figure = f"{percent(best.val_accuracy)} validation accuracy (epoch {best.epoch})"
    state = f"{Action.REUSE}, {event.reason}" if event.reused else f"done, {event.reason}"
    return Text(f"stage {stage.number} {stage.name}: {state}; {figure}")
