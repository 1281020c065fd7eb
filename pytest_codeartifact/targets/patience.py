"""Waiting for a service that needs a moment: bounded, and written down.

What was made may not be listed yet, a fresh role may not be assumed yet, a deleted repository may
still keep its domain from going. Sources: "Changes that I make are not always immediately visible"
(IAM User Guide, Troubleshoot IAM), "Python compatibility" and "Working with repositories"
(CodeArtifact User Guide).
"""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Wait:
    """What was waited for, how often it was tried again, and how long that took."""

    what: str
    tries: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what is not there yet.

    `look_seconds` is the pause between two looks at something that goes on, such as a build.
    `settle_seconds` is what a change of permissions needs until it holds everywhere.
    `limit_seconds` is how long at most an attempt is repeated.
    """

    look_seconds: float
    settle_seconds: float = 0.0
    limit_seconds: float = 0.0
    waits: list[Wait] = field(default_factory=list)

    def until(
        self, what: str, attempt: Callable[[], _T], is_early: Callable[[Exception], bool]
    ) -> _T:
        """The attempt's result; tried again while its error says that it comes too early.

        Raises what the attempt raises: at once where that is no sign of being early, and in the
        end where it stays one.
        """
        tries, started = 0, time.monotonic()
        while True:
            try:
                result = attempt()
            except Exception as error:
                if not is_early(error) or time.monotonic() - started >= self.limit_seconds:
                    raise
            else:
                self._note(what, tries, started)
                return result
            time.sleep(self._pause(tries))
            tries += 1

    def pauses(self, what: str) -> Iterator[float]:
        """Pauses in seconds after which to look again, until the limit; noted when they end."""
        started, tries = time.monotonic(), 0
        try:
            while time.monotonic() - started < self.limit_seconds:
                yield self._pause(tries)
                # Whoever saw what it waited for does not come back.
                tries += 1
        finally:
            self._note(what, tries, started)

    def settle(self, what: str, since: float) -> None:
        """Wait until a change of permissions, made at `since` by the monotonic clock, holds."""
        left = since + self.settle_seconds - time.monotonic()
        if left > 0:
            time.sleep(left)
            self.waits.append(Wait(what, 0, round(left, 3)))

    def looks(self) -> Iterator[float]:
        """Pauses in seconds between looks at something that goes on for a while; without end."""
        return map(self._pause, itertools.count())

    def _pause(self, tries: int) -> float:
        return float(min(self.look_seconds, 0.25 * 1.5 ** min(tries, 16)))

    def _note(self, what: str, tries: int, started: float) -> None:
        if tries:
            self.waits.append(Wait(what, tries, round(time.monotonic() - started, 3)))


def at_once() -> Patience:
    """The emulator's: it is consistent, so nothing is tried again."""
    return Patience(look_seconds=0.05)


def of_account(settle_seconds: float) -> Patience:
    """A real account's."""
    return Patience(look_seconds=5.0, settle_seconds=settle_seconds, limit_seconds=90.0)
