"""`grow data show`, `grow data check` and `grow data draw` at the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

import grow
from grow.data.synthetic import sketchbook
from grow.data.synthetic.drawn import draw
from grow.errors import Stopped, UsageError
from grow.signals import StopSwitch
from tests.commands import CONTROL, Command, Said, in_terminal
from tests.finished import STAGES


@pytest.fixture(autouse=True)
def here(beside_tiny: Path) -> Path:
    """Every test stands in a folder of its own, with one stage file."""
    return beside_tiny


def save(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number * 20, 0, 0)).save(path)


def test_a_check_in_words_and_as_json(call: Command, here: Path) -> None:
    said = call("data", "check", "tiny.yaml")
    assert (said.code, said.err) == (0, "")
    assert "tiny.yaml: 2 classes; 64 training, 32 validation pictures" in said.out
    assert "giveaway test" in said.out
    assert not CONTROL.search(said.out)
    values = json.loads(call("data", "check", "tiny.yaml", "--json").out)
    assert values["source"] == "tiny.yaml"


def test_what_a_check_exits_with(call: Command, here: Path) -> None:
    for name in ("cat", "dog"):
        (here / "pets" / name).mkdir(parents=True)
        for shade in range(6):
            Image.new("RGB", (9, 9), (40 * shade, 9, 9)).save(here / f"pets/{name}/{shade}.png")
    assert call("data", "check", "pets").code == 0  # every picture is in both classes
    assert call("data", "check", "pets", "--strict").code == 3
    for picture in (here / "pets" / "dog").iterdir():
        picture.write_bytes(b"junk")
    said = call("data", "check", "pets")
    assert (said.code, said.err) == (3, "")
    assert "training would be refused" in said.out
    values = json.loads(call("data", "check", "pets", "--json").out)
    assert values["findings"][0]["severity"] == "error"


def test_a_contact_sheet_names_what_is_left_out(call: Command, here: Path) -> None:
    save(here / "pets", *(f"{kind}/{n}.png" for kind in ("cats", "dogs") for n in range(5)))
    for number in range(7):
        (here / "pets" / "cats" / f"notes{number}.txt").touch()
    said = call("data", "show", "pets", "--out", "sheet.png", "--count", "4")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("2 classes (cats, dogs), images: ")
    assert lines[1] == "note: 7 files left out:"
    assert lines[2] == "  cats/notes0.txt: not a picture file (.txt)"
    assert lines[7] == "  and 2 more"
    with Image.open(here / "sheet.png") as sheet:
        width, height = sheet.size
    assert lines[8:] == [f"{width}x{height} pixels in sheet.png"]


def test_a_split_without_pictures_says_which_there_are(call: Command, here: Path) -> None:
    (here / "tiny.yaml").write_text(STAGES.replace("train: 64, validation: 32", "train: 4"))
    text = (here / "tiny.yaml").read_text().replace("train: 4", "train: 4, validation: 2")
    (here / "tiny.yaml").write_text(text)
    said = call("data", "show", "tiny.yaml", "--split", "test")
    assert said.code == 3
    assert said.err == (
        "error: tiny.yaml: there are no test pictures to show\n"
        "       there are train and validation pictures\n"
    )


def test_a_picture_that_cannot_be_written(
    call: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = Image.new("RGB", (4, 4))
    monkeypatch.setattr(grow, "contact_sheet", lambda *_, **__: sheet, raising=False)
    (here / "sheet.png").mkdir()
    said = call("data", "show", "tiny.yaml", "--out", "sheet.png")
    assert (said.code, said.err) == (
        2,
        "error: sheet.png cannot be written: Is a directory\n       name another with --out\n",
    )


@pytest.mark.skipif(os.name == "nt", reason="needs a terminal to pretend")
@pytest.mark.parametrize(
    ("settings", "coloured"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
    ids=["colours", "no-color", "dumb"],
)
def test_in_a_terminal_colours_come_only_where_they_are_wanted(
    settings: dict[str, str], coloured: bool
) -> None:
    """With a live view of pictures being drawn, which moves the cursor where that is allowed."""
    show = ("-m", "grow", "data", "show", "tiny.yaml", "--count", "4")
    code, said = in_terminal(*show, **settings)
    assert code == 0
    assert b"pixels in contact-sheet.png" in said
    assert (b"\x1b" in said) is coloured


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
