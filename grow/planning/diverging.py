"""How a stage ends whose training has diverged: where, in words, and what to do about it.

The decision is `schedule`'s, from the history alone; so a run that begins again says at once what
the one said that diverged. Pure.
"""

from __future__ import annotations

from grow.config.schema import RunSpec
from grow.errors import DivergedError
from grow.planning.history import Divergences, History
from grow.planning.schedule import given_up
from grow.planning.stages import StagePlan


def check(
    spec: RunSpec,
    stage: StagePlan,
    parent: StagePlan | None,
    history: History,
    divergences: Divergences,
) -> None:
    """Returns where a stage's training may go on.

    Args:
        spec: the stage file.
        stage: the stage.
        parent: the stage it grows from; None for stage 1.
        history: its epochs.
        divergences: the attempts at those and at the next one that diverged.

    Raises:
        DivergedError: it may not; names the key of the learning rate to lower.
    """
    end = given_up(stage.training, history, divergences)
    if end is None:
        return
    which = f"stage {stage.number} {stage.name}"
    if not end.step and parent is not None:
        message = (
            f"{which} diverged in {end.words}; what it grew from, stage {parent.number} "
            f"{parent.name}, has weights that are too large"
        )
        # Its rate does not matter, and neither would halving it.
        raise DivergedError(
            message, key=_key(spec, parent), learning_rate=parent.training.learning_rate
        )
    halvings = len(divergences) - 1
    often = "once" if halvings == 1 else f"{halvings} times"
    halved = f", although it was halved {often}" if halvings else ""
    back = f"its last good epoch, {len(history)}" if history else "its start"
    raise DivergedError(
        f"{which} diverged in {end.words}, at a learning rate of {end.learning_rate:.3g}{halved}; "
        f"the stage is back at {back}",
        key=_key(spec, stage),
        learning_rate=stage.training.learning_rate,
        halvings=halvings,
    )


def _key(spec: RunSpec, stage: StagePlan) -> str:
    """Where the stage file says a stage's learning rate, as ``--set`` takes it."""
    entry = spec.stages[spec.rounds[stage.number - 1].entry]
    place = "train" if entry.learning_rate is None else f"stages.{entry.name}"
    return f"{place}.learning_rate"
