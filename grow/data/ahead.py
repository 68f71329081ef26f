"""Work on many items in threads, results in order, a bounded number of them waiting.

This module owns the threads that read pictures, and how they end when nobody wants more.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_PER_THREAD = 4  # items waiting per thread: enough to keep it busy, few enough to stop at once

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    check_stop: Callable[[], None],
    waiting: int = 0,
) -> Generator[Result]:
    """The results of ``work`` for each item, in order; ``check_stop`` raises between to stop.

    Threads are gone when the iterator is exhausted, closed, or left by an exception.

    Args:
        work: called in threads, one for each processor.
        items: what there is to do.
        check_stop: called in the caller's thread before each item is handed out.
        waiting: how many items may be under way or finished and not yet taken; a few for each
            thread unless more.
    """
    threads = os.cpu_count() or 1
    most = max(waiting, threads * _PER_THREAD)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="pictures")
    queue: deque[Future[Result]] = deque()
    try:
        for item in items:
            check_stop()
            queue.append(pool.submit(work, item))
            if len(queue) >= most:
                yield queue.popleft().result()
        while queue:
            check_stop()
            yield queue.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
