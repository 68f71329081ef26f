"""A run folder read back: what it holds, who is at work in it, and what is wrong with it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

import grow
from grow.deploy import trained
from grow.errors import RunFolderError
from grow.planning import stages
from tests.finished import SHOCK, lock, make_run, plans


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "tiny").path


def test_a_finished_run_is_read_back(run_dir: Path) -> None:
    run = grow.load(run_dir)
    assert (run.name, run.path, run.classes, run.running) == ("tiny", run_dir, ("cat", "dog"), None)
    assert [stage.state for stage in run.stages] == ["done", "done"]
    assert [len(stage.history) for stage in run.stages] == [2, 12]
    assert [stage.best.epoch for stage in run.stages if stage.best] == [2, 12]
    assert [stage.shock for stage in run.stages] == [None, SHOCK]
    assert [stage.plan for stage in run.stages] == list(plans())


def test_a_run_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    run = grow.load(make_run(tmp_path / "tiny", complete=1, step=3).path)
    assert [stage.state for stage in run.stages] == ["done", "begun"]
    assert [stage.step for stage in run.stages] == [0, 3]


def test_of_checkpoints_the_newest_that_can_be_read_says_the_step(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "tiny", complete=1, step=3).path
    newest = folder / plans()[1].folder / "checkpoints" / "000008"
    (newest / "manifest.json").write_text("")
    assert grow.load(folder).stages[1].step == 0  # the one at the end of the epoch before


def test_a_run_that_has_not_begun_a_stage(tmp_path: Path) -> None:
    run = grow.load(make_run(tmp_path / "tiny", complete=0).path)
    assert [stage.state for stage in run.stages] == ["waiting", "waiting"]
    assert [stage.best for stage in run.stages] == [None, None]
    with pytest.raises(RunFolderError, match="no stage is complete yet"):
        run.model()
    with pytest.raises(RunFolderError, match="it has no model yet"):
        run.stages[0].model()


def test_what_another_version_trained_is_named(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage in plans():
        (run_dir / stage.folder / "model.keras").touch()
    monkeypatch.setattr(stages, "RECIPE", stages.RECIPE + 1)
    with pytest.raises(RunFolderError) as caught:
        trained.find(run_dir)
    (_, deeper) = sorted(run_dir.glob("0*"))
    assert f"{deeper.name} is, by another version" in caught.value.message
    assert str(deeper / "model.keras") in caught.value.hint
    assert "`grow resume" in caught.value.hint


def test_shown_in_python_a_run_is_one_line(run_dir: Path) -> None:
    assert repr(grow.load(run_dir)) == (
        f"<run tiny in {run_dir}: "
        "[<stage 1 small: done, 2/2 epochs>, <stage 2 deeper: done, 12/12 epochs>]>"
    )


def test_the_json_form_is_json(run_dir: Path) -> None:
    values = json.loads(json.dumps(grow.load(run_dir).to_dict(), allow_nan=False))
    assert values["schema"] == "grow.report/1"
    assert values["running"] is None
    first, second = values["stages"]
    assert (first["number"], first["state"], first["best_epoch"]) == (1, "done", 2)
    assert (first["transfer_plan"], first["growth_shock"], first["step"]) == (None, None, 0)
    assert second["growth_shock"]["loss_after"] == 0.625
    assert second["transfer_plan"]["policy"] == "preserve"
    assert len(second["history"]) == 12


def test_who_is_at_work(run_dir: Path) -> None:
    lock(run_dir, 12345, "elsewhere")
    running = grow.load(run_dir).running
    assert running is not None
    assert (running["process"], running["host"]) == (12345, "elsewhere")


@pytest.mark.skipif(os.name == "nt", reason="asks the system who runs")
def test_a_process_that_no_longer_runs_is_not_at_work(run_dir: Path) -> None:
    lock(run_dir, 2**22 + 1, socket.gethostname())  # beyond the largest process number
    assert grow.load(run_dir).running is None
    (run_dir / "lock").write_text("{")
    assert grow.load(run_dir).running is None


ANEW = "puts it aside and writes it anew; trained stages stay"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("run.json", "{", "run.json is damaged"),
        ("run.json", '{"schema": "grow.run/9"}', "expected schema grow.run/1, found 'grow.run/9'"),
        ("run.json", '{"schema": "grow.run/1"}', "its seal is not that of its content"),
    ],
)
def test_damaged_notes_are_written_anew_by_the_next_run(
    run_dir: Path, file: str, content: str, message: str
) -> None:
    (run_dir / file).write_text(content)
    with pytest.raises(RunFolderError) as caught:
        grow.load(run_dir)
    assert str(run_dir / file) in caught.value.message
    assert message in caught.value.message
    assert caught.value.hint == f"`grow run STAGES.yaml --run-dir {run_dir}` {ANEW}"
    assert caught.value.exit_code == 4
    started = {"time": "", "event": "RunStarted", "command": "grow run a.yaml --set seed=3"}
    resumed = started | {"command": f"grow resume {run_dir}"}
    lines = [json.dumps(line) + "\n" for line in (started, resumed)]
    (run_dir / "events.jsonl").write_text("".join(lines))
    with pytest.raises(RunFolderError) as caught:
        grow.load(run_dir)
    assert caught.value.hint == f"`grow run a.yaml --set seed=3` {ANEW}"
    moved = run_dir.rename(run_dir.parents[1] / "moved")
    with pytest.raises(RunFolderError) as caught:
        grow.load(moved)
    assert caught.value.hint == f"`grow run a.yaml --set seed=3 --run-dir {moved}` {ANEW}"
    started["command"] = "grow run a.yaml --run-dir runs/tiny --quiet"
    (moved / "events.jsonl").write_text(json.dumps(started) + "\n")
    with pytest.raises(RunFolderError) as caught:
        grow.load(moved)
    assert caught.value.hint == f"`grow run a.yaml --quiet --run-dir {moved}` {ANEW}"


@pytest.mark.parametrize("file", ["done.json", "history.jsonl"])
def test_a_damaged_stage_is_named(run_dir: Path, file: str) -> None:
    path = run_dir / plans()[0].folder / file
    path.write_text("[]\n")
    with pytest.raises(RunFolderError) as caught:
        grow.load(run_dir)
    assert f"{path} is damaged" in caught.value.message
    assert caught.value.hint.startswith(f"`grow resume {run_dir}` puts it aside")


def test_a_history_shorter_than_the_stage_is_damage(run_dir: Path) -> None:
    history = run_dir / plans()[1].folder / "history.jsonl"
    history.write_text("\n".join(history.read_text().splitlines()[:5]) + "\n")
    with pytest.raises(RunFolderError, match=r"expected 12 epochs, as done\.json has them"):
        grow.load(run_dir)


def test_what_is_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"is not a run folder: it has no run\.json"):
        grow.load(tmp_path / "nothing")


def test_all_runs_of_a_folder_the_damaged_one_as_its_error(run_dir: Path) -> None:
    make_run(run_dir.parent / "another")
    (make_run(run_dir.parent / "broken").path / "run.json").write_text("")
    (run_dir.parent / "notes").mkdir()
    first, damaged, last = grow.load_all(run_dir.parent)
    assert isinstance(damaged, RunFolderError)
    assert [first, last] == [grow.load(run_dir.parent / "another"), grow.load(run_dir)]


def test_a_folder_without_runs(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="holds no run folders") as caught:
        grow.load_all(tmp_path)
    assert caught.value.hint == "`grow run STAGES.yaml` makes one"
