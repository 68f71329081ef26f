"""From a run to its page: everything a template shows, as plain values and finished drawings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import grow
from grow.report import drawing, result, summary
from grow.report.charts import COSTS, FIGURES, chart
from grow.report.html.errors import Errors, errors
from grow.report.transfers import TRANSFER_COLUMNS, TransferRow, together, transfer_rows
from grow.runs import Run, StageResult
from grow.stagefile import to_yaml

WIDE, NARROW = (720, 300), (356, 270)
"""Sizes of a chart for wide screens and paper, and for phones."""


@dataclass(frozen=True)
class Panel:
    """The charts over one axis of cost, each drawn for wide screens and for phones."""

    key: str
    name: str
    charts: tuple[tuple[Markup, Markup], ...]


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
    epochs: tuple[tuple[str, ...], ...]
    best: int


def html_page(run: Run, *, pictures: bool = True) -> str:
    """The run as a page.

    Args:
        run: what it is about.
        pictures: whether the pictures classed most wrongly are shown.
    """
    begun = [one for one in run.stages if one.history]
    subject = result.subject(run)
    text = (
        _environment()
        .get_template("page.html")
        .render(
            run=run,
            summary=summary,
            transfer_columns=TRANSFER_COLUMNS,
            headline=result.headline(run),
            remarks=result.remarks(run),
            stage_rows=[summary.stage_cells(one) for one in run.stages],
            panels=_panels(begun, subject) if subject is not None else (),
            stages=[_stage(run, at) for at in range(len(run.stages))],
            subject=subject,
            unknown_errors=result.unknown_errors(run),
            errors=_errors(run, subject, pictures=pictures),
            versions=next((dict(r.versions) for r in reversed(run.stages) if r.versions), {}),
            settings=to_yaml(run.spec),
            version=grow.__version__,
        )
    )
    # Names of files and classes may hold bytes that are no text.
    return text.encode(errors="backslashreplace").decode()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _errors(run: Run, subject: StageResult | None, *, pictures: bool) -> Errors | None:
    if subject is None or subject.findings is None:
        return None
    return errors(subject.findings, run.classes, pictures=pictures)


def _panels(begun: list[StageResult], subject: StageResult) -> tuple[Panel, ...]:
    return tuple(
        Panel(
            cost.key,
            cost.name,
            tuple(
                (
                    _drawn(drawing.curves(one, f"{name}-wide", width=WIDE[0], height=WIDE[1])),
                    _drawn(
                        drawing.curves(one, f"{name}-narrow", width=NARROW[0], height=NARROW[1])
                    ),
                )
                for figure in FIGURES
                for one in [chart(begun, figure, cost, subject)]
                for name in [f"{figure.key}-{cost.key}"]
            ),
        )
        for cost in COSTS
    )


def _drawn(text: str) -> Markup:
    """A drawing as it goes into the page; its text was escaped where it was drawn."""
    return Markup(text)  # noqa: S704


def _stage(run: Run, at: int) -> StageView:
    one = run.stages[at]
    plan, best = one.plan.transfer, one.best
    picture = None
    if plan is not None:
        before = run.stages[at - 1].plan
        picture = _drawn(
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
        facts=summary.stage_facts(one),
        drawing=picture,
        lines=() if plan is None else transfer_rows(plan),
        totals="" if plan is None else plan.totals(),
        why=() if plan is None else tuple(together(plan.why)),
        shock="" if one.shock is None else summary.shock_words(one.shock),
        epochs=tuple(summary.epoch_cells(record) for record in one.history),
        best=0 if best is None else best.epoch,
    )
