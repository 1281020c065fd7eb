"""What a run on a real account has asked for so far, what that costs, and whether it may go on.

Every process of the run counts for itself, in a file of its own in a folder of the run; the limit
is for all of them together.
"""

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_codeartifact import pricing

LONGEST_BUILD_MINUTES = 10
"""How long a build on a real account may take; it is counted as if it did."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was asked for: bytes are those of bodies, resources what was made."""

    requests: int = 0
    bytes_moved: int = 0
    resources: int = 0
    builds: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.requests + other.requests,
            self.bytes_moved + other.bytes_moved,
            self.resources + other.resources,
            self.builds + other.builds,
        )

    @property
    def usd(self) -> float:
        """What it costs at most, in US dollars."""
        minutes = self.builds * LONGEST_BUILD_MINUTES
        of_service: float = pricing.estimate(self.requests, self.bytes_moved)["usd"]
        return round(of_service + minutes * pricing.BUILD_MINUTE_USD, 6)


class BudgetReached(Exception):
    """One request more would cost more than the run may; the text says how much that is."""


class Ledger:
    """Counts for one process, and knows of the others of its run; threads may share it."""

    def __init__(self, folder: Path, budget_usd: float | None) -> None:
        """`folder` is shared by the processes of the run and exists."""
        self._folder = folder
        self._own = folder / f"spent-{os.getpid()}.json"
        self._budget = budget_usd
        self._spent = Spent()
        self._lock = threading.Lock()
        self._is_released = False
        self.is_reached = False

    def ask(self, spent: Spent) -> None:
        """Count a request before it is made; raises BudgetReached where it may not be."""
        with self._lock:
            total = self._others() + self._spent + spent
            if self._budget is not None and total.usd > self._budget and not self._is_released:
                self.is_reached = True
                raise BudgetReached(
                    f"one request more would bring the run to {total.usd:.4f} USD, "
                    f"and its budget is {self._budget:.4f} USD"
                )
            self._count(spent)

    def moved(self, size: int) -> None:
        """Count the bytes of an answer."""
        with self._lock:
            self._count(Spent(bytes_moved=size))

    def release(self) -> None:
        """Let everything pass from now on: what was made must be removed, whatever it costs."""
        self._is_released = True

    def total(self) -> Spent:
        """What all processes of the run have asked for."""
        with self._lock:
            return self._others() + self._spent

    def _count(self, spent: Spent) -> None:
        self._spent += spent
        aside = self._own.with_suffix(".new")
        aside.write_text(json.dumps(asdict(self._spent)), encoding="utf-8")
        aside.replace(self._own)

    def _others(self) -> Spent:
        total = Spent()
        for path in self._folder.glob("spent-*.json"):
            if path != self._own:
                total += Spent(**json.loads(path.read_text(encoding="utf-8")))
        return total
