"""The command line: what is said where, which exit code, and JSON for programs."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import grow
from grow.cli import live_run
from grow.errors import RunFolderError, Stopped
from grow.train import events
from tests.builders import record
from tests.commands import COMMANDS, Command, Said
from tests.finished import FINDINGS, STAGES, lock, make_run, plans

ROOT = Path(__file__).resolve().parents[2]
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


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


# Running and stopping, without training.


def fake_run(*happens: events.Event, stop_by: int = 0) -> Callable[..., grow.Run]:
    """A run that emits some events, and is asked to stop or ends."""

    def run(_file: Path, *, listeners: Any, stop: grow.StopSwitch, **_: Any) -> grow.Run:
        for event in happens:
            for listener in listeners:
                listener(event)
        if stop_by:
            os.kill(os.getpid(), stop_by)
        stop.check()
        return grow.load("runs/tiny")

    return run


EPOCH = events.EpochDone(plans()[0], record(1), 1)


def test_a_run_prints_plain_lines_and_a_closing_table(
    call: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(here / "runs" / "tiny")
    monkeypatch.setattr(grow, "run", fake_run(EPOCH), raising=False)
    said = call("run", "tiny.yaml")
    assert (said.code, said.err) == (0, "")
    first, *_, last = said.out.splitlines()
    assert first == ("epoch 1/2  loss 0.7000  accuracy  50.0%  val 0.7000   50.0%   0:02  best")
    assert last == f"models, histories and plans are in {Path('runs/tiny')}"
    assert "1 small   8x8x3           641     2/2      54.0% @2" in said.out


def test_with_json_only_the_result_is_on_standard_output(
    call: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(here / "runs" / "tiny")
    monkeypatch.setattr(grow, "run", fake_run(EPOCH), raising=False)
    monkeypatch.setattr(grow, "resume", fake_run(EPOCH), raising=False)
    for arguments in [("run", "tiny.yaml"), ("resume", "runs/tiny")]:
        said = call(*arguments, "--json")
        assert json.loads(said.out) == json.loads(json.dumps(grow.load("runs/tiny").to_dict()))
        assert said.err.startswith("epoch 1/2")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
@pytest.mark.parametrize(
    ("arguments", "again"),
    [
        (("run", "tiny.yaml"), "grow run tiny.yaml"),
        (("run", "a b.yaml", "--run-dir", "x"), "grow run 'a b.yaml' --run-dir x"),
        (("resume", "runs/tiny"), "grow resume runs/tiny"),
    ],
)
def test_a_stop_says_at_once_what_happens_and_then_what_goes_on(
    call: Command,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: int,
    arguments: tuple[str, ...],
    again: str,
) -> None:
    monkeypatch.setattr(grow, arguments[0], fake_run(stop_by=number), raising=False)
    before = signal.getsignal(number)
    said = call(*arguments)
    assert said == Said(
        code,
        "Stopping. Press Ctrl-C again to stop immediately.\n",
        f"Stopped.\nResume with: {again}\n",
    )
    assert signal.getsignal(number) == before
    values = json.loads(call(*arguments, "--json").out)
    assert (values["exit_code"], values["hint"]) == (code, f"Resume with: {again} --json")
    quiet = call(*arguments, "--quiet", "--log-file", "grow.log")
    assert quiet.err.endswith(f"\nResume with: {again} --quiet --log-file grow.log\n")


def test_within_an_epoch_a_stop_promises_a_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    view = live_run.RunView()
    view(events.StageStarted(plans()[0], 4, (), 0))
    capsys.readouterr()
    view.announce_stop()
    said = "Stopping after this step, with a checkpoint. Press Ctrl-C again to stop immediately.\n"
    assert capsys.readouterr().out == said


def test_without_live_lines_a_long_epoch_gives_signs_of_life(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("grow.cli.live_run.time.monotonic", lambda: now[0])
    view = live_run.RunView()
    view(events.StageStarted(plans()[0], 4, (), 0))
    capsys.readouterr()
    for now[0] in (30.0, 61.0, 90.0, 130.0):
        view(events.StepDone(1, 1, 16, 0.7, 0.5))
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert all(
        line.startswith("stage 1/0 small  epoch 1/2  step 1/4  loss 0.7000") for line in said
    )


# Where runs stand.


def test_the_status_of_all_runs_with_a_damaged_one_among_them(call: Command, here: Path) -> None:
    make_run(here / "runs" / "a")
    (make_run(here / "runs" / "b").path / "run.json").write_text("{")
    make_run(here / "runs" / "c", complete=1, step=3)
    said = call("status")
    assert said.code == 4
    assert said.out.count("1 small ") == 2
    assert f"error: {Path('runs/b/run.json')} is damaged" in said.err
    values = json.loads(call("status", "--json").out)
    assert [one.get("folder") for one in values] == [str(Path("runs/a")), None, str(Path("runs/c"))]
    assert values[1]["exit_code"] == 4
    assert values[2]["stages"][1]["step"] == 3


def test_the_status_of_one_run(call: Command, here: Path) -> None:
    make_run(here / "runs" / "a")
    lock(here / "runs" / "a", 12345, "elsewhere")
    said = call("status", "runs/a")
    assert said.code == 0
    assert "(process 12345 on elsewhere)" in said.out
    assert json.loads(call("status", "runs/a", "--json").out)["running"]["process"] == 12345


def test_a_report_in_words_and_as_json(call: Command, here: Path) -> None:
    make_run(here / "runs" / "a")
    assert "growth shock: val loss 0.5000 -> 0.6250" in call("report", "runs/a").out
    values = json.loads(call("report", "runs/a", "--json").out)
    assert values["stages"][1]["growth_shock"]["loss_after"] == 0.625


def test_a_report_in_every_form(call: Command, here: Path) -> None:
    folder = make_run(here / "runs" / "a", findings=FINDINGS).path
    assert call("report", "runs/a", "--markdown").out.startswith("# tiny\n")
    assert call("report", "runs/a", "--csv").out.startswith("stage,name,epoch,")
    said = call("report", "runs/a", "--html")
    assert said == Said(0, f"written to {Path('runs/a/report.html')}\n", "")
    assert "<img" in (folder / "report.html").read_text("utf-8")
    assert call("report", "runs/a", "--html", "--no-pictures", "-o", "b.html").code == 0
    assert "<img" not in (here / "b.html").read_text("utf-8")
    assert call("report", "runs/a", "--json", "-o", "b.json").code == 0
    printed = call("report", "runs/a", "--json").out
    assert (here / "b.json").read_text("utf-8") == printed


def test_a_pipe_is_written_to_and_not_replaced(call: Command, here: Path) -> None:
    make_run(here / "runs" / "a")
    os.mkfifo("pipe")
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(Path("pipe").read_text)
        assert call("report", "runs/a", "--csv", "--out", "pipe").code == 0
        assert read.result().startswith("stage,name,epoch,")
    assert not Path("pipe").is_file()


def test_a_link_leads_to_what_is_replaced(call: Command, here: Path) -> None:
    make_run(here / "runs" / "a")
    (here / "real.csv").write_text("old")
    (here / "link.csv").symlink_to(here / "real.csv")
    assert call("report", "runs/a", "--csv", "--out", "link.csv").code == 0
    assert (here / "link.csv").is_symlink()
    assert (here / "real.csv").read_text().startswith("stage,name,epoch,")


def test_the_page_is_opened_when_that_is_wanted(
    call: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(here / "runs" / "a")
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda place: opened.append(place) or False)
    said = call("report", "runs/a", "--open")
    page = here / "runs" / "a" / "report.html"
    assert opened == [page.resolve().as_uri()]
    assert said.out.splitlines()[-1].startswith("no browser found; open")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--csv", "--markdown"), "expected one form of report, found --markdown and --csv"),
        (("--open", "--csv"), "expected one form of report, found --html and --csv"),
        (("--out", "x"), "--out needs a form of report"),
        (("--no-pictures",), "--no-pictures is for the page"),
        (("--html", "--out", "no/x.html"), "no/x.html: there is no folder no"),
    ],
)
def test_forms_of_report_that_contradict_each_other(
    call: Command, here: Path, options: tuple[str, ...], message: str
) -> None:
    make_run(here / "runs" / "a")
    said = call("report", "runs/a", *options)
    assert said.code == 2
    assert message in said.err


def test_the_schema_is_json(call: Command) -> None:
    assert json.loads(call("schema").out)["title"] == "A stage file of grow"


def test_a_file_of_the_run_damaged_meanwhile_is_no_usage_error(call: Command, here: Path) -> None:
    folder = make_run(here / "runs" / "a").path
    (folder / plans()[0].folder / "done.json").write_text("{")
    assert call("report", "runs/a").code == RunFolderError.exit_code


# Pictures.


def draw(folder: Path, *names: str) -> None:
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
    draw(here / "pets", *(f"{kind}/{n}.png" for kind in ("cats", "dogs") for n in range(5)))
    for number in range(7):
        (here / "pets" / "cats" / f"notes{number}.txt").touch()
    said = call("data", "show", "pets", "--out", "sheet.png", "--count", "4")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("2 classes (cats, dogs), images: ")
    assert lines[1] == "warning: 7 files left out:"
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


# Plain lines wherever colours are not understood or not wanted.


def test_in_pipes_there_are_no_control_codes_and_no_wrapped_lines(call: Command) -> None:
    out = call("plan", "tiny.yaml").out
    assert not CONTROL.search(out)
    assert all(line == line.rstrip() for line in out.splitlines())
    assert "dense_1  64x8       64x8       copy               520  same shape (" in out


def test_in_pipes_a_long_line_stays_a_line(call: Command, here: Path) -> None:
    name = "a-stage-that-has-as-long-a-name-as-a-stage-can-have-" + 10 * "x"
    (here / "tiny.yaml").write_text(STAGES.replace("name: small", f"name: {name}"))
    lines = call("plan", "tiny.yaml").out.splitlines()
    (line,) = [line for line in lines if line.startswith(f"1 {name}  ")]
    assert len(line) > 120
    assert " the images have not been read yet" in line or " not trained yet" in line


def in_terminal(*command: str, **settings: str) -> tuple[int, bytes]:
    """The exit code of a command, and all that it wrote to the terminal it ran in."""
    import pty

    ours, theirs = pty.openpty()
    unset = {"NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    environment = {k: v for k, v in os.environ.items() if k not in unset}
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=theirs,
        stderr=theirs,
        env={**environment, "PYTHONPATH": str(ROOT), **settings},
    )
    os.close(theirs)
    said = b""
    with suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 4096):
            said += piece
    os.close(ours)
    return process.wait(), said


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


@pytest.mark.skipif(os.name == "nt", reason="needs a terminal to pretend")
def test_the_live_lines_say_that_a_wish_to_stop_was_heard() -> None:
    script = (
        "import os, signal, sys, grow, grow.cli\n"
        "from grow.train.events import Preparing\n"
        "def run(*_, listeners, stop, **__):\n"
        "    listeners[0](Preparing(5, 9))\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    stop.check()\n"
        "grow.run = run\n"
        "sys.exit(grow.cli.main(['run', 'tiny.yaml']))\n"
    )
    code, said = in_terminal("-c", script, TERM="xterm-256color")
    assert code == 130
    assert b"5 of 9 prepared" in said
    assert b"Stopping. Press Ctrl-C again to stop immediately." in said
    assert said.endswith(b"Resume with: grow run tiny.yaml\r\n")
    assert said.rfind(b"\x1b[?25h") > said.rfind(b"\x1b[?25l") >= 0  # the cursor is back


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_a_second_wish_to_stop_ends_the_process_at_once() -> None:
    """The terminal gets its last words although Python is in the middle of something."""
    script = (
        "import os, signal, time, grow, grow.cli\n"
        "def run(*_, **__):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('never said')\n"
        "grow.run = run\n"
        "grow.cli.main(['run', 'tiny.yaml'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert process.returncode == 130
    assert process.stdout == (
        "Stopping. Press Ctrl-C again to stop immediately.\n"
        "\nStopped immediately. The newest checkpoint is kept. Resume with: grow run tiny.yaml\n"
    )


def test_a_stop_says_where_the_checkpoint_stands(
    call: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, listeners: list[live_run.RunView], **__: object) -> None:
        (view,) = listeners
        stage = plans()[1]
        view(events.StageStarted(stage, 120, (), 0))
        view(events.StepDone(3, 118, 16, 0.5, 0.5))
        view(events.CheckpointWritten(Path("checkpoints/000118"), 0.1))
        raise Stopped("Stopped.", signal_number=2)

    monkeypatch.setattr(grow, "run", run, raising=False)
    assert call("run", "tiny.yaml").err == (
        "Stopped. Checkpoint written at stage 2, epoch 3, step 118.\n"
        "Resume with: grow run tiny.yaml\n"
    )
