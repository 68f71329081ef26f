"""Starting runs: who hears of what, and failures of the disk in words."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import grow
from grow.errors import GrowError, RunFolderError
from grow.report import files
from grow.train import engine
from grow.train.events import Event, Prepared, RunStarted, StageDone, StepDone, Warned
from tests.builders import record
from tests.finished import STAGES, make_run, plans

COUNTS = {"train": {"cat": 2, "dog": 2}, "validation": {"cat": 1, "dog": 1}}
Act = Callable[[Path, Callable[[Event], None]], None]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Act], list[Event]]:
    """Runs a stage file with an engine that does as told in a locked run folder."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(STAGES)
    make_run(Path("runs/tiny"))

    def carry_out(act: Act) -> list[Event]:
        def pretend(
            _spec: Any, _base: Any, folder: Any, _cache: Any, emit: Any, _: Any, **_more: Any
        ) -> None:
            act(folder.path, emit)

        heard: list[Event] = []
        monkeypatch.setattr(engine, "train_stages", pretend)
        assert grow.run("tiny.yaml", listeners=[heard.append]).name == "tiny"
        return heard

    return carry_out


Runner = Callable[[Act], list[Event]]


def tell(*events: Event) -> Act:
    def act(_folder: Path, emit: Callable[[Event], None]) -> None:
        for event in events:
            emit(event)

    return act


def test_every_listener_hears_every_event_and_the_log_keeps_it(run: Runner) -> None:
    said = [Warned("one"), StepDone(1, 1, 16, 0.5, 0.5), Warned("two")]
    assert run(tell(*said)) == said
    lines = Path("runs/tiny/events.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["one", "two"]


def test_all_pictures_left_out_are_listed_in_a_file(run: Runner) -> None:
    unusable = tuple((f"cats/é{n}.jpg", "cannot be decoded") for n in range(9))
    listed = Path("runs/tiny/unusable.txt")
    run(tell(Prepared(("cat", "dog"), COUNTS, unusable)))
    assert listed.read_text("utf-8").splitlines() == [f"{k}: {reason}" for k, reason in unusable]
    run(tell(Prepared(("cat", "dog"), COUNTS, ())))
    assert not listed.exists()


def test_a_log_that_cannot_be_written_is_told_once_and_stops_nothing(run: Runner) -> None:
    Path("runs/tiny/events.jsonl").mkdir()
    heard = run(tell(Warned("one"), Warned("two")))
    folder = Path("runs/tiny")
    told = Warned(f"{folder}: the log is not kept any longer: Is a directory")
    assert heard == [Warned("one"), told, Warned("two")]


@pytest.mark.parametrize("event", [Warned("an epoch later"), StepDone(1, 1, 16, 0.5, 0.5)])
def test_a_run_folder_that_was_moved_ends_the_run_and_nothing_is_written(
    run: Runner, event: Event
) -> None:
    def move(folder: Path, emit: Callable[[Event], None]) -> None:
        emit(Warned("before"))
        folder.rename("moved")
        make_run(folder)
        time.sleep(0.11)  # steps come thick and fast: the lock is looked at ten times a second
        emit(event)

    with pytest.raises(RunFolderError, match="was moved or removed, or its lock was"):
        run(move)
    assert not Path("runs/tiny/events.jsonl").exists()
    assert len(Path("moved/events.jsonl").read_text().splitlines()) == 1


def test_no_report_is_written_once_the_lock_is_lost(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is lost while the report is being made."""

    def move(folder: Path, emit: Callable[[Event], None]) -> None:
        whole = files.html_page

        def making(*given: Any, **more: Any) -> str:
            (folder / "lock").unlink()
            return whole(*given, **more)

        monkeypatch.setattr(files, "html_page", making)
        emit(done())

    with pytest.raises(RunFolderError, match="nothing more is written"):
        run(move)
    assert not list(Path("runs/tiny").glob("report.*"))


def fails(path: str, error: type[OSError] = PermissionError, number: int = 13) -> Act:
    def act(_folder: Path, _emit: Callable[[Event], None]) -> None:
        raise error(number, os.strerror(number), path)

    return act


@pytest.mark.parametrize("number", [13, 28, 122, 27, 5])
@pytest.mark.parametrize("path", ["runs", "runs/tiny", "runs/tiny/01-small/done.json"])
def test_a_failure_in_the_run_folder_is_in_words_and_has_one_exit_code(
    run: Runner, path: str, number: int
) -> None:
    with pytest.raises(GrowError, match=f"{path} cannot be read or written") as caught:
        run(fails(path, OSError, number))
    assert caught.value.exit_code == 1
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("path", ["elsewhere", "runs/tinier"])
def test_any_other_failure_stays_what_it_is(run: Runner, path: str) -> None:
    with pytest.raises(PermissionError):
        run(fails(path))


def test_resuming_takes_everything_from_the_run_folder(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(engine, "train_stages", lambda *given, **_: seen.extend(given))
    Path("tiny.yaml").unlink()
    grow.resume("runs/tiny")
    spec, base, folder = seen[:3]
    assert (spec.name, base, folder.path) == ("tiny", Path("runs"), Path("runs/tiny"))


def done(*, reused: bool = False) -> StageDone:
    return StageDone(plans()[0], (record(1),), 1, "done", reused=reused)


def test_reports_are_written_at_the_end_of_each_stage_and_of_the_run(run: Runner) -> None:
    page = Path("runs/tiny/report.html")
    seen: list[bool] = []

    def act(_folder: Path, emit: Callable[[Event], None]) -> None:
        emit(done(reused=True))
        seen.append(page.exists())
        emit(done())
        seen.append(page.exists())
        page.unlink()

    run(act)
    assert [*seen, page.exists()] == [False, True, True]


def test_a_report_that_fails_is_warned_of_and_stops_nothing(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("runs/tiny/report.html").mkdir()
    told = Warned("runs/tiny: the reports could not be written: Is a directory")
    assert run(tell(done())) == [done(), told, told]

    def defect(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(files, "write_reports", defect)
    told = Warned("runs/tiny: the reports could not be written: ZeroDivisionError: oh")
    assert run(tell(done())) == [done(), told, told]


def test_the_command_is_kept_for_the_report(run: Runner) -> None:
    run(tell(RunStarted("tiny", Path("runs/tiny"), ())))
    assert grow.load("runs/tiny").log.command == "grow run tiny.yaml"
