"""From a comparison to its page: plain values and finished drawings for the template."""

from __future__ import annotations

import grow
from grow.comparison.result import Comparison
from grow.report import drawing, evidence, verdicts
from grow.report.drawing import Intervals
from grow.report.html.frame import NARROW, WIDE, Sizes, drawn, environment, panels, plain
from grow.report.trialcharts import curves_chart, differences_chart, ends_chart


def comparison_html(found: Comparison) -> str:
    """The comparison as a page."""
    text = (
        environment()
        .get_template("comparison.html")
        .render(
            found=found,
            setting=found.setting,
            verdict_lines=[
                verdicts.verdict_line(found, place) for place in range(len(found.verdicts))
            ],
            setting_line=verdicts.setting_line(found),
            notes=verdicts.notes(found),
            limits=verdicts.LIMITS,
            panels=panels(lambda figure, cost: curves_chart(found, figure, cost)),
            ends=evidence.ends(found),
            ends_drawn=_sizes(ends_chart(found), "ends"),
            repeats=evidence.repeats(found),
            differences=evidence.differences(found),
            differences_drawn=_sizes(differences_chart(found), "differences"),
            budgets=(evidence.budgets(found), evidence.budget_differences(found)),
            spent=(*evidence.speed_ups(found), evidence.spent(found)),
            variants=verdicts.variants(found),
            version=grow.__version__,
        )
    )
    return plain(text)


def _sizes(chart: Intervals, name: str) -> Sizes:
    wide = drawing.intervals(chart, f"{name}-wide", width=WIDE[0])
    narrow = drawing.intervals(chart, f"{name}-narrow", width=NARROW[0])
    return drawn(wide), drawn(narrow)
