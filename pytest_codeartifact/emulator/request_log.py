"""What was asked, fetched and told of, and what crashed, for those who want proof."""

import itertools
import threading
import time
from collections import deque
from typing import Any

JOURNALS = {"requests": 20_000, "fetches": 20_000, "crashes": 200, "events": 20_000}
"""How many entries each journal keeps."""


class Journal:
    """A bounded, numbered record; the oldest entries fall out."""

    def __init__(self, length: int) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=length)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, **fields: Any) -> None:  # noqa: ANN401 - whatever JSON can say
        """Record an entry with its number and the machine's time in seconds since the epoch."""
        with self._lock:
            self._entries.append({"number": next(self._numbers), "time": time.time(), **fields})

    def after(self, number: int) -> list[dict[str, Any]]:
        """Every entry kept whose number is greater, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if entry["number"] > number]

    def clear(self) -> None:
        """Drop every entry; the numbers go on, so that those who read on miss none."""
        with self._lock:
            self._entries.clear()
