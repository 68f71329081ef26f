"""docs/sources.md names every source, every key, and nothing that is not there."""

import re
from pathlib import Path
from typing import get_args

from grow.config import schema
from grow.config.schema.data import _Pictures
from grow.planning import validate

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
KINDS = (*get_args(schema.Local), *get_args(schema.Fetched))


def test_every_source_stands_there_with_its_own_keys():
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|$", PAGE, re.MULTILINE))
    del rows["source"]  # the head of the table
    expected = {
        kind.model_fields["source"].annotation.__args__[0]: {
            key for key in kind.model_fields if key not in _Pictures.model_fields
        }
        - {"source"}
        for kind in KINDS
    }
    assert {source: set(re.findall(r"`(\w+)`", keys)) for source, keys in rows.items()} == expected


def test_every_shared_key_stands_there():
    part = PAGE.partition("## Keys of all sources")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) == set(_Pictures.model_fields)


def test_the_examples_are_right():
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    lines = re.findall(r"^data: \{source.*$", PAGE + readme, re.MULTILINE)
    assert len(lines) == 12
    for line in lines:
        validate.parse(
            f"name: a\n{line}\nmodel: {{image: [8, 8, 3], blocks: [{{filters: 1}}]}}\n"
            "train: {epochs: 1, best: last}\nstages: [{name: a}]\n",
            "docs",
        )
