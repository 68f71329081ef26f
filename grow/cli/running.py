"""Commands that train: `grow run` and `grow resume`."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated

import typer

import grow
from grow import report
from grow.cli import console
from grow.cli.app import AsJson, Overrides, RunArgument, RunDir, StageFile, app, print_json
from grow.cli.stoppable import stoppable

if TYPE_CHECKING:
    from grow.cli.live_run import RunView

TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Keep TensorBoard event files in the run folder.")
]

Verify = Annotated[
    bool,
    typer.Option(
        "--verify", help="Read every image again, even if its size and time are unchanged."
    ),
]

_KEPT = "The newest checkpoint is kept."


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
    view = _view(as_json=as_json)
    with stoppable(view, _KEPT) as switch:
        result = grow.run(
            stage_file,
            run_dir=run_dir,
            overrides=overrides or (),
            listeners=[view],
            stop=switch,
            tensorboard=tensorboard,
            verify=verify,
        )
    _show_result(result, as_json=as_json)


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
    view = _view(as_json=as_json)
    with stoppable(view, _KEPT) as switch:
        result = grow.resume(
            run, listeners=[view], stop=switch, tensorboard=tensorboard, verify=verify
        )
    _show_result(result, as_json=as_json)


def _show_result(result: grow.Run, *, as_json: bool) -> None:
    if as_json:
        print_json(result.to_dict())
    elif not console.is_quiet():  # what was asked for is in the run folder
        console.show(report.result_page(result))


def _view(*, as_json: bool) -> RunView:
    return live_view(stderr=as_json, unusable_in="unusable.txt in the run folder")


def live_view(*, stderr: bool = False, unusable_in: str = "") -> RunView:
    """What shows a run while it happens; loaded only for commands that need it."""
    gc.enable()  # off since the start: see `grow.__main__`
    from grow.cli.live_run import RunView  # noqa: PLC0415

    return RunView(stderr=stderr, unusable_in=unusable_in)
