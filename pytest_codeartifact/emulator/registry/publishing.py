"""Publishing: what a client brings becomes part of a repository, or nothing changes at all.

Sources: "Working with packages" and "Editing package origin controls" (AWS CodeArtifact User
Guide).
"""

from collections.abc import Sequence
from dataclasses import replace

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import (
    Control,
    Origin,
    OriginType,
    Package,
    PackageId,
    PackageVersion,
    RepositoryId,
    Status,
)
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.registry import Release
from pytest_codeartifact.emulator.registry.origins import PUBLISHED_FIRST, may_be_published
from pytest_codeartifact.emulator.registry.refusals import (
    AlreadyExists,
    PublishBlocked,
    RepositoryMissing,
    TooLarge,
)
from pytest_codeartifact.emulator.registry.resolution import Resolution
from pytest_codeartifact.emulator.registry.revisions import revised
from pytest_codeartifact.emulator.store import Staged, Store


class Publishing:
    """Adds files to package versions."""

    def __init__(self, store: Store, resolution: Resolution, clock: Clock, quotas: Quotas) -> None:
        self._store = store
        self._resolution = resolution
        self._clock = clock
        self._quotas = quotas

    def publish(
        self, repository: RepositoryId, release: Release, files: Sequence[Staged]
    ) -> PackageVersion:
        """Add files to a version, creating package and version as needed; all or nothing.

        Raises Refusal when the repository is missing, the origin controls forbid it, a name is
        taken by other content, or the version is frozen. The same bytes again change nothing.
        """
        package, version = release.package, release.version
        self._refuse_upstream_version(repository, package, version)
        with self._store.write() as tx:
            if tx.repositories.get(repository) is None:
                raise RepositoryMissing.named(repository)
            known = tx.packages.get(repository, package)
            if not may_be_published(tx, repository, package):
                msg = (
                    f"the origin controls of package {package.name} in repository"
                    f" {repository.name} block publishing; allow it with"
                    " PutPackageOriginConfiguration"
                )
                raise PublishBlocked(msg)
            held = tx.versions.get(repository, package, version) or PackageVersion(
                version=version,
                status=Status.PUBLISHED,
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
                tx.packages.put(repository, Package(package, PUBLISHED_FIRST))
            if new:
                added = [replace(file.asset, attributes=release.attributes) for file in new]
                held = revised(package, held, added)
                tx.versions.put(repository, package, held)
                for file in new:
                    file.keep()
        return held

    def _refuse_upstream_version(
        self, repository: RepositoryId, package: PackageId, version: str
    ) -> None:
        """With both allowed, what upstream has cannot be published.

        Source: "Editing package origin controls" (AWS CodeArtifact User Guide).
        """
        with self._store.read() as tx:
            known = tx.packages.get(repository, package)
            publishable = may_be_published(tx, repository, package)
        mixed = known is not None and known.controls.upstream is Control.ALLOW
        if mixed and publishable and self._resolution.reaches(repository, package, version):
            msg = (
                f"version {version} of package {package.name} already exists upstream of"
                f" repository {repository.name}"
            )
            raise AlreadyExists(msg)


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
    return new
