"""A domain as the service describes it: repositories, what they draw on, and what they hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

_COORDINATES = ("format", "namespace", "package")
_ORIGINS = {"INTERNAL": "uploaded here", "EXTERNAL": "from a public registry"}


@dataclass(frozen=True, slots=True)
class PackageView:
    """One version of a package; `origin` says in words where it came from."""

    name: str
    version: str
    status: str
    origin: str
    is_external: bool


@dataclass(frozen=True, slots=True)
class RepositoryView:
    """A repository with what stands behind it, in the order in which it is asked."""

    name: str
    upstreams: tuple[str, ...]
    connections: tuple[str, ...]
    packages: tuple[PackageView, ...]


@dataclass(frozen=True, slots=True)
class DomainView:
    """A domain of an account."""

    name: str
    owner: str
    repositories: tuple[RepositoryView, ...]


def domains(client: "CodeArtifactClient") -> Sequence[DomainView]:
    """All domains that the caller can see, by name."""
    pages = client.get_paginator("list_domains").paginate()
    names = sorted(each["name"] for page in pages for each in page["domains"])
    return [_domain(client, name) for name in names]


def _domain(client: "CodeArtifactClient", name: str) -> DomainView:
    owner = client.describe_domain(domain=name)["domain"]["owner"]
    pages = client.get_paginator("list_repositories_in_domain").paginate(domain=name)
    found = [each["name"] for page in pages for each in page["repositories"]]
    return DomainView(name, owner, tuple(_repository(client, name, each) for each in found))


def _repository(client: "CodeArtifactClient", domain: str, name: str) -> RepositoryView:
    told = client.describe_repository(domain=domain, repository=name)["repository"]
    connections = tuple(each["externalConnectionName"] for each in told["externalConnections"])
    return RepositoryView(
        name,
        tuple(each["repositoryName"] for each in told["upstreams"]),
        connections,
        tuple(_packages(client, domain, name)),
    )


def _packages(client: "CodeArtifactClient", domain: str, name: str) -> Iterator[PackageView]:
    pages = client.get_paginator("list_packages").paginate(domain=domain, repository=name)
    for package in [each for page in pages for each in page["packages"]]:
        told: Mapping[str, Any] = package
        wanted = {key: told[key] for key in _COORDINATES if key in told}
        listed = client.list_package_versions(domain=domain, repository=name, **wanted)
        for each in sorted(listed["versions"], key=lambda each: _order(each["version"])):
            origin = each.get("origin", {})
            kind = origin.get("originType", "UNKNOWN")
            entry = origin.get("domainEntryPoint", {})
            connection = entry.get("externalConnectionName")
            yield PackageView(
                package["package"],
                each["version"],
                each["status"],
                f"from {connection}" if connection else _ORIGINS.get(kind, "origin not known"),
                kind == "EXTERNAL",
            )


def _order(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")
