"""`grow init` and `grow data draw` at the command line: what is asked, said, written and kept."""

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
from grow.cli import starting
from grow.data.synthetic import sketchbook
from grow.data.synthetic.drawn import draw
from grow.errors import Stopped, UsageError
from grow.signals import StopSwitch
from tests.commands import Command, Said


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

        monkeypatch.setattr(starting, "_at_terminal", lambda: True)
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


# Drawn pictures as a folder.


def test_drawn_pictures_are_those_of_the_drawn_source(call: Command, here: Path) -> None:
    said = call("data", "draw", "p", "--pictures", "6", "--test", "4", "--size", "8", "--seed", "3")
    assert said == Said(0, "10 pictures in p\nnext: grow init p\n", "")
    names = sorted(str(path.relative_to(here / "p").as_posix()) for path in here.glob("p/*/*/*"))
    first = sketchbook.FIRST_TEST
    assert names == [
        *(f"test/cat/cat-{first + index}.png" for index in (0, 2)),
        *(f"test/dog/dog-{first + index}.png" for index in (1, 3)),
        *(f"train/cat/cat-{index:05d}.png" for index in (0, 2, 4)),
        *(f"train/dog/dog-{index:05d}.png" for index in (1, 3, 5)),
    ]
    with Image.open(here / "p" / "train" / "dog" / "dog-00003.png") as image:
        assert image.tobytes() == draw(3, 3, 1, 8).tobytes()


def test_nothing_is_drawn_among_what_is_there(here: Path) -> None:
    (here / "full").mkdir()
    (here / "full" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="expected an empty folder or none"):
        grow.draw_pictures("full", pictures=4, size=8)
    assert [path.name for path in (here / "full").iterdir()] == ["mine.txt"]


def test_the_folder_one_is_in_is_not_drawn_anew(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "empty").mkdir()
    monkeypatch.chdir(here / "empty")
    with pytest.raises(UsageError, match="the one you are in"):
        grow.draw_pictures(".", pictures=4, size=8)


def test_an_empty_folder_is_filled(here: Path) -> None:
    (here / "empty").mkdir()
    assert grow.draw_pictures("empty", pictures=4, size=8).train == 4
    assert len(list(here.glob("empty/*/*.png"))) == 4


def test_a_stop_leaves_nothing_behind(here: Path) -> None:
    stop = StopSwitch()

    def hear(event: object) -> None:
        stop.request()

    before = sorted(here.iterdir())
    with pytest.raises(Stopped):
        grow.draw_pictures("p", pictures=100, size=8, listeners=[hear], stop=stop)
    assert sorted(here.iterdir()) == before
