"""Permissions policies of domains and repositories.

Sources: "Domain policies", "Repository policies" (AWS CodeArtifact User Guide).
"""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.calls import (
    Call,
    on_domain,
    on_domain_by_owner,
    on_repository,
    on_repository_by_owner,
)
from pytest_codeartifact.emulator.entities import DomainId, RepositoryId, ResourcePolicy
from pytest_codeartifact.emulator.errors import Conflict, ResourceNotFound, Validation
from pytest_codeartifact.emulator.iam.documents import MalformedPolicy, read_resource_policy
from pytest_codeartifact.emulator.operations.lookups import (
    find_domain,
    find_repository,
    repository_id,
)
from pytest_codeartifact.emulator.store import Transaction

_REVISION_BYTES = 32
# AWS (Service bearer tokens): the permission of STS counts in policies of identities only, so here
# it does nothing; an older edition of the guide told everybody to write it into these policies.
_WITHOUT_EFFECT = "sts:getservicebearertoken"


@operation(on_domain)
def get_domain_permissions_policy(
    call: Call, request: shapes.GetDomainPermissionsPolicyRequest
) -> shapes.GetDomainPermissionsPolicyResult:
    """Show the policy of a domain, word for word as it was put."""
    domain = call.domain_id(request)
    with call.store.read() as tx:
        find_domain(tx, domain)
        return {"policy": _described(_attached(tx, domain))}


@operation(on_domain_by_owner)
def put_domain_permissions_policy(
    call: Call, request: shapes.PutDomainPermissionsPolicyRequest
) -> shapes.PutDomainPermissionsPolicyResult:
    """Attach a policy to a domain in place of the one it has."""
    domain = call.domain_id(request)
    _check_document(request["policyDocument"])
    with call.store.write() as tx:
        find_domain(tx, domain)
        return {"policy": _described(_put(tx, domain, request))}


@operation(on_domain)
def delete_domain_permissions_policy(
    call: Call, request: shapes.DeleteDomainPermissionsPolicyRequest
) -> shapes.DeleteDomainPermissionsPolicyResult:
    """Take the policy off a domain, and show it once more."""
    domain = call.domain_id(request)
    with call.store.write() as tx:
        find_domain(tx, domain)
        return {"policy": _described(_delete(tx, domain, request))}


@operation(on_repository)
def get_repository_permissions_policy(
    call: Call, request: shapes.GetRepositoryPermissionsPolicyRequest
) -> shapes.GetRepositoryPermissionsPolicyResult:
    """Show the policy of a repository, word for word as it was put."""
    repository = repository_id(call, request)
    with call.store.read() as tx:
        find_repository(tx, repository)
        return {"policy": _described(_attached(tx, repository))}


@operation(on_repository_by_owner)
def put_repository_permissions_policy(
    call: Call, request: shapes.PutRepositoryPermissionsPolicyRequest
) -> shapes.PutRepositoryPermissionsPolicyResult:
    """Attach a policy to a repository in place of the one it has."""
    repository = repository_id(call, request)
    _check_document(request["policyDocument"])
    with call.store.write() as tx:
        find_repository(tx, repository)
        return {"policy": _described(_put(tx, repository, request))}


@operation(on_repository)
def delete_repository_permissions_policy(
    call: Call, request: shapes.DeleteRepositoryPermissionsPolicyRequest
) -> shapes.DeleteRepositoryPermissionsPolicyResult:
    """Take the policy off a repository, and show it once more.

    Differs: on the service the policy may go on having its effect for a while.
    """
    repository = repository_id(call, request)
    with call.store.write() as tx:
        find_repository(tx, repository)
        return {"policy": _described(_delete(tx, repository, request))}


def _put(
    tx: Transaction, holder: DomainId | RepositoryId, request: Mapping[str, Any]
) -> ResourcePolicy:
    _check_revision(tx.policies.get(holder.arn), holder, request)
    # The service does not say what a revision is made of; equal documents have different ones.
    revision = base64.b64encode(secrets.token_bytes(_REVISION_BYTES)).decode()
    policy = ResourcePolicy(holder.arn, request["policyDocument"], revision)
    tx.policies.put(policy)
    return policy


def _delete(
    tx: Transaction, holder: DomainId | RepositoryId, request: Mapping[str, Any]
) -> ResourcePolicy:
    policy = _attached(tx, holder)
    _check_revision(policy, holder, request)
    tx.policies.delete(holder.arn)
    return policy


def _attached(tx: Transaction, holder: DomainId | RepositoryId) -> ResourcePolicy:
    """The policy of a domain or repository; raises ResourceNotFound."""
    policy = tx.policies.get(holder.arn)
    if policy is None:
        kind = _kind(holder)
        raise ResourceNotFound(
            f"The {kind} '{holder.name}' has no permissions policy", holder.name, kind
        )
    return policy


def _check_revision(
    policy: ResourcePolicy | None, holder: DomainId | RepositoryId, request: Mapping[str, Any]
) -> None:
    """Return when the request names the current revision or none; raises Conflict."""
    expected = request.get("policyRevision")
    current = policy.revision if policy else None
    if expected not in {None, current}:
        kind = _kind(holder)
        raise Conflict(
            f"The policy revision '{expected}' is not the current revision of the permissions"
            f" policy of {kind} '{holder.name}'; get the policy for its current revision, or leave"
            " the revision out",
            holder.name,
            kind,
        )


def _kind(holder: DomainId | RepositoryId) -> str:
    return "domain" if isinstance(holder, DomainId) else "repository"


def _described(policy: ResourcePolicy) -> shapes.ResourcePolicy:
    return {
        "resourceArn": policy.arn,
        "revision": policy.revision,
        "document": policy.document,
    }


def _check_document(document: str) -> None:
    """Return when the document is a policy about CodeArtifact; raises Validation."""
    # Differs: what the service says of a bad policy is not documented.
    try:
        policy = read_resource_policy(document)
    except MalformedPolicy as error:
        raise Validation(f"The policy document is malformed: {error}") from error
    for number, statement in enumerate(policy.statements, 1):
        # Trust policies may leave it out, these must not.
        if statement.resources is None and statement.not_resources is None:
            raise Validation(
                f"The policy document is malformed: Statement {number}: Policy statement must"
                " contain resources."
            )
    for action in _named_actions(document):
        if not _fits(action.lower()):
            raise Validation(
                f"The policy document names the action '{action}'; the actions of this policy"
                " must begin with 'codeartifact:'"
            )


def _fits(action: str) -> bool:
    """Whether an action, in lower case, may stand in such a policy."""
    return action in {"*", _WITHOUT_EFFECT} or action.startswith("codeartifact:")


def _named_actions(document: str) -> Iterator[str]:
    """The actions of a well-formed policy as they are written."""
    # Numbers stay text: one of thousands of digits is no reason to fail.
    statements = json.loads(document, parse_int=str, parse_float=str)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement.get("Action", [])
        yield from [actions] if isinstance(actions, str) else actions
