"""What the rest of the emulator may ask of its storage: entities in, entities out.

All changes of one `write` become visible together or not at all. A `write` is never held open
around a network read. Nothing here knows a rule of the service.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol, Self

from pytest_codeartifact.emulator.entities import (
    Asset,
    Domain,
    DomainId,
    Package,
    PackageGroup,
    PackageGroupId,
    PackageId,
    PackageVersion,
    Repository,
    RepositoryId,
    ResourcePolicy,
    VersionChange,
)


class Domains(Protocol):
    """Domains by region, owner and name."""

    def get(self, domain: DomainId) -> Domain | None: ...
    def owned_by(self, region: str, owner: str) -> Sequence[Domain]:
        """Every domain of the account in the region, by name."""
        ...

    def put(self, domain: Domain) -> None:
        """Insert; a domain never changes afterwards."""
        ...

    def delete(self, domain: DomainId) -> None: ...
    def asset_bytes(self, domain: DomainId) -> int:
        """Bytes stored in the domain, equal content counted once."""
        ...


class Repositories(Protocol):
    """Repositories with their upstreams and external connections."""

    def get(self, repository: RepositoryId) -> Repository | None: ...
    def by_uid(self, uid: str) -> Repository | None: ...
    def in_domain(self, domain: DomainId) -> Sequence[Repository]:
        """Every repository of the domain, by name."""
        ...

    def administered_by(self, region: str, account: str) -> Sequence[Repository]:
        """Every repository the account administers in the region, by domain and name."""
        ...

    def count(self, domain: DomainId) -> int: ...
    def put(self, repository: Repository) -> None:
        """Insert, or replace what stands under this `uid`."""
        ...

    def delete(self, repository: RepositoryId) -> None:
        """Remove it and everything in it."""
        ...


class Packages(Protocol):
    """Packages of one repository, with their origin controls; upstreams are not looked at."""

    def get(self, repository: RepositoryId, package: PackageId) -> Package | None: ...
    def of(self, repository: RepositoryId) -> Sequence[Package]:
        """Every package of the repository, by format, namespace and name."""
        ...

    def put(self, repository: RepositoryId, package: Package) -> None:
        """Insert, or replace its origin controls."""
        ...

    def delete(self, repository: RepositoryId, package: PackageId) -> None:
        """Remove it with all its versions."""
        ...


class Versions(Protocol):
    """Package versions of one repository; the package must have been put before."""

    def of(self, repository: RepositoryId, package: PackageId) -> Sequence[PackageVersion]:
        """Every version stored, in the order of arrival, with its assets."""
        ...

    def get(
        self, repository: RepositoryId, package: PackageId, version: str
    ) -> PackageVersion | None: ...
    def put(self, repository: RepositoryId, package: PackageId, version: PackageVersion) -> None:
        """Insert, or replace the version and its list of assets."""
        ...

    def delete(self, repository: RepositoryId, package: PackageId, version: str) -> None: ...


class Tags(Protocol):
    """Tags by the ARN of what carries them."""

    def of(self, arn: str) -> Mapping[str, str]: ...
    def replace(self, arn: str, tags: Mapping[str, str]) -> None:
        """Make these the tags of the resource; an empty mapping removes all."""
        ...


class Policies(Protocol):
    """Permissions policies by the ARN of the domain or repository they are attached to."""

    def get(self, arn: str) -> ResourcePolicy | None: ...
    def put(self, policy: ResourcePolicy) -> None:
        """Insert, or replace the policy of this ARN."""
        ...

    def delete(self, arn: str) -> None: ...


class PackageGroups(Protocol):
    """Package groups of domains; the root group comes and goes with its domain."""

    def get(self, group: PackageGroupId) -> PackageGroup | None: ...
    def of(self, domain: DomainId) -> Sequence[PackageGroup]:
        """Every group of the domain, by pattern."""
        ...

    def put(self, group: PackageGroup) -> None:
        """Insert, or replace what stands under this pattern."""
        ...

    def delete(self, group: PackageGroupId) -> None: ...


@dataclass(frozen=True, slots=True)
class Listing:
    """What a public registry last said of a package; `document` belongs to the format."""

    document: str
    fetched: float


class Listings(Protocol):
    """Remembered answers of public registries, by where they were read and package."""

    def get(self, source: str, package: PackageId) -> Listing | None: ...
    def put(self, source: str, package: PackageId, listing: Listing) -> None: ...


class Transaction(Protocol):
    """One consistent view; inside `Store.write` also the only way to change it."""

    @property
    def domains(self) -> Domains: ...
    @property
    def repositories(self) -> Repositories: ...
    @property
    def packages(self) -> Packages: ...
    @property
    def versions(self) -> Versions: ...
    @property
    def tags(self) -> Tags: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def package_groups(self) -> PackageGroups: ...
    @property
    def listings(self) -> Listings: ...


class Staged(Protocol):
    """Received bytes that nobody sees yet; leaving the context throws away what was not kept."""

    @property
    def asset(self) -> Asset:
        """The asset the bytes make."""
        ...

    def open(self) -> BinaryIO: ...
    def keep(self) -> None:
        """Move the bytes into place, durably; called within the write that refers to them."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc_info: object) -> None: ...


class Blobs(Protocol):
    """Content by its SHA-256; a blob is whole or absent."""

    def stage(self, name: str, chunks: Iterable[bytes]) -> Staged:
        """Write the bytes aside; equal content is later kept once."""
        ...

    def open(self, asset: Asset) -> BinaryIO: ...


class Store(Protocol):
    """The emulator's state."""

    @property
    def blobs(self) -> Blobs: ...
    @property
    def generation(self) -> int:
        """A number that grows with every committed change."""
        ...

    def read(self) -> AbstractContextManager[Transaction]: ...
    def write(self) -> AbstractContextManager[Transaction]:
        """The single writer; commits on leaving, rolls back on an exception."""
        ...

    def subscribe(self, listener: Callable[[Sequence[VersionChange]], None]) -> None:
        """Call `listener` after each commit with what it did to package versions.

        Deleting a repository or a domain as a whole is not told, nor is `clear`.
        """
        ...

    def clear(self, account: str | None = None, *, settings: Iterable[str] = ()) -> None:
        """Remove every domain with all in it and every listing, and the settings of these keys.

        With an account only its domains, and the repositories it administers in others' domains.
        All of it is one change: who reads meanwhile sees the state before or the state after.
        """
        ...

    def close(self) -> None: ...
