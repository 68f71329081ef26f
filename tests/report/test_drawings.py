"""Drawings: well-formed, named, within their frame, and nothing in them but what was said."""

from __future__ import annotations

import math
from xml.etree import ElementTree as Tree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grow.nets import transfer
from grow.report import drawing
from grow.report.drawing import Chart, Mark, Series
from grow.report.drawing.axis import axis
from tests.builders import growths, seed_experiment

FIGURES = st.floats(0, 1) | st.just(math.nan)


def chart(*series: Series, marks: tuple[Mark, ...] = (), ceiling: float = math.inf) -> Chart:
    return Chart(
        title="Accuracy",
        description="It rises.",
        across="cost",
        upward="accuracy",
        series=series,
        marks=marks,
        cost_label=lambda cost: f"{cost:.3g}",
        figure_label=lambda share: f"{share:.2f}",
        ceiling=ceiling,
    )


def read(text: str) -> Tree.Element:
    """The drawing as a tree, and with it: it is well-formed, and says what it shows."""
    root = Tree.fromstring(text)
    names = root.attrib["aria-labelledby"].split()
    told = {part.attrib["id"]: part.text for part in root if part.tag in ("title", "desc")}
    assert list(told) == names
    assert all(told.values())
    assert not list(root.iter("script"))
    return root


def words(root: Tree.Element) -> list[str]:
    return [part.text or "" for part in root.iter("text")]


def width_of(root: Tree.Element) -> float:
    return float(root.attrib["viewBox"].split()[2])


@given(st.lists(st.floats(-1e12, 1e12), max_size=8), st.integers(2, 9))
def test_an_axis_holds_every_value_between_its_ends(values: list[float], most: int) -> None:
    found = axis(values, 10, 110, most)
    assert found.ticks == tuple(sorted(found.ticks))
    assert 2 <= len(found.ticks) <= 2 * most + 2
    for value in values:
        slack = 1e-6 * max(abs(found.low), abs(found.high))
        assert found.low - slack <= value <= found.high + slack
        assert 10 <= found.place(value) <= 110


def test_the_ticks_of_an_axis_are_round() -> None:
    assert axis([0.523, 0.937], 0, 1, 6).ticks == (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert axis([3, 3], 0, 1, 2).ticks[0] <= 3 <= axis([3, 3], 0, 1, 2).ticks[-1]


@example([[(0.0, 0.0), (0.0, 5e-324)]], [], (720, 300))
@given(
    st.lists(st.lists(st.tuples(st.floats(0, 1e15), FIGURES), max_size=100), max_size=8),
    st.lists(st.floats(0, 1e15), max_size=40),
    st.sampled_from([(720, 300), (356, 270)]),
)
def test_any_curves_stay_within_the_drawing(curves, marks, size) -> None:
    series = tuple(
        Series(f"run {n}", tuple(sorted(points)), look=n) for n, points in enumerate(curves)
    )
    names = tuple(Mark(at, f"stage {n}") for n, at in enumerate(sorted(marks), start=1))
    one = chart(*series, marks=names, ceiling=1.0)
    root = read(drawing.curves(one, "c", width=size[0], height=size[1]))
    for line in root.iter("polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= size[0]
            assert 0 <= y <= size[1]


def test_series_differ_by_dashes_and_markers_and_each_is_named() -> None:
    points = ((1.0, 0.5), (2.0, 0.75))
    series = tuple(Series(f"control {n}", points, look=n) for n in range(4))
    root = read(drawing.curves(chart(*series), "c", width=356, height=270))
    assert {"control 0", "control 1", "control 2", "control 3"} <= set(words(root))
    lines = {line.attrib.get("stroke-dasharray") for line in root.iter("polyline")}
    assert len(lines) == 4


def test_a_figure_that_is_no_number_breaks_the_curve() -> None:
    broken = Series("one", ((1, 0.1), (2, 0.2), (3, math.nan), (4, 0.4), (5, 0.5)))
    root = read(drawing.curves(chart(broken), "c", width=720, height=300))
    assert [len(line.attrib["points"].split()) for line in root.iter("polyline")] == [2, 2]


def test_the_best_point_is_ringed_and_its_figure_stands_beside() -> None:
    one = Series("one", ((1, 0.1), (2, 0.875)), best=1)
    root = read(drawing.curves(chart(one), "c", width=720, height=300))
    assert [ring.attrib["class"] for ring in root.iter("circle")].count("ring s0") == 1
    assert "0.88" in words(root)


def test_growths_close_together_have_their_numbers_or_nothing() -> None:
    marks = tuple(Mark(n * 1.0, f"{n + 1} a long stage name") for n in range(40))
    one = Series("one", tuple((n * 1.0, 0.5) for n in range(41)))
    root = read(drawing.curves(chart(one, marks=marks), "c", width=356, height=270))
    names = [part for part in root.iter("text") if part.attrib["class"] == "growth-name"]
    places = [float(part.attrib["x"]) for part in names]
    assert places == sorted(places)
    for part, left, right in zip(names, places, places[1:], strict=False):
        assert left + 6 * len(part.text or "") < right + 6


def test_two_architectures_stand_side_by_side_what_was_carried_over_joined() -> None:
    old, new = seed_experiment()
    plan = transfer.plan(old, new, "strict")
    root = read(drawing.growth(plan, old, new, ("small", "deeper"), "g"))
    said = words(root)
    assert [said.count(name) for name in ("conv_1", "conv_2", "dense_1", "dense_2")] == [2, 1, 2, 2]
    assert [said.count(name) for name in ("copied", "starts anew", "new")] == [1, 2, 1]
    (description,) = [part.text for part in root if part.tag == "desc"]
    assert "copied: conv_1; new: conv_2; started anew: dense_1, dense_2." in str(description)


@given(growths(), st.sampled_from(["strict", "shape", "preserve"]))
def test_every_layer_of_both_models_is_drawn(pair, policy) -> None:
    old, new = pair
    plan = transfer.plan(old, new, policy)
    said = words(read(drawing.growth(plan, old, new, ("a", "b"), "g")))
    for name in {layer.name for layer in (*old.layers, *new.layers)}:
        sides = [name in {layer.name for layer in side.layers} for side in (old, new)]
        assert said.count(name) == sum(sides)


@pytest.mark.parametrize("classes", [21, 100, 400])
def test_a_heat_map_has_a_cell_for_each_pair_that_met(classes: int) -> None:
    met = tuple((n, (n * 7) % classes, n % 5 + 1) for n in range(classes))
    root = read(drawing.heat_map(met, classes, "m", "Many classes."))
    cells = [box for box in root.iter("rect") if box.attrib["class"] != "matrix-ground"]
    assert len(cells) == classes
    assert len(words(root)) <= 2 * 12


def test_names_cannot_become_markup() -> None:
    evil = "</text><script>alert(1)</script>\x00\x1b"
    root = read(
        drawing.curves(chart(Series(evil, ()), Series("b", ())), "c", width=720, height=300)
    )
    assert "</text><script>alert(1)</script>\ufffd\ufffd" in words(root)
