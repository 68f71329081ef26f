"""The terminal: how pages, lines and errors are printed. Rich only; loads nothing heavy."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.text import Text

from grow import atomic
from grow.errors import GrowError, Stopped, UsageError, unwritten, writing

if TYPE_CHECKING:
    from PIL.Image import Image

_ENDLESS = 100_000
"""Width where there is no terminal: a line stays a line, for grep and for logs."""

_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tiff")


def open_console(*, stderr: bool = False) -> Console:
    """A console that writes plain text where nobody would see colours.

    Args:
        stderr: whether it writes to standard error.
    """
    terminal = is_terminal(stderr=stderr)
    return Console(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        width=None if (sys.stderr if stderr else sys.stdout).isatty() else _ENDLESS,
    )


def is_terminal(*, stderr: bool) -> bool:
    """Whether colours and moving lines are understood, and wanted."""
    stream = sys.stderr if stderr else sys.stdout
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown")
    return stream.isatty() and not plain


def show(page: RenderableType) -> None:
    """Prints a page of `grow.report`."""
    open_console().print(page)


_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quietly() -> Iterator[None]:
    """Until here remarks are not printed: only what was asked for, warnings and errors."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def is_quiet() -> bool:
    """Whether remarks are not printed now."""
    return _quiet.get()


def say(line: str, *, stderr: bool = False) -> None:
    """Prints a remark, one line, unless remarks are not wanted."""
    if not is_quiet():
        open_console(stderr=stderr).print(Text(line), soft_wrap=True)


def warn(line: str) -> None:
    """Prints a line on standard error that even those want to see who want no remarks."""
    open_console(stderr=True).print(Text(line), soft_wrap=True)


def plain(page: RenderableType) -> str:
    """A page as text without colours, its lines as long as they are."""
    kept = StringIO()
    Console(file=kept, width=_ENDLESS, color_system=None, highlight=False, markup=False).print(page)
    return kept.getvalue()


def complain(error: GrowError) -> None:
    """Prints what went wrong and what can be done, on standard error."""
    console = open_console(stderr=True)
    label, indent = ("", "") if isinstance(error, Stopped) else ("error: ", " " * 7)
    for number, line in enumerate(error.message.splitlines()):
        head = (indent if number else label, "bold red")
        console.print(Text.assemble(head, line), soft_wrap=True)
    if error.hint:
        console.print(Text(f"{indent}{error.hint}"), soft_wrap=True)


def check_picture_path(path: Path) -> None:
    """Returns where a picture can be saved at ``path``; asked before the work is done.

    Raises:
        UsageError: the ending names no picture format, or its folder is not there.
    """
    if path.suffix.lower() not in _PICTURE_ENDINGS:
        raise UsageError(
            f"{path}: expected one of the endings {', '.join(_PICTURE_ENDINGS)}, "
            f"found {path.suffix or 'none'}",
            hint="name a file such as sheet.png",
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"{path}: there is no folder {path.parent}", hint="create it, or name another folder"
        )


def save_picture(picture: Image, path: Path) -> None:
    """Saves a picture in the format its ending names.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        picture.save(path)
    except (ValueError, OSError) as error:
        if isinstance(error, OSError):
            raise unwritten(path, error) from error
        raise UsageError(
            f"{path} cannot be written: {error}", hint="name another with --out"
        ) from error


def put_text(text: str, path: Path | None) -> None:
    """Writes text for pasting or for programs: to a file, or as it is to standard output.

    Raises:
        UsageError: the file cannot be written.
    """
    if path is not None:
        save_text(text, path)
        return
    sys.stdout.flush()
    sys.stdout.write(text.encode(errors="backslashreplace").decode())


def print_json(value: Any) -> None:
    """Prints a value for programs."""
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    # A file name may hold bytes that are no text: as \udcff it is JSON, and can be printed.
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode())


def save_text(text: str, path: Path) -> None:
    """Saves text in one step, so that no half of it is ever there, and says where.

    What is no plain file, such as a pipe or a device, is written to and never replaced.

    Raises:
        UsageError: the file cannot be written.
    """
    data = text.encode(errors="backslashreplace")
    with writing(path):
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            atomic.write_file(path.resolve(), data)
    say(f"written to {path}")


def open_in_browser(path: Path) -> None:
    """Opens a page in the browser; says so where there is none."""
    import webbrowser  # noqa: PLC0415  (only one command needs it)

    if not webbrowser.open(path.resolve().as_uri()):
        say(f"no browser found; open {path} in a browser")
