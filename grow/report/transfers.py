"""A transfer plan as rows of text, for Markdown and HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grow.nets.architecture import Shape
from grow.nets.transfer import LayerPlan, Reason, TransferPlan
from grow.report.words import size

TRANSFER_COLUMNS = ("layer", "old shape", "new shape", "decision", "parameters", "why")


@dataclass(frozen=True)
class TransferRow:
    """One line of a plan.

    Attributes:
        cells: a text for each of `TRANSFER_COLUMNS`.
        idle: whether the layer has no weights, so that nothing had to be decided.
    """

    cells: tuple[str, ...]
    idle: bool


def transfer_rows(plan: TransferPlan) -> tuple[TransferRow, ...]:
    """The lines of a plan, those of layers that are gone last."""
    return tuple(_row(line) for line in (*plan.layers, *plan.gone))


def _row(line: LayerPlan) -> TransferRow:
    cells = (
        line.name,
        main_shape(line.old),
        main_shape(line.new),
        line.decision.value,
        f"{line.parameters:,}" if line.parameters else "-",
        line.words,
    )
    return TransferRow(cells, line.reason is Reason.NO_WEIGHTS)


def main_shape(weights: Mapping[str, Shape] | None) -> str:
    """The shape of a layer's first weight, its kernel where it has one."""
    return size(next(iter(weights.values()))) if weights else "-"


def together(reasons: Sequence[str]) -> list[str]:
    """Reasons with the layers that share one named together: ``conv_1 and pool_1 now see ...``."""
    layers: dict[str, list[str]] = {}
    for reason in reasons:
        layer, _, rest = reason.partition(" ")
        layers.setdefault(rest, []).append(layer)
    return [
        f"{names[0]} {rest}" if len(names) == 1 else f"{_and(names)} {_plural(rest)}"
        for rest, names in layers.items()
    ]


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


_PLURALS = {"sees": "see", "pools": "pool", "takes": "take", "drops": "drop", "starts": "start"}
_PLURALS |= {"is": "are", "was": "were", "has": "have", "does": "do", "its": "their", "it": "they"}


def _plural(rest: str) -> str:
    """What is said of one layer, said of several."""
    return " ".join(_PLURALS.get(word, word) for word in rest.split(" "))
