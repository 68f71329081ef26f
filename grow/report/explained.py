"""An explanation of two saved models for the terminal: three columns, and words below.

Returns something Rich can print.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from grow.nets.explain import Difference, Explanation, Line
from grow.nets.explain.carry import Decision
from grow.nets.explain.loading import Loading, Loads, Outcome
from grow.nets.explain.value import Gap
from grow.report.tables import Row, Table
from grow.report.words import plural

_DECISIONS = {
    Decision.COPY: "green",
    Decision.ADAPT: "cyan",
    Decision.INITIALISE: "yellow",
    Decision.SKIP: "red",
    Decision.UNKNOWN: "magenta",
}
_NOTHING = "-"

_OF_OTHERS = (Difference.WRONG_LAYER, Difference.WRONG_WEIGHT)
"""Differences in which a layer gets weights that are not its own."""


def explanation_page(explanation: Explanation) -> RenderableType:
    """What `grow explain` shows: a line for each layer, those without weights dimmed."""
    parts: list[RenderableType] = [
        Text(f"{explanation.old} -> {explanation.new}", style="bold"),
        *(Text(f"note: {note}", style="yellow") for note in explanation.notes),
        Text(),
        _layers(explanation),
    ]
    if any(gone.weights for gone in explanation.gone):
        parts += [Text(), _gone(explanation)]
    return Group(*parts, Text(), *_verdict(explanation))


def _layers(explanation: Explanation) -> Table:
    columns = ["layer", "class", "was", "could be carried over", "Keras would load", "difference"]
    if explanation.named is not None:
        columns += ["by name", "difference"]
    return Table(tuple(columns), tuple(map(_row, explanation.layers)), note="why")


def _row(line: Line) -> Row:
    was = _NOTHING if line.pair is None else line.pair.old
    start = (line.layer, line.kind, was)
    told = [(line.keras, _gap(line))]
    told += [line.by_name] if line.by_name is not None else []
    if not line.weights:
        note = line.carry.words if line.carry.decision is Decision.UNKNOWN else ""
        return Row((*start, _NOTHING, *(_NOTHING,) * 2 * len(told)), note, "dim")
    cells = [*start, line.carry.decision.value]
    styles = [(3, _DECISIONS[line.carry.decision])]
    for loading, gap in told:
        cells += [_loaded(loading), gap.kind.value.replace("_", " ") + ", silent" * gap.silent]
        if gap.kind is not Difference.SAME:
            styles.append((len(cells) - 1, "bold red" if gap.silent else "yellow"))
    return Row(tuple(cells), _words(line), "", tuple(styles))


def _loaded(loading: Loading) -> str:
    """From which old layers Keras would load, in few words."""
    names = ", ".join(name or "?" for name in loading.layers)
    match loading.outcome:
        case Outcome.LOADED:
            return names
        case Outcome.PARTLY:
            return f"{names} (in part)"
        case Outcome.UNKNOWN:
            return "unknown"
        case _:
            return "nothing"


def _words(line: Line) -> str:
    """All columns in words."""
    aligned = "" if line.pair is None else f"aligned by {line.pair.words}"
    loaded = "" if line.keras.outcome is Outcome.LOADED else f"Keras: {line.keras.words}"
    words = [line.carry.words, aligned, loaded, line.words]
    if line.by_name is not None and line.by_name[1].kind is not Difference.SAME:
        words.append(f"by name: {line.by_name[1].words}")
    return "; ".join(filter(None, words))


def _gone(explanation: Explanation) -> Table:
    rows = tuple(
        Row((gone.layer, gone.kind, ", ".join(gone.lands_in) or _NOTHING))
        for gone in explanation.gone
        if gone.weights
    )
    return Table(("not in the new model", "class", "Keras would load it into"), rows)


def _verdict(explanation: Explanation) -> list[Text]:
    """The numbers, and what Keras's loading would do without a warning."""
    counts = explanation.counts()
    decisions = ", ".join(f"{counts[one]} {one}" for one in Decision if counts[one])
    total = plural(counts["with_weights"], "layer")
    lines = [Text(f"{total} with weights: {decisions or 'none'}")]
    if not counts["with_weights"]:
        return lines
    gaps = {line.layer: _gap(line) for line in explanation.layers}
    lines += _silent("Keras", explanation.loads, gaps)
    if explanation.named is not None:
        gaps = {line.layer: line.by_name[1] for line in explanation.layers if line.by_name}
        lines += _silent("Keras with by_name=True", explanation.named, gaps)
    return lines


def _gap(line: Line) -> Gap:
    return Gap(line.difference, line.silent, line.words)


def _silent(keras: str, loads: Loads, gaps: Mapping[str, Gap]) -> list[Text]:
    """What one way of loading would do without a warning, in up to three lines."""
    if loads.error:
        return [Text(f"{keras} raises an error: {loads.error}", "yellow")]
    lines = []
    strange = [name for name, gap in gaps.items() if gap.silent and gap.kind in _OF_OTHERS]
    changed = [name for name, gap in gaps.items() if gap.silent and gap.kind not in _OF_OTHERS]
    if strange:
        words = f"{keras} would load silently what does not belong there: "
        lines.append(Text(words, "bold red").append(", ".join(strange)))
    if changed:
        words = f"{keras} would load silently, though inputs or settings are not what they were: "
        lines.append(Text(words, "bold red").append(", ".join(changed)))
    if not lines:
        unknown = any(gap.kind is Difference.UNKNOWN for gap in gaps.values())
        words = f"{keras} would put no weights silently where they do not belong"
        nothing = not any(loading.landed for loading in loads.each.values())
        words = f"{keras} would load nothing" if nothing else words
        words += ", as far as is known here" if unknown else ""
        lines.append(Text(words, "yellow" if unknown or nothing else "green"))
    if loads.plain_error:
        words = f"  without skip_mismatch it raises an error: {loads.plain_error}"
        lines.append(Text(words, "dim"))
    return lines
