"""The small rules: origin controls, revisions, flights and the order of versions."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from pytest_codeartifact.emulator.entities import (
    Asset,
    Control,
    Manifest,
    Origin,
    OriginControls,
    OriginType,
    Package,
    PackageFormat,
    PackageId,
    PackageVersion,
    Status,
)
from pytest_codeartifact.emulator.formats.pypi import PyPI
from pytest_codeartifact.emulator.registry.origins import (
    INGESTED_FIRST,
    PUBLISHED_FIRST,
    may_be_published,
    takes_from_upstream,
)
from pytest_codeartifact.emulator.registry.revisions import revised
from pytest_codeartifact.emulator.registry.single_flight import SingleFlight

DEMO = PackageId(PackageFormat.PYPI, "", "demo")
VERSION = PackageVersion(
    version="1.0",
    status=Status.PUBLISHED,
    revision="",
    origin=Origin(OriginType.INTERNAL, repository="store"),
    published=1.0,
    manifest=Manifest(display_name="demo"),
)
WHEEL = Asset("demo.whl", 1, "m", "s", "aa", "t")
SDIST = Asset("demo.tar.gz", 1, "m", "s", "bb", "t")


@pytest.mark.parametrize("publish", list(Control))
@pytest.mark.parametrize("upstream", list(Control))
def test_each_control_rules_its_own_way(publish: Control, upstream: Control) -> None:
    """Publishing and upstream are allowed or blocked independently of each other."""
    package = Package(DEMO, OriginControls(publish, upstream))
    assert may_be_published(package) == (publish == "ALLOW")
    assert takes_from_upstream(package) == (upstream == "ALLOW")


def test_unknown_package_may_come_either_way() -> None:
    """The first version decides, and then the other way is blocked."""
    assert may_be_published(None)
    assert takes_from_upstream(None)
    assert (PUBLISHED_FIRST.publish, PUBLISHED_FIRST.upstream) == ("ALLOW", "BLOCK")
    assert (INGESTED_FIRST.publish, INGESTED_FIRST.upstream) == ("BLOCK", "ALLOW")


def test_revision_stands_for_the_content() -> None:
    """The same files and metadata have one revision in any order; anything else another."""
    both = revised(DEMO, VERSION, [WHEEL, SDIST])
    assert both.assets == (WHEEL, SDIST)
    assert revised(DEMO, VERSION, [SDIST, WHEEL]).revision == both.revision
    others = [
        revised(DEMO, VERSION, [WHEEL]),
        revised(DEMO, VERSION, [WHEEL, replace(SDIST, sha256="cc")]),
        revised(DEMO, VERSION, [WHEEL, replace(SDIST, name="other.tar.gz")]),
        revised(DEMO, replace(VERSION, version="2.0"), [WHEEL, SDIST]),
        revised(DEMO, replace(VERSION, manifest=Manifest("x")), [WHEEL, SDIST]),
    ]
    assert len({version.revision for version in (*others, both)}) == 6
    assert all(1 <= len(version.revision) <= 50 for version in others)


def test_revision_survives_a_change_of_status() -> None:
    """Archiving a version is no other revision of it."""
    archived = replace(VERSION, status=Status.ARCHIVED)
    assert revised(DEMO, archived, [WHEEL]).revision == revised(DEMO, VERSION, [WHEEL]).revision


VERSIONS = st.from_regex(
    r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}((a|b|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?(\+[a-z0-9])?",
    fullmatch=True,
).filter(str.isascii)


@given(st.lists(VERSIONS, unique_by=Version))
def test_versions_have_the_order_of_the_specification(versions: list[str]) -> None:
    """Sorting by our key is sorting by the packaging library."""
    shuffled = versions.copy()
    random.Random(0).shuffle(shuffled)
    assert sorted(shuffled, key=PyPI().sort_key) == sorted(versions, key=Version)


@given(st.lists(st.one_of(VERSIONS, st.text(max_size=8)), unique=True))
def test_any_texts_have_a_total_order(versions: list[str]) -> None:
    """What is no version has its place too, before all that are."""
    flipped = versions[::-1]
    assert sorted(versions, key=PyPI().sort_key) == sorted(flipped, key=PyPI().sort_key)


def test_flight_is_taken_by_one_at_a_time() -> None:
    """For one key there is never more than one inside."""
    flights, inside, most = SingleFlight(), [0], [0]
    together = threading.Barrier(8)

    def fly(_: int) -> None:
        together.wait(30)
        for _ in range(50):
            with flights.only_one("key"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fly, range(8)))
    assert most == [1]


def test_flights_of_other_keys_go_on() -> None:
    """One key does not wait for another, and nothing is remembered of either."""
    flights = SingleFlight()

    def fly() -> str:
        with flights.only_one("other"):
            return "done"

    with flights.only_one("key"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(fly).result(30) == "done"
    assert flights._flights == {}


def test_failed_flight_frees_its_key() -> None:
    """An exception inside lets the next one in."""
    flights = SingleFlight()
    for _ in range(2):
        with pytest.raises(ConnectionError), flights.only_one("key"):
            raise ConnectionError
