import multiprocessing
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_codeartifact.emulator.entities import (
    Asset,
    Control,
    Dependency,
    Domain,
    DomainId,
    License,
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
    Status,
    Upstream,
)
from pytest_codeartifact.emulator.store import Listing, Store
from pytest_codeartifact.emulator.store.sqlite import SqliteStore, StateError

TEAM = Domain(DomainId("eu-west-1", "111122223333", "team"), "arn:aws:kms:key", 1793404800.25)
STORE = Repository(
    id=RepositoryId(TEAM.id, "store"),
    uid="uid-store",
    administrator="444455556666",
    description="é",
    upstreams=(Upstream("uid-b", "b"), Upstream("uid-a", "a")),
    external_connections=("public:pypi",),
    created=1793404801.5,
)
DEMO = Package(
    PackageId(PackageFormat.NPM, "scope", "demo"), OriginControls(Control.ALLOW, Control.BLOCK)
)
VERSION = PackageVersion(
    version="1.0",
    status=Status.PUBLISHED,
    revision="rev",
    origin=Origin(OriginType.INTERNAL, repository="store"),
    published=1793404802.75,
    manifest=Manifest(
        display_name="Demo",
        summary="a\nb",
        licenses=(License("MIT", "https://mit.example"),),
        readme="Grüße",
        dependencies=(Dependency("x", "ns", "dev", ">=1"), Dependency("y")),
    ),
    assets=(
        Asset("b.whl", 3, "m", "s1", "s256", "s512", {"requires-python": ">=3"}),
        Asset("a.whl", 2**40, "m", "s1", "other", "s512"),
    ),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(folder: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(folder)
    yield store
    store.close()


def fill(store: Store) -> None:
    with store.write() as tx:
        tx.domains.put(TEAM)
        tx.repositories.put(STORE)
        tx.packages.put(STORE.id, DEMO)
        tx.versions.put(STORE.id, DEMO.id, VERSION)
        tx.tags.replace(TEAM.id.arn, {"stage": "test"})
        tx.listings.put("public:npmjs", DEMO.id, Listing("{}", 5.5))


def assert_filled(store: Store) -> None:
    with store.read() as tx:
        assert tx.domains.get(TEAM.id) == TEAM
        assert tx.repositories.get(STORE.id) == tx.repositories.by_uid("uid-store") == STORE
        assert tx.packages.get(STORE.id, DEMO.id) == DEMO
        assert tx.versions.get(STORE.id, DEMO.id, "1.0") == VERSION
        assert tx.versions.of(STORE.id, DEMO.id) == [VERSION]
        assert tx.tags.of(TEAM.id.arn) == {"stage": "test"}
        assert tx.listings.get("public:npmjs", DEMO.id) == Listing("{}", 5.5)


def test_what_was_put_is_there(store: SqliteStore) -> None:
    """Every entity comes back equal, with order and fractions of seconds."""
    fill(store)
    assert_filled(store)


def test_state_survives_its_process(folder: Path, store: SqliteStore) -> None:
    """A store opened again on the folder has everything, its secrets included."""
    fill(store)
    secret = store.secret("key", 16)
    store.close()
    again = SqliteStore(folder)
    try:
        assert_filled(again)
        assert again.secret("key", 16) == secret
        assert len(secret) == 16
    finally:
        again.close()


class Interrupted(BaseException):
    """As from the keyboard: no ordinary exception."""


@pytest.mark.parametrize("error", [RuntimeError, Interrupted])
def test_interrupted_write_changes_nothing(store: SqliteStore, error: type[BaseException]) -> None:
    """Whatever leaves a write early takes all of it back, and the next write begins clean."""
    generation = store.generation

    def interrupted() -> None:
        with store.write() as tx:
            tx.domains.put(TEAM)
            tx.repositories.put(STORE)
            raise error

    with pytest.raises(error):
        interrupted()
    with store.read() as tx:
        assert tx.domains.get(TEAM.id) is None
    assert store.generation == generation
    fill(store)
    assert_filled(store)
    assert store.generation == generation + 1


def test_reader_sees_nothing_unfinished(store: SqliteStore) -> None:
    """Another thread reads the old state until the write is over, without waiting for it."""
    seen: list[Domain | None] = []

    def look() -> None:
        with store.read() as tx:
            seen.append(tx.domains.get(TEAM.id))

    with store.write() as tx:
        tx.domains.put(TEAM)
        during = threading.Thread(target=look)
        during.start()
        during.join(30)
    after = threading.Thread(target=look)
    after.start()
    after.join(30)
    assert seen == [None, TEAM]


def test_reading_is_one_view(store: SqliteStore) -> None:
    """What another thread commits meanwhile does not show within a read."""
    with store.read() as tx:
        assert tx.domains.get(TEAM.id) is None
        writer = threading.Thread(target=fill, args=(store,))
        writer.start()
        writer.join(30)
        assert tx.domains.get(TEAM.id) is None
    assert_filled(store)


def test_everything_goes_with_its_repository(store: SqliteStore) -> None:
    """Deleting a repository deletes packages, versions and assets."""
    fill(store)
    with store.write() as tx:
        tx.repositories.delete(STORE.id)
        assert tx.packages.of(STORE.id) == []
        assert tx.domains.asset_bytes(TEAM.id) == 0
        tx.repositories.put(STORE)
        assert tx.versions.of(STORE.id, DEMO.id) == []


def test_replaced_version_has_its_new_assets_only(store: SqliteStore) -> None:
    """Putting a version again replaces its fields and its list of assets, not its place."""
    fill(store)
    changed = replace(VERSION, status=Status.ARCHIVED, assets=VERSION.assets[1:])
    with store.write() as tx:
        tx.versions.put(STORE.id, DEMO.id, replace(VERSION, version="2.0"))
        tx.versions.put(STORE.id, DEMO.id, changed)
        assert [v.version for v in tx.versions.of(STORE.id, DEMO.id)] == ["1.0", "2.0"]
        assert tx.versions.get(STORE.id, DEMO.id, "1.0") == changed


def test_second_owner_of_a_folder_is_refused(folder: Path, store: SqliteStore) -> None:
    """A folder in use is refused with what to do, and free once its owner closes it."""
    with pytest.raises(StateError, match="in use by another server"):
        SqliteStore(folder)
    store.close()
    SqliteStore(folder).close()


def _try_to_own(folder: Path, answers: "multiprocessing.Queue[str]") -> None:
    try:
        SqliteStore(folder).close()
    except StateError as error:
        answers.put(str(error))
    else:
        answers.put("owned")


def test_second_process_is_refused(folder: Path, store: SqliteStore) -> None:
    """Another process is kept out as well."""
    assert store.generation >= 0
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[str] = context.Queue()
    process = context.Process(target=_try_to_own, args=(folder, answers))
    process.start()
    answer = answers.get(timeout=60)
    process.join(60)
    assert "in use by another server" in answer


def test_foreign_file_in_the_folder_is_no_state(folder: Path) -> None:
    """A damaged database is refused by name, and the folder stays free."""
    folder.mkdir()
    (folder / "state.sqlite3").write_bytes(b"this is no database at all, " * 100)
    for _ in range(2):
        with pytest.raises(StateError, match=r"state\.sqlite3"):
            SqliteStore(folder)


def test_state_of_another_version_is_refused(folder: Path) -> None:
    """A schema of another version is named, and the folder stays free."""
    store = SqliteStore(folder)
    with store.write() as tx:
        tx.db.execute("UPDATE state SET value = '999' WHERE key = 'schema'")
    store.close()
    for _ in range(2):
        with pytest.raises(StateError, match="999"):
            SqliteStore(folder)
