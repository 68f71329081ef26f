"""From a run to its page: everything a template shows, as plain values and finished drawings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from markupsafe import Markup

import grow
from grow.comparison import folder
from grow.comparison.result import Comparison
from grow.config.write import to_yaml
from grow.report import drawing, result, summary
from grow.report.charts import Cost, Figure, chart
from grow.report.drawing import Chart, Series
from grow.report.html.errors import Errors, errors
from grow.report.html.frame import Panel, drawn, environment, panels, plain
from grow.report.transfers import TRANSFER_COLUMNS, TransferRow, together, transfer_rows
from grow.report.trialcharts import control_series
from grow.runs.result import Run, StageResult


@dataclass(frozen=True)
class StageView:
    """What the page shows of one stage."""

    result: StageResult
    anchor: str
    facts: str
    drawing: Markup | None
    lines: tuple[TransferRow, ...]
    totals: str
    why: tuple[str, ...]
    shock: str
    epochs: tuple[summary.EpochRow, ...]


def html_page(run: Run, *, pictures: bool = True) -> str:
    """The run as a page.

    Args:
        run: what it is about.
        pictures: whether the pictures classed most wrongly are shown.
    """
    begun = [one for one in run.stages if one.history]
    subject, compared = result.subject(run), _compared(run)
    text = (
        environment()
        .get_template("page.html")
        .render(
            run=run,
            summary=summary,
            transfer_columns=TRANSFER_COLUMNS,
            headline=result.headline(run),
            remarks=result.remarks(run),
            stage_rows=[summary.stage_cells(one) for one in run.stages],
            panels=_panels(begun, subject, compared) if subject is not None else (),
            compared=compared,
            stages=[_stage(run, at) for at in range(len(run.stages))],
            subject=subject,
            unknown_errors=result.unknown_errors(run),
            errors=_errors(subject, pictures=pictures),
            versions=next((dict(r.versions) for r in reversed(run.stages) if r.versions), {}),
            settings=to_yaml(run.spec),
            version=grow.__version__,
        )
    )
    return plain(text)


def _errors(subject: StageResult | None, *, pictures: bool) -> Errors | None:
    if subject is None or subject.findings is None:
        return None
    return errors(subject.findings, subject.plan.classes, pictures=pictures)


def _compared(run: Run) -> Comparison | None:
    """The comparison of the same stage file on as many pictures, where there is one beside."""
    found = folder.beside(run.path, to_yaml(run.spec))
    counts = {split: sum(classes.values()) for split, classes in run.log.counts.items()}
    return found if found is not None and dict(found.setting.pictures.counts) == counts else None


def _panels(
    begun: list[StageResult], subject: StageResult, compared: Comparison | None
) -> tuple[Panel, ...]:
    def make(figure: Figure, cost: Cost) -> Chart:
        own = chart(begun, figure, cost, subject)
        if compared is None:
            return own
        controls = control_series(compared, figure, cost, look=2)
        words = f"{own.description} Controls of the comparison: {_listed(controls, figure)}."
        return replace(own, series=(*own.series, *controls), description=words)

    return panels(make)


def _listed(controls: tuple[Series, ...], figure: Figure) -> str:
    ends = ((one.name, one.points[-1][1]) for one in controls if one.name)
    return "; ".join(f"{name} ends at {figure.label(end)}" for name, end in ends)


def _stage(run: Run, at: int) -> StageView:
    one = run.stages[at]
    plan = one.plan.transfer
    picture = None
    if plan is not None:
        before = run.stages[at - 1].plan
        picture = drawn(
            drawing.growth(
                plan,
                before.architecture,
                one.plan.architecture,
                (before.name, one.plan.name),
                f"growth-{one.plan.number}",
            )
        )
    return StageView(
        result=one,
        anchor=f"stage-{one.plan.number}",
        facts=summary.stage_facts(one, run.classes),
        drawing=picture,
        lines=() if plan is None else transfer_rows(plan),
        totals="" if plan is None else plan.totals(),
        why=() if plan is None else tuple(together(plan.why)),
        shock="" if one.shock is None else summary.shock_words(one.shock, plan),
        epochs=summary.epoch_rows(one),
    )
