"""Manners that every command has: help in any width, JSON that parses, pipes, logs, completion.

Whatever is added to the command line is walked through here without being named.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

import grow
from grow import log
from grow.cli import console
from grow.errors import RunFolderError
from grow.train import events
from tests.builders import record
from tests.commands import ALL, COMMANDS, Command, Said
from tests.finished import make_run, plans

ROOT = Path(__file__).resolve().parents[2]
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
EVERYWHERE = ("--quiet", "--verbose", "--log-file")


@pytest.fixture(autouse=True)
def here(beside_tiny: Path) -> Path:
    """Every test stands in a folder of its own, with one stage file."""
    return beside_tiny


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_fits_and_cuts_no_word(
    call: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    said = call(*words, "--help")
    assert (said.code, said.err) == (0, "")
    assert not CONTROL.search(said.out)
    assert "..." not in re.sub(r"(ARGS\]|FOLDER)\.\.\.", "", said.out)
    lines = said.out.splitlines()
    # What is longer than a line is one word, which is shown whole.
    assert all(len(line) <= columns or len(line.split()) == 1 for line in lines)
    monkeypatch.setenv("COLUMNS", "1000")
    whole = call(*words, "--help").out
    plain = [text.replace(" \\\n", " ").split() for text in (said.out, whole)]
    assert sorted(plain[0]) == sorted(plain[1])
    if words in COMMANDS:
        assert whole.count("Example: grow ") == 1
        assert all(f"{option} " in whole for option in EVERYWHERE)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_a_mistake_with_json_is_one_json_value(call: Command, words: tuple[str, ...]) -> None:
    for mistake in ("--no-such-option", "--set"):
        said = call(*words, mistake, "--json")
        values = json.loads(said.out)
        assert (values["schema"], values["exit_code"]) == ("grow.error/1", said.code)
        assert said.code
        assert values["error"]
        assert said.err == ""


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_tells_something_has_json(words: tuple[str, ...]) -> None:
    options = {option for param in COMMANDS[words].params for option in param.opts}
    assert "--json" in options or words == ("schema",)  # which is JSON anyway


TELLING = (
    ("plan", "tiny.yaml"),
    ("plan", "tiny.yaml", "--diff", "tiny.yaml"),
    ("status",),
    ("status", "runs/tiny"),
    ("status", "runs/tiny", "--verify"),
    ("report", "runs/tiny"),
    ("clean", "runs/tiny"),
    ("schema",),
    ("data", "check", "tiny.yaml"),
    ("data", "show", "tiny.yaml", "--count", "2"),
    ("data", "draw", "drawn", "--pictures", "4"),
    ("init", "--example", "quickstart"),
)


@pytest.mark.parametrize("words", TELLING, ids=" ".join)
def test_what_is_told_is_plain_in_a_pipe_and_parses_as_json(
    call: Command, here: Path, words: tuple[str, ...]
) -> None:
    make_run(here / "runs" / "tiny")
    said = call(*words)
    assert not CONTROL.search(said.out + said.err)
    made = [here / "drawn", here / "stages.yaml"]
    for path in made:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    as_json = said if words == ("schema",) else call(*words, "--json")
    assert as_json.code == said.code
    values = json.loads(as_json.out)
    for one in values if isinstance(values, list) else [values]:
        schema = str(one.get("schema", one.get("$schema")))
        assert re.fullmatch(r"grow\.[a-z-]+/\d+|https://.*", schema)


# Quiet, verbose, and the log file; before the command and after it.


def test_quiet_leaves_what_was_asked_for_and_errors(call: Command) -> None:
    plan = call("plan", "tiny.yaml")
    assert call("-q", "plan", "tiny.yaml") == call("plan", "tiny.yaml", "--quiet") == plan
    assert call("data", "show", "tiny.yaml", "--count", "2", "-q") == Said(0, "", "")
    assert call("data", "-q", "draw", "drawn", "--pictures", "4") == Said(0, "", "")
    assert call("init", "--example", "quickstart", "--quiet") == Said(0, "", "")
    assert call("plan", "nope.yaml", "-q").err.startswith("error: nope.yaml")
    assert "pixels in" in call("data", "show", "tiny.yaml", "--count", "2").out


EPOCH = events.EpochDone(plans()[0], record(1), 1)
WARNED = events.Warned("the disk is full")


def tell(*happens: events.Event) -> Callable[..., grow.Run]:
    def run(_file: Path, *, listeners: Any, **_: Any) -> grow.Run:
        for event in happens:
            for listener in listeners:
                listener(event)
        return grow.load("runs/tiny")

    return run


def test_a_quiet_run_says_only_what_went_wrong(
    call: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(here / "runs" / "tiny")
    monkeypatch.setattr(grow, "run", tell(EPOCH, WARNED), raising=False)
    assert call("run", "tiny.yaml", "-q") == Said(0, "", "warning: the disk is full\n")
    said = call("run", "tiny.yaml", "-q", "--json")
    assert json.loads(said.out)["name"] == "tiny"
    assert said.err == "warning: the disk is full\n"


def test_a_log_file_has_every_line_with_its_time(
    call: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(here / "runs" / "tiny")
    checkpoint = events.CheckpointWritten(Path("000001"), 0.25)
    done = events.RunDone("tiny", here)
    monkeypatch.setattr(grow, "run", tell(EPOCH, checkpoint, WARNED, done), raising=False)
    shown = call("run", "tiny.yaml", "--log-file", "run.log").out
    assert shown == call("run", "tiny.yaml").out
    assert call("--log-file", "run.log", "run", "nope.yaml", "-q").code == 0
    assert call("--log-file", "run.log", "plan", "nope.yaml").code == 2
    lines = (here / "run.log").read_text("utf-8").splitlines()
    form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO|WARNING|ERROR) (.*)")
    matches = [form.fullmatch(line) for line in lines]
    told = [(found[1], found[2]) for found in matches if found]
    assert len(told) == len(lines)
    assert told[0] == ("INFO", "grow run tiny.yaml --log-file run.log")
    assert told[1][1].startswith("epoch 1/2  loss 0.7000")
    assert told[2] == ("INFO", "checkpoint 000001 in 0.25 s")
    assert told[3] == ("WARNING", "warning: the disk is full")
    assert told[4:6] == [("INFO", "run tiny is done"), ("INFO", "ended with exit code 0")]
    assert told[-2][0] == "ERROR"
    assert told[-1] == ("INFO", "ended with exit code 2")
    assert not log.is_kept()


def test_a_log_file_that_cannot_be_written_is_said_before_the_work(call: Command) -> None:
    said = call("plan", "tiny.yaml", "--log-file", "no/such/folder.log")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: --log-file no/such/folder.log cannot be written: No such")
    assert "name a file in an existing folder" in said.err


def test_verbose_is_for_one_command_line(call: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def plan(*_: Any, **__: Any) -> grow.Plan:
        seen.append(os.environ.get("GROW_BACKEND_NOISE"))
        raise RunFolderError("enough")

    monkeypatch.setattr(grow, "plan", plan, raising=False)
    monkeypatch.delenv("GROW_BACKEND_NOISE", raising=False)
    call("--verbose", "plan", "tiny.yaml")
    call("plan", "tiny.yaml", "--verbose")
    call("plan", "tiny.yaml")
    assert seen == ["1", "1", None]
    assert not console.is_quiet()


# Values in place of the file's.


@pytest.mark.parametrize("name", ["run", "plan", "compare"])
def test_a_value_in_place_of_the_file_s_is_checked_like_the_file(call: Command, name: str) -> None:
    said = call(name, "tiny.yaml", "--set", "train.epochs=0", "--set", "stages.deper.epochs=3")
    assert (said.code, said.out) == (2, "")
    wrong, nowhere = said.err.splitlines()
    assert "--set stages.deper.epochs=3: stages: expected small, deeper, or a number" in said.err
    assert "--set train.epochs=0 train.epochs: expected a whole number from 1" in said.err
    assert wrong != nowhere


# Pipes that nobody reads any more, and answers that nobody gives.


def in_process(*words: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "grow", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        check=False,
        **settings,
    )


@pytest.mark.skipif(os.name == "nt", reason="pipes of another kind")
@pytest.mark.parametrize("words", [("plan", "tiny.yaml"), ("schema",)], ids=" ".join)
def test_a_pipe_that_nobody_reads_ends_the_command_without_a_word(words: tuple[str, ...]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    said = in_process(*words, stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    assert (said.returncode, said.stderr) == (141, "")


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (KeyboardInterrupt, 130, "Stopped. Nothing was changed.\n"),
        (EOFError, 2, "error: expected an answer to the question, found none\n"),
    ],
    ids=["ctrl-c", "end"],
)
def test_a_question_that_nobody_answers(
    call: Command,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: type[BaseException],
    code: int,
    message: str,
) -> None:
    folder = make_run(here / "runs" / "tiny").path
    left = folder / ".writing-x"
    left.touch()

    def refuse(*_: Any, **__: Any) -> bool:
        try:
            raise answer
        except answer:
            raise typer.Abort from None

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(typer, "confirm", refuse)
    said = call("clean", "runs/tiny")
    assert said.code == code
    assert said.err.startswith(message)
    assert left.exists()


@pytest.mark.parametrize("moment", ["main", "planning"])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_ctrl_c_is_told_in_a_line_whenever_it_comes(here: Path, moment: str, as_json: bool) -> None:
    """While the program is still loading, and in the middle of a command that does not train."""
    # What runs the tests may have Ctrl-C ignored, as shells do for what runs behind.
    hears = "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    interrupt = f"import os, signal, sys\n{hears}" + (
        "class Loading:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'grow.cli': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Loading())\n"
        if moment == "main"
        else "import grow\ngrow.plan = lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)\n"
    )
    words = ["grow", "plan", "tiny.yaml"] + (["--json"] if as_json else [])
    start = f"sys.argv = {words}\nfrom grow.__main__ import start\nsys.exit(start())"
    said = subprocess.run(
        [sys.executable, "-c", interrupt + start],
        check=False,
        capture_output=True,
        text=True,
        cwd=here,
    )
    assert said.returncode == 130
    if as_json:
        told = json.loads(said.stdout)
        assert (told["error"], told["exit_code"], said.stderr) == ("Stopped.", 130, "")
    else:
        assert (said.stdout, said.stderr) == ("", "Stopped.\n")


# What the shell completes.


def completed(*words: str, shell: str = "bash") -> list[str]:
    asked = {"_GROW_COMPLETE": f"complete_{shell}", "COMP_WORDS": " ".join(words)}
    said = subprocess.run(
        [sys.executable, "-c", "import sys; from grow.cli import main; sys.exit(main())"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **asked, "COMP_CWORD": str(len(words) - 1)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stderr == ""
    return said.stdout.split()


def test_the_shell_completes_commands_files_runs_and_stages(here: Path) -> None:
    folder = make_run(here / "runs" / "tiny").path
    (here / "notes.txt").touch()
    assert completed("grow", "pl") == ["plan"]
    assert completed("grow", "plan", "ti") == ["tiny.yaml"]
    assert completed("grow", "plan", "no") == []
    assert completed("grow", "resume", "ru") == ["runs/", "runs/tiny"]
    assert completed("grow", "export", str(folder), "--stage", "de") == ["deeper"]
    assert completed("grow", "export", str(folder), "--to", "on") == ["onnx"]
    assert completed("grow", "predict", "nowhere", "x.png", "--stage", "") == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_for_bash_completes_in_bash(here: Path) -> None:
    asked = {"_GROW_COMPLETE": "source_bash", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "grow"]
    script = subprocess.run(
        command, env={**os.environ, **asked}, capture_output=True, text=True, check=True
    ).stdout
    program = here / "bin" / "grow"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m grow "$@"\n')
    program.chmod(0o755)
    name = re.findall(r"-F (\w+) grow", script)[0]
    script += f"COMP_WORDS=(grow plan ti); COMP_CWORD=2; {name} grow ti plan\n"
    script += 'echo "${COMPREPLY[@]}"\n'
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert said.stdout == "tiny.yaml\n"
