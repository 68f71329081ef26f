"""The live picture of a run: a few short lines of where it is, how good, how fast, how long.

Each returns; `console` shows it. Rich's text only.
"""

from __future__ import annotations

from rich.text import Text

from grow.planning.stages import StagePlan
from grow.report.progress import Loading, Progress, Training
from grow.report.words import duration, percent, plural, size
from grow.train.events import Preparing, Validating

_BAR = 24
"""Width of a bar, in characters."""


def live_lines(now: Progress) -> list[Text]:
    """The live lines, each short enough for a narrow terminal; none when nothing goes on."""
    match now.phase:
        case Preparing(done, total, doing):
            return [_bar("images", done, total, f"{done:,} of {total:,} {doing}")]
        case Loading(stage, Validating(done, total)):
            return [_bar(f"{_place(now, stage)}  growth shock", done, total)]
        case Loading(stage):
            return [Text(f"{_place(now, stage)}  preparing", "bold")]
        case Training() as phase:
            return _training(now, phase)
    return []


def sign_of_life(now: Progress) -> str:
    """The same in one line, for logs; empty when nothing goes on."""
    match now.phase:
        case Preparing(done, total, doing):
            return f"images: {done:,} of {total:,} {doing}"
        case Training() as phase:
            where = f"epoch {phase.epoch}/{phase.stage.training.epochs}"
            step = f"step {phase.step}/{phase.steps}"
            parts = [_place(now, phase.stage), where, step, _figures(phase), _pace(now, phase)]
            return "  ".join(part for part in parts if part)
    return ""


def checkpoint_place(now: Progress) -> str:
    """Where in the training a checkpoint written now stands; empty outside of a stage's training.

    With step 0 of an epoch begins the next epoch: the checkpoint is that of the one before.
    """
    match now.phase:
        case Training(stage=stage, epoch=epoch, step=0) if epoch > 1:
            return f"stage {stage.number}, end of epoch {epoch - 1}"
        case Training(stage=stage, epoch=epoch, step=step):
            return f"stage {stage.number}, epoch {epoch}, step {step}"
    return ""


def _training(now: Progress, phase: Training) -> list[Text]:
    stage = phase.stage
    shape, blocks = size(stage.architecture.image), plural(len(stage.architecture.blocks), "block")
    lines = [Text(f"{_place(now, stage)}  {shape}  {blocks}", "bold")]
    epoch = f"epoch {phase.epoch}/{stage.training.epochs}"
    if phase.validating is not None:
        lines.append(_bar(epoch, phase.validating.done, phase.validating.total, "validation"))
    else:
        lines.append(_bar(epoch, phase.step, phase.steps, f"step {phase.step}/{phase.steps}"))
    if _figures(phase):
        lines.append(Text(f"now   {_figures(phase)}"))
    best = phase.best
    if best is not None and best.validated:
        lines.append(
            Text(
                f"best  val loss {best.val_loss:.4f}  "
                f"val accuracy {percent(best.val_accuracy)}  (epoch {best.epoch})"
            )
        )
    if _pace(now, phase):
        lines.append(Text(_pace(now, phase), "dim"))
    return lines


def _place(now: Progress, stage: StagePlan) -> str:
    return f"stage {stage.number}/{now.stages} {stage.name}"


def _figures(phase: Training) -> str:
    if phase.loss is None or phase.accuracy is None:
        return ""
    return f"loss {phase.loss:.4f}  accuracy {percent(phase.accuracy)}"


def _pace(now: Progress, phase: Training) -> str:
    """Speed and time left; empty while unknown."""
    if phase.seconds_left is None or now.seconds_left is None:
        return ""
    words = f"{phase.speed:,.0f} images/s  stage {duration(phase.seconds_left)} left"
    return f"{words}  run {duration(now.seconds_left)} left" if now.waiting else words


def _bar(left: str, done: int, total: int, right: str = "") -> Text:
    """A bar, ``done`` of ``total`` of it filled."""
    filled = _BAR * min(done, total) // max(total, 1)
    line = Text(f"{left}  ")
    line.append("━" * filled, "cyan")
    line.append("─" * (_BAR - filled), "bright_black")
    line.append(f"  {right}" if right else "")
    return line
