"""Drawings as SVG text, from plain values: curves, intervals, two architectures, a matrix.

Own SVG rather than a plotting library's: colours are CSS variables, so that one drawing serves
light, dark and paper; every drawing carries its title and description; and nothing heavy is
imported.
"""

from grow.report.drawing.curves import Chart, Mark, Point, Series, curves
from grow.report.drawing.growth import growth
from grow.report.drawing.intervals import Intervals, Strip, intervals
from grow.report.drawing.matrix import heat_map

__all__ = [
    "Chart",
    "Intervals",
    "Mark",
    "Point",
    "Series",
    "Strip",
    "curves",
    "growth",
    "heat_map",
    "intervals",
]
