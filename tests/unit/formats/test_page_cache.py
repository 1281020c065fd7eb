from typing import cast

import pytest

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import (
    DomainId,
    PackageFormat,
    PackageId,
    RepositoryId,
)
from pytest_codeartifact.emulator.formats.page_cache import PAGES, PageCache, PageKey
from pytest_codeartifact.emulator.registry import Offer
from pytest_codeartifact.emulator.store import Blobs, Store

REPOSITORY = RepositoryId(DomainId("eu-west-1", "111122223333", "team"), "store")


class Counter:
    """A store of which only the generation is asked, and a page that counts its making."""

    def __init__(self, fresh_until: float = float("inf")) -> None:
        self.generation = 1
        self.made = 0
        self.fresh_until = fresh_until
        self.exists = True

    @property
    def blobs(self) -> Blobs:
        raise NotImplementedError

    def read(self) -> None:
        raise NotImplementedError

    write = close = read

    def make(self) -> tuple[Offer, bytes] | None:
        self.made += 1
        return (Offer((), self.fresh_until), b"page %d" % self.made) if self.exists else None


def key(name: str = "demo", media_type: str = "text/html") -> PageKey:
    return PageKey(REPOSITORY, PackageId(PackageFormat.PYPI, "", name), media_type)


@pytest.fixture
def cache() -> PageCache:
    return PageCache()


def asked(cache: PageCache, counter: Counter, clock: Clock, where: PageKey) -> bytes | None:
    return cache.page(where, cast("Store", counter), clock, counter.make)


def test_page_is_made_once(cache: PageCache) -> None:
    """Until anything changes, the same bytes come back."""
    counter, clock = Counter(), Clock()
    assert [asked(cache, counter, clock, key()) for _ in range(3)] == [b"page 1"] * 3


def test_change_in_the_store_makes_it_anew(cache: PageCache) -> None:
    """A new generation outdates the page."""
    counter, clock = Counter(), Clock()
    asked(cache, counter, clock, key())
    counter.generation = 2
    assert asked(cache, counter, clock, key()) == b"page 2"


def test_old_listing_makes_it_anew(cache: PageCache) -> None:
    """The page holds no longer than the listing it was made from."""
    clock = Clock()
    counter = Counter(fresh_until=clock.now() + 100)
    assert asked(cache, counter, clock, key()) == asked(cache, counter, clock, key())
    clock.advance(101)
    assert asked(cache, counter, clock, key()) == b"page 2"


def test_pages_differ_by_what_they_are_for(cache: PageCache) -> None:
    """Package and media type each have a page of their own."""
    counter, clock = Counter(), Clock()
    pages = [asked(cache, counter, clock, k) for k in (key(), key("other"), key("demo", "json"))]
    assert pages == [b"page 1", b"page 2", b"page 3"]


def test_absence_is_not_remembered(cache: PageCache) -> None:
    """What is not there is looked for again."""
    counter, clock = Counter(), Clock()
    counter.exists = False
    assert asked(cache, counter, clock, key()) is None
    counter.exists = True
    assert asked(cache, counter, clock, key()) == b"page 2"


def test_change_while_a_page_is_made_outdates_it(cache: PageCache) -> None:
    """A page made from the state before a change is not served after it."""
    counter, clock = Counter(), Clock()

    class Changing(Counter):
        def make(self) -> tuple[Offer, bytes] | None:
            self.generation += self.made == 0
            return super().make()

    counter = Changing()
    assert asked(cache, counter, clock, key()) == b"page 1"
    assert asked(cache, counter, clock, key()) == b"page 2"
    assert asked(cache, counter, clock, key()) == b"page 2"


def test_only_so_many_pages_are_kept(cache: PageCache) -> None:
    """The oldest page makes room."""
    counter, clock = Counter(), Clock()
    for number in range(PAGES + 1):
        asked(cache, counter, clock, key(f"demo-{number}"))
    made = counter.made
    asked(cache, counter, clock, key(f"demo-{PAGES}"))
    assert counter.made == made
    asked(cache, counter, clock, key("demo-0"))
    assert counter.made == made + 1
