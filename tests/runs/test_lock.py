"""The lock of a run folder: one process at a time, and the dead hold nothing."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from grow.errors import RunFolderError
from grow.runs import lock
from tests.builders import FAILURES, crash, crash_points

HOLD = """
import os, sys
from pathlib import Path
from grow.runs import lock
with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
    if sys.argv[2] == "die":
        os._exit(9)
"""


@contextmanager
def _child(folder, end):
    """A process that holds the lock until the block ends; gives its number."""
    command = [sys.executable, "-c", HOLD, str(folder), end]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.stdin.close()


def _me():
    return {
        "host": socket.gethostname(),
        "process": os.getpid(),
        "started": lock._start_of(os.getpid()),
        "since": "2026-01-01T00:00:00+00:00",
        "token": "0" * 32,
    }


def _put(folder, **changes):
    """Leaves the lock of this very process, but for the changes, in a folder."""
    (folder / "lock").write_text(json.dumps(_me() | changes))


def _files(folder):
    return sorted(path.name for path in folder.iterdir())


def _can_be_taken(folder):
    try:
        with lock.held(folder):
            return True
    except RunFolderError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_one_that_was_killed_holds_nothing_before_its_parent_knows(tmp_path):
    """In a container whose first process never asks, that is for ever."""
    with _child(tmp_path, "live") as number:
        os.kill(number, 9)
        os.waitid(os.P_PID, number, os.WEXITED | os.WNOWAIT)  # ended, and not asked for
        assert " Z " in Path(f"/proc/{number}/stat").read_text()
        assert _can_be_taken(tmp_path)


def test_a_lock_says_who_holds_it_and_goes_at_the_end(tmp_path):
    with lock.held(tmp_path):
        assert _files(tmp_path) == ["lock"]
        found = lock.holder(tmp_path)
        assert (found["host"], found["process"]) == (socket.gethostname(), os.getpid())
        assert found.keys() == {"host", "process", "started", "since", "token"}
    assert _files(tmp_path) == []
    assert lock.holder(tmp_path) is None


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_lock_goes_also_when_the_block_raises(tmp_path, error):
    with pytest.raises(error), lock.held(tmp_path):
        raise error
    assert _files(tmp_path) == []


def test_the_lock_of_a_living_process_is_respected(tmp_path):
    with _child(tmp_path, "well") as process:
        with pytest.raises(RunFolderError) as caught, lock.held(tmp_path):
            pytest.fail("two processes hold the lock")
        since = lock.holder(tmp_path)["since"]
        assert _files(tmp_path) == ["lock"]
    host = socket.gethostname()
    assert (
        caught.value.message == f"{tmp_path} is in use by process {process} on {host} since {since}"
    )
    assert f"delete {tmp_path / 'lock'}" in caught.value.hint
    assert caught.value.exit_code == 4
    assert _can_be_taken(tmp_path)


def test_the_lock_of_a_process_that_died_is_taken_over(tmp_path):
    with _child(tmp_path, "die") as process:
        pass
    assert lock.holder(tmp_path)["process"] == process
    with lock.held(tmp_path):
        assert lock.holder(tmp_path)["process"] == os.getpid()
        assert _files(tmp_path) == ["lock"]
    assert _files(tmp_path) == []


def test_a_process_does_not_hold_a_lock_twice(tmp_path):
    with lock.held(tmp_path):
        assert not _can_be_taken(tmp_path)
        assert lock.holder(tmp_path)["process"] == os.getpid()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"host": ',
        b"null",
        b"[]",
        b"[1]",
        b"7",
        b'"me"',
        b"\xff\xfe",
        b"\0\0",
        b"{}",
        b'{"host": 5}',
    ],
)
def test_a_garbled_lock_is_taken_over(tmp_path, content):
    (tmp_path / "lock").write_bytes(content)
    with lock.held(tmp_path):
        assert lock.holder(tmp_path)["process"] == os.getpid()
        assert _files(tmp_path) == ["lock"]


@pytest.mark.parametrize("process", [None, "1", 0, -1, 2**22 + 1, 10**30], ids=str)
def test_the_lock_of_what_cannot_be_a_process_is_taken_over(tmp_path, process):
    _put(tmp_path, process=process, started=None)
    assert _can_be_taken(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_lock_of_another_process_of_the_same_number_is_taken_over(tmp_path):
    _put(tmp_path, started="1")
    assert _can_be_taken(tmp_path)
    _put(tmp_path)
    assert not _can_be_taken(tmp_path)


def test_without_proc_a_running_number_is_taken_for_the_process_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_start_of", lambda process: None)
    _put(tmp_path, started=None)
    assert not _can_be_taken(tmp_path)


def test_a_process_that_may_not_be_asked_is_alive(tmp_path, monkeypatch):
    def refuse(process, signal_number):
        raise PermissionError(errno.EPERM, "not yours")

    monkeypatch.setattr(os, "kill", refuse)
    _put(tmp_path)
    assert not _can_be_taken(tmp_path)


def test_the_lock_of_another_host_is_respected(tmp_path):
    _put(tmp_path, host="elsewhere", process=2**22 + 1)
    with pytest.raises(RunFolderError, match="on elsewhere since"), lock.held(tmp_path):
        pytest.fail("nobody can tell whether a process of another host is alive")
    assert lock.holder(tmp_path)["host"] == "elsewhere"


def test_a_lock_that_somebody_else_has_taken_is_not_released(tmp_path):
    with lock.held(tmp_path):
        _put(tmp_path, host="elsewhere")
    assert lock.holder(tmp_path)["host"] == "elsewhere"


def test_a_lock_that_is_gone_is_no_trouble_at_the_end(tmp_path):
    with lock.held(tmp_path):
        (tmp_path / "lock").unlink()
    assert _files(tmp_path) == []


def test_a_living_process_that_takes_a_dead_lock_first_keeps_it(tmp_path, monkeypatch):
    really_dead = lock._is_dead

    def overtaken(found):
        dead = really_dead(found)
        _put(tmp_path, since="just now")  # between the look at the lock and its removal
        return dead

    _put(tmp_path, process=2**22 + 1)
    monkeypatch.setattr(lock, "_is_dead", overtaken)
    assert not _can_be_taken(tmp_path)
    assert lock.holder(tmp_path)["since"] == "just now"
    assert _files(tmp_path) == ["lock"]


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    with lock.held(tmp_path):
        assert lock.holder(tmp_path)["process"] == os.getpid()
        assert not _can_be_taken(tmp_path)
    assert _files(tmp_path) == []
    _put(tmp_path, process=2**22 + 1)
    assert _can_be_taken(tmp_path)


@pytest.mark.parametrize("change", ["moved", "moved and made again", "deleted", "taken", "folder"])
def test_whoever_holds_a_lock_notices_that_it_is_gone(tmp_path, change):
    folder = tmp_path / "run"
    folder.mkdir()
    with lock.held(folder) as hold:
        hold.check()
        if change == "deleted":
            (folder / "lock").unlink()
        elif change == "taken":
            _put(folder, process=4321, host="elsewhere")
        else:
            folder.rename(tmp_path / "away")
        if change == "moved and made again":
            folder.mkdir()
            _put(folder)  # of the same process, even
        if change == "folder":
            (folder / "lock").mkdir(parents=True)
        with pytest.raises(RunFolderError, match="nothing more is written") as caught:
            hold.check()
        assert caught.value.exit_code == 4
        assert ("process 4321 on elsewhere has it now" in caught.value.message) is (
            change == "taken"
        )
    assert (folder / "lock").exists() is (change not in ("moved", "deleted"))


def test_a_lock_that_cannot_be_read_for_a_moment_is_not_taken_for_lost(tmp_path, monkeypatch):
    def busy(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    with lock.held(tmp_path) as hold:
        monkeypatch.setattr(lock.plainfile, "read_bytes", busy)
        hold.check()
        monkeypatch.undo()


@pytest.mark.parametrize("what", ["folder", "full folder", "pipe", "link", "circle", "huge"])
def test_what_stands_in_place_of_a_lock_is_put_aside(tmp_path, what):
    place = tmp_path / "lock"
    make = {
        "folder": place.mkdir,
        "full folder": lambda: (place / "x").mkdir(parents=True),
        "pipe": lambda: os.mkfifo(place),
        "link": lambda: place.symlink_to("nowhere"),
        "circle": lambda: place.symlink_to("lock"),
        "huge": lambda: (place.touch(), os.truncate(place, 1 << 40)),
    }
    make[what]()
    assert lock.living_holder(tmp_path) is None
    with lock.held(tmp_path) as hold:
        assert lock.holder(tmp_path)["process"] == os.getpid()
        assert hold.put_aside.name.startswith("damaged-lock-")
        assert os.path.lexists(hold.put_aside)


def test_a_folder_that_is_not_there_cannot_be_locked(tmp_path):
    with pytest.raises(FileNotFoundError), lock.held(tmp_path / "nowhere"):
        pytest.fail("there is nothing to lock")


@pytest.mark.parametrize("failure", FAILURES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("stale", [False, True], ids=["free", "dead"])
def test_wherever_taking_a_lock_breaks_it_is_whole_or_not_there(tmp_path, failure, stale):
    def act(folder):
        folder.mkdir()
        if stale:
            (folder / "lock").write_bytes(json.dumps(_me() | {"process": 2**22 + 1}).encode())
        with suppress(RunFolderError), lock.held(folder):
            pass

    for at in crash_points(lambda: act(tmp_path / "trial")):
        folder = tmp_path / f"{at}"
        crash(lambda: act(folder), at, failure)  # noqa: B023
        if not folder.exists() or not (folder / "lock").exists():
            continue
        text = (folder / "lock").read_text()
        if stale and not text.endswith("}"):
            continue  # it was the dead lock that broke
        assert json.loads(text).keys() == _me().keys()
        # Whoever broke is a dead process now, and the next one goes on.
        _put(folder, process=2**22 + 1)
        for claim in folder.glob(".dead-lock-*"):
            claim.write_text(json.dumps(_me() | {"process": 2**22 + 2}))
        assert _can_be_taken(folder)


@pytest.mark.parametrize("name", [".lock-0123abcd", ".dead-lock-0123abcd"])
def test_what_a_dead_process_left_beside_the_lock_is_swept(tmp_path, name):
    (tmp_path / name).write_text(json.dumps(_me() | {"process": 2**22 + 1}))
    (tmp_path / ".lock-living").write_text(json.dumps(_me()))
    (tmp_path / ".lock-empty").write_text("")
    old = tmp_path / ".lock-old"
    old.write_text("")
    os.utime(old, (0, 0))
    with lock.held(tmp_path):
        assert _files(tmp_path) == [".lock-empty", ".lock-living", "lock"]


def test_a_dead_lock_that_a_living_process_has_claimed_is_not_taken_over(tmp_path):
    _put(tmp_path, process=2**22 + 1)
    content = (tmp_path / "lock").read_bytes()
    claim = tmp_path / f".dead-lock-{hashlib.sha256(content).hexdigest()[:16]}"
    claim.write_text(json.dumps(_me()))
    assert not _can_be_taken(tmp_path)
    assert (tmp_path / "lock").read_bytes() == content
    claim.write_text(json.dumps(_me() | {"process": 2**22 + 2}))  # it died while at it
    assert _can_be_taken(tmp_path)
    assert _files(tmp_path) == []


def test_a_lock_that_is_half_written_is_waited_for(tmp_path, monkeypatch):
    whole = json.dumps(_me())
    (tmp_path / "lock").write_text(whole[:20])
    monkeypatch.setattr(lock.time, "sleep", lambda _: (tmp_path / "lock").write_text(whole))
    assert not _can_be_taken(tmp_path)


RACE = """
import os, sys, time
from pathlib import Path
from grow.runs import lock
from grow.errors import RunFolderError
folder, trophies = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(60):
    try:
        with lock.held(folder):
            inside = os.open(trophies / "inside", os.O_CREAT | os.O_EXCL)
            time.sleep(0.001)
            os.close(inside)
            (trophies / "inside").unlink()
            if _ % 2:
                # Whole at once, as every lock appears.
                beside = trophies / os.urandom(8).hex()
                beside.write_text('{"host": "%s", "process": 4194305, "n": "%s"}'
                    % (lock.socket.gethostname(), beside.name))
                beside.replace(folder / "lock")
    except RunFolderError:
        time.sleep(0.001)
print("well")
"""


def test_of_many_processes_that_find_it_dead_only_one_has_it(tmp_path):
    (tmp_path / "run").mkdir()
    command = [sys.executable, "-c", RACE, str(tmp_path / "run"), str(tmp_path)]
    racers = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True) for _ in range(5)]
    results = [racer.communicate(timeout=60) for racer in racers]
    assert [out for out, _ in results] == ["well\n"] * 5, results
