"""Commands that train: `grow run` and `grow resume`."""

from __future__ import annotations

import gc
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

import grow
from grow import console, report
from grow.cli.app import AsJson, Overrides, RunArgument, RunDir, StageFile, app, print_json
from grow.errors import Stopped

if TYPE_CHECKING:
    from grow.liveview import RunView

TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Keep TensorBoard event files in the run folder.")
]


@app.command("run")
def run_command(
    stage_file: StageFile,
    run_dir: RunDir = None,
    overrides: Overrides = None,
    tensorboard: TensorBoard = False,
    as_json: AsJson = False,
) -> None:
    """Train every stage, or go on where it stopped.

    The same command always: it reuses what is finished and goes on with what is begun.

    Example: grow run stages/quickstart.yaml
    """
    given = overrides or []
    options = ["--run-dir", str(run_dir)] if run_dir else []
    options += [word for override in given for word in ("--set", override)]
    options += ["--tensorboard"] if tensorboard else []
    with _stoppable("run", str(stage_file), *options, as_json=as_json) as (view, switch):
        result = grow.run(
            stage_file,
            run_dir=run_dir,
            overrides=given,
            listeners=[view],
            stop=switch,
            tensorboard=tensorboard,
        )
    _show_result(result, as_json=as_json)


@app.command("resume")
def resume_command(
    run: RunArgument, tensorboard: TensorBoard = False, as_json: AsJson = False
) -> None:
    """Go on with a run, from its folder alone.

    Example: grow resume runs/quickstart
    """
    options = ["--tensorboard"] if tensorboard else []
    with _stoppable("resume", str(run), *options, as_json=as_json) as (view, switch):
        result = grow.resume(run, listeners=[view], stop=switch, tensorboard=tensorboard)
    _show_result(result, as_json=as_json)


def _show_result(result: grow.Run, *, as_json: bool) -> None:
    if as_json:
        print_json(result.to_dict())
    elif not console.is_quiet():  # what was asked for is in the run folder
        console.show(report.result_page(result))


@contextmanager
def _stoppable(*again: str, as_json: bool = False) -> Iterator[tuple[RunView, grow.StopSwitch]]:
    """A live view and a switch that Ctrl-C flips; says which command goes on."""
    go_on = f"go on with: {shlex.join(['grow', *again])}"
    switch = grow.StopSwitch()
    view = live_view(stderr=as_json, unusable_in="unusable.txt in the run folder")

    def break_off() -> None:
        view.break_off(f"stopped at once, at the newest checkpoint; {go_on}")

    with view, switch.listening(view.announce_stop, break_off):
        try:
            yield view, switch
        except Stopped as stopped:
            number = stopped.signal_number
            raise Stopped(stopped.message, signal_number=number, hint=go_on) from None


def live_view(*, stderr: bool = False, unusable_in: str = "") -> RunView:
    """What shows a run while it happens; loaded only for commands that need it."""
    gc.enable()  # off since the start: see `grow.__main__`
    from grow.liveview import RunView  # noqa: PLC0415

    return RunView(stderr=stderr, unusable_in=unusable_in)
