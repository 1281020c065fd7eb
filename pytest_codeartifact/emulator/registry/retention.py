"""Keeping what came from upstream: in the repository asked and the one with the connection only.

Source: "Requesting package versions from upstream repositories", section "Package retention from
upstream repositories" (AWS CodeArtifact User Guide).
"""

from collections.abc import Iterable
from dataclasses import replace

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import (
    Asset,
    Origin,
    OriginControls,
    OriginType,
    Package,
    PackageId,
    PackageVersion,
    RepositoryId,
    Status,
)
from pytest_codeartifact.emulator.registry import Release
from pytest_codeartifact.emulator.registry.origins import (
    INGESTED_FIRST,
    RETAINED_FIRST,
    first_controls,
)
from pytest_codeartifact.emulator.registry.revisions import revised
from pytest_codeartifact.emulator.store import Staged, Store, Transaction


class Retention:
    """Writes retained versions; each in one transaction."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def keep_from_upstream(
        self, repository: RepositoryId, package: PackageId, version: PackageVersion
    ) -> None:
        """Keep in `repository` a version as an upstream repository holds it."""
        with self._store.write() as tx:
            if tx.repositories.get(repository) is None:
                return
            self._package(tx, repository, package, RETAINED_FIRST)
            held = tx.versions.get(repository, package, version.version)
            if held is None:
                tx.versions.put(repository, package, version)
            else:
                missing = [a for a in version.assets if held.asset(a.name) is None]
                tx.versions.put(repository, package, revised(package, held, missing))

    def keep_from_public(
        self,
        connection: str,
        repositories: Iterable[RepositoryId],
        release: Release,
        staged: Staged,
    ) -> Asset:
        """Keep a public file; the bytes become visible together with the records."""
        fresh = PackageVersion(
            version=release.version,
            status=Status.PUBLISHED,
            revision="",
            origin=Origin(OriginType.EXTERNAL, external_connection=connection),
            published=self._clock.now(),
            manifest=release.manifest,
        )
        package = release.package
        asset = replace(staged.asset, attributes=release.attributes)
        with self._store.write() as tx:
            for repository in repositories:
                if tx.repositories.get(repository) is None:
                    continue
                self._package(tx, repository, package, INGESTED_FIRST)
                held = tx.versions.get(repository, package, release.version) or fresh
                if held.asset(asset.name) is None:
                    tx.versions.put(repository, package, revised(package, held, [asset]))
            staged.keep()
        return asset

    def _package(
        self, tx: Transaction, repository: RepositoryId, package: PackageId, first: OriginControls
    ) -> None:
        if tx.packages.get(repository, package) is None:
            controls = first_controls(tx, repository, package, first)
            tx.packages.put(repository, Package(package, controls))
