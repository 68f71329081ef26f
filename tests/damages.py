"""Damages of a folder: every kind at every place, for whoever wants to see what comes of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

Damage = Callable[[Path], object]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _in_place(make: Damage) -> Damage:
    def damage(path: Path) -> None:
        _remove(path)
        make(path)

    return damage


def _changed(change: Callable[[bytes], bytes]) -> Damage:
    """A damage of a file; of a folder, of every file in it."""

    def damage(path: Path) -> None:
        for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
            file.write_bytes(change(file.read_bytes()))

    return damage


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return (
        data[:middle] + bytes(byte ^ 1 for byte in data[middle : middle + 7]) + data[middle + 7 :]
    )


def _wrong_values(data: bytes) -> bytes:
    """JSON of the same keys with other values; what is no JSON is replaced by some."""
    try:
        first = json.loads(data.splitlines()[0] if b"}\n{" in data else data)
    except (ValueError, IndexError):
        first = {}
    wrong: tuple[Any, ...] = (None, -1, 10**400, "x", [[]], {"a": 1}, float("nan"), True)
    keys = first if isinstance(first, dict) else {}
    values = {key: wrong[n % len(wrong)] for n, key in enumerate(keys)}
    return json.dumps({**values, "schema": keys.get("schema")}).encode()


def _twice_each_key(data: bytes) -> bytes:
    return data.replace(b"{", b'{"schema": 1, "seed": 2, ', 1)


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 42)


DAMAGES: dict[str, Damage] = {
    "deleted": _remove,
    "cut": _changed(lambda data: data[: len(data) // 2]),
    "flipped": _changed(_flipped),
    "empty": _changed(lambda _: b""),
    "a folder": _in_place(lambda path: path.mkdir()),
    "a file": _in_place(lambda path: path.write_text("rubbish")),
    "a pipe": _in_place(os.mkfifo),
    "a link to nowhere": _in_place(lambda path: path.symlink_to("nowhere-at-all")),
    "a link to itself": _in_place(lambda path: path.symlink_to(path.name)),
    "a device": _in_place(lambda path: path.symlink_to("/dev/zero")),
    "another kind of JSON": _changed(lambda _: b"[1, 2]"),
    "wrong values": _changed(_wrong_values),
    "a key twice": _changed(_twice_each_key),
    "nested without end": _changed(lambda _: b"[" * 300_000),
    "numbers without end": _changed(lambda _: b'{"schema": ' + b"9" * 100_000 + b"}"),
    "no text": _changed(lambda data: b"\xff\xfe\x00" + data),
    "terabytes": _in_place(_huge),
}


def places(folder: Path) -> list[str]:
    """Every file and folder below a folder, by its relative path."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


class Hung(BaseException):
    """What was called did not come back in time."""


@contextmanager
def in_time(seconds: int) -> Iterator[None]:
    """Ends what hangs, a read that waits for a writer too.

    Raises:
        Hung: the time is over.
    """

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
