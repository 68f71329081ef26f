"""What holds for every page without running anything: marks, generated pages, commands, keys."""

from __future__ import annotations

import inspect
import os
import re
import shlex
from typing import Any

import jsonschema
import pytest
import yaml

import grow
from docs import commands_page, conf, stage_file_page
from docs.stage_file_examples import EXAMPLES
from grow.config import schema as spec
from grow.planning import validate
from tests.docs.pages import LANGUAGES, MARKS, PAGES, ROOT, blocks, inline_commands, read

COMMANDS = dict(commands_page.commands())
ALL = [block for page in PAGES for block in blocks(page)]
NOT_RUN = ROOT / "tests" / "docs" / "not-run.txt"
BASE = """
name: part
data: {source: drawn}
model: {image: [64, 64, 3], blocks: [{filters: 4}]}
train: {epochs: 1}
stages: [{name: small}]
"""


def golden(path: Any, text: str) -> None:
    """The file says this; or it is written, when new goldens are asked for."""
    if os.environ.get("GROW_WRITE_GOLDENS"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, (
        f"{path.relative_to(ROOT)} is stale: GROW_WRITE_GOLDENS=1 pytest tests/docs writes it anew"
    )


@pytest.mark.parametrize("name", ["commands", "stage-file"])
def test_pages_made_from_the_code_are_up_to_date(name):
    made = {"commands": commands_page, "stage-file": stage_file_page}[name]
    golden(ROOT / "docs" / f"{name}.md", made.page())


def test_what_is_not_run_is_listed_with_its_reason():
    lines = [
        f"{one.page}: {one.text.splitlines()[0].strip()}\n    {one.said}\n"
        for one in ALL
        if not one.runs
    ]
    golden(NOT_RUN, "".join(lines))


@pytest.mark.parametrize("page", PAGES)
def test_no_block_is_overlooked(page):
    fences = re.findall(r"^[ >]*```", read(page), re.MULTILINE)
    assert len(fences) == 2 * len(blocks(page))


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.place)
def test_each_block_says_what_it_is(block):
    assert block.language in LANGUAGES, f"{block.place}: a block needs one of {LANGUAGES}"
    assert block.mark in ("", *MARKS), f"{block.place}: {block.mark!r} is none of {MARKS}"
    assert block.said or not block.mark, f"{block.place}: a mark without words"
    if block.language == "text":
        assert block.mark in ("output of", "not run", "file"), (
            f"{block.place}: output is compared with `<!-- output of: COMMAND -->`, or has a "
            "reason not to be"
        )


YAML = [block for block in ALL if block.language == "yaml" and block.runs]


@pytest.mark.parametrize("block", YAML, ids=lambda block: block.place)
def test_yaml_is_a_stage_file_or_a_part_of_one(block):
    for text in alternatives(block.text):
        read_part(text, block.place)


def alternatives(text: str) -> list[str]:
    """The lines that each say another source, or else the whole."""
    lines = text.splitlines()
    return lines if all(line.startswith("data: {") for line in lines) else [text]


def read_part(text: str, place: str) -> spec.RunSpec:
    """A stage file, with what a part of one lacks from `BASE`."""
    whole = yaml.safe_load(text)
    assert isinstance(whole, dict), f"{place}: no mapping"
    if set(spec.RunSpec.model_fields) - set(whole):
        text = yaml.safe_dump(merged(yaml.safe_load(BASE), whole))
    return validate.parse(text, place)


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """What ``above`` says, and what only ``below`` says; pictures come from one of them."""
    both = dict(below)
    for key, value in above.items():
        inside = key != "data" and isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if inside else value
    return both


def test_the_key_of_every_part_of_a_stage_file_is_in_its_example():
    sections = stage_file_page.sections()
    assert sections.keys() == EXAMPLES.keys()
    for place, (_, keys) in sections.items():
        examples = map(yaml.safe_load, alternatives(EXAMPLES[place]))
        shown = set().union(*(keys_below(one, place) for one in examples))
        lacking = keys["properties"].keys() - shown
        assert not lacking, f"the example of {place or 'the top'} lacks {lacking}"


def keys_below(value: Any, place: str) -> set[str]:
    """All keys that the mappings at a place have; a list counts with all its entries."""
    found = [value]
    for key in filter(None, place.partition(",")[0].split(".")):
        inside = [one[key] for one in found if key in one]
        found = [entry for one in inside for entry in (one if isinstance(one, list) else [one])]
    return {key for one in found for key in one}


def test_every_key_of_the_schema_stands_in_the_reference():
    page = read("docs/stage-file.md")
    schema = grow.schema()
    for kind in (schema, *schema["$defs"].values()):
        assert kind["description"], kind
        for key, value in kind["properties"].items():
            assert f"| `{key}` |" in page
            assert len(value["description"]) > 5, key


def test_examples_in_the_schema_are_valid():
    schema = grow.schema()
    for kind in schema["$defs"].values():
        for value in kind["properties"].values():
            for one in value.get("examples", ()):
                whole = {**value, "$defs": schema["$defs"]}
                assert jsonschema.Draft202012Validator(whole).is_valid(one), (value, one)


def test_every_command_is_in_the_readme_and_has_examples():
    readme = read("README.md")
    for name, command in COMMANDS.items():
        assert f"| `{name}" in readme, f"README.md: the table of commands lacks {name}"
        assert commands_page.examples(command), f"{name} has no example"


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_running_text_exist(page):
    for said in inline_commands(page):
        check_command(said, page)


@pytest.mark.parametrize(
    "block", [one for one in ALL if one.language == "sh"], ids=lambda one: one.place
)
def test_commands_in_blocks_exist(block):
    for said in block.commands:
        if said.startswith("grow "):
            check_command(said, block.place)


def check_command(said: str, place: str) -> None:
    """A command that is mentioned is one, and takes the options it is given."""
    words = shlex.split(said, comments=True)
    groups = {name.rpartition(" ")[0] for name in COMMANDS}
    name = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in COMMANDS), "")
    options = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    if not name and " ".join(words[:2]).rstrip(" .…") not in groups:
        assert words[1][:1] == "-" or words[1].isupper(), f"{place}: `{said}` is no command of grow"
    known = {"--help", "-h", "--install-completion", "--show-completion"}
    for command in (commands_page.root(), *([COMMANDS[name]] if name else ())):
        known |= {name for one in commands_page.parameters(command) for name in one.names}
    assert set(options) <= known, f"{place}: `{said}`: no option {set(options) - known}"


def test_every_page_is_in_the_sidebar():
    names = {name.removesuffix(".md") for name in PAGES} | {"CHANGELOG"}
    assert {page for part in conf.PAGES.values() for page in part} == names - {"README"}


def test_exit_codes_are_those_of_the_failures():
    codes = {
        str(one.exit_code)
        for one in vars(grow.errors).values()
        if inspect.isclass(one) and issubclass(one, grow.errors.GrowError) and one.exit_code
    }
    listed = set(re.findall(r"^\| (\d+)", commands_page.EXIT_CODES, re.MULTILINE))
    assert listed == codes | {"0", "130", "141"}
