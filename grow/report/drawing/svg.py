"""The elements of an SVG drawing; escaped and well-formed by construction.

A drawing is an `xml.etree` tree, so that no name from a stage file can become markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Tree

Element = Tree.Element
Point = tuple[float, float]


def drawing(width: float, height: float, name: str, title: str, description: str) -> Element:
    """An empty drawing that screen readers announce with its title and description.

    Args:
        width: of the coordinates; the page decides how large that is shown.
        height: likewise.
        name: unique in the page; identifies title and description.
        title: what is drawn, in a few words.
        description: what can be seen in it, in a sentence or more.
    """
    root = Tree.Element(
        "svg",
        {
            "viewBox": f"0 0 {_number(width)} {_number(height)}",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
        },
    )
    Tree.SubElement(root, "title", {"id": f"{name}-title"}).text = _clean(title)
    Tree.SubElement(root, "desc", {"id": f"{name}-desc"}).text = _clean(description)
    return root


def text(
    parent: Element, at: Point, words: str, kind: str = "", anchor: str = "start", turn: float = 0
) -> None:
    """Words at a place: ``anchor`` is the side of them that stands there."""
    attributes = {"x": _number(at[0]), "y": _number(at[1])} | _class(kind)
    if anchor != "start":
        attributes["text-anchor"] = anchor
    if turn:
        attributes["transform"] = f"rotate({_number(turn)} {_number(at[0])} {_number(at[1])})"
    Tree.SubElement(parent, "text", attributes).text = _clean(words)


def line(parent: Element, start: Point, end: Point, kind: str) -> None:
    """A straight line."""
    places = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    Tree.SubElement(parent, "line", _numbers(places) | _class(kind))


def path(parent: Element, points: Sequence[Point], kind: str, dashes: str = "") -> None:
    """Straight lines from point to point."""
    attributes = _class(kind)
    attributes["points"] = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    if dashes:
        attributes["stroke-dasharray"] = dashes
    Tree.SubElement(parent, "polyline", attributes)


def area(parent: Element, corners: Sequence[Point], kind: str) -> None:
    """The area between corners."""
    places = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)
    Tree.SubElement(parent, "polygon", {"points": places} | _class(kind))


def box(parent: Element, corner: Point, size: Point, kind: str, *, opacity: float = 1) -> None:
    """A rectangle."""
    places = {"x": corner[0], "y": corner[1], "width": size[0], "height": size[1]}
    attributes = _numbers(places) | _class(kind)
    if opacity < 1:
        attributes["fill-opacity"] = f"{opacity:.2f}"
    Tree.SubElement(parent, "rect", attributes)


def marker(parent: Element, shape: str, at: Point, radius: float, kind: str) -> None:
    """A small ``circle``, ``square``, ``triangle`` or ``diamond`` around a point."""
    x, y = at
    r = radius
    corners = {
        "square": ((-r, -r), (r, -r), (r, r), (-r, r)),
        "triangle": ((0, -1.2 * r), (1.1 * r, r), (-1.1 * r, r)),
        "diamond": ((0, -1.3 * r), (1.3 * r, 0), (0, 1.3 * r), (-1.3 * r, 0)),
    }
    if shape == "circle":
        places = {"cx": x, "cy": y, "r": r}
        Tree.SubElement(parent, "circle", _numbers(places) | _class(kind))
        return
    points = " ".join(f"{_number(x + dx)},{_number(y + dy)}" for dx, dy in corners[shape])
    Tree.SubElement(parent, "polygon", {"points": points} | _class(kind))


def group(parent: Element, kind: str = "") -> Element:
    """A group of what belongs together."""
    return Tree.SubElement(parent, "g", _class(kind))


def render(root: Element) -> str:
    """The drawing as text for a page."""
    return Tree.tostring(root, encoding="unicode")


def _class(kind: str) -> dict[str, str]:
    return {"class": kind} if kind else {}


def _numbers(places: dict[str, float]) -> dict[str, str]:
    return {name: _number(value) for name, value in places.items()}


def _number(value: float) -> str:
    """One decimal is a tenth of a pixel; without ``-0`` and trailing zeros."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def _clean(words: str) -> str:
    """Without the characters that XML has no place for."""
    return "".join(c if c.isprintable() else "\ufffd" for c in words)
