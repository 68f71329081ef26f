"""How much may be worked on at once: threads wait until what they take fits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """Room for ``size`` units; what is larger than all of it comes in when nobody else is."""

    def __init__(self, size: int) -> None:
        self._size, self._taken = size, 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, amount: int) -> Iterator[None]:
        """Waits until there is room for ``amount`` units, and keeps it while the block runs."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + amount <= self._size)
            self._taken += amount
        try:
            yield
        finally:
            with self._changed:
                self._taken -= amount
                self._changed.notify_all()
