"""The command that goes on with a run from its folder alone: `grow resume`."""

from __future__ import annotations

import grow
from grow.cli.app import app
from grow.cli.options import AsJson, RunArgument, TensorBoard, Verify
from grow.cli.run import KEPT, show_result, training_view
from grow.cli.stoppable import stoppable


@app.command("resume")
def resume_command(
    run: RunArgument,
    tensorboard: TensorBoard = False,
    verify: Verify = False,
    as_json: AsJson = False,
) -> None:
    """Resume a run from its folder alone.

    Example: grow resume runs/quickstart
    """
    view = training_view(as_json=as_json)
    with stoppable(view, KEPT) as switch:
        result = grow.resume(
            run, listeners=[view], stop=switch, tensorboard=tensorboard, verify=verify
        )
    show_result(result, as_json=as_json)
