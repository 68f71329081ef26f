"""The other way: a value as a stage file, and the schema of stage files for editors."""

from __future__ import annotations

import functools
import re
from typing import Any

import yaml

from grow.config.schema import MAY_BE_OFF, RunSpec


class _Dumper(yaml.SafeDumper):
    """Puts in quotes what YAML 1.1, YAML 1.2 or this package would take for something else."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z"),
    list("-+.0123456789"),
)


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    # Plain and in single quotes PyYAML folds some line ends of Unicode (NEL) into others.
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of stage files, for completion and checks in editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_untitled(RunSpec.model_json_schema()),
        "title": "A stage file of grow",
    }


def _untitled(node: Any) -> Any:
    """Without the titles that pydantic makes up from the keys."""
    if isinstance(node, dict):
        # A key that is called title would be a schema, not a text.
        return {
            key: _untitled(value)
            for key, value in node.items()
            if key != "title" or not isinstance(value, str)
        }
    return [_untitled(item) for item in node] if isinstance(node, list) else node


@functools.cache
def shared_schema() -> dict[str, Any]:
    """The same schema, made once; not to be changed."""
    return schema()


def to_yaml(spec: RunSpec) -> str:
    """A stage file that parses to an equal value; keys that were not said stay unsaid."""
    return yaml.dump(
        _said(spec.model_dump(mode="json", exclude_unset=True)),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=100,
    )


def _said(value: Any) -> Any:
    """Without the nulls that mean "unsaid"; where null switches something off, it stays."""
    if isinstance(value, dict):
        return {
            key: _said(item) for key, item in value.items() if item is not None or key in MAY_BE_OFF
        }
    return [_said(item) for item in value] if isinstance(value, list) else value


def flow(value: Any) -> str:
    """A plain value as it stands in a stage file, in one line: ``{name: deeper, epochs: 3}``."""
    line = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=True,
        width=10**9,
    )
    return str(line).rstrip("\n")


def written(key: str, value: Any) -> str:
    """A key and a plain value as they stand in a stage file, in one line: ``path: a b``."""
    line = yaml.dump({key: value}, Dumper=_Dumper, allow_unicode=True, width=10**9)
    return str(line).rstrip("\n")
