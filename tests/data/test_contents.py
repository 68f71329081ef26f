"""Which files are read at all: nothing that never ends, nothing larger than memory."""

from __future__ import annotations

import os

import pytest

from grow.data import contents as module
from grow.data.contents import contents, verdict
from grow.data.decode import Undecodable


def _why(path, **how):
    with pytest.raises(Undecodable) as caught:
        contents(path, **how)
    return caught.value


def test_a_file_is_its_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert contents(tmp_path / "x") == b"abc"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for_nor_a_device_read_without_end(tmp_path):
    os.mkfifo(tmp_path / "x.jpg")
    for path in (tmp_path / "x.jpg", "/dev/zero"):
        assert _why(path).reason == "neither a file nor a folder"


def test_a_file_larger_than_any_picture_is_not_read(tmp_path):
    with (tmp_path / "x.jpg").open("wb") as file:
        file.truncate(1 << 40)  # sparse: it takes no room
    why = _why(tmp_path / "x.jpg")
    assert why.reason == "too large: a file of 1,099,511,627,776 bytes is more than 500,000,000"
    assert verdict(why, None)  # remembered, not looked at in every run


def test_what_may_pass_is_tried_again(tmp_path, monkeypatch):
    gone = _why(tmp_path / "none.jpg")
    assert gone.reason == "cannot be read: No such file or directory"
    assert verdict(gone, None) == ""
    (tmp_path / "x").write_bytes(b"abc")

    def full(_):
        raise MemoryError

    monkeypatch.setattr(module.Path, "read_bytes", full)
    assert verdict(_why(tmp_path / "x"), None) == ""
    assert _why(tmp_path / "x").reason == "too large: not enough memory"
