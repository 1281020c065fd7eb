"""External connections: where they point, what the registries there said, how long that holds.

Source: "Requesting packages from external connections" (AWS CodeArtifact User Guide): new versions
of Python packages can be had within 30 minutes, and during an outage of the public registry what is
known keeps serving.
"""

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import Asset, Manifest, PackageFormat, PackageId
from pytest_codeartifact.emulator.registry import Dialect, Fetcher, RemoteAsset, RemoteVersion
from pytest_codeartifact.emulator.registry.faults import (
    BadFault,
    BrokenAsset,
    Fault,
    Placed,
    broken,
)
from pytest_codeartifact.emulator.registry.refusals import (
    ContentMismatch,
    PublicRegistryUnavailable,
)
from pytest_codeartifact.emulator.registry.single_flight import SingleFlight
from pytest_codeartifact.emulator.store import Listing, Staged, Store

# MODEL (AssociateExternalConnection) and "Supported external connection repositories" (User Guide).
KNOWN: Mapping[str, PackageFormat] = {
    "public:npmjs": PackageFormat.NPM,
    "public:pypi": PackageFormat.PYPI,
    "public:nuget-org": PackageFormat.NUGET,
    "public:maven-central": PackageFormat.MAVEN,
    "public:maven-googleandroid": PackageFormat.MAVEN,
    "public:maven-gradleplugins": PackageFormat.MAVEN,
    "public:maven-commonsware": PackageFormat.MAVEN,
    "public:maven-clojars": PackageFormat.MAVEN,
    "public:ruby-gems-org": PackageFormat.RUBY,
    "public:crates-io": PackageFormat.CARGO,
}
"""Every connection of the service with the format it speaks."""

LISTING_SECONDS = 30 * 60.0
PATIENCE_SECONDS = 2.0
"""How long a request waits for a newer listing before it is answered from the old one."""


class Connections:
    """The public registries this emulator may ask, by connection name."""

    def __init__(
        self,
        store: Store,
        dialects: Iterable[Dialect],
        fetcher: Fetcher,
        clock: Clock,
        urls: Mapping[str, str],
    ) -> None:
        """`urls` are where connections point until somebody says otherwise."""
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._dialects = {
            connection: dialect
            for dialect in dialects
            for connection in dialect.external_connections
        }
        self._configured = dict(urls)
        self._urls = dict(urls)
        self._faults: tuple[Placed, ...] = ()
        self._changing = threading.Lock()
        self._forgotten = 0.0
        self._flights = SingleFlight()
        self._refreshing: dict[tuple[str, PackageId], threading.Thread] = {}

    @property
    def urls(self) -> Mapping[str, str]:
        """Where each connection that can be used points."""
        return {connection: self._url(connection) for connection in self._dialects}

    def point(self, connection: str, url: str) -> None:
        """Let a connection point somewhere else; raises KeyError for an unknown connection."""
        KNOWN[connection]
        self._urls[connection] = url
        self._outdate_pages()

    def configure(self, connection: str, url: str) -> None:
        """Let a connection point somewhere else, also after a reset; raises KeyError likewise."""
        self.point(connection, url)
        self._configured[connection] = url

    @property
    def faults(self) -> Sequence[Placed]:
        """What is broken now, in the order in which it was."""
        return self._faults

    def break_registry(self, connection: str, package: str | None, fault: Fault) -> None:
        """Break the registry behind a connection, for one package or all; raises BadFault."""
        dialect = self._dialects.get(connection)
        if dialect is None:
            served = ", ".join(self._dialects)
            raise BadFault(f"{connection!r} is no connection that is served here: {served}")
        if dialect.name not in fault.formats:
            raise BadFault(f"{fault.kind!r} is nothing that {connection} could be")
        try:
            about = None if package is None else dialect.parse_name(package)
        except ValueError as error:
            raise BadFault(f"{package!r} is no name of a {dialect.name} package") from error
        with self._changing:
            self._faults = (*self._faults, Placed(connection, about, fault))
        self._forget_listings()

    def mend_registry(self, connection: str | None = None) -> None:
        """End the faults of one connection, or all there are."""
        with self._changing:
            ended = [each for each in self._faults if connection in {None, each.connection}]
            self._faults = tuple(each for each in self._faults if each not in ended)
        for each in ended:
            each.fault.end()
        self._forget_listings()

    def reset(self) -> None:
        """End all faults and point every connection to where it was configured to."""
        self.mend_registry()
        self._urls = dict(self._configured)
        # The clock may go back, and listings read from then on are not to look older than this.
        self._forgotten = 0.0

    def format(self, connection: str) -> PackageFormat | None:
        """The format a connection speaks; None for an unknown name."""
        return KNOWN.get(connection)

    def versions(
        self, connection: str, package: PackageId
    ) -> tuple[Sequence[RemoteVersion], float]:
        """What the public registry offers, and until when that may be repeated."""
        dialect = self._dialects.get(connection)
        if dialect is None or dialect.name != package.format:
            return (), float("inf")
        faults = self._faults_of(connection, package)
        url = self._url(connection)
        source = _source(connection, url)
        listing = self._remembered(source, package)
        if listing is None:
            with self._flights.only_one((source, package)):
                listing = self._remembered(source, package)
                listing = listing or self._read(dialect, url, source, package, faults)
        elif listing.fetched + LISTING_SECONDS <= self._clock.now():
            self._refresh(dialect, url, source, package, faults).join(PATIENCE_SECONDS)
            listing = self._remembered(source, package) or listing
        if listing is None:
            return (), self._clock.now()
        offered = broken(dialect.remote_versions(listing.document), faults)
        return offered, listing.fetched + LISTING_SECONDS

    @contextmanager
    def fetched(self, connection: str, remote: RemoteAsset) -> Iterator[Staged]:
        """The bytes of a public file, written aside, its hash checked."""
        faults = remote.faults if isinstance(remote, BrokenAsset) else ()
        _ask(faults)
        with (
            self._fetcher.stream(remote.url, self._url(connection)) as chunks,
            self._store.blobs.stage(remote.name, _served(remote, chunks, faults)) as staged,
        ):
            if remote.sha256 is not None and staged.asset.sha256 != remote.sha256:
                msg = (
                    f"{connection} served {remote.name} with SHA-256 {staged.asset.sha256},"
                    f" but its index promises {remote.sha256}; nothing was kept"
                )
                raise ContentMismatch(msg)
            yield staged

    def manifest(
        self, connection: str, package: PackageId, asset: Asset, content: BinaryIO
    ) -> Manifest:
        """What a fetched file says of its version."""
        return self._dialects[connection].manifest(package, asset, content)

    def _url(self, connection: str) -> str:
        return self._urls.get(connection) or self._dialects[connection].public_registry(connection)

    def _faults_of(self, connection: str, package: PackageId) -> tuple[Fault, ...]:
        return tuple(each.fault for each in self._faults if each.concerns(connection, package))

    def _forget_listings(self) -> None:
        """Let the next request ask the registry again, as it is now."""
        self._forgotten = self._clock.now()
        self._outdate_pages()

    def _outdate_pages(self) -> None:
        # An empty change is one all the same: what was rendered before belongs to another state.
        with self._store.write():
            pass

    def _remembered(self, source: str, package: PackageId) -> Listing | None:
        with self._store.read() as tx:
            listing = tx.listings.get(source, package)
        # One from the future was read before the clock went back.
        if listing and self._forgotten < listing.fetched <= self._clock.now():
            return listing
        return None

    def _read(
        self,
        dialect: Dialect,
        url: str,
        source: str,
        package: PackageId,
        faults: Iterable[Fault],
    ) -> Listing | None:
        # The time before it is asked: what changes while it answers makes the answer old.
        asked = self._clock.now()
        _ask(faults)
        document = dialect.remote_listing(self._fetcher, url, package)
        if document is None:
            return None
        listing = Listing(document, asked)
        with self._store.write() as tx:
            tx.listings.put(source, package, listing)
        return listing

    def _refresh(
        self,
        dialect: Dialect,
        url: str,
        source: str,
        package: PackageId,
        faults: Iterable[Fault],
    ) -> threading.Thread:
        """The thread that reads this listing again, which is one for all who wait for it."""
        key = (source, package)

        def refresh() -> None:
            try:
                self._read(dialect, url, source, package, faults)
            except PublicRegistryUnavailable:
                pass  # What is remembered keeps serving; the next request tries again.
            finally:
                with self._changing:
                    del self._refreshing[key]

        with self._changing:
            running = self._refreshing.get(key)
            if running is None:
                name = f"refresh {package.name}"
                running = threading.Thread(target=refresh, name=name, daemon=True)
                self._refreshing[key] = running
                running.start()
        return running


def _ask(faults: Iterable[Fault]) -> None:
    for fault in faults:
        fault.ask()


def _served(
    remote: RemoteAsset, chunks: Iterator[bytes], faults: Iterable[Fault]
) -> Iterator[bytes]:
    for fault in faults:
        chunks = fault.content(remote, chunks)
    return chunks


def _source(connection: str, url: str) -> str:
    """What a listing is remembered under: a connection that points elsewhere begins anew.

    The address itself may hold credentials, which must not be stored.
    """
    return f"{connection} {hashlib.sha256(url.encode()).hexdigest()[:16]}"
