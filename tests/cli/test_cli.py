"""The command line: what is said where, which exit code, and JSON for programs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import grow
from tests.commands import COMMANDS, ROOT, Command, Said
from tests.finished import STAGES, make_run


@pytest.fixture(autouse=True)
def here(beside_tiny: Path) -> Path:
    """Every test stands in a folder of its own, with one stage file."""
    return beside_tiny


def example(call: Command, command: tuple[str, ...]) -> list[str]:
    said = call(*command, "--help")
    assert said.code == 0
    (line,) = re.findall(r"Example: grow (.+)", said.out)
    return shlex.split(line.partition(" > ")[0])


def test_there_are_commands() -> None:
    assert {("run",), ("plan",), ("data", "show")} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_example_in_every_help_is_one_of_that_command(
    call: Command, command: tuple[str, ...]
) -> None:
    words = example(call, command)
    assert tuple(words[: len(command)]) == command
    files = [word for word in words if word.endswith(".yaml")]
    assert all((ROOT / file).is_file() for file in files)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_fits_its_line_in_the_list(call: Command, command: tuple[str, ...]) -> None:
    listed = call(*command[:-1], "--help").out
    (line,) = re.findall(rf"^ +{command[-1]} +(.+)$", listed, re.MULTILINE)
    assert line.endswith(".")
    assert not line.endswith("...")


def test_examples_that_train_nothing_work(
    call: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "stages").symlink_to(ROOT / "stages")
    make_run(here / "runs" / "quickstart")
    sheet = Image.new("RGB", (4, 4))
    monkeypatch.setattr(grow, "contact_sheet", lambda *_, **__: sheet, raising=False)
    for command in [("plan",), ("status",), ("report",), ("schema",), ("data", "show")]:
        assert call(*example(call, command)).code == 0
    assert (here / "sheet.png").is_file()


def test_the_version(call: Command) -> None:
    assert call("--version") == Said(0, f"grow {grow.__version__}\n", "")


# What a user can get wrong: the exit code, and what is said.

WRONG = [
    (("frob",), 2, "No such command 'frob'"),
    (("stauts",), 2, "status"),
    (("plan",), 2, "Missing argument 'STAGES.yaml'"),
    (("plan", "tiny.yaml", "--nope"), 2, "No such option"),
    (("plan", "nope.yaml"), 2, "nope.yaml: expected a stage file, found none"),
    (("plan", "."), 2, "expected a stage file, found a folder"),
    (("plan", "binary.yaml"), 2, "binary.yaml:1:1: expected UTF-8"),
    (("plan", "tiny.yaml", "--run-dir", "tiny.yaml"), 4, "tiny.yaml is a file"),
    (("run", "tiny.yaml", "--run-dir", "tiny.yaml/x"), 4, "tiny.yaml is a file"),
    (("run", "nope.yaml"), 2, "expected a stage file"),
    (("resume", "nope"), 4, "nope is not a run folder"),
    (("status", "nope"), 4, "nope is not a run folder"),
    (("status",), 4, "runs holds no run folders"),
    (("report", "tiny.yaml"), 4, "tiny.yaml is not a run folder"),
    (("predict", "nope", "tiny.yaml"), 4, "nope is not a run folder"),
    (("predict", "tiny.yaml", "tiny.yaml"), 4, "tiny.yaml: not a saved model"),
    (("predict", "nope"), 2, "Missing argument"),
    (("card", "nope"), 4, "nope is not a run folder"),
    (("card", "tiny.yaml"), 2, "tiny.yaml: expected a run folder, found a file"),
    (("export", "nope", "--to", "saved_model"), 4, "nope is not a run folder"),
    (("export", "nope"), 2, "Missing option '--to'"),
    (("export", "nope", "--to", "coreml"), 2, "'coreml' is not one of"),
    (("data", "show", "nope"), 2, "nope: expected a stage file or a folder of pictures"),
    (("data", "show", "empty"), 3, "expected two or more class folders"),
    (("data", "show", "nope", "--out", "x.silly"), 2, "x.silly: expected one of the endings .png"),
    (("data", "show", "nope", "--out", "no/x.png"), 2, "there is no folder no"),
    (("data", "check", "nope"), 2, "nope: expected a stage file or a folder of pictures"),
    (("data", "check", "empty"), 3, "expected two or more class folders"),
    (("data", "check", "binary.yaml"), 2, "binary.yaml:1:1: expected UTF-8"),
    (("data", "show", "tiny.yaml", "--count", "0"), 2, "--count"),
    (("data", "draw", "."), 2, ".: expected an empty folder or none"),
    (("data", "draw", "tiny.yaml"), 2, "tiny.yaml: expected a folder to draw into, found a file"),
    (("data", "draw", "new", "--pictures", "3"), 2, "--pictures"),
    (("data", "draw", "new", "--test", "1"), 2, "test: expected none, or 2 or more, found 1"),
    (("init",), 2, "FOLDER: expected a folder of pictures, found none"),
    (("init", "nope"), 3, "nope: expected a folder of pictures, found no such folder"),
    (("init", "empty"), 3, "expected two or more class folders"),
    (("init", "empty", "--out", "tiny.yaml"), 2, "tiny.yaml already exists"),
    (("init", "empty", "--out", "tiny.yaml", "--yes"), 2, "tiny.yaml already exists"),
    (("init", "empty", "--out", "empty"), 2, "empty: expected a file to write, found a folder"),
    (("init", "empty", "--out", "no/x.yaml"), 2, "no/x.yaml: there is no folder no"),
    (("init", "empty", "--name", "a b"), 2, 'name: expected letters, digits, "-"'),
    (("init", "empty", "--stages", "0"), 2, "--stages"),
    (("data", "show", "tiny.yaml", "--split", "tests"), 2, "--split"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG, ids=lambda v: str(v)[:40])
def test_what_is_wrong_is_said_on_standard_error(
    call: Command, here: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (here / "empty").mkdir()
    (here / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    said = call(*arguments)
    assert (said.code, said.out) == (code, "")
    assert message in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [case for case in WRONG if case[0][0] in ("plan", "run", "resume", "status", "report")]
    + [case for case in WRONG if case[0] in (("init",), ("init", "nope"))],
    ids=lambda value: str(value)[:40],
)
def test_with_json_the_failure_is_json_on_standard_output(
    call: Command, here: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (here / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    said = call(*arguments, "--json")
    assert (said.code, said.err) == (code, "")
    values = json.loads(said.out)
    assert values["exit_code"] == code
    assert message in values["error"]


def test_all_problems_of_a_stage_file_are_in_its_json(call: Command, here: Path) -> None:
    (here / "tiny.yaml").write_text(STAGES.replace("seed: 3", "sede: 3").replace("[8, 8, 3]", "8"))
    values = json.loads(call("plan", "tiny.yaml", "--json").out)
    assert values["file"] == "tiny.yaml"
    assert [(p["line"], p["path"]) for p in values["problems"]] == [(3, "sede"), (6, "model.image")]


def test_a_command_line_that_is_refused_says_where_help_is(call: Command) -> None:
    values = json.loads(call("data", "show", "--json").out)
    assert values["hint"] == "see `grow data show --help`"


def test_what_the_system_refuses_is_explained(
    call: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr(grow, "plan", refuse, raising=False)
    assert call("plan", "tiny.yaml") == Said(1, "", "error: somewhere: Permission denied\n")
    assert json.loads(call("plan", "tiny.yaml", "--json").out)["exit_code"] == 1


def test_a_defect_is_not_explained_away(call: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(grow, "plan", fail, raising=False)
    with pytest.raises(ZeroDivisionError):
        call("plan", "tiny.yaml")
