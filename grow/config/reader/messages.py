"""What `spec` refuses, in words.

pydantic says where it refused something and of what kind; what was expected is read from the
JSON Schema and what was found from the file. So no message can disagree with the schema, and
none is pydantic's own. Three kinds are told apart (a key that lacks, a key nobody knows, pictures
of unknown source); every other kind means that a value is not what its place admits.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from grow.config.reader.positions import Document
from grow.config.reader.remedies import remedy
from grow.config.reader.words import Node, Path, expected, quote, resolve, show, spell, variants
from grow.config.write import shared_schema
from grow.errors import Problem

_OTHER_NAMES = {
    "lr": "learning_rate",
    "size": "resize",
    "type": "source",
    "early_stopping": "until",
}

_ELSEWHERE = {
    "group": "what belongs together is told by the paths of folder and csv, or a column of csv; "
    "arrays are divided by whoever saves them, as x_train and x_val",
}
"""What is said of a key that another source has, where more can be said than that."""


def explain(error: ValidationError, document: Document) -> list[Problem]:
    """One problem for each place of the file that ``spec`` refuses."""
    refused = [(item["type"], tuple(item["loc"])) for item in error.errors(include_url=False)]
    unknown = [place for kind, place in refused if kind == "extra_forbidden"]
    meant = {(*place[:-1], _nearest(document, place)) for place in unknown}
    # A misspelt key is one problem, not two: it also lacks under its right name.
    return [
        _problem(kind, place, document)
        for kind, place in refused
        if kind != "missing" or place not in meant
    ]


def _problem(kind: str, location: Path, document: Document) -> Problem:
    if kind == "extra_forbidden":
        return _unknown(location, document)
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return _unknown_source(location, document)
    if kind == "missing" and isinstance(location[-1], str):
        return _missing(location, document)
    path, node, value = _trace(location, document)
    root = shared_schema()
    found = show(value, document.places[path].written)
    advice = remedy(root, node, value)
    return document.problem(
        path, _sentence(f"expected {expected(root, node)}, found {found}", advice)
    )


def _missing(location: Path, document: Document) -> Problem:
    root = shared_schema()
    path, node, _ = _trace(location[:-1], document)
    key = str(location[-1])
    node = _group(node)
    wanted = resolve(root, node["properties"][key])
    text = f"expected the key {key}, found none; "
    text += f"add {key}: {node['properties'][key]['description']}"
    if wanted.get("type") != "string":
        text += f", {expected(root, wanted)}"
    return document.problem((*path, key), text)


def _unknown_source(location: Path, document: Document) -> Problem:
    path, node, value = _trace(location, document)
    root, key = shared_schema(), node["discriminator"]["propertyName"]
    members = [resolve(root, member) for member in node["oneOf"]]
    choices = {"enum": [member["properties"][key]["const"] for member in members]}
    text = f"expected {expected(choices, choices)}"
    if key not in value:
        text = f"expected the key {key}, found none; add {key}: where the pictures come from, "
        return document.problem((*path, key), text + expected(choices, choices))
    place = (*path, key)
    found = show(value[key], document.places[place].written)
    return document.problem(
        place, _sentence(f"{text}, found {found}", remedy(choices, choices, value[key]))
    )


def _unknown(location: Path, document: Document) -> Problem:
    path, node, _ = _trace(location[:-1], document)
    node = _group(node)
    key = str(location[-1])
    near = _nearest(document, location)
    known = ", ".join(node["properties"])
    homes = _homes().get(key, ())
    if near:
        text = f"expected a known key, found {quote(key)}; did you mean {quote(near)}?"
    elif spell(path) in homes:
        where = _ELSEWHERE.get(key, "it belongs to another source")
        text = f"expected one of {known}, found {quote(key)}; {where}"
    elif homes:
        text = f"expected one of {known}, found {quote(key)}; it belongs in {' or '.join(homes)}"
    elif re.fullmatch("[0-9]{3}", key):
        text = f"expected one of {known}, found {quote(key)}; write 1,000 as 1000, or remove it"
    else:
        text = f"expected one of {known}, found {quote(key)}; remove it"
    return document.problem((*path, key), text, at_key=True)


def _nearest(document: Document, location: Path) -> str | None:
    """The known key that an unknown one seems to mean; none when it is known elsewhere."""
    _, node, value = _trace(location[:-1], document)
    node = _group(node)
    key = str(location[-1]).lower().replace("-", "_").replace(" ", "_")
    free = [name for name in node["properties"] if name not in value]
    if key in free:
        return key
    if key in _homes():
        return None
    near = difflib.get_close_matches(key, free, n=1)
    other = _OTHER_NAMES.get(key)
    return near[0] if near else other if other in free else None


def _trace(location: Path, document: Document) -> tuple[Path, Node, Any]:
    """Path, schema and value of a location, or of the innermost place of it the file has.

    pydantic's locations name the members of unions too; those are no part of the path.
    """
    root = shared_schema()
    path: Path = ()
    node, value = resolve(root, root), document.value
    for part in location:
        if "discriminator" in node:
            node = resolve(root, {"$ref": node["discriminator"]["mapping"][part]})
            continue
        if isinstance(part, str) and "properties" not in _group(node):
            continue  # a member of a union of plain values, by the name that pydantic gives it
        inner = _inner(_group(node) if isinstance(part, str) else node, part)
        if inner is None or not _holds(value, part):
            break
        path, node, value = (*path, part), resolve(root, inner), value[part]
    return path, node, value


def _group(node: Node) -> Node:
    """Of a place that admits a group of keys or something else, the group."""
    root = shared_schema()
    choices = [resolve(root, choice) for choice in variants(node)]
    return next((choice for choice in choices if "properties" in choice), node)


def _inner(node: Node, part: str | int) -> Node | None:
    """The schema of what ``node`` holds under a key or an index."""
    if isinstance(part, str):
        inner: Node | None = node.get("properties", {}).get(part)
        return inner
    for choice in variants(node) or [node]:
        if part < len(choice.get("prefixItems", ())):
            return dict(choice["prefixItems"][part])
        if "items" in choice:
            return dict(choice["items"])
    return None


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and part < len(value)
    return isinstance(value, dict) and part in value


@functools.cache
def _homes() -> dict[str, tuple[str, ...]]:
    """For each key the groups it belongs in, as messages spell them."""
    homes: dict[str, tuple[str, ...]] = {}
    for home, key in _keys(resolve(shared_schema(), shared_schema()), ""):
        if home and home not in homes.get(key, ()):
            homes[key] = (*homes.get(key, ()), home)
    return homes


def _keys(node: Node, home: str) -> Iterator[tuple[str, str]]:
    root = shared_schema()
    node = resolve(root, node)
    for choice in node.get("oneOf", ()):
        yield from _keys(choice, home)
    if "items" in node:
        yield from _keys(node["items"], f"{home}[…]")
    for key, inner in node.get("properties", {}).items():
        yield home, key
        yield from _keys(inner, f"{home}.{key}".removeprefix("."))


def _sentence(text: str, advice: str) -> str:
    return f"{text}; {advice}" if advice else text
