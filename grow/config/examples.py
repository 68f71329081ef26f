"""The ready stage files that come with the package, to start from without a checkout.

In a wheel they are in the package; in a checkout, and in an editable install, they stand in
``stages`` beside the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from grow import atomic
from grow.errors import UsageError, writing

SCHEMA = "grow.example/1"
"""Name and version of the JSON form of an example that was written."""

Name = Literal["quickstart", "while-it-pays", "seed", "cats-dogs"]
NAMES: tuple[Name, ...] = get_args(Name)
_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Example:
    """A ready stage file, written.

    Attributes:
        name: which of `NAMES`.
        file: where it is now.
    """

    name: Name
    file: Path

    def to_dict(self) -> dict[str, Any]:
        """The example as plain JSON values, in the form that ``SCHEMA`` names."""
        return {"schema": SCHEMA, "name": self.name, "file": str(self.file)}


def text(name: Name) -> str:
    """A ready stage file, comments and all.

    Raises:
        UsageError: the package was installed without its stage files.
    """
    for folder in (_PACKAGE / "stages", _PACKAGE.parent / "stages"):
        path = folder / f"{name}.yaml"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise UsageError(f"{name}.yaml is not in this installation", hint="install grow anew")


def write(name: Name, file: Path) -> Example:
    """Writes a ready stage file in one step; says where.

    Raises:
        UsageError: it cannot be written.
    """
    with writing(file):
        atomic.write_file(file, text(name).replace(f"stages/{name}.yaml", str(file)).encode())
    return Example(name, file)
