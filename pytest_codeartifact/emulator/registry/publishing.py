"""Publishing: what a client brings becomes part of a repository, or nothing changes at all.

Sources: "Packages overview", "Editing package origin controls" and "Publishing and consuming
generic packages" (AWS CodeArtifact User Guide).
"""

from collections.abc import Sequence
from dataclasses import replace

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import (
    Origin,
    OriginType,
    Package,
    PackageFormat,
    PackageId,
    PackageVersion,
    RepositoryId,
    Status,
)
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.registry import Release
from pytest_codeartifact.emulator.registry.origins import (
    PUBLISHED_FIRST,
    admission,
    first_controls,
    why_not_published,
)
from pytest_codeartifact.emulator.registry.refusals import (
    AlreadyExists,
    PublicRegistryUnavailable,
    PublishBlocked,
    RepositoryMissing,
    TooLarge,
)
from pytest_codeartifact.emulator.registry.resolution import Resolution
from pytest_codeartifact.emulator.registry.revisions import revised
from pytest_codeartifact.emulator.store import Staged, Store

CLOSED_ONCE_PUBLISHED = frozenset({PackageFormat.GENERIC})
"""Formats whose versions take files only while Unfinished; a finished one is whole."""


class Publishing:
    """Adds files to package versions."""

    def __init__(self, store: Store, resolution: Resolution, clock: Clock, quotas: Quotas) -> None:
        self._store = store
        self._resolution = resolution
        self._clock = clock
        self._quotas = quotas

    def publish(
        self,
        repository: RepositoryId,
        release: Release,
        files: Sequence[Staged],
        *,
        finish: bool = True,
    ) -> PackageVersion:
        """Add files to a version, creating package and version as needed; all or nothing.

        Without `finish` a new version stays Unfinished; with it an Unfinished one is Published.
        Every other status stays as it is.

        Raises Refusal when the repository is missing, the origin controls forbid it, a name is
        taken by other content, or the version is frozen. The same bytes again change nothing.
        """
        package, version = release.package, release.version
        self._refuse_upstream_version(repository, package, version)
        with self._store.write() as tx:
            if tx.repositories.get(repository) is None:
                raise RepositoryMissing.named(repository)
            known = tx.packages.get(repository, package)
            reason = why_not_published(tx, repository, package)
            if reason is not None:
                raise PublishBlocked(reason)
            stored = tx.versions.get(repository, package, version)
            held = stored or PackageVersion(
                version=version,
                status=Status.UNFINISHED,
                revision="",
                origin=Origin(OriginType.INTERNAL, repository=repository.name),
                published=self._clock.now(),
                manifest=release.manifest,
            )
            new = _new_files(package, held, files)
            if len(held.assets) + len(new) > self._quotas.assets_per_version:
                msg = f"a package version holds at most {self._quotas.assets_per_version} assets"
                raise TooLarge(msg)
            if known is None:
                controls = first_controls(tx, repository, package, PUBLISHED_FIRST)
                tx.packages.put(repository, Package(package, controls))
            if new:
                added = [replace(file.asset, attributes=release.attributes) for file in new]
                held = revised(package, held, added)
            if finish and held.status is Status.UNFINISHED:
                held = replace(held, status=Status.PUBLISHED)
            if held != stored:
                tx.versions.put(repository, package, held)
            for file in new:
                file.keep()
        return held

    def _refuse_upstream_version(
        self, repository: RepositoryId, package: PackageId, version: str
    ) -> None:
        """Unless the package's upstream is blocked, what upstream has cannot be published.

        Sources: "Editing package origin controls" and "Packages overview" (AWS CodeArtifact User
        Guide); a package that the repository has never seen blocks nothing yet.
        """
        with self._store.read() as tx:
            held = tx.repositories.get(repository)
            if held is None:
                raise RepositoryMissing.named(repository)
            way = admission(tx, repository, package)
        # Most uploads need no search: nothing is above the repository, or nothing may come down.
        is_below = (way.internal_upstream and held.upstreams) or (
            way.external_upstream and held.external_connections
        )
        if way.publish and is_below and self._is_upstream(repository, package, version):
            msg = (
                f"version {version} of package {package.name} already exists upstream of"
                f" repository {repository.name}"
            )
            raise AlreadyExists(msg)

    def _is_upstream(self, repository: RepositoryId, package: PackageId, version: str) -> bool:
        try:
            return self._resolution.reaches(repository, package, version)
        except PublicRegistryUnavailable:
            # AWS (Requesting packages from external connections): during an outage a version may be
            # published that exists in public.
            return False


def _new_files(package: PackageId, held: PackageVersion, files: Sequence[Staged]) -> list[Staged]:
    if held.status in {Status.ARCHIVED, Status.DISPOSED}:
        msg = (
            f"version {held.version} of package {package.name} is {held.status}; restore or delete"
            " it before publishing it again"
        )
        raise AlreadyExists(msg)
    new = []
    for file in files:
        there = held.asset(file.asset.name)
        if there is None:
            new.append(file)
        elif there.sha256 != file.asset.sha256:
            msg = (
                f"asset {there.name} of package {package.name} {held.version} already exists with"
                " other content; published files never change, so use a new version"
            )
            raise AlreadyExists(msg)
    # AWS (Packages overview): files go into generic versions only while these are Unfinished.
    closed = package.format in CLOSED_ONCE_PUBLISHED and held.status is not Status.UNFINISHED
    if new and closed:
        msg = (
            f"version {held.version} of package {package.name} is {held.status} and takes no"
            " further assets; publish all but the last asset as unfinished, or use a new version"
        )
        raise AlreadyExists(msg)
    return new
