"""How a stage is trained after its growth, in words: frozen layers, rates, warm-up.

Formatting returns text; nothing is printed.
"""

from __future__ import annotations

from collections.abc import Mapping

from grow.planning.param_groups import IN_FILE_BYTES, Groups, Storage, storage, stored_bytes
from grow.planning.stages import StagePlan
from grow.report.words import duration, listing, megabytes, plural
from grow.train.events import FeaturesComputed

_KEPT = {Storage.MEMORY: "in memory", Storage.FILE: "in a temporary file"}


def training_lines(stage: StagePlan, pictures: Mapping[str, int]) -> list[str]:
    """What is special about a stage's training, one sentence a line; nothing for most.

    Args:
        stage: the stage.
        pictures: how many there are by split; empty while unknown.
    """
    found = []
    groups = stage.groups
    if groups.carried:
        found.append(f"carried layers ({listing(groups.carried)}): {_how(stage)}")
    if groups.freeze:
        counts = pictures.get("train", 0) + pictures.get("validation", 0)
        found.append(_computed(stage, groups, counts))
    if stage.training.warm_up:
        epochs = stage.training.warm_up
        over = "epoch" if epochs == 1 else f"{epochs:g} epochs"
        found.append(f"learning rate warm-up: from 0 over the first {over}")
    return found


def _how(stage: StagePlan) -> str:
    groups = stage.groups
    if groups.freeze >= stage.training.epochs:
        return "frozen until the end of the stage"
    rate = f"at {groups.factor:g}x the learning rate" if groups.factor != 1.0 else ""
    if not groups.freeze:
        return f"trained {rate}"
    return f"frozen for {plural(groups.freeze, 'epoch')}, then trained {rate}".rstrip()


def _computed(stage: StagePlan, groups: Groups, pictures: int) -> str:
    """Whether outputs of frozen layers are computed once, or why not."""
    if not groups.prefix:
        return f"while frozen, their outputs are computed in each step: {groups.obstacle}"
    where = storage(stage.architecture, groups, pictures)
    room = megabytes(stored_bytes(stage.architecture, groups, pictures))
    last = groups.prefix[-1]
    if where in _KEPT:
        return f"while frozen, outputs up to {last} are computed once: {room} {_KEPT[where]}"
    if not pictures:
        return f"while frozen, outputs up to {last} are computed once, if they fit"
    most = megabytes(IN_FILE_BYTES)
    return f"while frozen, outputs are computed in each step: {room} up to {last}, above {most}"


def computed_line(event: FeaturesComputed) -> str:
    """What is said when outputs of frozen layers have been computed."""
    last = event.stage.groups.prefix[-1]
    room = f"{megabytes(event.size_bytes)} {_KEPT[event.storage]}"
    return (
        f"outputs up to {last} computed once for {event.pictures:,} pictures: "
        f"{room}, {duration(event.seconds)}"
    )
