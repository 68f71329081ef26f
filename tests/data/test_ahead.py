"""Work in threads: in order, bounded, and gone when nobody wants more."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

from grow.data.ahead import in_order
from grow.data.prepare import no_stop


def helpers() -> set[str]:
    return {t.name for t in threading.enumerate() if t.name.startswith("pictures")}


def test_results_come_in_order_however_long_each_takes():
    def work(item: int) -> int:
        time.sleep(0.002 * (item % 3))
        return item * item

    assert list(in_order(work, range(40), no_stop)) == [item * item for item in range(40)]
    assert helpers() == set()


def test_no_more_than_are_allowed_wait():
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item

    with closing(in_order(work, range(10_000), no_stop, 300)) as results:
        assert next(results) == 0
        time.sleep(0.05)
        assert len(begun) <= 300
    assert helpers() == set()


def test_a_wish_to_stop_and_a_failure_end_the_threads():
    class Enough(Exception):  # noqa: N818
        pass

    def stop() -> None:
        raise Enough

    def fail(item: int) -> int:
        raise ZeroDivisionError(item)

    with pytest.raises(Enough):
        list(in_order(abs, range(5), stop))
    with pytest.raises(ZeroDivisionError):
        list(in_order(fail, range(5), no_stop))
    assert helpers() == set()
