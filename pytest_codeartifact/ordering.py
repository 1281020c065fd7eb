"""The order of items that build on each other, wherever a shuffle has put them."""

from typing import Any

import pytest


def in_reading_order(items: list[pytest.Item]) -> None:
    """Put the items of each document in its order, within the places that they take.

    An item has a `place` when it is part of a document: what its place is compared with.
    """
    places: dict[pytest.Collector | None, list[int]] = {}
    for at, item in enumerate(items):
        if _place(item) is not None:
            places.setdefault(item.parent, []).append(at)
    for taken in places.values():
        mine = sorted((items[at] for at in taken), key=_place)
        for at, item in zip(taken, mine, strict=True):
            items[at] = item


def _place(item: pytest.Item) -> Any:  # noqa: ANN401 -- of each kind of document its own
    return getattr(item, "place", None)
