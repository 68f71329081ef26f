"""Writes `docs/stage-file.md` from the schema: every key, its values, default, meaning, example."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grow
from docs.stage_file_examples import EXAMPLES
from grow.config import scalars
from grow.config import schema as spec

HEAD = """\
<!-- Written by docs/stage_file_page.py from grow/config/schema. CONTRIBUTING says how. -->

# The stage file

A stage file is YAML. Every key of it is on this page; a key that is not is refused, with its
place and the nearest known one. `grow schema` prints the same as JSON Schema, for editors.
"Must be given" stands where a key has no default. `null` is the same as leaving a key out, but
for two keys of a stage, where it switches off what `train` switches on.

The smallest one that runs:

```yaml
name: smallest
data: {source: drawn, train: 40, validation: 20}
model: {image: [8, 8, 3], blocks: [{filters: 4}]}
train: {epochs: 1}
stages: [{name: only}]
```

Paths are relative to the stage file, or else to where the command runs. `--set KEY=VALUE` of
`grow run` and `grow plan` puts a value in place of the file's: `--set train.epochs=3`,
`--set stages.deeper.transfer=strict`.
"""

SOURCES = """\
## data

Which pictures, and how they are prepared. `source` says which kind; each kind has keys of its
own beside those that all share. What each makes of files and arrays: [sources](sources.md) and
[a folder of your own](../dataset/README.md#a-folder-of-your-own).
"""

PATTERNS = {
    spec.NAME_PATTERN: "a name of letters, digits, `.`, `_` and `-`",
    scalars.TIMES_PATTERN: "times, as in `2x`",
    scalars.FACTOR_PATTERN: "times, as in `0.1x`",
    scalars.TIME_PATTERN: "a time, as in `60s`, `5m`, `1h`",
    scalars.SHARE_PATTERN: "per cent, as in `0.5%`",
    scalars.REPEAT_PATTERN: "`up to N`",
}
"""Texts of a certain form, in words; a form that is not here fails the test of this page."""


Section = tuple[str, tuple[str, dict[str, Any]]]


def page() -> str:
    """The page as text."""
    parts = [HEAD, *(_section(place, *said) for place, said in sections().items())]
    return "\n".join(parts).rstrip() + "\n"


def sections() -> dict[str, tuple[str, dict[str, Any]]]:
    """Every mapping of a stage file once, by the path of its first place: words and schema."""
    return dict(_sections(grow.schema()))


def _sections(schema: dict[str, Any]) -> Iterator[Section]:
    yield "", ("The parts of a stage file.", schema)
    yield from _sources(schema)
    seen = {"Data"}
    for key, value in schema["properties"].items():
        if key != "data":
            yield from _below(key, value, schema, seen)


def _sources(schema: dict[str, Any]) -> Iterator[Section]:
    """The keys that all sources share, then each source's own."""
    kinds = {
        name: schema["$defs"][reference.rpartition("/")[2]]
        for name, reference in schema["properties"]["data"]["discriminator"]["mapping"].items()
    }
    first = next(iter(kinds.values()))
    shared = {
        key
        for key, value in first["properties"].items()
        if all(kind["properties"].get(key) == value for kind in kinds.values())
    }
    yield "data", (SOURCES, _only(first, shared))
    for name, kind in sorted(kinds.items()):
        own = set(kind["properties"]) - shared
        yield f"data, source {name}", (kind["description"], _only(kind, own))
    yield from _below("data.augment", first["properties"]["augment"], schema, set())
    yield from _below("data.group", kinds["csv"]["properties"]["group"], schema, set())


def _only(kind: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {**kind, "properties": {k: v for k, v in kind["properties"].items() if k in keys}}


def _below(
    place: str, value: dict[str, Any], schema: dict[str, Any], seen: set[str]
) -> Iterator[Section]:
    """The mapping a key holds, and those inside it."""
    name = _reference(value) or _reference(value.get("items", {}))
    if not name or name in seen:
        return
    seen.add(name)
    kind = schema["$defs"][name]
    yield place, (kind["description"], kind)
    for key, inner in kind["properties"].items():
        yield from _below(f"{place}.{key}", inner, schema, seen)


def _reference(value: dict[str, Any]) -> str:
    """Which mapping a key holds; empty when it holds none."""
    options = (value, *value.get("anyOf", ()))
    return next((one["$ref"].rpartition("/")[2] for one in options if "$ref" in one), "")


def _section(place: str, words: str, keys: dict[str, Any]) -> str:
    level = "###" if {".", ","} & set(place) else "##"
    head = words if words.startswith("#") else f"{level} {place or 'At the top'}\n\n{words}\n"
    needed = keys.get("required", ())
    rows = [
        f"| `{key}` | {_takes(key, value, place)} | {_default(key, value, needed)} | "
        f"{_meaning(value)} |"
        for key, value in keys["properties"].items()
    ]
    table = ["| key | value | default | meaning |", "|---|---|---|---|", *rows, ""]
    return "\n".join([head, *table, f"```yaml\n{EXAMPLES[place]}```\n"])


def _takes(key: str, value: dict[str, Any], place: str) -> str:
    """The values a key takes, in words."""
    inside = f"{place}.{key}" if place else key
    if key in spec.TRAINING_KEYS and place == "stages":
        return "as in [train](#train)"
    if key == "data" and not place:
        return "a mapping, [data](#data)"
    options = [one for one in value.get("anyOf", [value]) if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(_kind(one, inside) for one in options))


def _kind(value: dict[str, Any], inside: str) -> str:
    if "$ref" in value:
        return f"a mapping, [{inside}](#{_anchor(inside)})"
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return _either([f"`{one}`" for one in value["enum"]])
    return str(_KINDS[value["type"]](value, inside))


def _anchor(place: str) -> str:
    """The anchor of a section, as web hosts of repositories make it."""
    place = "data.augment" if place.startswith("data,") else place
    place = place.replace("stages.until", "train.until")
    return place.replace(".", "").replace(",", "").replace(" ", "-")


def _number(noun: str, value: dict[str, Any]) -> str:
    low, above = value.get("minimum"), value.get("exclusiveMinimum")
    high, below = value.get("maximum"), value.get("exclusiveMaximum")
    bounds = [
        f"from {low:,g}" if low is not None else "",
        f"above {above:,g}" if above is not None else "",
        f"to {high:,.0f}" if high is not None else "",
        "below 2^63" if below == 2**63 else f"below {below:,g}" if below is not None else "",
    ]
    return " ".join([noun, *filter(None, bounds)])


def _text(value: dict[str, Any]) -> str:
    if "pattern" not in value:
        return "text"
    # A key's own form, such as that of a data set's name, is told by its example.
    return PATTERNS.get(value["pattern"], "text")


def _list(value: dict[str, Any], inside: str) -> str:
    if "prefixItems" in value:
        return f"a list of {len(value['prefixItems'])} numbers"
    item = _kind(value["items"], inside)
    if value.get("minItems") == value.get("maxItems") == 2:
        return "a list of two such: `[height, width]`"
    for one, many in _PLURALS:
        item = item.replace(one, many)
    return f"a list of {item}"


_PLURALS = (("text", "texts"), ("a whole number", "whole numbers"), ("a mapping", "mappings"))

_KINDS: dict[str, Any] = {
    "integer": lambda value, _inside: _number("a whole number", value),
    "number": lambda value, _inside: _number("a number", value),
    "boolean": lambda _value, _inside: "`true` or `false`",
    "string": lambda value, _inside: _text(value),
    "array": _list,
    "object": lambda value, inside: f"for each name {_kind(value['additionalProperties'], inside)}",
}


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _default(key: str, value: dict[str, Any], needed: Any) -> str:
    """What is taken where the key is not given."""
    if key in needed:
        return "must be given"
    default = value.get("default")
    if default is None:
        return "-"
    if isinstance(default, dict | list) and (not default or "$ref" in value or "anyOf" in value):
        return (
            "none" if not default else f"`{_flow(default)}`" if isinstance(default, list) else "-"
        )
    return f"`{_flow(default)}`"


def _flow(value: Any) -> str:
    """A value as YAML writes it in one line."""
    return json.dumps(value).replace('"', "")


def _meaning(value: dict[str, Any]) -> str:
    text = " ".join(value["description"].split()).replace("|", "\\|")
    return f"{text[0].upper()}{text[1:]}."
