"""An explanation of two saved models for the terminal: three columns, and words below.

Returns something Rich can print. Rich and floors 0 and 1; no Keras.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from grow.explanation import Difference, Explanation, Line
from grow.explanation.carry import Decision
from grow.explanation.loading import Outcome
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
    columns = ("layer", "class", "was", "could be carried over", "Keras would load", "difference")
    return Table(columns, tuple(map(_row, explanation.layers)), note="why")


def _row(line: Line) -> Row:
    was = _NOTHING if line.pair is None else line.pair.old
    start = (line.layer, line.kind, was)
    if not line.weights:
        note = line.carry.words if line.carry.decision is Decision.UNKNOWN else ""
        return Row((*start, _NOTHING, _NOTHING, _NOTHING), note, "dim")
    difference = line.difference.value.replace("_", " ") + (", silent" if line.silent else "")
    cells = (*start, line.carry.decision.value, _loaded(line), difference)
    styles = [(3, _DECISIONS[line.carry.decision])]
    if line.difference is not Difference.SAME:
        styles.append((5, "bold red" if line.silent else "yellow"))
    return Row(cells, _words(line), "", tuple(styles))


def _loaded(line: Line) -> str:
    """From which old layers Keras would load, in few words."""
    names = ", ".join(name or "?" for name in line.keras.layers)
    match line.keras.outcome:
        case Outcome.LOADED:
            return names
        case Outcome.PARTLY:
            return f"{names} (in part)"
        case Outcome.UNKNOWN:
            return "unknown"
        case _:
            return "nothing"


def _words(line: Line) -> str:
    """All three columns in words."""
    aligned = "" if line.pair is None else f"aligned by {line.pair.words}"
    loaded = "" if line.keras.outcome is Outcome.LOADED else f"Keras: {line.keras.words}"
    return "; ".join(filter(None, (line.carry.words, aligned, loaded, line.words)))


def _gone(explanation: Explanation) -> Table:
    rows = tuple(
        Row((gone.layer, gone.kind, ", ".join(gone.lands_in) or _NOTHING))
        for gone in explanation.gone
        if gone.weights
    )
    return Table(("not in the new model", "class", "Keras would load it into"), rows)


def _verdict(explanation: Explanation) -> list[Text]:
    """What it comes to, in two lines."""
    counts = explanation.counts()
    decisions = ", ".join(f"{counts[one]} {one}" for one in Decision if counts[one])
    total = plural(counts["with_weights"], "layer")
    lines = [Text(f"{total} with weights: {decisions or 'none'}")]
    if not explanation.silent:
        words = "Keras would put no weights silently where they do not belong"
        if any(line.difference is Difference.UNKNOWN for line in explanation.layers):
            lines.append(Text(f"{words}, as far as is known here", "yellow"))
        elif counts["with_weights"]:
            lines.append(Text(words, "green"))
        return lines
    names = ", ".join(line.layer for line in explanation.silent)
    words = "Keras would load silently what does not belong there: "
    return [*lines, Text(words, "bold red").append(names)]
