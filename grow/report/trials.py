"""Where the trials of a comparison are, as one frozen value, and as one line per trial.

Pure: the time comes in with the event. Rich's text only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rich.text import Text

from grow.report.progress import Loading, Progress, Training, advance
from grow.report.words import duration, percent
from grow.train.events import StageDone, Told, Warned


@dataclass(frozen=True)
class Standing:
    """Where one trial is.

    Attributes:
        variant: the variant that is carried out.
        progress: how far it is.
        finished: the variants that are complete.
    """

    variant: str
    progress: Progress = field(default_factory=Progress)
    finished: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trials:
    """All trials that have been heard of, by seed."""

    standings: dict[int, Standing] = field(default_factory=dict, hash=False)


def advance_trials(now: Trials, told: Told, seconds: float) -> Trials:
    """Where the trials are after what was told at ``seconds`` on a clock that only rises."""
    before = now.standings.get(told.seed, Standing(told.variant))
    if told.event is None:
        finished = (*before.finished, told.variant)
        after = replace(before, progress=Progress(), finished=finished)
    elif told.variant != before.variant:
        fresh = advance(Progress(), told.event, seconds)
        after = replace(before, variant=told.variant, progress=fresh)
    else:
        after = replace(before, progress=advance(before.progress, told.event, seconds))
    return Trials({**now.standings, told.seed: after})


def trial_lines(now: Trials) -> list[Text]:
    """One line per trial, each short enough for a narrow terminal where names are."""
    return [_line(seed, standing) for seed, standing in now.standings.items()]


def _line(seed: int, standing: Standing) -> Text:
    line = Text(f"seed {seed}  ", "bold", no_wrap=True, overflow="ellipsis")
    if standing.variant in standing.finished:
        line.append(f"{standing.variant} done", "green")
        return line
    line.append(f"{standing.variant}  {_where(standing.progress)}", "not bold")
    return line


def _where(now: Progress) -> str:
    match now.phase:
        case Training() as phase:
            parts = [
                phase.stage.name,
                f"epoch {phase.epoch}/{phase.stage.training.epochs}",
                "" if phase.best is None else f"best {percent(phase.best.val_accuracy)}",
                "" if now.seconds_left is None else f"{duration(now.seconds_left)} left",
            ]
            return "  ".join(part for part in parts if part)
        case Loading(stage):
            return f"{stage.name}  preparing"
    return "preparing"


def log_lines(told: Told) -> list[Text]:
    """What stays in the log of an event: finished stages and variants, and warnings."""
    head = f"seed {told.seed}  {told.variant}"
    match told.event:
        case None:
            return [Text(f"{head}: done", "green")]
        case StageDone(reused=False) as event:
            best = event.history[event.best - 1]
            figures = f"{percent(best.val_accuracy)} validation accuracy (epoch {event.best})"
            return [Text(f"{head}: stage {event.stage.number} {event.stage.name}, {figures}")]
        case Warned(text):
            return [Text(f"{head}: note: {text}", "yellow")]
    return []
