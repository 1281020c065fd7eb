"""Rendered project pages, kept until anything in the store changes or a listing grows old."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import PackageId, RepositoryId
from pytest_codeartifact.emulator.registry import Offer
from pytest_codeartifact.emulator.store import Store

PAGES = 512


class PageKey(NamedTuple):
    """What a page is rendered for."""

    repository: RepositoryId
    package: PackageId
    media_type: str


@dataclass(frozen=True, slots=True)
class _Page:
    generation: int
    fresh_until: float
    body: bytes


class PageCache:
    """At most so many pages; a hit costs one look-up."""

    def __init__(self) -> None:
        self._pages: OrderedDict[PageKey, _Page] = OrderedDict()

    def page(
        self,
        key: PageKey,
        store: Store,
        clock: Clock,
        make: Callable[[], tuple[Offer, bytes] | None],
    ) -> bytes | None:
        """The rendered page, made when it is missing or outdated; None where there is none."""
        generation = store.generation
        known = self._pages.get(key)
        if known and known.generation == generation and clock.now() < known.fresh_until:
            return known.body
        made = make()
        if made is None:
            return None
        offer, body = made
        # A generation read before the page was made can only make it look older than it is.
        self._pages[key] = _Page(generation, offer.fresh_until, body)
        if len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        return body
