"""What people read of plans and runs. Everything here returns; printing is `console`'s.

Pages are loaded when they are first asked for, so that each command loads only its own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grow.report.card import card_markdown
    from grow.report.checked import check_page
    from grow.report.compared import comparison_markdown, comparison_page
    from grow.report.explained import explanation_page
    from grow.report.exported import export_lines
    from grow.report.predicted import left_out_lines, prediction_lines, predictions_csv
    from grow.report.text import plan_page, report_page, result_page, status_page
    from grow.report.upkeep import cleaning_page, verification_page

__all__ = [
    "card_markdown",
    "check_page",
    "cleaning_page",
    "comparison_markdown",
    "comparison_page",
    "explanation_page",
    "export_lines",
    "left_out_lines",
    "plan_page",
    "prediction_lines",
    "predictions_csv",
    "report_page",
    "result_page",
    "status_page",
    "verification_page",
]

_HOMES = {
    "card_markdown": "grow.report.card",
    "check_page": "grow.report.checked",
    "cleaning_page": "grow.report.upkeep",
    "comparison_markdown": "grow.report.compared",
    "comparison_page": "grow.report.compared",
    "explanation_page": "grow.report.explained",
    "export_lines": "grow.report.exported",
    "left_out_lines": "grow.report.predicted",
    "plan_page": "grow.report.text",
    "prediction_lines": "grow.report.predicted",
    "predictions_csv": "grow.report.predicted",
    "report_page": "grow.report.text",
    "result_page": "grow.report.text",
    "status_page": "grow.report.text",
    "verification_page": "grow.report.upkeep",
}


def __getattr__(name: str) -> Any:
    """Loads a page's room when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'grow.report' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
