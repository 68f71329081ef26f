"""The command that trains: `grow run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grow
from grow import report
from grow.cli import console
from grow.cli.app import app
from grow.cli.live import live_view
from grow.cli.options import AsJson, Overrides, RunDir, StageFile, TensorBoard, Verify
from grow.cli.stoppable import stoppable

if TYPE_CHECKING:
    from grow.cli.live_run import RunView

KEPT = "The newest checkpoint is kept."
"""What stays of a run that ends at once, in words."""


@app.command("run")
def run_command(
    stage_file: StageFile,
    run_dir: RunDir = None,
    overrides: Overrides = None,
    tensorboard: TensorBoard = False,
    verify: Verify = False,
    as_json: AsJson = False,
) -> None:
    """Train all stages, or resume where training stopped.

    The same command starts and resumes: it reuses finished stages and continues unfinished ones.

    Example: grow run stages/quickstart.yaml
    """
    view = training_view(as_json=as_json)
    with stoppable(view, KEPT) as switch:
        result = grow.run(
            stage_file,
            run_dir=run_dir,
            overrides=overrides or (),
            listeners=[view],
            stop=switch,
            tensorboard=tensorboard,
            verify=verify,
        )
    show_result(result, as_json=as_json)


def training_view(*, as_json: bool) -> RunView:
    """What shows a run that trains."""
    return live_view(stderr=as_json, unusable_in="unusable.txt in the run folder")


def show_result(result: grow.Run, *, as_json: bool) -> None:
    """Shows what a run came to."""
    if as_json:
        console.print_json(result.to_dict())
    elif not console.is_quiet():  # what was asked for is in the run folder
        console.show(report.result_page(result))
