"""Pages and tables for the terminal: transfer plans, lineups, stages, histories.

Each function returns something Rich can print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from grow.nets.architecture import Architecture
from grow.nets.transfer import Decision, Reason, TransferPlan, Verdict, named
from grow.planning.history import EpochRecord, GrowthShock
from grow.planning.lineup import Action
from grow.planning.stages import StagePlan
from grow.report.after_growth import training_lines
from grow.report.summary import DIVERGED_BEFORE, EPOCH_COLUMNS, divergence_words, epoch_rows
from grow.report.tables import Row, Table
from grow.report.transfers import main_shape, together
from grow.report.words import duration, flops, listing, loss, percent, plural, size
from grow.runs.planned import Plan
from grow.runs.result import Run, StageResult

_STYLES = {
    Decision.COPY: "green",
    Decision.ADAPT: "cyan",
    Decision.INITIALISE: "yellow",
    Decision.SKIP: "red",
}
_VERDICT_STYLES = {Verdict.EXACT: "green", Verdict.APPROXIMATE: "yellow", Verdict.BROKEN: "red"}


def transfer_table(plan: TransferPlan) -> RenderableType:
    """A transfer plan: one line per layer, the totals and the verdict below."""
    rows = []
    for line in (*plan.layers, *plan.gone):
        dim = line.reason is Reason.NO_WEIGHTS
        cells = (
            line.name,
            main_shape(line.old),
            main_shape(line.new),
            line.decision.value,
            f"{line.parameters:,}" if line.parameters else "-",
        )
        style = "dim" if dim else ""
        rows.append(Row(cells, line.words, style, () if dim else ((3, _STYLES[line.decision]),)))
    columns = ("layer", "old shape", "new shape", "decision", "parameters")
    table = Table(columns, tuple(rows), right=("parameters",), note="why")
    return Group(table, Text(f"{plan.totals()}; optimizer state: {plan.optimizer}"), _verdict(plan))


def _verdict(plan: TransferPlan) -> Text:
    words = f": {'; '.join(together(plan.why))}" if plan.why else ""
    line = Text("verdict ")
    line.append(plan.verdict.value, f"bold {_VERDICT_STYLES[plan.verdict]}")
    line.append((f" {plan.scope}" if plan.scope else "") + words)
    return line


def shock_line(shock: GrowthShock, plan: TransferPlan | None = None) -> Text:
    """The growth shock: validation loss and accuracy on both sides of a growth."""
    if not shock.is_finite:
        return Text(f"growth shock: {DIVERGED_BEFORE}", "yellow")
    moved = f"logits changed by at most {shock.logit_drift:.2g}"
    if not shock.validated:
        return Text(f"growth shock: {moved} (no validation images)")
    of = ""
    if plan is not None and plan.classes is not None:
        of = f" on the images of the old classes ({named(plan.classes.before)})"
    return Text(
        f"growth shock{of}: val loss {shock.loss_before:.4f} -> {shock.loss_after:.4f}, "
        f"val accuracy {percent(shock.accuracy_before)} -> {percent(shock.accuracy_after)}, "
        f"{moved}"
    )


def architecture_table(architecture: Architecture) -> RenderableType:
    """An architecture: its layers, shapes and parameters."""
    rows = tuple(
        Row((row.name, size(row.output), f"{row.parameters:,}" if row.weights else "-"))
        for row in architecture.placed()
    )
    table = Table(("layer", "output", "parameters"), rows, right=("parameters",))
    total = Text(
        f"{plural(architecture.parameters, 'parameter')}, "
        f"{flops(architecture.training_flops)} per training image"
    )
    return Group(table, total)


def plan_page(plan: Plan) -> RenderableType:
    """What `grow plan` shows: lineup and cost, then each stage's transfer plan."""
    parts: list[RenderableType] = [Text(f"{plan.spec.name} -> {plan.folder}", style="bold")]
    parts += [Text(f"note: {warning}", style="yellow") for warning in plan.warnings]
    if plan.pictures:
        parts.append(Text(pictures_line(plan.classes, plan.pictures, about=plan.approximate)))
    if plan.class_weights:
        weights = [f"{name} {weight:.3g}" for name, weight in plan.class_weights.items()]
        parts.append(Text(f"class weights in the training loss: {listing(weights)}"))
    parts += [Text(), lineup_table(plan)]
    for entry in plan.entries:
        if entry.action is Action.SKIP:
            continue  # the lineup above says why it does not come
        stage = entry.stage
        title = f"stage {stage.number}, {stage.name}"
        if stage.transfer is None:
            parts += [Text(), Text(f"{title}: initial network", style="bold")]
            parts.append(architecture_table(stage.architecture))
        else:
            parts += [Text(), Text(f"{title}: transfer plan ({stage.transfer.policy})", "bold")]
            parts.append(transfer_table(stage.transfer))
        parts += [Text(line) for line in training_lines(stage, plan.pictures_of(stage))]
    return Group(*parts)


def pictures_line(classes: Sequence[str], totals: Mapping[str, int], *, about: bool = False) -> str:
    """The classes, and how many pictures there are of each split that has any."""
    word = "about " if about else ""
    counts = ", ".join(f"{word}{count:,} {split}" for split, count in totals.items() if count)
    return f"{len(classes)} classes ({listing(classes)}), images: {counts}"


def stage_heading(stage: StagePlan) -> Text:
    """A stage's headline in a run's log."""
    shape, blocks = size(stage.architecture.image), plural(len(stage.architecture.blocks), "block")
    parameters = plural(stage.architecture.parameters, "parameter")
    return Text(f"stage {stage.number} {stage.name}: {shape}, {blocks}, {parameters}", "bold")


def epoch_line(record: EpochRecord, last: int, *, best: bool, frozen: bool = False) -> Text:
    """One epoch of ``last`` in a run's log."""
    held = ""
    if record.validated:
        held = f"val {record.val_loss:.4f}  {percent(record.val_accuracy):>6}  "
    line = Text(
        f"epoch {record.epoch:>{len(str(last))}}/{last}  loss {record.loss:.4f}  "
        f"accuracy {percent(record.accuracy):>6}  {held}{duration(record.seconds):>5}"
    )
    marks = _marks(best=best and record.validated, frozen=frozen)
    line.append(f"  {marks}" if marks else "", "green" if best else "")
    return line


def _marks(*, best: bool, frozen: bool) -> str:
    """What is said beside an epoch: that it is the best, that layers were frozen in it."""
    return ", ".join(["best"] * best + ["frozen"] * frozen)


def lineup_table(plan: Plan) -> RenderableType:
    """What is done with each stage, and what it costs."""
    numbers = ("parameters", "epochs", "training")
    rows = []
    for entry in plan.entries:
        stage, cost = entry.stage, plan.training_flops(entry)
        cells = (
            f"{stage.number} {stage.name}",
            size(stage.architecture.image),
            f"{stage.architecture.parameters:,}",
            str(stage.training.epochs),
            "?" if cost is None else flops(cost),
            entry.action.value,
        )
        rows.append(Row(cells, entry.reason))
    columns = ("stage", "image", *numbers, "action")
    return Table(columns, tuple(rows), right=numbers, note="why")


def stages_table(stages: Sequence[StageResult]) -> RenderableType:
    """Where each stage stands, its figures those of its best epoch; 80 columns suffice."""
    numbers = ("parameters", "epochs", "val accuracy", "val loss", "time")
    left_out = [result for result in stages if result.not_needed]
    shown = [result for result in stages if result not in left_out[1:]]
    last = stages[-1].plan.classes if stages else ()
    rows = tuple(
        Row(_stage_cells(result), _remark(result, len(left_out) - 1, last)) for result in shown
    )
    return Table(("stage", "image", *numbers, "state"), rows, right=numbers)


def _remark(result: StageResult, others: int, classes: Sequence[str]) -> str:
    """What is said of a stage besides its figures; ``others`` are not needed either."""
    return "; ".join(
        [*divergence_words(result), *filter(None, [_standing(result, others, classes)])]
    )


def _standing(result: StageResult, others: int, classes: Sequence[str]) -> str:
    if result.not_needed:
        more = f" (and {plural(others, 'later stage')})" if others else ""
        return result.not_needed + more
    said = []
    if result.plan.classes != classes:
        said.append(f"classes: {named(result.plan.classes)}")
    if result.step:
        said.append(f"{plural(result.step, 'step')} of epoch {len(result.history) + 1} are on disk")
    return "; ".join(said)


def _stage_cells(result: StageResult) -> tuple[str, ...]:
    stage, best = result.plan, result.best
    return (
        f"{stage.number} {stage.name}",
        size(stage.architecture.image),
        f"{stage.architecture.parameters:,}",
        f"{len(result.history)}/{stage.training.epochs}",
        f"{percent(best.val_accuracy)} @{best.epoch}" if best and best.validated else "-",
        "-" if best is None else loss(best.val_loss, measured=best.validated),
        duration(sum(one.seconds for one in result.happened)),
        result.state,
    )


def result_page(run: Run) -> RenderableType:
    """What `grow run` ends with: the stages, and where everything is."""
    where = Text(f"models, histories and plans are in {run.path}", no_wrap=True)
    return Group(Text(), stages_table(run.stages), *_better_before(run.stages), where)


def _better_before(stages: Sequence[StageResult]) -> list[Text]:
    """Says so where the last stage is not the best one: it is the one that people would take."""
    done = [
        (result.best.val_accuracy, -result.plan.number, result.plan.name)
        for result in stages
        if result.state == "done"
        and result.best is not None
        and result.best.validated
        # Among fewer classes it is easier to be right.
        and result.plan.classes == stages[-1].plan.classes
    ]
    best = max(done, default=None)
    if best is None or best[0] == done[-1][0]:
        return []
    words = f"stage {-best[1]} {best[2]} has a higher validation accuracy than the last stage"
    return [Text(words, "yellow")]


def status_page(run: Run) -> RenderableType:
    """What `grow status` shows of one run."""
    title = Text(f"{run.name} in {run.path}", style="bold")
    holder = run.running
    if holder is not None:
        title.append(
            f", running since {holder.get('since')} (process {holder.get('process')} on "
            f"{holder.get('host')})"
        )
    return Group(title, stages_table(run.stages))


def report_page(run: Run) -> RenderableType:
    """What `grow report` shows: the stages, then each one's transfer plan and epochs."""
    parts: list[RenderableType] = [status_page(run)]
    for result in run.stages:
        if result.not_needed:
            continue  # the table above says why it never came
        parts += [Text(), stage_heading(result.plan)]
        if result.plan.transfer is not None:
            parts.append(transfer_table(result.plan.transfer))
        if result.shock is not None:
            parts.append(shock_line(result.shock, result.plan.transfer))
        parts += [Text(line) for line in training_lines(result.plan, {})]
        if result.happened:
            parts += [Text(), history_table(result)]
        if result.done is not None:
            parts.append(Text(f"ended: {result.done.reason}"))
    return Group(*parts)


def history_table(result: StageResult) -> RenderableType:
    """A stage's epochs; the one whose weights it ends with is marked, and what was special."""
    rows = [
        Row((*row.cells, ""), row.mark, "yellow")
        if row.mark.startswith("diverged")
        else Row((*row.cells, row.mark), style="bold" if row.best else "")
        for row in epoch_rows(result)
    ]
    return Table((*EPOCH_COLUMNS, ""), tuple(rows), right=EPOCH_COLUMNS)
