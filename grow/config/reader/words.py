"""How messages name things: paths, what was found, what a place of the schema admits."""

from __future__ import annotations

from typing import Any

from grow.config import schema

Path = tuple[str | int, ...]
Node = dict[str, Any]

LONGEST = 60
_NAME = (
    "a name of at most 64 letters, digits, dots, dashes and underscores, that starts with a "
    "letter or digit and does not end in a dot"
)


def spell(path: Path) -> str:
    """A path as messages write it: ``stages[2].grow[0].insert.filters``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_key(part)}"
    return text.removeprefix(".")


def _key(name: str) -> str:
    plain = name.replace("_", "").replace("-", "").isalnum()
    return shorten(name) if plain else quote(name)


def shorten(text: str) -> str:
    """The text, or its beginning and end where it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 11]}…{text[-10:]}"


def quote(text: str) -> str:
    """Text in quotation marks, shortened, with what a terminal must not see spelt out."""
    safe = "".join(_visible(character) for character in text[: 2 * LONGEST])
    safe += text[2 * LONGEST :][-LONGEST:].encode("ascii", "backslashreplace").decode()
    return f'"{shorten(safe)}"'


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def show(value: Any, written: str = "") -> str:
    """What was found, as messages say it; numbers as the file has ``written`` them."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, list):
        return _show_list(value)
    if isinstance(value, dict):
        return f"a group of keys ({_several(list(value))})" if value else "an empty group {}"
    return shorten(written or str(value).lower())


def _show_list(value: list[Any]) -> str:
    if not value:
        return "an empty list"
    plain = not any(isinstance(item, list | dict) for item in value)
    text = f"[{', '.join(show(item) for item in value[:LONGEST])}]"
    return text if plain and len(text) <= LONGEST else f"a list of {len(value)}"


def _several(names: list[str]) -> str:
    shown = [_key(name) for name in names[:6]]
    return ", ".join(shown) + (", …" if len(names) > len(shown) else "")


def expected(root: Node, node: Node) -> str:
    """What a place of the JSON Schema admits, as messages say it."""
    node = resolve(root, node)
    choices = variants(node)
    if choices:
        text = ", or ".join(dict.fromkeys(expected(root, choice) for choice in choices))
    elif "enum" in node:
        text = "one of " + ", ".join(str(value) for value in node["enum"])
    elif "const" in node:
        text = str(node["const"])
    elif "discriminator" in node:
        text = f"a group of keys ({node['discriminator']['propertyName']}, …)"
    else:
        text = _WORDS[node["type"]](node)
    return text + _such_as(node)


def resolve(root: Node, node: Node) -> Node:
    """The node that ``node`` refers to, and the one choice that is left besides null."""
    while True:
        choices = variants(node)
        if "$ref" in node:
            node = {**root["$defs"][node["$ref"].rpartition("/")[2]], **_beside(node)}
        elif len(choices) == 1:
            node = {**choices[0], **_beside(node)}
        else:
            return node


def _beside(node: Node) -> Node:
    return {key: node[key] for key in ("examples", "default") if key in node}


def variants(node: Node) -> list[Node]:
    """The choices a node leaves besides null; none where it is not a choice."""
    return [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]


def _such_as(node: Node) -> str:
    examples = [show(example) for example in node.get("examples", ())]
    return f", such as {' or '.join(examples)}" if examples else ""


def _integer(node: Node) -> str:
    if "exclusiveMaximum" in node:
        node = {**node, "maximum": node["exclusiveMaximum"] - 1}
    return f"a whole number{_bounds(node)}"


def _number(node: Node) -> str:
    return f"a number{_bounds(node)}"


def _bounds(node: Node) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        return f" from {low:,} to {high:,}"
    parts = [
        f"{words} {node[key]:,g}" if isinstance(node[key], float) else f"{words} {node[key]}"
        for key, words in (
            ("minimum", "of at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "of at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in node
    ]
    return " " + " and ".join(parts) if parts else ""


def _string(node: Node) -> str:
    return _NAME if node.get("pattern") == schema.NAME_PATTERN else "text"


def _array(node: Node) -> str:
    if all(item.get("type") == "number" for item in node.get("prefixItems", [{}])):
        return "two numbers, the smaller first"
    low, high = node.get("minItems", 0), node.get("maxItems")
    if high is None:
        return f"a list of at least {low}" if low else "a list"
    return f"a list of {low}" if low == high else f"a list of {low} to {high:,}"


def _object(node: Node) -> str:
    return f"a group of keys ({_several(list(node['properties']))})"


_WORDS = {
    "integer": _integer,
    "number": _number,
    "string": _string,
    "boolean": lambda _: "true or false",
    "array": _array,
    "object": _object,
}
