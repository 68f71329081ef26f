"""The JSON Schema says what the reader does."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from grow.config import write
from grow.errors import StageFileError
from grow.planning import validate

CHECKER = jsonschema.Draft202012Validator(write.schema())
READY = sorted((Path(__file__).parents[2] / "stages").glob("*.yaml"))


def objects(node):
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for inner in node.values():
            yield from objects(inner)


def test_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(write.schema())
    assert write.schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("file", READY, ids=lambda file: file.stem)
def test_schema_accepts_the_ready_files(file):
    CHECKER.validate(yaml.safe_load(file.read_text("utf-8")))


def test_every_group_is_closed_and_every_key_described():
    groups = list(objects(write.schema()))
    assert len(groups) == 32
    for group in groups:
        closed = group["additionalProperties"]
        # Layers have names of their own; what they may be given is said all the same.
        assert closed is False or closed["enum"]
        for key, inner in group.get("properties", {}).items():
            assert inner["description"], key
            assert "title" not in inner
            assert key in group.get("required", ()) or "default" in inner


def test_schema_is_a_new_value_each_time():
    write.schema()["properties"].clear()
    assert "name" in write.schema()["properties"]


@pytest.mark.parametrize(
    "change",
    [
        {"model": {"image": [16, 16, True], "blocks": [{"filters": 1}]}},
        {"model": {"image": [16, 16, 3], "blocks": []}},
        {"name": "ends."},
        {"seed": -1},
        {"train": {"epochs": 1, "best": "first"}},
        {"stages": [{"name": "a", "grow": [{}]}]},
        {"data": {"source": "folder"}},
        {"data": {"source": "drawn", "path": "x"}},
    ],
)
def test_schema_and_reader_refuse_the_same(change):
    good = {
        "name": "a",
        "data": {"source": "drawn"},
        "model": {"image": [16, 16, 3], "blocks": [{"filters": 1}]},
        "train": {"epochs": 1},
        "stages": [{"name": "a"}],
    }
    validate.parse(yaml.safe_dump(good), "f")
    CHECKER.validate(good)
    with pytest.raises(StageFileError):
        validate.parse(yaml.safe_dump({**good, **change}), "f")
    assert not CHECKER.is_valid({**good, **change})
