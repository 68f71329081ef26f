"""The command that prints the JSON Schema of stage files: `grow schema`."""

from __future__ import annotations

import grow
from grow.cli import console
from grow.cli.app import app


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of stage files.

    Editors use it to complete and check stage files.

    Example: grow schema > stages.schema.json
    """
    console.print_json(grow.schema())
