"""The state in one SQLite database and a folder of blobs.

One process owns a state folder at a time; inside it any number of threads read, and one writes.
"""

import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_codeartifact.emulator.entities import (
    PackageId,
    PackageVersion,
    RepositoryId,
    VersionChange,
)
from pytest_codeartifact.emulator.store.blobs import FolderBlobs
from pytest_codeartifact.emulator.store.governance import PackageGroupTable, PolicyTable
from pytest_codeartifact.emulator.store.tables import (
    DomainTable,
    ListingTable,
    PackageTable,
    RepositoryTable,
    TagTable,
    VersionTable,
)

SCHEMA_VERSION = "1"


class StateError(Exception):
    """The state folder cannot be used; the text says why and what to do."""


class SqliteTransaction:
    """The tables on one connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.domains = DomainTable(db)
        self.repositories = RepositoryTable(db)
        self.changes: list[VersionChange] = []
        self.versions = VersionTable(db, self._changed)
        self.packages = PackageTable(db, self.versions)
        self.tags = TagTable(db)
        self.policies = PolicyTable(db)
        self.package_groups = PackageGroupTable(db)
        self.listings = ListingTable(db)
        self.db = db

    def _changed(
        self,
        repository: RepositoryId,
        package: PackageId,
        before: PackageVersion | None,
        after: PackageVersion | None,
    ) -> None:
        held = self.repositories.get(repository)
        if held is not None and before != after:
            self.changes.append(VersionChange(held, package, before, after))


class SqliteStore:
    """State that survives the process: what `write` committed is on disk when it returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._owner = FileLock(folder / "owner.lock")
        try:
            self._owner.acquire(blocking=False)
        except Timeout:
            msg = (
                f"the state folder {folder} is in use by another server; stop it or choose another"
            )
            raise StateError(msg) from None
        self._path = folder / "state.sqlite3"
        self._threads = threading.local()
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}
        self._writer = threading.RLock()
        self._generation = 0
        self._listeners: list[Callable[[Sequence[VersionChange]], None]] = []
        try:
            self.blobs = self._opened(folder)
        except BaseException:
            # A folder that cannot be used must not stay locked by this process.
            self.close()
            raise

    def _opened(self, folder: Path) -> FolderBlobs:
        """The blobs that belong to the database; raises StateError when it is not ours."""
        try:
            db = self._connect().db
            schema = files(__package__).joinpath("schema.sql").read_text()
            # Together: alone, each of its statements would wait for the disk.
            db.executescript(f"BEGIN IMMEDIATE; {schema} COMMIT;")
            found = self.setting("schema", lambda: SCHEMA_VERSION)
        except sqlite3.DatabaseError as error:
            msg = f"{self._path} cannot be used: {error}; remove it or choose another state folder"
            raise StateError(msg) from error
        if found != SCHEMA_VERSION:
            msg = (
                f"the state folder {folder} has schema {found}, this version reads {SCHEMA_VERSION}"
            )
            raise StateError(msg)
        blobs = FolderBlobs(folder)
        blobs.sweep({row[0] for row in db.execute("SELECT DISTINCT sha256 FROM assets")})
        return blobs

    @property
    def generation(self) -> int:
        """A number that grows with every committed change."""
        return self._generation

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        """One consistent view."""
        transaction = self._connect()
        if transaction.db.in_transaction:
            yield transaction
            return
        transaction.db.execute("BEGIN")
        try:
            yield transaction
        finally:
            transaction.db.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        """The single writer; commits on leaving, rolls back on an exception."""
        with self._writer:
            transaction = self._connect()
            transaction.db.execute("BEGIN IMMEDIATE")
            transaction.changes.clear()
            try:
                yield transaction
            except BaseException:
                transaction.db.execute("ROLLBACK")
                raise
            transaction.db.execute("COMMIT")
            self._generation += 1
            changes = list(transaction.changes)
            # Told before the next writer comes, so that listeners hear changes in their order.
            for listener in self._listeners if changes else ():
                listener(changes)

    def subscribe(self, listener: Callable[[Sequence[VersionChange]], None]) -> None:
        """Call `listener` after each commit with what it did to package versions."""
        self._listeners.append(listener)

    def clear(self, account: str | None = None, *, settings: Iterable[str] = ()) -> None:
        """Remove all domains and listings, or what an account owns, and settings by their keys."""
        with self.write() as transaction:
            # Only what nothing referred to before goes now: who found an asset a moment ago may
            # yet open it. The bytes let go of here go with the next clearing, or the next start.
            rows = transaction.db.execute("SELECT DISTINCT sha256 FROM assets")
            self.blobs.sweep({row[0] for row in rows})
            if account is None:
                _clear_all(transaction)
            else:
                _clear_account(transaction, account)
            transaction.db.executemany("DELETE FROM state WHERE key = ?", ((k,) for k in settings))

    def setting(self, key: str, make: Callable[[], str]) -> str:
        """A value kept with the state, made when it is first asked for."""
        with self.write() as transaction:
            transaction.db.execute(
                "INSERT OR IGNORE INTO state (key, value) VALUES (?, ?)", (key, make())
            )
            row = transaction.db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return str(row[0])

    def settings(self, prefix: str) -> list[str]:
        """The keys kept so far that begin so, in order."""
        with self.read() as transaction:
            rows = transaction.db.execute("SELECT key FROM state ORDER BY key").fetchall()
        return [row[0] for row in rows if row[0].startswith(prefix)]

    def secret(self, key: str, length: int) -> bytes:
        """Random bytes of this length that belong to the state."""
        return bytes.fromhex(self.setting(key, lambda: secrets.token_hex(length)))

    def close(self) -> None:
        """Close every connection and give the folder back."""
        for connection in list(self._connections.values()):
            connection.close()
        self._owner.release()

    def _connect(self) -> SqliteTransaction:
        transaction: SqliteTransaction | None = getattr(self._threads, "transaction", None)
        if transaction is None:
            # Connections are closed from another thread at the end, hence check_same_thread.
            db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._close_abandoned()
            self._connections[threading.current_thread()] = db
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA busy_timeout = 30000")
            transaction = self._threads.transaction = SqliteTransaction(db)
        return transaction

    def _close_abandoned(self) -> None:
        """Close what threads that have ended had open: some servers start one for each request."""
        alive = set(threading.enumerate())
        for thread in [thread for thread in list(self._connections) if thread not in alive]:
            connection = self._connections.pop(thread, None)
            if connection is not None:
                connection.close()


def _clear_all(transaction: SqliteTransaction) -> None:
    # What is in a domain goes with it.
    for table in ("domains", "tags", "policies", "listings"):
        transaction.db.execute(f"DELETE FROM {table}")  # noqa: S608 - these four names


def _clear_account(transaction: SqliteTransaction, account: str) -> None:
    regions = transaction.db.execute("SELECT DISTINCT region FROM domains").fetchall()
    for (region,) in regions:
        for repository in transaction.repositories.administered_by(region, account):
            transaction.tags.replace(repository.id.arn, {})
            transaction.policies.delete(repository.id.arn)
            transaction.repositories.delete(repository.id)
        for domain in transaction.domains.owned_by(region, account):
            transaction.domains.delete(domain.id)
    of_account = f"arn:*:codeartifact:*:{account}:*"
    transaction.db.execute("DELETE FROM tags WHERE arn GLOB ?", (of_account,))
    transaction.db.execute("DELETE FROM policies WHERE arn GLOB ?", (of_account,))
