"""Repositories. Source: "Working with repositories in CodeArtifact" (User Guide)."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.api.paging import page
from pytest_codeartifact.emulator.calls import (
    Call,
    in_domain,
    on_domain,
    on_nothing,
    on_repository,
    with_tags,
)
from pytest_codeartifact.emulator.entities import Repository, RepositoryId, Upstream
from pytest_codeartifact.emulator.errors import (
    Conflict,
    ResourceNotFound,
    ServiceQuotaExceeded,
    Validation,
)
from pytest_codeartifact.emulator.iam.grants import Grant
from pytest_codeartifact.emulator.names import endpoint_url, host_of
from pytest_codeartifact.emulator.operations.descriptions import describe_repository as described
from pytest_codeartifact.emulator.operations.descriptions import summarise_repository
from pytest_codeartifact.emulator.operations.lookups import (
    find_domain,
    find_repository,
    repository_id,
)
from pytest_codeartifact.emulator.operations.tags import checked_tags
from pytest_codeartifact.emulator.store import Transaction

PAGE = 50


def _each_upstream(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """AWS (Working with upstream repositories): whoever names an upstream must be let to."""
    domain = call.domain_id(request)
    return [
        Grant.on_repository(
            "codeartifact:AssociateWithDownstreamRepository",
            RepositoryId(domain, upstream["repositoryName"]),
        )
        for upstream in request.get("upstreams", [])
    ]


@operation(in_domain, _each_upstream, with_tags)
def create_repository(
    call: Call, request: shapes.CreateRepositoryRequest
) -> shapes.CreateRepositoryResult:
    """Create a repository, empty or with upstreams of the same domain."""
    identity = repository_id(call, request)
    tags = checked_tags(request.get("tags", []), call.quotas, identity.name, "repository")
    with call.store.write() as tx:
        find_domain(tx, identity.domain)
        if tx.repositories.get(identity) is not None:
            raise Conflict(
                f"Repository '{identity.name}' already exists in domain '{identity.domain.name}'",
                identity.name,
                "repository",
            )
        if tx.repositories.count(identity.domain) >= call.quotas.repositories_per_domain:
            raise ServiceQuotaExceeded(
                f"A domain has at most {call.quotas.repositories_per_domain} repositories",
                identity.name,
                "repository",
            )
        repository = Repository(
            id=identity,
            uid=base64.b32encode(secrets.token_bytes(15)).decode().lower(),
            administrator=call.caller.account,
            description=request.get("description"),
            upstreams=_upstreams(tx, call, identity, request.get("upstreams", [])),
            external_connections=(),
            created=call.clock.now(),
        )
        tx.repositories.put(repository)
        tx.tags.replace(identity.arn, tags)
    return {"repository": described(call, repository)}


@operation(on_repository)
def describe_repository(
    call: Call, request: shapes.DescribeRepositoryRequest
) -> shapes.DescribeRepositoryResult:
    """Describe a repository, its upstreams in the order they are searched."""
    with call.store.read() as tx:
        repository = find_repository(tx, repository_id(call, request))
    return {"repository": described(call, repository)}


@operation(on_repository, _each_upstream)
def update_repository(
    call: Call, request: shapes.UpdateRepositoryRequest
) -> shapes.UpdateRepositoryResult:
    """Change description or upstreams; what is not named stays, a list replaces the old one.

    Without a list the upstreams are looked up again by name, which mends references to
    repositories that were deleted and created anew.
    """
    identity = repository_id(call, request)
    with call.store.write() as tx:
        repository = find_repository(tx, identity)
        if "upstreams" in request:
            upstreams = _upstreams(tx, call, identity, request["upstreams"])
            if upstreams and repository.external_connections:
                raise Validation(_EITHER_OR, "OTHER")
        else:
            upstreams = _mended(tx, repository)
        repository = replace(
            repository,
            description=request.get("description", repository.description),
            upstreams=upstreams,
        )
        tx.repositories.put(repository)
    return {"repository": described(call, repository)}


@operation(on_repository)
def delete_repository(
    call: Call, request: shapes.DeleteRepositoryRequest
) -> shapes.DeleteRepositoryResult:
    """Delete a repository with all its packages, also one that is somebody's upstream."""
    with call.store.write() as tx:
        repository = find_repository(tx, repository_id(call, request))
        tx.policies.delete(repository.id.arn)
        tx.repositories.delete(repository.id)
        tx.tags.replace(repository.id.arn, {})
    return {"repository": described(call, repository)}


@operation(on_nothing)
def list_repositories(
    call: Call, request: shapes.ListRepositoriesRequest
) -> shapes.ListRepositoriesResult:
    """List the repositories that the caller's account administers, in whatever domain."""
    with call.store.read() as tx:
        repositories = tx.repositories.administered_by(call.region, call.caller.account)
    fingerprint = f"ListRepositories {call.region} {call.caller.account}"
    return _listed(repositories, request, fingerprint)


@operation(on_domain)
def list_repositories_in_domain(
    call: Call, request: shapes.ListRepositoriesInDomainRequest
) -> shapes.ListRepositoriesInDomainResult:
    """List the repositories of a domain."""
    domain = call.domain_id(request)
    with call.store.read() as tx:
        find_domain(tx, domain)
        repositories = tx.repositories.in_domain(domain)
    administrator = request.get("administratorAccount")
    return _listed(
        [r for r in repositories if administrator in {None, r.administrator}],
        request,
        f"ListRepositoriesInDomain {domain.arn}",
    )


@operation(on_repository)
def associate_external_connection(
    call: Call, request: shapes.AssociateExternalConnectionRequest
) -> shapes.AssociateExternalConnectionResult:
    """Connect a repository to a public registry; one connection, and no upstreams beside it."""
    connection = request["externalConnection"]
    if call.registry.external_connection_format(connection) is None:
        raise Validation(f"The external connection '{connection}' does not exist", "OTHER")
    with call.store.write() as tx:
        repository = find_repository(tx, repository_id(call, request))
        if repository.external_connections:
            raise Validation(
                "ExternalConnections for repositories are currently limited to 1", "OTHER"
            )
        if repository.upstreams:
            raise Validation(_EITHER_OR, "OTHER")
        repository = replace(repository, external_connections=(connection,))
        tx.repositories.put(repository)
    return {"repository": described(call, repository)}


@operation(on_repository)
def disassociate_external_connection(
    call: Call, request: shapes.DisassociateExternalConnectionRequest
) -> shapes.DisassociateExternalConnectionResult:
    """Cut a connection; what came through it stays."""
    connection = request["externalConnection"]
    with call.store.write() as tx:
        repository = find_repository(tx, repository_id(call, request))
        if connection not in repository.external_connections:
            raise ResourceNotFound(
                f"Repository '{repository.id.name}' has no external connection '{connection}'",
                connection,
                "repository",
            )
        repository = replace(repository, external_connections=())
        tx.repositories.put(repository)
    return {"repository": described(call, repository)}


@operation(on_repository)
def get_repository_endpoint(
    call: Call, request: shapes.GetRepositoryEndpointRequest
) -> shapes.GetRepositoryEndpointResult:
    """Name the address of a repository for clients of a package format."""
    identity = repository_id(call, request)
    with call.store.read() as tx:
        find_repository(tx, identity)
    domain = identity.domain
    dualstack = request.get("endpointType") == "dualstack"
    host = host_of(domain.region, domain.owner, domain.name, dualstack=dualstack)
    url = endpoint_url(call.base_url, host, request["format"], identity.name)
    return {"repositoryEndpoint": url}


_EITHER_OR = "A repository can have upstream repositories or an external connection, not both"


def _upstreams(
    tx: Transaction,
    call: Call,
    repository: RepositoryId,
    wanted: Sequence[shapes.UpstreamRepository],
) -> tuple[Upstream, ...]:
    """References to the named repositories; raises when there are too many or one is missing."""
    names = [upstream["repositoryName"] for upstream in wanted]
    if len(names) > call.quotas.direct_upstreams:
        raise ServiceQuotaExceeded(
            f"A repository has at most {call.quotas.direct_upstreams} direct upstreams",
            repository.name,
            "repository",
        )
    if repository.name in names:
        raise Validation(f"Repository '{repository.name}' cannot be its own upstream", "OTHER")
    if len(set(names)) < len(names):
        raise Validation("A repository is named twice among the upstreams", "OTHER")
    found = [find_repository(tx, RepositoryId(repository.domain, name)) for name in names]
    return tuple(Upstream(upstream.uid, upstream.id.name) for upstream in found)


def _mended(tx: Transaction, repository: Repository) -> tuple[Upstream, ...]:
    """The upstreams as their names stand today; those without a repository fall away."""
    names = [upstream.name for upstream in repository.upstreams]
    found = [tx.repositories.get(RepositoryId(repository.id.domain, name)) for name in names]
    return tuple(Upstream(upstream.uid, upstream.id.name) for upstream in found if upstream)


def _listed(
    repositories: Sequence[Repository], request: Mapping[str, Any], fingerprint: str
) -> shapes.ListRepositoriesResult:
    prefix = request.get("repositoryPrefix", "")
    shown, token = page(
        [r for r in repositories if r.id.name.startswith(prefix)],
        key=lambda r: (r.id.domain.name, r.id.domain.owner, r.id.name),
        request=request,
        default=PAGE,
        fingerprint=fingerprint,
    )
    result: shapes.ListRepositoriesResult = {
        "repositories": [summarise_repository(repository) for repository in shown]
    }
    if token:
        result["nextToken"] = token
    return result
