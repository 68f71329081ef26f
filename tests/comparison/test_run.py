"""The face of `grow compare`: what it passes on, what it prints, and the lines while it works."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import grow
from grow.cli import live_comparison, main
from grow.cli.live_comparison import TrialsView
from grow.comparison import folder as comparefolder
from grow.comparison import run
from grow.errors import Stopped
from grow.report import files
from grow.train.events import StageDone, Told
from tests.builders import history
from tests.compared import comparison
from tests.finished import STAGES, plans

SMALL, _ = plans()
Given = dict[str, Any]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    """What `grow.compare` was called with; it trains nothing and finds what it finds."""
    seen: Given = {}

    def pretend(stage_file: object, **options: Any) -> grow.Comparison:
        seen.update(options, stage_file=str(stage_file))
        return comparison()

    monkeypatch.setattr(grow, "compare", pretend, raising=False)
    return seen


def test_the_options_are_passed_on(given: Given) -> None:
    line = "compare s.yaml --repeats 3 --policies strict,preserve --jobs 2 --threads 4 --json"
    assert main(shlex.split(line)) == 0
    wanted = {
        "stage_file": "s.yaml",
        "repeats": 3,
        "policies": ("strict", "preserve"),
        "jobs": 2,
        "threads": 4,
        "run_dir": None,
    }
    assert {key: given[key] for key in wanted} == wanted


def test_unsaid_options(given: Given) -> None:
    main(["compare", "s.yaml"])
    unsaid = {key: given[key] for key in ("repeats", "policies", "jobs", "threads")}
    assert unsaid == {"repeats": 5, "policies": (), "jobs": None, "threads": 1}


@pytest.mark.parametrize(
    ("options", "check"),
    [
        ([], lambda out: "Most of the gain comes from the small images" in out),
        (["--markdown"], lambda out: out.startswith("## cats-dogs: did growing help?")),
        (["--json"], lambda out: json.loads(out) == comparison().to_dict()),
        (["--csv"], lambda out: out.startswith("variant,seed,stage,epoch,")),
    ],
)
def test_what_is_printed(
    given: Given,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    check: Callable[[str], bool],
) -> None:
    assert main(["compare", "s.yaml", *options]) == 0
    assert check(capsys.readouterr().out)


def test_the_command_that_did_it_is_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_run_trials", lambda *_: None)
    monkeypatch.setattr(
        run, "_weighed_up", lambda folder, *rest: comparison(folder=folder, command=rest[-1])
    )
    file = tmp_path / "my stages.yaml"
    file.write_text(STAGES)
    found = grow.compare(
        file, repeats=3, policies=("strict",), overrides=["train.epochs=1"], run_dir=tmp_path / "a"
    )
    words = shlex.split(found.setting.command)
    assert words[:3] == ["grow", "compare", str(file)]
    assert words[3:] == shlex.split(
        f"--repeats 3 --set train.epochs=1 --policies strict --run-dir {tmp_path / 'a'}"
    )
    assert comparefolder.load_comparison(tmp_path / "a") == found
    assert (tmp_path / "a" / "report.html").exists()


def test_a_page_that_cannot_be_written_costs_no_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_run_trials", lambda *_: None)
    monkeypatch.setattr(run, "_weighed_up", lambda folder, *_: comparison(folder=folder))
    (tmp_path / "s.yaml").write_text(STAGES)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_comparison_reports", full)
    heard: list[Told] = []
    grow.compare(tmp_path / "s.yaml", run_dir=tmp_path / "a", listeners=[heard.append])
    assert "the reports could not be written" in str(heard[-1].event)
    assert (tmp_path / "a" / "compare.json").exists()


def test_what_is_damaged_of_a_comparison_is_put_aside_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_run_trials", lambda *_: None)
    monkeypatch.setattr(run, "_weighed_up", lambda folder, *_: comparison(folder=folder))
    (tmp_path / "s.yaml").write_text(STAGES)
    folder = tmp_path / "a"
    (folder / "report.html").mkdir(parents=True)
    (folder / "compare.json").write_text("{}")
    (folder / "seed-3").write_text("a file")
    (folder / "lock").mkdir()
    heard: list[Told] = []
    run.run_comparison(tmp_path / "s.yaml", run_dir=folder, listeners=[heard.append])
    told = [str(one.event) for one in heard]
    for name in ("report.html", "compare.json", "seed-3", "lock"):
        assert any(f"{folder / name} " in text and "put aside as" in text for text in told), told
        assert len(list(folder.glob(f"damaged-{name}-*"))) == 1
    assert comparefolder.load_comparison(folder).setting.folder == folder
    heard.clear()
    run.run_comparison(tmp_path / "s.yaml", run_dir=folder, listeners=[heard.append])
    assert heard == []


@pytest.mark.parametrize("command", ["compare", "report"])
@pytest.mark.parametrize("form", ["--html", "--markdown", "--csv", "--json"])
def test_each_form_goes_to_the_file_that_is_named(
    given: Given, tmp_path: Path, command: str, form: str
) -> None:
    comparefolder.write(comparison(folder=tmp_path))
    subject = {"compare": "s.yaml", "report": str(tmp_path)}[command]
    assert main([command, subject, form, "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out").read_text()


def test_a_comparison_is_shown_again_from_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    comparefolder.write(comparison(folder=tmp_path))
    assert main(["report", str(tmp_path)]) == 0
    assert comparison().verdict.sentence in capsys.readouterr().out
    assert main(["report", str(tmp_path), "--html"]) == 0
    assert "did growing help?" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--html", "--csv"], "expected one form of report, found --html and --csv"),
        (["--open", "--json"], "found --html and --json"),
        (["--out", "x.html"], "--out needs a form of report"),
        (["--html", "--out", "nowhere/x.html"], "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_anything_is_trained(
    given: Given, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert main(["compare", "s.yaml", *options]) == 2
    captured = capsys.readouterr()
    assert words in captured.err + captured.out
    assert not given


def test_a_stop_says_which_command_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise Stopped("Stopped.", signal_number=15)

    monkeypatch.setattr(grow, "compare", stopped, raising=False)
    monkeypatch.setattr("sys.argv", ["grow", "compare", "my stages.yaml", "--repeats", "3"])
    assert main(["compare", "my stages.yaml", "--repeats", "3"]) == 143
    assert "Resume with: grow compare 'my stages.yaml' --repeats 3" in capsys.readouterr().err


def test_in_a_pipe_there_are_plain_lines_and_a_sign_of_life(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = StageDone(SMALL, history([0.75], "val_accuracy"), 1, "", reused=False)
    now = 0.0
    monkeypatch.setattr(live_comparison.time, "monotonic", lambda: now)
    with TrialsView() as view:
        view(Told(7, "growth", ended))
        view(Told(7, "growth", ended.__class__(SMALL, ended.history, 1, "", reused=True)))
        now = 61.0
        view(Told(7, "resize_only", ended.__class__(SMALL, ended.history, 1, "", reused=True)))
        view.announce_stop()
    assert capsys.readouterr().out.splitlines() == [
        "seed 7  growth: stage 1 small, 75.0% validation accuracy (epoch 1)",
        "seed 7  resize_only  preparing",
        "Stopping every trial after its current step, with a checkpoint.",
    ]


def test_only_epochs_among_fewer_classes_say_so_in_a_comparison(tmp_path: Path) -> None:
    found = comparison(folder=tmp_path)
    summary, *others = found.summaries
    trial, *rest = summary.trials
    easy = replace(trial, curve=(replace(trial.curve[0], all_classes=False), *trial.curve[1:]))
    first = replace(summary, trials=(easy, *rest))
    written = replace(found, summaries=(first, *others)).to_dict()
    points = [p for v in written["variants"] for t in v["trials"] for p in t["curve"]]
    assert points[0]["all_classes"] is False
    assert not any("all_classes" in point for point in points[1:])
    comparefolder.write(found)
    assert comparefolder.load_comparison(tmp_path) == found
