"""A run, or a comparison, as one self-contained page: no script, nothing from elsewhere.

`page` makes plain values of a `Run`, `comparison` of a `Comparison`; the templates lay them out
and escape everything. Jinja is loaded here and nowhere else.
"""

from grow.report.html.comparison import comparison_html
from grow.report.html.page import html_page

__all__ = ["comparison_html", "html_page"]
