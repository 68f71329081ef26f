"""A run that validates on nothing: trained to the last epoch, and no figure made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import grow
from grow import report
from grow.cli import main
from grow.data.cache import cache_folder
from grow.data.prepare import prepare
from grow.errors import Stopped, UsageError
from grow.planning.validate import read
from grow.runs.folder import RunFolder
from grow.signals import StopSwitch
from grow.train import engine
from grow.train.events import EpochDone, StepDone
from tests.tf.conftest import differences

pytestmark = pytest.mark.tf

STAGES = """
name: all
seed: 3
data: {source: drawn, train: 20, validation: 0, augment: {flip: horizontal}}
model: {image: [8, 8, 3], blocks: [{filters: 4, batch_norm: true}], head: {dense: [6]}}
train: {batch: 8, epochs: 2, best: last, reduce_on_plateau: {monitor: loss, patience: 1}}
stages:
  - name: small
  - name: deeper
    grow: [{resize: 16}, {insert: {filters: 4}}]
    carried: {freeze: 1}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "all.yaml"
    path.write_text(STAGES)
    return path


def test_it_ends_with_the_last_epoch_and_says_no_figure(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(file)]) == 0
    said = capsys.readouterr().out
    run = grow.load("runs/all")
    for stage in run.stages:
        assert stage.best is not None
        assert stage.best.epoch == len(stage.history) == 2
        assert not stage.best.validated
        assert stage.findings is None
        lines = (stage.path / "history.jsonl").read_text().splitlines()
        assert [json.loads(line)["val_loss"] for line in lines] == [None, None]
        assert [json.loads(line)["val_accuracy"] for line in lines] == [None, None]
    shock = run.stages[1].shock
    assert shock is not None
    assert not shock.validated
    assert shock.logit_drift >= 0
    for text in (
        said,
        report.markdown_text(run),
        (run.path / "report.html").read_text(),
        report.epochs_csv(run),
        report.as_json(run),
        report.card_markdown(grow.card("runs/all")),
    ):
        words = text.split("<style", 1)[0] + text.rpartition("</style>")[2]
        for bad in (" nan", ">nan", "NaN", "not a number", "  best\n", ">best<", "100.0%"):
            assert bad not in words, bad
    Image.new("RGB", (9, 9), (200, 10, 10)).save("red.png")
    assert main(["predict", "runs/all", "red.png"]) == 0
    assert "%)" not in capsys.readouterr().out.splitlines()[0]


def test_it_is_resumed_bit_for_bit(file: Path, last_states) -> None:
    spec = read(file)

    def carry_out(name: str, stop_at: int) -> None:
        switch, steps = StopSwitch(), 0

        def emit(event: object) -> None:
            nonlocal steps
            steps += isinstance(event, StepDone | EpochDone)
            if steps == stop_at:
                switch.request(2)

        engine.train_stages(spec, file.parent, RunFolder(Path(name)), cache_folder(), emit, switch)

    carry_out("straight", -1)
    for stop_at in (2, 6, 10):
        with pytest.raises(Stopped):
            carry_out(f"stopped-{stop_at}", stop_at)
        carry_out(f"stopped-{stop_at}", -1)
        pairs = zip(
            last_states(Path("straight")), last_states(Path(f"stopped-{stop_at}")), strict=True
        )
        assert [differences(one, other) for one, other in pairs] == [[], []]


def test_all_pictures_are_trained_on_and_nothing_can_be_compared(file: Path) -> None:
    manifest = prepare(read(file).data, file.parent, (16, 16, 3), cache_folder()).manifest
    assert {picture.split for picture in manifest.pictures} == {"train"}
    with pytest.raises(UsageError, match="validates on nothing"):
        grow.compare(file, repeats=1)
