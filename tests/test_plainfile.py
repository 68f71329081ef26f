"""Regular files are read; whatever else stands in their place is named, and nothing hangs."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from grow import plainfile
from tests.damages import in_time


def put(path: Path, what: str) -> None:
    if what == "a socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(os.path.relpath(path))
    elif what == "a folder":
        path.mkdir()
    elif what == "a named pipe":
        os.mkfifo(path)
    elif what == "a device":
        path.symlink_to("/dev/zero")
    else:
        path.symlink_to({"nowhere": "not-there", "circle": path.name}[what])


@pytest.mark.parametrize("what", ["a folder", "a named pipe", "a socket", "a device"])
def test_what_is_no_file_is_named_and_not_opened(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "x", what)
    with in_time(10), pytest.raises(OSError, match=f"{what}, expected a file"):
        plainfile.read_bytes(tmp_path / "x")
    assert plainfile.misplaced(tmp_path / "x") == f"expected a file, found {what}"


@pytest.mark.parametrize("what", ["nowhere", "circle"])
def test_links_that_lead_nowhere_are_named(tmp_path: Path, what: str) -> None:
    put(tmp_path / "x", what)
    with pytest.raises(OSError, match="x"):
        plainfile.read_bytes(tmp_path / "x")
    for kind in ("file", "folder"):
        found = plainfile.misplaced(tmp_path / "x", kind)
        assert found == f"expected a {kind}, found a link that leads nowhere"


def test_a_link_to_what_is_expected_is_as_good(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").symlink_to(tmp_path)
    assert plainfile.read_bytes(tmp_path / "link") == b"abc"
    assert plainfile.misplaced(tmp_path / "link") == ""
    assert plainfile.misplaced(tmp_path / "folder", "folder") == ""
    assert plainfile.misplaced(tmp_path / "link", "folder") == "expected a folder, found a file"
    assert plainfile.misplaced(tmp_path / "nothing") == ""


def test_a_file_larger_than_any_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch()
    os.truncate(path, 1 << 42)
    with in_time(10), pytest.raises(OSError, match="more than"):
        plainfile.read_bytes(path)


def test_a_digest_is_that_of_so_many_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * (5 << 20))
    assert plainfile.sha256(path, 5 << 20) == hashlib.sha256(b"a" * (5 << 20)).hexdigest()
    assert plainfile.sha256(path, 3) == hashlib.sha256(b"aaa").hexdigest()


def test_lines_come_one_by_one_and_long_ones_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"one\n" + b"2" * 100 + b"\nthree")
    assert list(plainfile.lines(path, 10)) == [b"one", b"2" * 10, b"three"]
