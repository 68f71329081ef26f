"""`grow init` at the command line: what is asked, said, written and kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from PIL import Image
from rich.console import Console

import grow
from grow import report
from grow.cli import init
from tests.commands import Command


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test stands in a folder of its own, with a few pictures."""
    monkeypatch.chdir(tmp_path)
    grow.draw_pictures("pets", pictures=20, size=16)
    return tmp_path


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Somebody at the terminal, who answers so; an exception is Ctrl-C."""

    def given(*said: str | bool | BaseException) -> list[str]:
        waiting: Iterator[str | bool | BaseException] = iter(said)
        asked: list[str] = []

        def answer(question: str, default: object = None) -> object:
            asked.append(question)
            next_one = next(waiting)
            if isinstance(next_one, BaseException):
                raise next_one
            return default if next_one == "" else next_one

        monkeypatch.setattr(init, "_at_terminal", lambda: True)
        monkeypatch.setattr(typer, "prompt", answer)
        monkeypatch.setattr(typer, "confirm", answer)
        return asked

    return given


def test_it_writes_a_file_that_plans_and_says_what_is_next(call: Command, here: Path) -> None:
    said = call("init", "pets", "--no-measure")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == f"{here / 'pets'}: 2 classes, 20 pictures, colour"
    assert said.out.splitlines()[-3:] == [
        "Next:",
        "  grow plan stages.yaml",
        "  grow run stages.yaml",
    ]
    assert call("plan", "stages.yaml").code == 0


def test_without_a_terminal_nothing_is_asked(call: Command, here: Path) -> None:
    assert call("init", "pets", "--no-measure").code == 0
    before = (here / "stages.yaml").read_text(encoding="utf-8")
    refused = call("init", "pets", "--no-measure", "--stages", "1")
    assert refused.code == 2
    assert "stages.yaml already exists" in refused.err
    assert (here / "stages.yaml").read_text(encoding="utf-8") == before
    assert call("init", "pets", "--no-measure", "--stages", "1", "--force").code == 0
    assert (here / "stages.yaml").read_text(encoding="utf-8") != before


def test_at_a_terminal_it_asks_until_it_can_be_done(
    call: Command, here: Path, answers: Callable[..., list[str]]
) -> None:
    (here / "stages.yaml").write_text("old")
    asked = answers("nope", "pets", True, "a b", "")
    said = call("init", "--no-measure")
    assert said.code == 0
    assert [question.partition(".")[0] for question in asked] == [
        *("Folder of pictures", "Folder of pictures"),
        "stages",
        *("Name of the run", "Name of the run"),
    ]
    assert "nope: no such folder" in said.out
    assert 'found "a b"' in said.err
    assert (here / "stages.yaml").read_text(encoding="utf-8").count("name: pets\n") == 1


def test_a_no_leaves_the_file_as_it_is(
    call: Command, here: Path, answers: Callable[..., list[str]]
) -> None:
    (here / "stages.yaml").write_text("old")
    answers(False)
    said = call("init", "pets", "--no-measure")
    assert (said.code, said.out) == (2, "")
    assert "stages.yaml was not replaced" in said.err
    assert (here / "stages.yaml").read_text() == "old"


@pytest.mark.parametrize("how", [typer.Abort(), KeyboardInterrupt()])
def test_ctrl_c_at_a_question_writes_nothing(
    call: Command, here: Path, answers: Callable[..., list[str]], how: BaseException
) -> None:
    answers(how)
    said = call("init", "pets", "--no-measure")
    assert (said.code, said.err) == (130, "Stopped. Nothing was written.\n")
    assert not (here / "stages.yaml").exists()


@pytest.mark.parametrize("option", ["--yes", "--json"])
def test_nothing_is_asked_where_that_is_said(
    call: Command, answers: Callable[..., list[str]], option: str
) -> None:
    asked = answers()
    assert call("init", "pets", "--no-measure", option).code == 0
    assert asked == []


def test_with_json_the_draft_is_printed(call: Command, here: Path) -> None:
    values = json.loads(call("init", "pets", "--no-measure", "--json").out)
    assert values["text"] == (here / "stages.yaml").read_text(encoding="utf-8")
    assert values["estimate"] is None
    assert [stage["image"] for stage in values["stages"]] == [[8, 8, 3], [16, 16, 3]]


@pytest.mark.parametrize("width", [40, 80])
def test_the_page_fits_a_narrow_terminal(here: Path, width: int) -> None:
    draft = grow.init("pets", measure=False)
    console = Console(width=width, record=True, color_system=None)
    with console.capture() as kept:
        console.print(report.draft_page(draft))
    lines = kept.get().splitlines()
    assert max(map(len, lines)) <= width
    assert lines[-1] == "  grow run stages.yaml"


@pytest.mark.parametrize("parts", [("train", "test"), ("train", "val")])
def test_only_a_share_that_is_set_aside_is_said_to_be_about(
    here: Path, parts: tuple[str, str]
) -> None:
    for place, part in enumerate(parts):
        for number in range(12):
            path = here / "parted" / part / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (9, 9), 20 * number + place).save(path)
    console = Console(width=80, record=True, color_system=None)
    with console.capture() as kept:
        console.print(report.draft_page(grow.init("parted", measure=False)))
    heading = next(line for line in kept.get().splitlines() if line.startswith("class  "))
    aside = ["class", "training, about", "validation, about", "test"]
    assert re.split(r"  +", heading.strip()) == (
        aside if "test" in parts else ["class", "training", "validation"]
    )


def test_of_many_classes_only_the_first_are_shown_and_the_rest_counted(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(20):
        for picture in range(2):
            place = here / "many" / f"class {number:02d}" / f"{picture}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (9, 9), 2 * number + picture).save(place)
    Console(width=80).print(report.draft_page(grow.init("many", measure=False)))
    shown = capsys.readouterr().out
    assert "class 11" in shown
    assert "class 12" not in shown
    assert "8 more" in shown
