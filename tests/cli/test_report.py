"""`grow report` at the command line, in every form."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grow.errors import RunFolderError
from tests.commands import Command, Said
from tests.finished import FINDINGS, make_run, plans


@pytest.fixture(autouse=True)
def here(beside_tiny: Path) -> Path:
    """Every test stands in a folder of its own, with one stage file."""
    return beside_tiny


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


def test_a_file_of_the_run_damaged_meanwhile_is_no_usage_error(call: Command, here: Path) -> None:
    folder = make_run(here / "runs" / "a").path
    (folder / plans()[0].folder / "done.json").write_text("{")
    assert call("report", "runs/a").code == RunFolderError.exit_code
