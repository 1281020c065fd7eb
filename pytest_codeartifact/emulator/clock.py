"""The one source of the time of day, so that a test may move it."""

import threading
import time


class Clock:
    """Wall-clock seconds since the epoch, plus an offset that grows until it is reset."""

    def __init__(self) -> None:
        self._offset_seconds = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the epoch as this emulator sees them."""
        return time.time() + self._offset_seconds

    @staticmethod
    def machine_now() -> float:
        """Seconds since the epoch as the machine sees them, whatever was moved here."""
        return time.time()

    @property
    def offset_seconds(self) -> float:
        """How far this clock is ahead of the machine's."""
        return self._offset_seconds

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return the new time; going back is refused with ValueError."""
        if not 0 <= seconds < 10**10:
            msg = f"the clock moves forward only, by a finite number of seconds, not {seconds!r}"
            raise ValueError(msg)
        with self._lock:
            self._offset_seconds += seconds
        return self.now()

    def reset(self) -> None:
        """Show the machine's time again."""
        with self._lock:
            self._offset_seconds = 0.0
