"""The registry's rules together, as both doors see them."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from pytest_codeartifact.emulator.entities import (
    Asset,
    PackageFormat,
    PackageId,
    PackageVersion,
    RepositoryId,
    Status,
)
from pytest_codeartifact.emulator.registry import Dialect, Offer, Release
from pytest_codeartifact.emulator.registry.connections import Connections
from pytest_codeartifact.emulator.registry.publishing import Publishing
from pytest_codeartifact.emulator.registry.resolution import Resolution
from pytest_codeartifact.emulator.store import Staged


class Rules:
    """Fulfils `Registry`; each rule stands in the module named for it."""

    def __init__(
        self,
        dialects: Mapping[PackageFormat, Dialect],
        connections: Connections,
        resolution: Resolution,
        publishing: Publishing,
    ) -> None:
        self._dialects = dialects
        self._connections = connections
        self._resolution = resolution
        self._publishing = publishing

    def publish(
        self,
        repository: RepositoryId,
        release: Release,
        files: Sequence[Staged],
        *,
        finish: bool = True,
    ) -> PackageVersion:
        """Add files to a version; see `Publishing.publish`."""
        return self._publishing.publish(repository, release, files, finish=finish)

    def offered(self, repository: RepositoryId, package: PackageId) -> Offer | None:
        """What a client's listing shows; see `Resolution.offered`."""
        return self._resolution.offered(repository, package)

    def open_asset(
        self, repository: RepositoryId, package: PackageId, version: str, asset: str
    ) -> tuple[Asset, BinaryIO] | None:
        """A file, fetched and retained first where it comes from upstream."""
        return self._resolution.open_asset(repository, package, version, asset)

    def default_version(self, package: PackageId, versions: Sequence[PackageVersion]) -> str | None:
        """The version published last, whatever its number; of equals in time, the higher.

        Source: "List package versions" (AWS CodeArtifact User Guide), section "Default display
        version".
        """
        dialect = self._dialects.get(package.format)

        def key(version: PackageVersion) -> tuple[float, Any]:
            return version.published, dialect and dialect.sort_key(version.version)

        published = [each for each in versions if each.status is Status.PUBLISHED]
        latest = max(published, key=key, default=None)
        return latest.version if latest else None

    def external_connection_format(self, connection: str) -> PackageFormat | None:
        """The format a connection speaks; None for an unknown name."""
        return self._connections.format(connection)
