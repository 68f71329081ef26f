"""The documentation as its tests see it: pages, the blocks on them, and the marks above blocks.

A mark is an HTML comment right above a block, which no reader sees rendered:

- ``<!-- not run: REASON -->``: not executed, and why; all of them are listed in `not-run.txt`;
- ``<!-- tests add: OPTIONS -->``: each command of the block gets these too, so that it is quick;
  ``grow init: OPTIONS; grow run: OPTIONS`` where they differ;
- ``<!-- output of: COMMAND -->``: the lines of the block are in what the command prints;
- ``<!-- file: NAME -->``: the block is such a file for the blocks that follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(
    path.relative_to(ROOT).as_posix()
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "dataset" / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
    )
)
EMPTY = "<!-- tests begin in an empty folder -->"
"""On a page that brings all it needs."""

MARKS = ("not run", "tests add", "output of", "file")
LANGUAGES = ("json", "python", "sh", "text", "yaml")

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^:\n]+): (?P<said>.*?) -->\n+)?"
    r"^(?P<fence>```+)(?P<language>[a-z]*)\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_INLINE = re.compile(r"(?<!`)`(grow [^`]+)`(?!`)")


class Block(NamedTuple):
    """A code block of a page."""

    page: str
    line: int
    language: str
    text: str
    mark: str
    said: str

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether the tests execute or read it."""
        return self.mark != "not run"

    def added(self, command: str) -> str:
        """The options that a command gets in the tests only."""
        if self.mark != "tests add":
            return ""
        parts = dict(part.split(": ", 1) for part in self.said.split("; ") if ": " in part)
        return next(
            (parts[of] for of in parts if command.startswith(of)), "" if parts else self.said
        )

    @property
    def commands(self) -> list[str]:
        """The commands of a block in the shell's language."""
        joined = self.text.replace("\\\n", " ")
        return [line for line in joined.splitlines() if line.strip() and line[0] != "#"]


def read(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """All code blocks of a page, in order."""
    text = read(page)
    return [
        Block(
            page,
            text.count("\n", 0, found.start("fence")) + 1,
            found["language"],
            found["text"],
            found["mark"] or "",
            " ".join((found["said"] or "").split()),
        )
        for found in _BLOCK.finditer(text)
    ]


def inline_commands(page: str) -> Iterator[str]:
    """Commands of `grow` in running text and tables."""
    yield from _INLINE.findall(_BLOCK.sub("", read(page)))
