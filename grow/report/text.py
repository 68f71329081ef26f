"""Tables for the terminal: transfer plans, lineups, stages, histories.

Each function returns something Rich can print. Rich and floors 0 to 4; no Keras.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grow.architecture import Architecture
from grow.history import EpochRecord
from grow.planning import Plan
from grow.report.words import duration, flops, percent, plural, size
from grow.runs import Run, StageResult
from grow.transfer import Decision, Reason, TransferPlan

_STYLES = {
    Decision.COPY: "green",
    Decision.ADAPT: "cyan",
    Decision.INITIALISE: "yellow",
    Decision.SKIP: "red",
}


def _table(*columns: str, right: Iterable[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        numeric = column in right
        table.add_column(column, justify="right" if numeric else "left", no_wrap=column != "why")
    return table


def transfer_table(plan: TransferPlan) -> RenderableType:
    """A transfer plan: one line per layer, the totals below."""
    table = _table(
        "layer", "old shape", "new shape", "decision", "parameters", "why", right=["parameters"]
    )
    for line in (*plan.layers, *plan.gone):
        dim = line.reason is Reason.NO_WEIGHTS
        table.add_row(
            line.name,
            _main_shape(line.old),
            _main_shape(line.new),
            Text(line.decision, style="dim" if dim else _STYLES[line.decision]),
            f"{line.parameters:,}" if line.parameters else "-",
            line.words,
            style="dim" if dim else "",
        )
    return Group(table, Text(f"{plan.totals()}; optimizer {plan.optimizer}", style="bold"))


def _main_shape(weights: dict[str, tuple[int, ...]] | None) -> str:
    """The shape of a layer's first weight, its kernel where it has one."""
    return size(next(iter(weights.values()))) if weights else "-"


def architecture_table(architecture: Architecture) -> RenderableType:
    """An architecture: its layers, shapes and parameters."""
    table = _table("layer", "output", "parameters", right=["parameters"])
    for row in architecture.placed():
        table.add_row(row.name, size(row.output), f"{row.parameters:,}" if row.weights else "-")
    total = Text(
        f"{plural(architecture.parameters, 'parameter')}, "
        f"{flops(architecture.training_flops)} to train on a picture once",
        style="bold",
    )
    return Group(table, total)


def plan_page(plan: Plan) -> RenderableType:
    """What `grow plan` shows: lineup and cost, then each stage's transfer plan."""
    parts: list[RenderableType] = [Text(f"{plan.spec.name} -> {plan.folder}", style="bold")]
    parts += [Text(f"note: {warning}", style="yellow") for warning in plan.warnings]
    if plan.pictures:
        parts.append(Text(_pictures_line(plan)))
    parts += [Text(), lineup_table(plan)]
    for entry in plan.entries:
        stage = entry.stage
        title = f"stage {stage.number}, {stage.name}"
        if stage.transfer is None:
            parts += [Text(), Text(f"{title}: the start", style="bold")]
            parts.append(architecture_table(stage.architecture))
        else:
            parts += [Text(), Text(f"{title}: transfer plan ({stage.transfer.policy})", "bold")]
            parts.append(transfer_table(stage.transfer))
    return Group(*parts)


def _pictures_line(plan: Plan) -> str:
    counts = ", ".join(f"{count:,} {split}" for split, count in plan.pictures.items() if count)
    return f"{len(plan.classes)} classes ({', '.join(plan.classes)}), pictures: {counts}"


def lineup_table(plan: Plan) -> RenderableType:
    """What is done with each stage, and what it costs."""
    numbers = ("parameters", "epochs", "training")
    table = _table("stage", "pictures", *numbers, "action", "why", right=numbers)
    for entry in plan.entries:
        stage, cost = entry.stage, plan.training_flops(entry)
        table.add_row(
            f"{stage.number} {stage.name}",
            size(stage.architecture.image),
            f"{stage.architecture.parameters:,}",
            str(stage.training.epochs),
            "?" if cost is None else flops(cost),
            entry.action,
            entry.reason,
        )
    return table


def stages_table(stages: Sequence[StageResult]) -> RenderableType:
    """Where each stage stands: the closing table of a run."""
    numbers = ("parameters", "carried over", "epochs", "best", "loss", "time")
    table = _table("stage", "pictures", *numbers, "state", right=numbers)
    for result in stages:
        table.add_row(*_stage_cells(result))
    return table


def _stage_cells(result: StageResult) -> tuple[str, ...]:
    stage, best = result.plan, result.best
    carried = "-"
    if stage.transfer is not None:
        carried = percent(stage.transfer.carried / stage.transfer.parameters)
    return (
        f"{stage.number} {stage.name}",
        size(stage.architecture.image),
        f"{stage.architecture.parameters:,}",
        carried,
        f"{len(result.history)}/{stage.training.epochs}",
        "-" if best is None else f"{percent(best.val_accuracy)} @{best.epoch}",
        "-" if best is None else f"{best.val_loss:.4f}",
        duration(sum(record.seconds for record in result.history)),
        result.state,
    )


def status_page(run: Run) -> RenderableType:
    """What `grow status` shows of one run."""
    at_work = ""
    if run.running is not None:
        at_work = f", process {run.running.get('process')} on {run.running.get('host')} at work"
    title = Text(f"{run.name} in {run.path}{at_work}", style="bold")
    return Group(title, stages_table(run.stages))


def report_page(run: Run) -> RenderableType:
    """What `grow report` shows: the stages, then each one's transfer plan and epochs."""
    parts: list[RenderableType] = [status_page(run)]
    for result in run.stages:
        stage = result.plan
        parts += [Text(), Text(f"stage {stage.number}, {stage.name}", style="bold")]
        if stage.transfer is not None:
            parts += [transfer_table(stage.transfer)]
        if result.history:
            best = 0 if result.best is None else result.best.epoch
            parts += [Text(), history_table(result.history, best)]
        if result.done is not None:
            parts.append(Text(f"ended: {result.done.reason}"))
    return Group(*parts)


def history_table(history: Sequence[EpochRecord], best: int) -> RenderableType:
    """A stage's epochs; the one whose weights it ends with is marked."""
    columns = ("epoch", "loss", "accuracy", "val loss", "val accuracy", "learning rate", "time")
    table = _table(*columns, "", right=columns)
    for record in history:
        marked = record.epoch == best
        table.add_row(
            str(record.epoch),
            f"{record.loss:.4f}",
            percent(record.accuracy),
            f"{record.val_loss:.4f}",
            percent(record.val_accuracy),
            f"{record.learning_rate:.2g}",
            duration(record.seconds),
            "best" if marked else "",
            style="bold" if marked else "",
        )
    return table
