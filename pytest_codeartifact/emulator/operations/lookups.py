"""What operations look up first, each with the service's own words when it is not there."""

from collections.abc import Mapping
from typing import Any

from pytest_codeartifact.emulator.calls import Call
from pytest_codeartifact.emulator.entities import (
    NEED_NAMESPACE,
    NEVER_NAMESPACED,
    Domain,
    DomainId,
    Package,
    PackageFormat,
    PackageId,
    PackageVersion,
    Repository,
    RepositoryId,
    Status,
)
from pytest_codeartifact.emulator.errors import ResourceNotFound, Validation
from pytest_codeartifact.emulator.store import Transaction


def find_domain(tx: Transaction, domain: DomainId) -> Domain:
    """The domain; raises ResourceNotFound."""
    found = tx.domains.get(domain)
    if found is None:
        raise ResourceNotFound(
            f"Domain not found. Domain '{domain.name}' owned by account '{domain.owner}' does not"
            " exist",
            domain.name,
            "domain",
        )
    return found


def find_repository(tx: Transaction, repository: RepositoryId) -> Repository:
    """The repository; raises ResourceNotFound for it or its domain."""
    find_domain(tx, repository.domain)
    found = tx.repositories.get(repository)
    if found is None:
        raise ResourceNotFound(
            f"Repository not found. Repository '{repository.name}' in domain"
            f" '{repository.domain.name}' owned by account '{repository.domain.owner}' does not"
            " exist",
            repository.name,
            "repository",
        )
    return found


def repository_id(call: Call, request: Mapping[str, Any]) -> RepositoryId:
    """The repository a request names."""
    return RepositoryId(call.domain_id(request), request["repository"])


def package_id(request: Mapping[str, Any]) -> PackageId:
    """The package a request names; raises Validation when its namespace does not fit its format."""
    package_format = PackageFormat(request["format"])
    namespace = request.get("namespace", "")
    if namespace and package_format in NEVER_NAMESPACED:
        raise Validation(f"Packages of format {package_format} have no namespace.", "OTHER")
    if not namespace and package_format in NEED_NAMESPACE:
        raise Validation(f"Packages of format {package_format} need a namespace.", "OTHER")
    return PackageId(package_format, namespace, request["package"])


def find_package(tx: Transaction, repository: RepositoryId, package: PackageId) -> Package:
    """The package as this repository has it, upstreams not looked at; raises ResourceNotFound."""
    find_repository(tx, repository)
    found = tx.packages.get(repository, package)
    if found is None:
        raise ResourceNotFound(
            f"The {package.format} package '{package.name}' does not exist in repository"
            f" '{repository.name}'.",
            package.name,
            "package",
        )
    return found


def find_version(
    tx: Transaction, repository: RepositoryId, package: PackageId, version: str
) -> PackageVersion:
    """The version as this repository has it; raises ResourceNotFound for it or its package."""
    uid = find_repository(tx, repository).uid
    if tx.packages.get(repository, package) is None:
        namespace = f"namespace={package.namespace}, " if package.namespace else ""
        # AWS (Package versions and upstream repositories): the sample ends with this comma.
        raise ResourceNotFound(
            f"Package not found in repository. RepoId: {uid}, Package ="
            f" PackageCoordinate{{packageType={package.format}, {namespace}"
            f"packageName={package.name}}},",
            package.name,
            "package",
        )
    found = tx.versions.get(repository, package, version)
    if found is None or found.status is Status.DELETED:
        raise ResourceNotFound(
            f"Package version {version} of {package.format} package '{package.name}' does not"
            f" exist in repository '{repository.name}'.",
            version,
            "package-version",
        )
    return found
