"""The commands about pictures: `grow data show`, `grow data check` and `grow data draw`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

import grow
from grow import report
from grow.cli import console
from grow.cli.app import App, app
from grow.cli.live import live_view
from grow.cli.options import AsJson

data_app = App()
_SHEET_SCHEMA = "grow.contact-sheet/1"
app.add_typer(data_app, name="data", help="Look at pictures, check them, draw some.")


@data_app.callback()
def _data() -> None:
    """Show, check and draw images."""


@data_app.command("show")
def data_show_command(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A stage file, or a folder of pictures.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where the picture goes.")
    ] = Path("contact-sheet.png"),
    count: Annotated[int, typer.Option("--count", min=1, max=10_000, help="How many.")] = 48,
    split: Annotated[
        Literal["train", "validation", "test"], typer.Option("--split", help="Which pictures.")
    ] = "train",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which of them.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make a contact sheet: one image of many.

    Example: grow data show stages/quickstart.yaml --out sheet.png
    """
    console.check_picture_path(out)
    switch = grow.StopSwitch()
    with live_view(stderr=as_json) as view, switch.listening(view.announce_stop):
        sheet = grow.contact_sheet(
            source, count=count, split=split, seed=seed, listeners=[view], stop=switch
        )
    console.save_picture(sheet, out)
    if as_json:
        size = {"width": sheet.width, "height": sheet.height}
        console.print_json({"schema": _SHEET_SCHEMA, "path": str(out), **size})
    else:
        console.say(f"{sheet.width}x{sheet.height} pixels in {out}")


@data_app.command("check")
def data_check_command(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A folder of pictures, or a stage file.")
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 on warnings too, not only on errors.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find problems in a data set, without training.

    Counts, sizes, bad images, copies and leaks between splits, imbalance, and whether a trivial
    statistic such as sharpness predicts the class. Changes no file. Exits with 3 if training
    would be refused.

    Example: grow data check stages/quickstart.yaml
    """
    switch = grow.StopSwitch()
    with live_view(stderr=as_json) as view, switch.listening(view.announce_stop):
        found = grow.check(path, listeners=[view], stop=switch)
    if as_json:
        console.print_json(found.to_dict())
    else:
        console.show(report.check_page(found))
    raise typer.Exit(found.exit_code(strict=strict))


@data_app.command("draw")
def data_draw_command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A new folder, or an empty one.")
    ],
    pictures: Annotated[
        int, typer.Option("--pictures", min=4, max=1_000_000, help="How many, half of each class.")
    ] = 600,
    test: Annotated[
        int, typer.Option("--test", min=0, max=1_000_000, help="How many more to test on.")
    ] = 0,
    size: Annotated[
        int, typer.Option("--size", min=8, max=1024, help="Rows and columns of each.")
    ] = 64,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which pictures.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Draw images of cats and dogs into a folder, to experiment with.

    Writes PNG files into class folders; with --test into train and test folders with class
    folders. The folder must be new or empty; it appears when all images are written.

    Example: grow data draw pictures --pictures 600 --test 200
    """
    switch = grow.StopSwitch()
    with live_view(stderr=as_json) as view, switch.listening(view.announce_stop):
        made = grow.draw_pictures(
            folder,
            pictures=pictures,
            test=test,
            size=size,
            seed=seed,
            listeners=[view],
            stop=switch,
        )
    if as_json:
        console.print_json(made.to_dict())
        return
    console.say(f"{made.train + made.test:,} pictures in {folder}")
    console.say(f"next: {shlex.join(['grow', 'init', str(folder)])}")
