"""Tags. Source: "Tagging resources" (AWS CodeArtifact User Guide)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.calls import Call, on_tagged
from pytest_codeartifact.emulator.entities import (
    DomainId,
    PackageGroupId,
    RepositoryId,
    read_arn,
)
from pytest_codeartifact.emulator.errors import ServiceQuotaExceeded, Validation
from pytest_codeartifact.emulator.operations.group_descriptions import (
    RESOURCE_TYPE as PACKAGE_GROUP,
)
from pytest_codeartifact.emulator.operations.group_descriptions import find_group
from pytest_codeartifact.emulator.operations.lookups import find_domain, find_repository
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.store import Transaction


@operation(on_tagged)
def list_tags_for_resource(
    call: Call, request: shapes.ListTagsForResourceRequest
) -> shapes.ListTagsForResourceResult:
    """List the tags of a domain, repository or package group."""
    with call.store.read() as tx:
        arn, _ = _found(tx, call.region, request["resourceArn"])
        return {"tags": [{"key": key, "value": value} for key, value in tx.tags.of(arn).items()]}


@operation(on_tagged)
def tag_resource(call: Call, request: shapes.TagResourceRequest) -> shapes.TagResourceResult:
    """Add tags, or give those that are there new values."""
    with call.store.write() as tx:
        arn, kind = _found(tx, call.region, request["resourceArn"])
        added = checked_tags(request["tags"], call.quotas, arn, kind)
        tags = {**tx.tags.of(arn), **added}
        _check_number(tags, call.quotas, arn, kind)
        tx.tags.replace(arn, tags)
    return {}


@operation(on_tagged)
def untag_resource(call: Call, request: shapes.UntagResourceRequest) -> shapes.UntagResourceResult:
    """Remove tags; a key that is not there is no error."""
    with call.store.write() as tx:
        arn, _ = _found(tx, call.region, request["resourceArn"])
        gone = set(request["tagKeys"])
        tx.tags.replace(arn, {k: v for k, v in tx.tags.of(arn).items() if k not in gone})
    return {}


def checked_tags(
    tags: Sequence[Mapping[str, Any]], quotas: Quotas, resource_id: str, resource_type: str
) -> dict[str, str]:
    """Tags as a mapping; raises Validation for reserved or repeated keys, a quota for too many."""
    found: dict[str, str] = {}
    for tag in tags:
        if tag["key"].lower().startswith("aws:"):
            raise Validation(f"Tag keys that begin with 'aws:' are reserved: '{tag['key']}'")
        if tag["key"] in found:
            raise Validation(f"The tag key '{tag['key']}' is given twice")
        found[tag["key"]] = tag["value"]
    _check_number(found, quotas, resource_id, resource_type)
    return found


def _check_number(
    tags: Mapping[str, str], quotas: Quotas, resource_id: str, resource_type: str
) -> None:
    if len(tags) > quotas.tags_per_resource:
        raise ServiceQuotaExceeded(
            f"A resource has at most {quotas.tags_per_resource} tags", resource_id, resource_type
        )


def _found(tx: Transaction, region: str, arn: str) -> tuple[str, str]:
    """The ARN and the type of a resource that exists; raises Validation or ResourceNotFound.

    A package group's pattern may be encoded in several ways; its tags are kept under one.
    """
    named = read_arn(arn)
    if named is not None and _domain_of(named).region != region:
        # Differs: what the service says of an ARN of another Region is not documented.
        raise Validation(f"'{arn}' is not of region {region}")
    match named:
        case DomainId():
            find_domain(tx, named)
            return named.arn, "domain"
        case RepositoryId():
            find_repository(tx, named)
            return named.arn, "repository"
        case PackageGroupId():
            find_group(tx, named)
            return named.arn, PACKAGE_GROUP
        case None:
            raise Validation(f"'{arn}' is not the ARN of a domain, repository or package group")


def _domain_of(named: DomainId | RepositoryId | PackageGroupId) -> DomainId:
    return named if isinstance(named, DomainId) else named.domain
