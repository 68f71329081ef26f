"""Run folders made by hand: what a run leaves on disk, without training."""

from __future__ import annotations

import json
from pathlib import Path

from grow.planning import stages, validate
from grow.planning.history import GrowthShock
from grow.planning.stages import Pictures, StagePlan
from grow.runs import checkpoint
from grow.runs.findings import Findings, Guess, Mistake
from grow.runs.folder import RunFolder
from grow.runs.stage_folder import Done
from tests.builders import CATS_DOGS, record, state

STAGES = """
name: tiny
seed: 3
data: {source: drawn, train: 64, validation: 32}
model:
  image: [8, 8, 3]
  blocks: [{filters: 4}]
  head: {dense: [8]}
train: {batch: 16, epochs: 2}
stages:
  - name: small
  - name: deeper
    grow: [{resize: 16}, {insert: {filters: 4, at: end}}]
    epochs: 12
"""
STEPS = 4
"""Steps of an epoch: 64 pictures in batches of 16."""

SHOCK = GrowthShock(
    loss_before=0.5,
    loss_after=0.625,
    accuracy_before=0.75,
    accuracy_after=0.7,
    logit_drift=0.125,
)

FINDINGS = Findings(
    split="validation",
    pictures=50,
    right=37,
    loss=0.5625,
    confusions=((0, 0, 20), (0, 1, 5), (1, 0, 8), (1, 1, 17)),
    mistakes=(
        Mistake("drawn/validation/7", 1, 0.0004, (Guess(0, 0.9996), Guess(1, 0.0004)), b"\x89PNG"),
        Mistake("drawn/validation/3", 0, 0.25, (Guess(1, 0.75), Guess(0, 0.25)), b"\x89PNG"),
    ),
)


def plans(pictures: Pictures = CATS_DOGS, text: str = STAGES) -> tuple[StagePlan, ...]:
    """The planned stages of a stage file."""
    return stages.plan_stages(validate.parse(text, "stages.yaml"), pictures)


def make_run(
    path: Path,
    *,
    complete: int = 2,
    step: int = 0,
    pictures: Pictures = CATS_DOGS,
    findings: Findings | None = None,
) -> RunFolder:
    """A run folder whose first stages are complete; with ``step`` the next one is begun.

    With ``findings`` each complete stage has them; without, it is as older versions left it.
    """
    folder = RunFolder(path)
    path.mkdir(parents=True)
    folder.write_run(validate.parse(STAGES, "stages.yaml"), path.parent, pictures)
    for stage in plans(pictures)[:complete]:
        _train(folder, stage, stage.training.epochs)
        if findings is not None:
            folder.of(stage).write_findings(findings)
    if step:
        _train(folder, plans(pictures)[complete], 1, step=step)
    return folder


def _train(folder: RunFolder, stage: StagePlan, epochs: int, *, step: int = 0) -> None:
    there = folder.begin(stage)
    if stage.transfer is not None:
        there.write_growth_shock(SHOCK)
    epochs_done = tuple(
        record(n, loss=0.7 - n / 100, val_loss=0.65 - n / 100, val_accuracy=0.5 + n / 50)
        for n in range(1, epochs + 1)
    )
    there.write_history(epochs_done)
    ended = state(checkpoint.place(epochs, 0, STEPS), history=epochs_done)
    name = checkpoint.write(there.checkpoints, ended, {}).name
    if step:
        now = state(checkpoint.place(epochs, step, STEPS), history=epochs_done, step=step)
        checkpoint.write(there.checkpoints, now, {})
        return
    digest = checkpoint.digest(ended.part("weights"))
    there.write_done(Done(epochs, epochs, name, digest, f"all {epochs} epochs trained"))


def lock(folder: Path, process: int, host: str) -> None:
    """The lock of a process, alive or not."""
    holder = {"host": host, "process": process, "started": None, "since": "2026-01-02T03:04:05"}
    (folder / "lock").write_text(json.dumps(holder))
