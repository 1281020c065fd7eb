"""Answers that hold until the store changes, so that a hot path asks it only once."""

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from pytest_codeartifact.emulator.store import Store

Value = TypeVar("Value")
ENTRIES = 4096
_MISSING: Any = object()


class Remembered(Generic[Value]):
    """Values by key; all of them are forgotten with any committed change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[int, dict[Hashable, Value]] = (-1, {})

    def get(self, key: Hashable, find: Callable[[], Value]) -> Value:
        """The value remembered for the key, or what `find` returns now."""
        generation = self._store.generation
        known = self._known
        if known[0] != generation or len(known[1]) >= ENTRIES:
            known = self._known = (generation, {})
        # What is found below goes where the generation read above belongs: a change in between
        # makes it unreachable rather than stale.
        values = known[1]
        # Looked up once only: hashing a key of nested values costs more than all the rest.
        found: Value = values.get(key, _MISSING)
        if found is _MISSING:
            found = values[key] = find()
        return found
