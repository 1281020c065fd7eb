"""What a repository offers and where it comes from: its own versions, then upstreams, depth first.

Sources: "Upstream repository priority order" and "Requesting package versions from upstream
repositories" (AWS CodeArtifact User Guide).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from pytest_codeartifact.emulator.entities import (
    Asset,
    Origin,
    OriginType,
    PackageId,
    PackageVersion,
    Repository,
    RepositoryId,
    Status,
)
from pytest_codeartifact.emulator.registry import (
    Offer,
    OfferedAsset,
    OfferedVersion,
    Release,
    RemoteAsset,
)
from pytest_codeartifact.emulator.registry.connections import Connections
from pytest_codeartifact.emulator.registry.origins import GroupControls, admission
from pytest_codeartifact.emulator.registry.package_groups import PackageGroups
from pytest_codeartifact.emulator.registry.refusals import (
    PublicRegistryUnavailable,
    RepositoryMissing,
    UpstreamBroken,
)
from pytest_codeartifact.emulator.registry.retention import Retention
from pytest_codeartifact.emulator.registry.single_flight import SingleFlight
from pytest_codeartifact.emulator.remembered import Remembered
from pytest_codeartifact.emulator.store import Store, Transaction

DOWNLOADABLE = frozenset({Status.PUBLISHED, Status.UNLISTED})


@dataclass(frozen=True, slots=True)
class Holding:
    """What one repository of the search has of a package, before any other is asked."""

    repository: Repository
    versions: Sequence[PackageVersion]
    connections: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """A version as the nearest repository that has it says, with files added from further away."""

    status: Status
    origin: Origin
    assets: dict[str, OfferedAsset] = field(default_factory=dict)
    is_closed: bool = False
    """Whether what is still further away can add nothing."""


class Resolution:
    """Answers for a repository, its upstreams and its connections."""

    def __init__(
        self, store: Store, connections: Connections, retention: Retention, searched: int
    ) -> None:
        self._store = store
        self._connections = connections
        self._retention = retention
        self._searched = searched
        self._flights = SingleFlight()
        self._located: Remembered[Asset | None] = Remembered(store)
        self._groups: Remembered[PackageGroups] = Remembered(store)

    def offered(self, repository: RepositoryId, package: PackageId) -> Offer | None:
        """What a client's listing shows; None when neither this repository nor any other has it."""
        found: dict[str, _Found] = {}
        fresh_until = float("inf")
        unavailable: PublicRegistryUnavailable | None = None
        for holding in self._search(repository, package):
            for version in holding.versions:
                _merge(found, version.version, version.status, version.origin, _own(version))
            for connection in holding.connections:
                try:
                    remote, until = self._connections.versions(connection, package)
                except PublicRegistryUnavailable as error:
                    unavailable = error
                    fresh_until = 0.0
                    continue
                fresh_until = min(fresh_until, until)
                origin = Origin(OriginType.EXTERNAL, external_connection=connection)
                for offer in remote:
                    files = {
                        a.name: OfferedAsset(a.name, a.sha256, a.size, a.attributes)
                        for a in offer.assets
                    }
                    _merge(found, offer.version, Status.PUBLISHED, origin, files)
        versions = tuple(
            OfferedVersion(version, tuple(item.assets.values()))
            for version, item in found.items()
            if item.status is Status.PUBLISHED and item.assets
        )
        if not versions:
            if unavailable:
                raise unavailable
            return None
        return Offer(versions, fresh_until)

    def open_asset(
        self, repository: RepositoryId, package: PackageId, version: str, asset: str
    ) -> tuple[Asset, BinaryIO] | None:
        """The file, fetched and retained first where it comes from upstream."""
        key = (repository, package, version, asset)
        stored = self._located.get(key, lambda: self._stored(*key))
        if stored is None:
            with self._flights.only_one((repository.domain, package, version, asset)):
                stored = self._stored(repository, package, version, asset)
                stored = stored or self._obtain(repository, package, version, asset)
        try:
            return (stored, self._store.blobs.open(stored)) if stored else None
        except FileNotFoundError:
            return None  # The state was cleared since it was found.

    def reaches(self, repository: RepositoryId, package: PackageId, version: str) -> bool:
        """Whether the version can come from an upstream or a connection of this repository."""
        own, *others = self._search(repository, package)
        if any(v.version == version for holding in others for v in holding.versions):
            return True
        return any(
            v.version == version
            for holding in (own, *others)
            for connection in holding.connections
            for v in self._connections.versions(connection, package)[0]
        )

    def _stored(
        self, repository: RepositoryId, package: PackageId, version: str, asset: str
    ) -> Asset | None:
        with self._store.read() as tx:
            held = tx.versions.get(repository, package, version)
        return held.asset(asset) if held and held.status in DOWNLOADABLE else None

    def _obtain(
        self, repository: RepositoryId, package: PackageId, version: str, asset: str
    ) -> Asset | None:
        nearest: PackageVersion | None = None
        for holding in self._search(repository, package):
            held = next((v for v in holding.versions if v.version == version), None)
            if held is not None:
                nearest = nearest or held
                if held.status not in DOWNLOADABLE or held.origin != nearest.origin:
                    return None
                stored = held.asset(asset)
                if stored is not None:
                    self._retention.keep_from_upstream(repository, package, held)
                    return stored
            for connection in holding.connections:
                origin = Origin(OriginType.EXTERNAL, external_connection=connection)
                if nearest is not None and nearest.origin != origin:
                    return None
                remote = self._remote(connection, package, version, asset)
                if remote is not None:
                    places = (repository, holding.repository.id)
                    return self._ingest(connection, places, package, version, remote)
        return None

    def _remote(
        self, connection: str, package: PackageId, version: str, asset: str
    ) -> RemoteAsset | None:
        versions, _ = self._connections.versions(connection, package)
        assets = next((v.assets for v in versions if v.version == version), ())
        return next((a for a in assets if a.name == asset), None)

    def _ingest(
        self,
        connection: str,
        places: tuple[RepositoryId, RepositoryId],
        package: PackageId,
        version: str,
        remote: RemoteAsset,
    ) -> Asset:
        # Differs: the service keeps all files of a Python version as soon as one is asked for; here
        # each file is kept when it is first asked for, as all of them may be gigabytes.
        with self._connections.fetched(connection, remote) as staged:
            with staged.open() as content:
                manifest = self._connections.manifest(connection, package, staged.asset, content)
            release = Release(package, version, manifest, remote.attributes)
            return self._retention.keep_from_public(
                connection, dict.fromkeys(places), release, staged
            )

    def _search(self, repository: RepositoryId, package: PackageId) -> Iterator[Holding]:
        # Before the view below is opened, lest groups of before a change be remembered after it.
        groups = self._groups.get(repository.domain, lambda: self._groups_beside(repository))
        with self._store.read() as tx:
            start = tx.repositories.get(repository)
            if start is None:
                raise RepositoryMissing.named(repository)
            holdings = list(self._walk(tx, start, package, GroupControls.of(groups, package)))
        yield from holdings

    def _groups_beside(self, repository: RepositoryId) -> PackageGroups:
        """The package groups of the repository's domain; raises RepositoryMissing."""
        with self._store.read() as tx:
            if tx.domains.get(repository.domain) is None:
                raise RepositoryMissing.named(repository)
            return PackageGroups.of(tx, repository.domain)

    def _walk(
        self, tx: Transaction, start: Repository, package: PackageId, group: GroupControls
    ) -> Iterator[Holding]:
        """Depth first in priority order, at most so many repositories.

        Sources: "Upstream repository priority order" and "Quotas in AWS CodeArtifact" (User Guide).
        """
        seen: set[str] = set()
        stack = [start]
        while stack and len(seen) < self._searched:
            repository = stack.pop()
            if repository.uid in seen:
                continue
            seen.add(repository.uid)
            versions = tx.versions.of(repository.id, package)
            admitted = admission(tx, repository.id, package, group)
            connections = repository.external_connections if admitted.external_upstream else ()
            yield Holding(repository, versions, connections)
            # Differs: whether a repository in the middle of a chain, which keeps nothing, must be
            # allowed to take from its upstreams too is not documented; here each one must.
            if admitted.internal_upstream:
                for upstream in reversed(repository.upstreams):
                    nearer = tx.repositories.by_uid(upstream.uid)
                    if nearer is None:
                        raise UpstreamBroken
                    stack.append(nearer)


def _own(version: PackageVersion) -> dict[str, OfferedAsset]:
    return {
        a.name: OfferedAsset(a.name, a.sha256, a.size, a.attributes, a.md5) for a in version.assets
    }


def _merge(
    found: dict[str, _Found],
    version: str,
    status: Status,
    origin: Origin,
    assets: Mapping[str, OfferedAsset],
) -> None:
    """The nearest repository decides; files of the same origin that it lacks are added to it.

    Source: "Requesting Python packages from upstreams and external connections" (AWS CodeArtifact
    User Guide): a version of another origin, or one that is not to be consumed any more, lets
    nothing pass from behind it.
    """
    nearest = found.get(version)
    if nearest is None:
        found[version] = _Found(status, origin, dict(assets))
        return
    nearest.is_closed |= origin != nearest.origin or status not in DOWNLOADABLE
    if nearest.is_closed:
        return
    for name, asset in assets.items():
        known = nearest.assets.setdefault(name, asset)
        if known.sha256 == asset.sha256:
            # A yank upstream shows here too: what is further away is newer.
            nearest.assets[name] = replace(known, attributes=asset.attributes)
