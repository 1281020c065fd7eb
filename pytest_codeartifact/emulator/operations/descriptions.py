"""Entities as the API shows them."""

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.calls import Call
from pytest_codeartifact.emulator.entities import (
    Asset,
    Origin,
    OriginControls,
    PackageVersion,
    Repository,
)


def describe_repository(call: Call, repository: Repository) -> shapes.RepositoryDescription:
    """A repository with its upstreams and connections; an unset description is absent."""
    description: shapes.RepositoryDescription = {
        "name": repository.id.name,
        "administratorAccount": repository.administrator,
        "domainName": repository.id.domain.name,
        "domainOwner": repository.id.domain.owner,
        "arn": repository.id.arn,
        "upstreams": [{"repositoryName": upstream.name} for upstream in repository.upstreams],
        "externalConnections": [
            {
                "externalConnectionName": connection,
                "packageFormat": call.registry.external_connection_format(connection) or "",
                "status": "AVAILABLE",
            }
            for connection in repository.external_connections
        ],
        "createdTime": repository.created,
    }
    if repository.description is not None:
        description["description"] = repository.description
    return description


def summarise_repository(repository: Repository) -> shapes.RepositorySummary:
    """A repository as lists show it: without upstreams and connections."""
    summary: shapes.RepositorySummary = {
        "name": repository.id.name,
        "administratorAccount": repository.administrator,
        "domainName": repository.id.domain.name,
        "domainOwner": repository.id.domain.owner,
        "arn": repository.id.arn,
        "createdTime": repository.created,
    }
    if repository.description is not None:
        summary["description"] = repository.description
    return summary


def describe_controls(controls: OriginControls) -> shapes.PackageOriginConfiguration:
    """A package's origin controls."""
    return {"restrictions": {"publish": controls.publish, "upstream": controls.upstream}}


def describe_origin(origin: Origin) -> shapes.PackageVersionOrigin:
    """Where a version entered the domain."""
    entry: shapes.DomainEntryPoint = {}
    if origin.repository is not None:
        entry["repositoryName"] = origin.repository
    if origin.external_connection is not None:
        entry["externalConnectionName"] = origin.external_connection
    return {"domainEntryPoint": entry, "originType": origin.type}


def summarise_asset(asset: Asset) -> shapes.AssetSummary:
    """A file of a version."""
    return {"name": asset.name, "size": asset.size, "hashes": asset.hashes}


def summarise_version(version: PackageVersion) -> shapes.PackageVersionSummary:
    """A version as lists show it."""
    return {
        "version": version.version,
        "revision": version.revision,
        "status": version.status,
        "origin": describe_origin(version.origin),
    }
