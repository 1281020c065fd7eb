"""The things a registry is made of, as values: no storage, no wire format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class PackageFormat(StrEnum):
    """The format words of the API (MODEL: PackageFormat)."""

    NPM = "npm"
    PYPI = "pypi"
    MAVEN = "maven"
    NUGET = "nuget"
    GENERIC = "generic"
    RUBY = "ruby"
    SWIFT = "swift"
    CARGO = "cargo"


class Status(StrEnum):
    """The states of a package version (MODEL: PackageVersionStatus)."""

    PUBLISHED = "Published"
    UNFINISHED = "Unfinished"
    UNLISTED = "Unlisted"
    ARCHIVED = "Archived"
    DISPOSED = "Disposed"
    DELETED = "Deleted"


class OriginType(StrEnum):
    """Where a version entered the domain (MODEL: PackageVersionOriginType)."""

    INTERNAL = "INTERNAL"
    EXTERNAL = "EXTERNAL"
    UNKNOWN = "UNKNOWN"


class Control(StrEnum):
    """One half of a package's origin controls."""

    ALLOW = "ALLOW"
    BLOCK = "BLOCK"


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


@dataclass(frozen=True, slots=True, order=True)
class DomainId:
    """A domain is unique within an account and a region."""

    region: str
    owner: str
    name: str

    @property
    def arn(self) -> str:
        return f"{self.arn_stem}:domain/{self.name}"

    @property
    def arn_stem(self) -> str:
        """What the ARNs of all resources of this domain begin with."""
        return f"arn:{_partition(self.region)}:codeartifact:{self.region}:{self.owner}"


@dataclass(frozen=True, slots=True, order=True)
class RepositoryId:
    """A repository is unique within its domain; its ARN carries the domain owner's account."""

    domain: DomainId
    name: str

    @property
    def arn(self) -> str:
        return f"{self.domain.arn_stem}:repository/{self.domain.name}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class PackageId:
    """A package within a repository; `namespace` is empty where the format has none."""

    format: PackageFormat
    namespace: str
    name: str

    def arn_in(self, repository: RepositoryId) -> str:
        """The package's ARN; an empty namespace keeps its segment (`…/pypi//demo`)."""
        domain = repository.domain
        path = f"{domain.name}/{repository.name}/{self.format}/{self.namespace}/{self.name}"
        return f"{domain.arn_stem}:package/{path}"


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain as it is stored. Times are seconds since the epoch."""

    id: DomainId
    encryption_key: str
    created: float


@dataclass(frozen=True, slots=True)
class Upstream:
    """A reference to a repository by identity: a namesake created later is not the same."""

    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as it is stored; `uid` is its identity, never reused."""

    id: RepositoryId
    uid: str
    administrator: str
    description: str | None
    upstreams: tuple[Upstream, ...]
    external_connections: tuple[str, ...]
    created: float


@dataclass(frozen=True, slots=True)
class OriginControls:
    """Whether new versions may be published, and whether they may come from upstream."""

    publish: Control
    upstream: Control


@dataclass(frozen=True, slots=True)
class Package:
    """A package as one repository records it."""

    id: PackageId
    controls: OriginControls


@dataclass(frozen=True, slots=True)
class Origin:
    """How a version entered the domain: published into a repository, or through a connection."""

    type: OriginType
    repository: str | None = None
    external_connection: str | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a version. Hashes are lower-case hex; `attributes` belong to the format."""

    name: str
    size: int
    md5: str
    sha1: str
    sha256: str
    sha512: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def hashes(self) -> dict[str, str]:
        """The four hashes under the API's names."""
        return {
            "MD5": self.md5,
            "SHA-1": self.sha1,
            "SHA-256": self.sha256,
            "SHA-512": self.sha512,
        }


@dataclass(frozen=True, slots=True)
class License:
    """A licence as the package's metadata states it."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """A direct dependency as the package's metadata states it."""

    package: str
    namespace: str = ""
    type: str | None = None
    requirement: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version says of itself, read from its own metadata."""

    display_name: str
    summary: str | None = None
    home_page: str | None = None
    source_code_repository: str | None = None
    licenses: tuple[License, ...] = ()
    readme: str | None = None
    dependencies: tuple[Dependency, ...] = ()


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """A version as one repository stores it. `published` is seconds since the epoch."""

    version: str
    status: Status
    revision: str
    origin: Origin
    published: float
    manifest: Manifest
    assets: tuple[Asset, ...] = ()

    def asset(self, name: str) -> Asset | None:
        """The asset of that name, or None."""
        return next((asset for asset in self.assets if asset.name == name), None)
