"""The small rules: origin controls, revisions, flights and the order of versions."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from pytest_codeartifact.emulator.entities import (
    ROOT_PATTERN,
    Asset,
    Control,
    Domain,
    DomainId,
    Manifest,
    Mode,
    Origin,
    OriginControls,
    OriginType,
    Package,
    PackageFormat,
    PackageGroup,
    PackageGroupId,
    PackageId,
    PackageVersion,
    Repository,
    RepositoryId,
    Restriction,
    Status,
)
from pytest_codeartifact.emulator.formats.pypi import PyPI
from pytest_codeartifact.emulator.registry.origins import (
    INGESTED_FIRST,
    LEFT_TO_THE_GROUP,
    PUBLISHED_FIRST,
    admission,
    first_controls,
    may_be_published,
    why_not_published,
)
from pytest_codeartifact.emulator.registry.revisions import revised
from pytest_codeartifact.emulator.registry.single_flight import SingleFlight
from pytest_codeartifact.emulator.store import Store
from pytest_codeartifact.emulator.store.sqlite import SqliteStore

DEMO = PackageId(PackageFormat.PYPI, "", "demo")
VERSION = PackageVersion(
    version="1.0",
    status=Status.PUBLISHED,
    revision="",
    origin=Origin(OriginType.INTERNAL, repository="store"),
    published=1.0,
    manifest=Manifest(display_name="demo"),
)
TEAM = DomainId("eu-west-1", "111122223333", "team")
HERE, ELSEWHERE = RepositoryId(TEAM, "store"), RepositoryId(TEAM, "other")
WHEEL = Asset("demo.whl", 1, "m", "s", "aa", "t")
SDIST = Asset("demo.tar.gz", 1, "m", "s", "bb", "t")


# --- Origin controls -------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A state with two repositories in a domain, whose root group is as it is from the start."""
    store = SqliteStore(tmp_path / "state")
    with store.write() as tx:
        tx.domains.put(Domain(TEAM, "arn:aws:kms:key", 1.0))
        for each in (HERE, ELSEWHERE):
            tx.repositories.put(Repository(each, each.name, TEAM.owner, None, (), (), 1.0))
    yield store
    store.close()


def govern(store: Store, pattern: str, *modes: Mode, allowed: tuple[str, ...] = ()) -> None:
    """Give a group these modes: for publishing, for external and for internal upstreams."""
    restrictions = (
        Restriction.PUBLISH,
        Restriction.EXTERNAL_UPSTREAM,
        Restriction.INTERNAL_UPSTREAM,
    )
    named = dict(zip(restrictions, modes, strict=True))
    lists = {
        each: allowed for each, mode in named.items() if mode is Mode.ALLOW_SPECIFIC_REPOSITORIES
    }
    group = PackageGroup(PackageGroupId(TEAM, pattern), None, None, named, lists, 1.0)
    with store.write() as tx:
        tx.package_groups.put(group)


def record(store: Store, publish: Control, upstream: Control) -> None:
    """Give the package these controls of its own in one repository."""
    with store.write() as tx:
        tx.packages.put(HERE, Package(DEMO, OriginControls(publish, upstream)))


def admitted(store: Store, repository: RepositoryId = HERE, package: PackageId = DEMO) -> str:
    """The ways by which new versions may enter a repository."""
    with store.read() as tx:
        found = admission(tx, repository, package)
        assert may_be_published(tx, repository, package) == found.publish
        assert (why_not_published(tx, repository, package) is None) == found.publish
    ways = {
        "publish": found.publish,
        "external": found.external_upstream,
        "internal": found.internal_upstream,
    }
    return " ".join(way for way, is_open in ways.items() if is_open)


@pytest.mark.parametrize("publish", list(Control))
@pytest.mark.parametrize("upstream", list(Control))
def test_each_control_rules_its_own_way(store: Store, publish: Control, upstream: Control) -> None:
    """Publishing and upstream are allowed or blocked independently of each other."""
    record(store, publish, upstream)
    expected = ["publish"] * (publish == "ALLOW") + ["external internal"] * (upstream == "ALLOW")
    assert admitted(store) == " ".join(expected)
    assert admitted(store, ELSEWHERE) == "publish external internal"


def test_unknown_package_may_come_either_way(store: Store) -> None:
    """The first version decides, and then the other way is blocked."""
    assert admitted(store) == "publish external internal"
    with store.read() as tx:
        for first in (PUBLISHED_FIRST, INGESTED_FIRST):
            assert first_controls(tx, HERE, DEMO, first) == first
    assert (PUBLISHED_FIRST.publish, PUBLISHED_FIRST.upstream) == ("ALLOW", "BLOCK")
    assert (INGESTED_FIRST.publish, INGESTED_FIRST.upstream) == ("BLOCK", "ALLOW")


@pytest.mark.parametrize(
    ("package", "group", "effective"),
    [
        ("ALLOW ALLOW", "ALLOW ALLOW ALLOW", "publish external internal"),
        ("BLOCK ALLOW", "ALLOW ALLOW ALLOW", "external internal"),
        ("ALLOW ALLOW", "ALLOW BLOCK BLOCK", "publish"),
        ("ALLOW ALLOW", "BLOCK ALLOW BLOCK", "external"),
        ("ALLOW BLOCK", "BLOCK ALLOW ALLOW", ""),
    ],
)
def test_what_either_blocks_is_blocked(
    store: Store, package: str, group: str, effective: str
) -> None:
    """The first three rows are those of the page "Editing package origin controls"."""
    publish, upstream = map(Control, package.split())
    record(store, publish, upstream)
    govern(store, "/pypi/*", *map(Mode, group.split()))
    assert admitted(store) == effective


@pytest.mark.parametrize("pattern", [ROOT_PATTERN, "/pypi/*", "/pypi//demo$"])
def test_named_repositories_only_are_let(store: Store, pattern: str) -> None:
    """A list of allowed repositories counts for its restriction, whatever group has it."""
    govern(
        store, pattern, Mode.ALLOW_SPECIFIC_REPOSITORIES, Mode.BLOCK, Mode.ALLOW, allowed=("store",)
    )
    assert admitted(store) == "publish internal"
    assert admitted(store, ELSEWHERE) == "internal"


def test_inherited_mode_comes_with_its_list(store: Store) -> None:
    """A group that inherits ALLOW_SPECIFIC_REPOSITORIES uses its parent's list."""
    specific = (Mode.ALLOW_SPECIFIC_REPOSITORIES,) * 3
    govern(store, "/pypi/*", *specific, allowed=("other",))
    govern(store, "/pypi//demo$", Mode.INHERIT, Mode.ALLOW, Mode.INHERIT)
    assert admitted(store) == "external"
    assert admitted(store, ELSEWHERE) == "publish external internal"


@pytest.mark.parametrize("mode", [Mode.BLOCK, Mode.ALLOW_SPECIFIC_REPOSITORIES])
@pytest.mark.parametrize("place", range(3))
def test_restricted_package_leaves_all_to_its_group(store: Store, mode: Mode, place: int) -> None:
    """Where a group restricts anything, the first version of a package sets no control."""
    modes = [Mode.ALLOW] * 3
    modes[place] = mode
    govern(store, "/pypi/*", *modes)
    govern(store, "/pypi//demo$", *[Mode.INHERIT] * 3)
    with store.read() as tx:
        for first in (PUBLISHED_FIRST, INGESTED_FIRST):
            assert first_controls(tx, HERE, DEMO, first) == LEFT_TO_THE_GROUP
            elsewhere = PackageId(PackageFormat.NPM, "", "demo")
            assert first_controls(tx, HERE, elsewhere, first) == first
    assert (LEFT_TO_THE_GROUP.publish, LEFT_TO_THE_GROUP.upstream) == ("ALLOW", "ALLOW")


def test_variation_is_blocked_whatever_its_group_allows(store: Store) -> None:
    """What differs from a pattern in case only can neither be published nor pulled."""
    govern(store, "/npm//spicy-client$", *[Mode.ALLOW] * 3)
    spicy = PackageId(PackageFormat.NPM, "", "spicy-client")
    assert admitted(store, package=spicy) == "publish external internal"
    for name in ("Spicy-Client", "spicy.client", "spicy__client"):
        variation = PackageId(PackageFormat.NPM, "", name)
        assert admitted(store, package=variation) == ""


@pytest.mark.parametrize(
    ("pattern", "modes", "words"),
    [
        ("/pypi//demo$", "BLOCK ALLOW ALLOW", ["/pypi//demo$", "BLOCK", "Group"]),
        ("/pypi//DEMO$", "ALLOW ALLOW ALLOW", ["/pypi//DEMO$", "variation"]),
        ("/npm/*", "BLOCK BLOCK BLOCK", ["demo", "store", "PutPackageOriginConfiguration"]),
    ],
)
def test_refusal_names_what_forbids_publishing(
    store: Store, pattern: str, modes: str, words: list[str]
) -> None:
    """Who cannot publish reads which control it is, the group's before the package's own."""
    record(store, Control.BLOCK, Control.ALLOW)
    govern(store, pattern, *map(Mode, modes.split()))
    with store.read() as tx:
        reason = why_not_published(tx, HERE, DEMO)
    assert reason is not None
    assert [word for word in words if word not in reason] == []


# --- Revisions -------------------------------------------------------------------------------


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
