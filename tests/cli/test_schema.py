"""`grow schema` at the command line."""

from __future__ import annotations

import json

from tests.commands import Command


def test_the_schema_is_json(call: Command) -> None:
    assert json.loads(call("schema").out)["title"] == "A stage file of grow"
