"""Decisions of training as pure functions of (settings, history).

Learning rate, the end of a stage, its best epoch and the end of a repeated growth are computed
again from the records each time, so there is no state that a checkpoint could forget.
"""

from __future__ import annotations

import math

from grow.config.schema import Monitor, Plateau, Stop, Training
from grow.planning.history import Divergence, Divergences, EpochRecord, History, in_order, until

HALF = 0.5
"""What a divergence multiplies the learning rate by."""


def value_of(record: EpochRecord, monitor: Monitor) -> float:
    """The monitored figure of an epoch, turned so that larger is better."""
    value: float = getattr(record, monitor)
    # A loss that is no number (divergence) is worse than any.
    if math.isnan(value):
        return float("-inf")
    return value if monitor.endswith("accuracy") else -value


def learning_rate(training: Training, history: History, divergences: Divergences = ()) -> float:
    """The learning rate of the epoch after ``history``.

    It is halved at each divergence, from the epoch on that diverged. With ``reduce_on_plateau``
    the rule is that of Keras's ReduceLROnPlateau callback, replayed: after ``patience`` epochs
    without a gain of more than ``min_delta`` it is multiplied by ``factor``, and for
    ``cooldown`` epochs nothing is counted. A divergence is no epoch, so it counts for neither.

    Args:
        training: the stage's settings.
        history: the epochs before this one.
        divergences: the attempts at those and at this one that diverged; later ones do not count.
    """
    rate, plateau = training.learning_rate, training.reduce_on_plateau
    best, waited, cooldown = float("-inf"), 0, 0
    for record in in_order(history, until(divergences, len(history) + 1)):
        if isinstance(record, Divergence):
            rate *= HALF
            continue
        if plateau is None:
            continue
        value = value_of(record, plateau.monitor)
        if cooldown > 0:
            cooldown -= 1
            waited = 0
        if value > best + plateau.min_delta:
            best, waited = value, 0
        elif cooldown == 0:
            waited += 1
            # A rate that was halved below the minimum is not raised to it.
            if waited >= plateau.patience and rate > plateau.minimum:
                rate = max(rate * plateau.factor, plateau.minimum)
                cooldown, waited = plateau.cooldown, 0
    return rate


def given_up(training: Training, history: History, divergences: Divergences) -> Divergence | None:
    """The divergence with which a stage ends; None while it may go on.

    It ends where it may not halve its learning rate again, and where it began with what is no
    number: no rate helps there.
    """
    last = divergences[-1] if divergences else None
    if last is None or last.epoch <= len(history):
        return None
    hopeless = not last.step or len(divergences) > training.on_divergence.halve
    return last if hopeless else None


def warm_up(training: Training, history: History, step: int, steps: int) -> float:
    """The share of the epoch's learning rate that a step is taken with, in (0, 1].

    With ``warm_up`` it rises linearly from the stage's first step on (Goyal et al. 2017,
    arXiv:1706.02677, section 2.2), and is 1 from the last step of the warm-up on.

    Args:
        training: the stage's settings.
        history: the epochs before this one.
        step: steps done in this epoch, from 0.
        steps: steps of a whole epoch.
    """
    length = training.warm_up * steps
    done = len(history) * steps + step
    return min(1.0, (done + 1) / length) if length > 0 else 1.0


def end_of_stage(training: Training, history: History) -> str:
    """Why the stage is complete after ``history``, in words; empty while it goes on."""
    if len(history) >= training.epochs:
        last = training.epochs
        return f"all {last} epochs trained" if last > 1 else "its 1 epoch trained"
    plateau = training.until.plateau if training.until else None
    if plateau is not None and _stalled(plateau, history):
        return (
            f"{plateau.monitor} has not improved by more than {plateau.min_delta:g} "
            f"for {plateau.patience} epochs"
        )
    return ""


def _stalled(plateau: Plateau, history: History) -> bool:
    best, waited = float("-inf"), 0
    for record in history:
        value = value_of(record, plateau.monitor)
        if value > best + plateau.min_delta:
            best, waited = value, 0
        else:
            waited += 1
        if waited >= plateau.patience:
            return True
    return False


def best_epoch(training: Training, history: History) -> int:
    """Number of the epoch whose weights the stage ends with; 0 where there is none.

    Of equal epochs the one with the lower validation loss wins, then the earlier one. An epoch
    with a figure that is no number is never the best.
    """
    good = [record for record in history if record.is_finite]
    if not good:
        return 0
    if training.best == "last":
        return good[-1].epoch
    monitor = training.best
    best = max(
        good,
        key=lambda record: (
            value_of(record, monitor),
            value_of(record, "val_loss"),
            -record.epoch,
        ),
    )
    return best.epoch


def end_of_growth(stop: Stop, before: EpochRecord, after: EpochRecord) -> str:
    """Why a repeated growth is not repeated again, in words; empty while it pays.

    Args:
        stop: what it has to gain, and in which figure.
        before: the best epoch of the stage that the last growth grew from.
        after: the best epoch of the stage that it led to.
    """
    one, other = (value_of(record, stop.monitor) for record in (before, after))
    gain = other - one
    # A gain of just so much is enough, whatever a subtraction of decimals makes of it.
    if gain > stop.gain or math.isclose(gain, stop.gain, rel_tol=0, abs_tol=1e-9):
        return ""
    old, new = (getattr(record, stop.monitor) for record in (before, after))
    form = ".2%" if stop.monitor.endswith("accuracy") else ".4f"
    return f"{stop.monitor} {old:{form}} → {new:{form}}, a gain of less than {gain_of(stop)}"


def gain_of(stop: Stop) -> str:
    """What a repeated growth has to gain, in words: ``0.5 points`` of an accuracy."""
    if not stop.monitor.endswith("accuracy"):
        return f"{stop.gain:.4g}"
    points = f"{100 * stop.gain:.4g}"
    return f"{points} point" if points == "1" else f"{points} points"
