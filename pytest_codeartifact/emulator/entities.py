"""The things a registry is made of, as values: no storage, no wire format."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote


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


NEED_NAMESPACE = frozenset({PackageFormat.MAVEN, PackageFormat.SWIFT, PackageFormat.GENERIC})
"""Formats that have no package without a namespace."""

NEVER_NAMESPACED = frozenset(
    {PackageFormat.PYPI, PackageFormat.NUGET, PackageFormat.RUBY, PackageFormat.CARGO}
)
"""Formats whose packages have no namespace."""


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


class Restriction(StrEnum):
    """What a package group restricts (MODEL: PackageGroupOriginRestrictionType)."""

    PUBLISH = "PUBLISH"
    EXTERNAL_UPSTREAM = "EXTERNAL_UPSTREAM"
    INTERNAL_UPSTREAM = "INTERNAL_UPSTREAM"


class Mode(StrEnum):
    """How a package group restricts it (MODEL: PackageGroupOriginRestrictionMode)."""

    ALLOW = "ALLOW"
    ALLOW_SPECIFIC_REPOSITORIES = "ALLOW_SPECIFIC_REPOSITORIES"
    BLOCK = "BLOCK"
    INHERIT = "INHERIT"


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


ROOT_PATTERN = "/*"
"""The pattern of the group that every domain has and that matches every package."""


@dataclass(frozen=True, slots=True, order=True)
class PackageGroupId:
    """A package group is known by its pattern, unique within the domain."""

    domain: DomainId
    pattern: str

    @property
    def arn(self) -> str:
        """The pattern with its three special characters encoded (CFN: AbstractPackageGroup)."""
        encoded = self.pattern.replace("%", "%25").replace("*", "%2a").replace("$", "%24")
        return f"{self.domain.arn_stem}:package-group/{self.domain.name}{encoded}"


_ARN = re.compile(
    r"arn:aws[a-z-]*:codeartifact:(?P<region>[a-z0-9-]+):(?P<owner>[0-9]{12}):"
    r"(?:domain/(?P<domain>[^/]+)"
    r"|repository/(?P<parent>[^/]+)/(?P<repository>[^/]+)"
    r"|package-group/(?P<grouped>[^/]+)(?P<pattern>/.+))"
)


def read_arn(arn: str) -> DomainId | RepositoryId | PackageGroupId | None:
    """What an ARN of a resource that can be tagged names; None for any other text."""
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    name = match["domain"] or match["parent"] or match["grouped"]
    domain = DomainId(match["region"], match["owner"], name)
    if match["repository"]:
        return RepositoryId(domain, match["repository"])
    if match["pattern"]:
        pattern = re.sub("%2[45aA]", lambda code: unquote(code[0]), match["pattern"])
        return PackageGroupId(domain, pattern)
    return domain


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


@dataclass(frozen=True, slots=True)
class PackageGroup:
    """A package group as it is stored; a restriction without a mode of its own is inherited."""

    id: PackageGroupId
    contact_info: str | None
    description: str | None
    modes: Mapping[Restriction, Mode]
    allowed: Mapping[Restriction, tuple[str, ...]]
    """Names of repositories, for restrictions of mode ALLOW_SPECIFIC_REPOSITORIES."""
    created: float


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The permissions policy of a domain or repository, word for word as it was put."""

    arn: str
    document: str
    revision: str


@dataclass(frozen=True, slots=True)
class VersionChange:
    """What one committed write did to a version; `before` or `after` is None where it was not."""

    repository: Repository
    package: PackageId
    before: PackageVersion | None
    after: PackageVersion | None
