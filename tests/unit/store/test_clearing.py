"""What is left of a state that was cleared, as a whole or of one account."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_codeartifact.emulator.entities import (
    Asset,
    Control,
    Domain,
    DomainId,
    Manifest,
    Origin,
    OriginControls,
    OriginType,
    Package,
    PackageFormat,
    PackageId,
    PackageVersion,
    Repository,
    RepositoryId,
    ResourcePolicy,
    Status,
    VersionChange,
)
from pytest_codeartifact.emulator.store import Listing
from pytest_codeartifact.emulator.store.sqlite import SqliteStore

MINE, THEIRS = "111122223333", "444455556666"
DEMO = PackageId(PackageFormat.PYPI, "", "demo")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(folder: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(folder)
    yield store
    store.close()


def fill(store: SqliteStore, domain: DomainId, *administrators: str) -> Asset:
    """A domain with a repository of each administrator, each with the same file of the domain's."""
    with store.blobs.stage("demo.txt", [domain.arn.encode()]) as staged, store.write() as tx:
        staged.keep()
        tx.domains.put(Domain(domain, "arn:aws:kms:key", 1.0))
        for at, administrator in enumerate(administrators):
            repository = RepositoryId(domain, f"store-{at}")
            uid = f"uid of {repository.arn}"
            tx.repositories.put(Repository(repository, uid, administrator, None, (), (), 1.0))
            tx.packages.put(repository, Package(DEMO, OriginControls(Control.ALLOW, Control.ALLOW)))
            tx.versions.put(repository, DEMO, version(staged.asset))
        for arn in (domain.arn, *(RepositoryId(domain, f"store-{n}").arn for n in (0, 1))):
            tx.tags.replace(arn, {"stage": "test"})
            tx.policies.put(ResourcePolicy(arn, "{}", "rev"))
        tx.listings.put(f"public:pypi {domain.owner}", DEMO, Listing("[]", 1.0))
        return staged.asset


def version(asset: Asset) -> PackageVersion:
    origin = Origin(OriginType.INTERNAL)
    return PackageVersion("1.0", Status.PUBLISHED, "rev", origin, 1.0, Manifest("demo"), (asset,))


def rows(store: SqliteStore) -> dict[str, int]:
    """How many rows each table has that has any."""
    with store.read() as tx:
        names = tx.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        counts = {n: tx.db.execute(f"SELECT count(*) FROM {n}").fetchone()[0] for (n,) in names}
    return {name: count for name, count in counts.items() if count}


def test_clearing_leaves_the_settings_only(store: SqliteStore) -> None:
    """No table has a row, whatever tables there are; settings stay but for those that are named."""
    fill(store, DomainId("eu-west-1", MINE, "team"), MINE)
    fill(store, DomainId("us-east-1", THEIRS, "team"), THEIRS)
    for key in ("kept", "one", "two"):
        store.setting(key, lambda: "first")
    before = store.generation
    store.clear(settings=["one", "missing"])
    assert store.generation > before
    assert set(rows(store)) == {"state"}
    assert store.setting("kept", lambda: "second") == "first"
    assert store.setting("two", lambda: "second") == "first"
    assert store.setting("one", lambda: "second") == "second"


def test_clearing_an_account_takes_all_it_owns(store: SqliteStore) -> None:
    """Its domains in every region go, and its repositories in others' domains, with all of it."""
    for region in ("eu-west-1", "us-gov-west-1"):
        fill(store, DomainId(region, MINE, "team"), MINE, THEIRS)
    theirs = DomainId("eu-west-1", THEIRS, "theirs")
    fill(store, theirs, THEIRS, MINE)
    store.clear(MINE)
    with store.read() as tx:
        assert tx.domains.owned_by("eu-west-1", MINE) == []
        assert tx.domains.owned_by("us-gov-west-1", MINE) == []
        assert [each.id.name for each in tx.repositories.in_domain(theirs)] == ["store-0"]
        kept = RepositoryId(theirs, "store-0")
        assert len(tx.versions.of(kept, DEMO)) == 1
        for table in ("tags", "policies"):
            left = tx.db.execute(f"SELECT DISTINCT arn FROM {table} ORDER BY arn").fetchall()
            assert [arn for (arn,) in left] == [theirs.arn, kept.arn]
        assert tx.listings.get(f"public:pypi {MINE}", DEMO) is not None


def test_clearing_an_unknown_account_changes_nothing(store: SqliteStore) -> None:
    """Another account's number, even one that is part of a name, owns nothing."""
    fill(store, DomainId("eu-west-1", MINE, "team-999999999999"), MINE)
    before = rows(store)
    store.clear("999999999999")
    assert rows(store) == before


def test_bytes_go_with_the_second_clearing(store: SqliteStore, folder: Path) -> None:
    """Who found an asset can still open it; bytes that nobody can have found any more are gone."""
    asset = fill(store, DomainId("eu-west-1", MINE, "team"), MINE)
    [blob] = (folder / "blobs").glob("??/*")
    store.clear()
    assert blob.exists()
    assert store.blobs.open(asset).read().startswith(b"arn:")
    other = fill(store, DomainId("eu-west-1", THEIRS, "team"), THEIRS)
    store.clear(MINE)
    assert not blob.exists()
    assert store.blobs.open(other).read().startswith(b"arn:")


def test_listener_is_not_told_of_clearing(store: SqliteStore) -> None:
    """Clearing is no deletion of versions that anybody made."""
    fill(store, DomainId("eu-west-1", MINE, "team"), MINE)
    heard: list[VersionChange] = []
    store.subscribe(heard.extend)
    store.clear()
    assert heard == []


def test_reader_sees_all_or_nothing(store: SqliteStore) -> None:
    """A view that was opened before the clearing stays whole; the next one is empty."""
    team = DomainId("eu-west-1", MINE, "team")
    fill(store, team, MINE)
    with store.read() as tx:
        assert tx.domains.get(team) is not None
        clearing = threading.Thread(target=store.clear)
        clearing.start()
        clearing.join()
        assert len(tx.repositories.in_domain(team)) == 1
    with store.read() as tx:
        assert tx.domains.get(team) is None
