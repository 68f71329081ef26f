"""What is worth a warning about pictures before anybody trains on them, as a value.

A source finds remarks while it lists, preparation while it reads; `grow data check`, `grow init`,
`grow plan` and `grow run` all say them.
"""

from __future__ import annotations

from dataclasses import dataclass

REASONS = ("few-levels", "blank-pictures", "all-the-same")
"""The codes of remarks that can be why pictures cannot be divided: copies stay on one side."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A warning about pictures that can be trained on all the same.

    Attributes:
        code: what it is, for programs; docs/data-check.md lists them.
        words: what was found, a sentence without its full stop.
        advice: what to do about it, whole sentences; empty where there is nothing to do.
        keys: the pictures, files or folders it is about, all of them.
        note: whether it is only good to know, and no warning.
    """

    code: str
    words: str
    advice: str = ""
    keys: tuple[str, ...] = ()
    note: bool = False

    def __str__(self) -> str:
        return f"{self.words}. {self.advice}" if self.advice else self.words
