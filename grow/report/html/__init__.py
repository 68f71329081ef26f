"""A run as one self-contained page: no script, nothing from elsewhere.

`page` makes plain values of a `Run`; the templates lay them out and escape everything. Jinja is
loaded here and nowhere else.
"""

from grow.report.html.page import html_page

__all__ = ["html_page"]
