"""The page of `grow plan --diff`: how two plans differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from grow.report.tables import Row, Table
from grow.report.words import flops, size
from grow.runs.diff import Difference, Layer, Setting, StageDifference, Weights

_STYLES = {Weights.SAME: "green", Weights.OTHER: "yellow", Weights.UNKNOWN: "yellow"}


def difference_page(found: Difference, old: str, new: str) -> RenderableType:
    """How two plans differ.

    Args:
        found: the difference.
        old: what the plan to compare with is called, its file.
        new: what the plan in question is called.
    """
    parts: list[RenderableType] = [Text(f"from {old} to {new}", style="bold")]
    for name, plan in ((old, found.old), (new, found.new)):
        parts += [Text(f"note: {name}: {warning}", "yellow") for warning in plan.warnings]
    if not found.settings:
        parts += [Text(), Text("the settings are the same")]
    else:
        parts += [Text(), _settings_table(found.settings)]
    parts += [Text(), _stages_table(found)]
    for stage in found.stages:
        if stage.layers and stage.weights is not Weights.SAME:
            parts += [Text(), Text(f"{stage.name}: layers that differ", "bold")]
            parts.append(_layers_table(stage))
    return Group(*parts, Text(), *_closing(found))


def _settings_table(settings: Sequence[Setting]) -> Table:
    rows = tuple(Row((one.key, _value(one.old), _value(one.new))) for one in settings)
    return Table(("setting", "old", "new"), rows)


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _stages_table(found: Difference) -> Table:
    rows = []
    for stage in found.stages:
        old, new = stage.old, stage.new
        costs = (
            None if old is None else found.old.training_flops(old),
            None if new is None else found.new.training_flops(new),
        )
        numbers = [
            None if one is None else f"{one.stage.architecture.parameters:,}" for one in (old, new)
        ]
        epochs = [None if one is None else str(one.stage.training.epochs) for one in (old, new)]
        training = [None if cost is None else flops(cost) for cost in costs]
        cells = (stage.name, *(_pair(one) for one in (numbers, epochs, training)), stage.weights)
        note = ", ".join([*stage.why, *_verdicts(stage)])
        styles = ((4, _STYLES[stage.weights]),) if stage.weights in _STYLES else ()
        rows.append(Row(cells, note, styles=styles))
    columns = ("stage", "parameters", "epochs", "training", "weights")
    return Table(columns, tuple(rows), right=columns[1:4], note="why")


def _pair(values: Sequence[str | None]) -> str:
    """Two values as one cell: once where they are the same."""
    old, new = ("-" if value is None else value for value in values)
    return new if old == new else f"{old} → {new}"


def _verdicts(stage: StageDifference) -> list[str]:
    plans = [None if one is None else one.stage.transfer for one in (stage.old, stage.new)]
    old, new = (None if plan is None else plan.verdict.value for plan in plans)
    return [] if old is None or new is None or old == new else [f"verdict {old} → {new}"]


def _layers_table(stage: StageDifference) -> Table:
    rows = []
    for layer in stage.layers:
        old, new = layer.old, layer.new
        shapes = [None if one is None else size(one.output) for one in (old, new)]
        numbers = [None if one is None else f"{one.parameters:,}" for one in (old, new)]
        decisions = [None if one is None else one.decision or None for one in (old, new)]
        cells = (layer.name, _pair(shapes), _pair(numbers), _pair(decisions))
        rows.append(Row(cells, _reason(old, new)))
    columns = ("layer", "output", "parameters", "decision")
    return Table(columns, tuple(rows), right=("parameters",), note="why")


def _reason(old: Layer | None, new: Layer | None) -> str:
    if new is None:
        return "not in the new plan"
    if old is None:
        return f"not in the old plan; {new.why}".rstrip("; ")
    changed = [
        f"{name} {_value(old.settings.get(name))} → {_value(said)}"
        for name, said in new.settings.items()
        if old.settings.get(name) != said
    ]
    moved = new.why if (old.decision, old.why) != (new.decision, new.why) else ""
    return "; ".join([*changed, *([moved] if moved else [])])


def _closing(found: Difference) -> list[Text]:
    """What it comes to: cost, and what would have to be trained."""
    before, after = found.flops
    lines = []
    if before is not None and after is not None and before:
        words = "the same" if before == after else f"{after / before:.3g} times as much"
        lines.append(Text(f"training all stages: {flops(before)} → {flops(after)}, {words}"))
    kept = [one.name for one in found.stages if one.weights is Weights.SAME]
    again = [
        one.name for one in found.stages if one.new is not None and one.weights is not Weights.SAME
    ]
    if not again:
        lines.append(Text("every stage ends with the same weights"))
        return lines
    told = f"other weights: {', '.join(again)}"
    if kept and found.old.folder == found.new.folder:
        told += f"; trained once for both, in {found.new.folder}: {', '.join(kept)}"
    elif kept:
        told += f"; the same, but in a run folder of its own: {', '.join(kept)}"
    waiting = [e.stage.name for e in found.new.entries if e.action not in ("reuse", "skip")]
    lines.append(Text(told))
    if waiting:
        lines.append(Text(f"still to be trained for the new plan: {', '.join(waiting)}"))
    return lines
