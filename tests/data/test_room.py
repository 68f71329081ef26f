import threading
import time

import pytest
from PIL import Image

from grow.data import decode as module
from grow.data.room import Room


def _crowd(room, amounts):
    """The most units that were in at once, when a thread for each amount wants to be."""
    inside, most, lock = [], 0, threading.Lock()

    def visit(amount):
        nonlocal most
        with room.taken(amount):
            with lock:
                inside.append(amount)
                most = max(most, sum(inside))
            time.sleep(0.02)
            with lock:
                inside.remove(amount)

    threads = [threading.Thread(target=visit, args=(amount,)) for amount in amounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return most


def test_what_fits_comes_in_together():
    assert 4 < _crowd(Room(10), [2] * 40) <= 10


def test_what_is_larger_than_the_room_is_there_alone():
    assert _crowd(Room(10), [25] + [1] * 20 + [25] * 3) == 25


def test_room_is_given_back_after_a_failure():
    room = Room(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"), room.taken(1):
            raise ValueError("no")


def test_pictures_wait_for_each_other(monkeypatch, tmp_path):
    """Ten pictures of 1,200 pixels in a room for 3,000: two at a time."""
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    monkeypatch.setattr(module, "_room", Room(3000))
    inside, most, lock = 0, 0, threading.Lock()

    def look():
        nonlocal inside, most
        with module.opened(data):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.03)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=look) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_no_memory_for_what_is_done_with_a_picture_is_a_reason(tmp_path):
    Image.new("RGB", (4, 3)).save(tmp_path / "a.png")
    with (
        pytest.raises(module.Undecodable, match="not enough memory"),
        module.opened((tmp_path / "a.png").read_bytes()),
    ):
        raise MemoryError
