"""What all pages share: the templates' environment, and charts drawn for wide and narrow places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grow.report import drawing
from grow.report.charts import COSTS, FIGURES, Cost, Figure
from grow.report.drawing import Chart

WIDE, NARROW = (720, 300), (356, 270)
"""Sizes of a chart for wide screens and paper, and for phones."""

Sizes = tuple[Markup, Markup]
"""A drawing for wide screens and paper, and one for phones."""


@dataclass(frozen=True)
class Panel:
    """The charts over one axis of cost, each drawn for wide screens and for phones."""

    key: str
    name: str
    charts: tuple[Sizes, ...]


@cache
def environment() -> Environment:
    """The templates, everything in them escaped."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["capfirst"] = _capital
    return found


def _capital(words: str) -> str:
    """With a capital at its start; other letters as they are."""
    return words[:1].upper() + words[1:]


def drawn(text: str) -> Markup:
    """A drawing as it goes into the page; its text was escaped where it was drawn."""
    return Markup(text)  # noqa: S704


def panels(make: Callable[[Figure, Cost], Chart]) -> tuple[Panel, ...]:
    """Every figure over every cost.

    Args:
        make: the chart of one figure over one cost.
    """
    return tuple(
        Panel(
            cost.key,
            cost.name,
            tuple(_sizes(make(figure, cost), f"{figure.key}-{cost.key}") for figure in FIGURES),
        )
        for cost in COSTS
    )


def _sizes(chart: Chart, name: str) -> Sizes:
    wide = drawing.curves(chart, f"{name}-wide", width=WIDE[0], height=WIDE[1])
    narrow = drawing.curves(chart, f"{name}-narrow", width=NARROW[0], height=NARROW[1])
    return drawn(wide), drawn(narrow)


def plain(text: str) -> str:
    """A page that can be written: names of files and classes may hold bytes that are no text."""
    return text.encode(errors="backslashreplace").decode()
