"""External connections: where they point, what the registries there said, how long that holds.

Source: "Requesting package versions from external connections" (AWS CodeArtifact User Guide): the
listing of a Python package is read again after about three hours, and the request that finds it
too old is still answered from it.
"""

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import Asset, Manifest, PackageFormat, PackageId
from pytest_codeartifact.emulator.registry import Dialect, Fetcher, RemoteAsset, RemoteVersion
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

LISTING_SECONDS = 3 * 3600.0


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
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._dialects = {
            connection: dialect
            for dialect in dialects
            for connection in dialect.external_connections
        }
        self._urls = dict(urls)
        self._flights = SingleFlight()
        self._refreshing: set[tuple[str, PackageId]] = set()

    @property
    def urls(self) -> Mapping[str, str]:
        """Where each connection that can be used points."""
        return {connection: self._url(connection) for connection in self._dialects}

    def point(self, connection: str, url: str) -> None:
        """Let a connection point somewhere else; raises KeyError for an unknown connection."""
        KNOWN[connection]
        self._urls[connection] = url

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
        url = self._url(connection)
        source = _source(connection, url)
        listing = self._remembered(source, package)
        if listing is None:
            with self._flights.only_one((source, package)):
                listing = self._remembered(source, package)
                listing = listing or self._read(dialect, url, source, package)
        elif listing.fetched + LISTING_SECONDS <= self._clock.now():
            self._refresh_behind(dialect, url, source, package)
            # Asked again at once, the new listing is served as soon as it is there.
            return dialect.remote_versions(listing.document), self._clock.now()
        if listing is None:
            return (), self._clock.now()
        return dialect.remote_versions(listing.document), listing.fetched + LISTING_SECONDS

    @contextmanager
    def fetched(self, connection: str, remote: RemoteAsset) -> Iterator[Staged]:
        """The bytes of a public file, written aside, its hash checked."""
        with (
            self._fetcher.stream(remote.url, self._url(connection)) as chunks,
            self._store.blobs.stage(remote.name, chunks) as staged,
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

    def _remembered(self, source: str, package: PackageId) -> Listing | None:
        with self._store.read() as tx:
            return tx.listings.get(source, package)

    def _read(self, dialect: Dialect, url: str, source: str, package: PackageId) -> Listing | None:
        document = dialect.remote_listing(self._fetcher, url, package)
        if document is None:
            return None
        listing = Listing(document, self._clock.now())
        with self._store.write() as tx:
            tx.listings.put(source, package, listing)
        return listing

    def _refresh_behind(self, dialect: Dialect, url: str, source: str, package: PackageId) -> None:
        key = (source, package)
        if key in self._refreshing:
            return
        self._refreshing.add(key)

        def refresh() -> None:
            try:
                self._read(dialect, url, source, package)
            except PublicRegistryUnavailable:
                pass  # What is remembered keeps serving; the next request tries again.
            finally:
                self._refreshing.discard(key)

        threading.Thread(target=refresh, name=f"refresh {package.name}", daemon=True).start()


def _source(connection: str, url: str) -> str:
    """What a listing is remembered under: a connection that points elsewhere begins anew.

    The address itself may hold credentials, which must not be stored.
    """
    return f"{connection} {hashlib.sha256(url.encode()).hexdigest()[:16]}"
