"""Every command and every piece of Python on the pages is carried out, in the order of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from grow.errors import StageFileError
from grow.planning import validate
from tests.docs.conftest import carry_out
from tests.docs.pages import PAGES, Block, blocks, read

RUNNABLE = [
    page
    for page in PAGES
    if any(
        one.runs and (one.language in ("sh", "python") or one.mark == "output of")
        for one in blocks(page)
    )
]


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE)
def test_a_page_does_what_it_says(page: str, place: Callable[[str], dict[str, Any]]) -> None:
    names = place(page)
    for block in blocks(page):
        if block.runs:
            follow(block, names)


def follow(block: Block, names: dict[str, Any]) -> None:
    """Does what a reader would with a block."""
    if block.mark == "file":
        Path(block.said).write_text(block.text, encoding="utf-8")
    elif block.mark == "output of":
        compare(block, carry_out(block.said))
    elif block.language == "sh":
        for command in block.commands:
            carry_out(command, block.added(command))
    elif block.language == "python":
        code = compile("\n" * block.line + block.text, block.page, "exec")
        with redirect_stdout(io.StringIO()):
            exec(code, names)


def compare(block: Block, printed: str) -> None:
    """The block's lines are printed one after the other, `…` standing for any lines between."""
    lines = [line.rstrip() for line in printed.splitlines()]
    for part in re.split(r"^…\n", block.text, flags=re.MULTILINE):
        wanted = [line.rstrip() for line in part.splitlines()]
        starts = [n for n in range(len(lines)) if lines[n : n + len(wanted)] == wanted]
        assert starts, f"{block.place}: `{block.said}` does not print\n{part}\nbut\n{printed}"
        lines = lines[starts[0] + len(wanted) :]


def test_a_block_that_is_not_printed_is_noticed():
    block = Block("page", 1, "text", "a\n…\nc\n", "output of", "grow")
    compare(block, "a\nb\nc\n")
    with pytest.raises(AssertionError):
        compare(block, "a\nb\nd\n")
    with pytest.raises(AssertionError):
        compare(block, "c\na\n")


def test_the_mistake_in_the_readme():
    (own,) = (one for one in blocks("README.md") if one.mark == "file")
    message = re.search(r"^stages\.yaml:\d.*$", read("README.md"), re.MULTILINE)
    assert message is not None
    wrong = own.text.replace("{filters: 32, at: end}", "{filter: 32, at: end}", 1)
    with pytest.raises(StageFileError) as caught:
        validate.parse(wrong, "stages.yaml")
    assert message[0] in str(caught.value).splitlines()
