"""What to do about a value that its place does not admit, where that can be told."""

from __future__ import annotations

import difflib
import re
from typing import Any

from grow.config import schema
from grow.config.reader.words import LONGEST, Node, resolve, variants

_DASHES = 'begin each entry with "- "'
_NOTHING = {
    "object": "write its keys below it, indented",
    "array": f"write its entries below it, and {_DASHES}",
}
"""What to do where a value is missing altogether."""

_TRUTHS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def remedy(root: Node, node: Node, value: Any) -> str:
    """One piece of advice, or nothing; ``node`` is what the place admits in the JSON Schema."""
    node = resolve(root, node)
    choices = [resolve(root, choice) for choice in variants(node)] or [node]
    # "20" for a folder or a share is a share that went wrong more often than a folder.
    for choice in sorted(choices, key=lambda choice: choice.get("type") == "string"):
        advice = _for_choice({**choice, "entries": _entries(root, choice)}, value)
        if advice:
            return advice
    return ""


def _entries(root: Node, node: Node) -> str:
    """What kind of value a list holds, where it holds one kind; else nothing."""
    items = node.get("items")
    return str(resolve(root, items).get("type", "object")) if isinstance(items, dict) else ""


def _for_choice(node: Node, value: Any) -> str:
    if "enum" in node:
        return _one_of(node["enum"], value)
    if all(item.get("type") == "number" for item in node.get("prefixItems", [{}])):
        return "write [LOW, HIGH]"
    if "const" in node and value is not None:
        return _one_of([node["const"]], value)
    kind = node.get("type", "object")
    if value is None:
        advice = _NOTHING.get(kind, "write a value")
        return f"{advice}, or remove the key" if "default" in node else advice
    rule = _RULES.get(kind)
    return rule(node, value) if rule else ""


def _one_of(choices: list[Any], value: Any) -> str:
    names = [choice for choice in choices if isinstance(choice, str)]
    if value is None and "none" in names:
        return "did you mean none?"
    near = difflib.get_close_matches(str(value).lower(), names, n=1)
    return f"did you mean {near[0]}?" if near else ""


def _number(node: Node, value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and _fits(node, value):
        return f"write {int(value)}"
    if isinstance(value, str):
        return _number_in_text(node, value)
    limit = node.get("exclusiveMaximum", 0)
    if isinstance(value, int | float) and limit == 1 and 5 <= value < 100:
        return f"write {value / 100:g} for {value:g} percent"
    return ""


def _number_in_text(node: Node, value: str) -> str:
    plain = value.strip().replace("_", "").replace(",", ".")
    try:
        number = float(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
    except ValueError:
        return ""
    if not _fits(node, number):
        return ""
    if plain == value and "%" not in plain:
        return f"write {plain} without quotation marks"
    return f"write {number:.10g}"


def _fits(node: Node, number: float) -> bool:
    return (
        (node["type"] == "number" or number.is_integer())
        and node.get("minimum", number) <= number <= node.get("maximum", number)
        and number > node.get("exclusiveMinimum", number - 1)
        and number < node.get("exclusiveMaximum", number + 1)
    )


def _truth(_: Node, value: Any) -> str:
    truth = _TRUTHS.get(str(value).lower())
    return f"write {truth}" if truth else ""


def _text(node: Node, value: Any) -> str:
    if isinstance(value, bool | int | float):
        admitted = re.search(node.get("pattern", ""), str(value))
        return "put it in quotes" if admitted else ""
    if not isinstance(value, str) or node.get("pattern") != schema.NAME_PATTERN:
        return ""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", value).strip("-._")[:64].rstrip(".")
    good = re.search(schema.NAME_PATTERN, name) and name != value
    return f"write {name}, for example" if good and len(value) <= 64 else ""


def _list(node: Node, value: Any) -> str:
    if isinstance(value, dict):
        return _DASHES
    if value == []:
        return f"write an entry below the key; {_DASHES}"
    if node["entries"] == "object":
        return f"write each entry as a group of keys, and {_DASHES}"
    if isinstance(value, str) and node["entries"] == "string" and value:
        return f"write [{value}]" if value.isprintable() and len(value) <= LONGEST else ""
    if isinstance(value, str) and re.fullmatch(r"[0-9]+( ?[x,] ?[0-9]+)+", value):
        return f"write [{', '.join(re.findall('[0-9]+', value))}]"
    if isinstance(value, int) and not isinstance(value, bool) and node.get("minItems", 0) <= 1:
        return f"write [{value}]"
    return ""


def _group(node: Node, value: Any) -> str:
    if isinstance(value, str):
        key, _, rest = value.partition(" ")
        if value in node.get("required", ()):
            example = next(iter(node["properties"][value].get("examples", ())), "…")
            shown = f"[{', '.join(example)}]" if isinstance(example, list) else example
            return f"write {{{value}: {shown}}}, for example"
        known = rest and key in node.get("properties", {}) and value.isprintable()
        return f"write {key}: {rest}" if known and len(value) <= LONGEST else ""
    if isinstance(value, int | float) and "properties" in node:
        return "write its keys below it, indented, each with its value"
    return "write its keys without dashes" if isinstance(value, list) and value else ""


_RULES = {
    "integer": _number,
    "number": _number,
    "boolean": _truth,
    "string": _text,
    "array": _list,
    "object": _group,
}
