"""Draws docs/run.svg from what a run printed.

    grow run stages/quickstart.yaml > transcript.txt
    python docs/draw_run.py transcript.txt docs/run.svg

Keeps the first line of every run of epochs and its last two; nothing is added but colour and
the marks of what was left out.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.terminal_theme import MONOKAI
from rich.text import Text
from rich.theme import Theme

WIDTH = 118
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
EPOCH = re.compile(r"epoch +\d+/\d+")


class Words(RegexHighlighter):
    """Colours the words that the terminal colours."""

    base_style = "run."
    highlights = (
        r"  (?P<copy>copy) ",
        r"  (?P<adapt>adapt) ",
        r"  (?P<initialise>initialise) ",
        r"(?P<best>\bbest$)",
        r"(?P<title>^(stage \d.*|layer .*|\d[\d,]* of .*|\$ .*))",
        r"(?P<quiet>^\.\.\.$)",
    )


THEME = Theme(
    {
        "run.copy": "green",
        "run.adapt": "cyan",
        "run.initialise": "yellow",
        "run.best": "green",
        "run.title": "bold",
        "run.quiet": "dim",
    }
)


def shortened(lines: list[str]) -> list[str]:
    """The lines with the middle of every run of epochs left out."""
    kept: list[str] = []
    for index, line in enumerate(lines):
        near = lines[index - 1 : index + 3]
        inner = EPOCH.match(line) and all(EPOCH.match(other) for other in near)
        if not inner:
            kept.append(line)
        elif kept[-1] != "...":
            kept.append("...")
    return kept


def main() -> None:
    """Reads a transcript, writes the picture."""
    transcript, picture = Path(sys.argv[1]), Path(sys.argv[2])
    lines = ["$ grow run stages/quickstart.yaml", *transcript.read_text("utf-8").splitlines()]
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), theme=THEME, highlighter=Words()
    )
    for line in shortened(lines):
        console.print(Words()(Text(line.rstrip())), no_wrap=True, overflow="ellipsis")
    drawing = console.export_svg(title="grow", theme=MONOKAI, font_aspect_ratio=0.61)
    # Nothing is fetched from elsewhere: the reader's own monospace font serves.
    picture.write_text(FONT_FACE.sub("", drawing), encoding="utf-8")


if __name__ == "__main__":
    main()
