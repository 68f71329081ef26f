"""Reads a stage file: the YAML, then its shape, then what has to go together."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from grow.config.reader import messages, positions
from grow.config.reader import overrides as overriding
from grow.config.reader.positions import Document
from grow.config.reader.words import show
from grow.config.schema import RunSpec
from grow.errors import GrowthError, Problem, StageFileError

MAX_BYTES = 2**20

Check = Callable[[RunSpec, Document], list[Problem]]
"""What has to go together in a stage file whose shape is sound; `grow.planning.validate` has it."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

_START = "`grow init` writes a stage file to start from"


def read_spec(path: Path, overrides: Sequence[str], check: Check) -> RunSpec:
    """The value of a stage file, with ``overrides`` such as ``train.epochs=3`` in their places.

    Raises:
        StageFileError: the file cannot be read, or holds anything wrong; it carries all of it.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        found = "a link that leads nowhere" if path.is_symlink() else f"none{_near(path)}"
        raise _whole_file(file, f"expected a stage file, found {found}") from None
    except IsADirectoryError:
        raise _whole_file(file, f"expected a stage file, found {_folder(path)}") from None
    except PermissionError:
        text = "expected a file that may be read, found no permission to; change its permissions"
        raise _whole_file(file, text) from None
    except (OSError, ValueError) as error:
        raise _whole_file(file, f"expected a file that can be read, but: {error}") from None
    if len(content) > MAX_BYTES:
        raise _too_long(file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        other = "UTF-16" if content.startswith(_UTF_16) else "other bytes"
        text = f"expected UTF-8, found {other}; save it as UTF-8"
        raise StageFileError(file, (Problem("", line, column, text),)) from None
    return parse_spec(text, file, overrides, check)


def located(
    path: Path, error: GrowthError, overrides: Sequence[str] = ()
) -> StageFileError | GrowthError:
    """An error of a stage file that was read well, with its place; as it is where it has none.

    For what only shows once the pictures are known too.
    """
    if not error.path:
        return error
    document = overriding.apply(positions.load_yaml(path.read_text("utf-8-sig")), overrides)
    text = f"{error.message}; {error.hint}" if error.hint else error.message
    return StageFileError(str(path), (document.problem(error.path, text),))


def parse_spec(text: str, file: str, overrides: Sequence[str], check: Check) -> RunSpec:
    """The value of a stage file's text; messages call it ``file``.

    Raises:
        StageFileError: the text holds anything wrong; it carries all of it, in order.
    """
    if len(text) > MAX_BYTES:
        raise _too_long(file)
    document = positions.load_yaml(text.removeprefix("\ufeff"))
    if document.value is None and not document.problems:
        raise _whole_file(file, f"expected a stage file, found an empty one; {_START}")
    spec, found = _judge(overriding.apply(document, overrides), check)
    if spec is None or found:
        raise StageFileError(file, _in_order(found))
    return spec


def _judge(document: Document, check: Check) -> tuple[RunSpec | None, list[Problem]]:
    """The value, if the shape is sound, and all problems."""
    found = list(document.problems)
    if not isinstance(document.value, dict):
        if not found:
            text = f"expected the keys {', '.join(RunSpec.model_fields)}, "
            found = [document.problem((), f"{text}found {show(document.value)}; {_START}")]
        return None, found
    try:
        spec = RunSpec.model_validate(document.value)
    except ValidationError as error:
        shape = messages.explain(error, document)
        return None, found + [one for one in shape if one.path not in document.spoilt]
    return spec, found + check(spec, document)


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda one: (one.line, one.column)))


def _whole_file(file: str, text: str) -> StageFileError:
    return StageFileError(file, (Problem("", 0, 0, text),))


def _too_long(file: str) -> StageFileError:
    return _whole_file(file, f"expected at most {MAX_BYTES:,} bytes, found more; no stage file")


def _folder(path: Path) -> str:
    """What kind of folder stands where a stage file was expected, and what takes such a one."""
    if (path / "run.json").is_file():
        return f"a run folder; `grow resume {path}` goes on with it"
    inside = sorted(other.name for other in path.glob("*.y*ml"))
    if inside:
        return f"a folder; did you mean {path / inside[0]}?"
    return f"a folder; `grow init {path}` writes a stage file where it holds pictures"


def _near(path: Path) -> str:
    """The stage files beside a missing one, the likeliest first."""
    try:
        names = [other.name for other in path.parent.glob("*.y*ml")]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.parent / near[0]}?" if near else ""
