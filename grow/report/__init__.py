"""What people read of plans and runs. Everything here returns; printing is `console`'s.

Pages are loaded when they are first asked for, so that each command loads only its own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grow.report.card import card_markdown
    from grow.report.checked import check_page
    from grow.report.compared import comparison_csv, comparison_markdown, comparison_page
    from grow.report.differing import difference_page
    from grow.report.drafted import draft_page
    from grow.report.epochs import epochs_csv
    from grow.report.explained import explanation_page
    from grow.report.exported import export_lines
    from grow.report.files import PAGE, as_json, write_reports
    from grow.report.html import comparison_html, html_page
    from grow.report.markdown import markdown_text
    from grow.report.predicted import left_out_lines, prediction_lines, predictions_csv
    from grow.report.text import plan_page, report_page, result_page, status_page
    from grow.report.upkeep import cleaning_page, verification_page

__all__ = [
    "PAGE",
    "as_json",
    "card_markdown",
    "check_page",
    "cleaning_page",
    "comparison_csv",
    "comparison_html",
    "comparison_markdown",
    "comparison_page",
    "difference_page",
    "draft_page",
    "epochs_csv",
    "explanation_page",
    "export_lines",
    "html_page",
    "left_out_lines",
    "markdown_text",
    "plan_page",
    "prediction_lines",
    "predictions_csv",
    "report_page",
    "result_page",
    "status_page",
    "verification_page",
    "write_reports",
]

_HOMES = {
    "PAGE": "grow.report.files",
    "as_json": "grow.report.files",
    "card_markdown": "grow.report.card",
    "check_page": "grow.report.checked",
    "cleaning_page": "grow.report.upkeep",
    "comparison_csv": "grow.report.compared",
    "comparison_html": "grow.report.html",
    "comparison_markdown": "grow.report.compared",
    "comparison_page": "grow.report.compared",
    "difference_page": "grow.report.differing",
    "draft_page": "grow.report.drafted",
    "epochs_csv": "grow.report.epochs",
    "explanation_page": "grow.report.explained",
    "export_lines": "grow.report.exported",
    "html_page": "grow.report.html",
    "left_out_lines": "grow.report.predicted",
    "markdown_text": "grow.report.markdown",
    "plan_page": "grow.report.text",
    "prediction_lines": "grow.report.predicted",
    "predictions_csv": "grow.report.predicted",
    "report_page": "grow.report.text",
    "result_page": "grow.report.text",
    "status_page": "grow.report.text",
    "verification_page": "grow.report.upkeep",
    "write_reports": "grow.report.files",
}


def __getattr__(name: str) -> Any:
    """Loads a page's room when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'grow.report' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
