"""Policies are read when they are put, so that none is stored that nobody could evaluate.

Moto checks them too, by rules of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_codeartifact.emulator.iam.documents import (
    MalformedPolicy,
    Policy,
    read_identity_policy,
    read_resource_policy,
)
from pytest_codeartifact.emulator.neighbours.refusals import (
    LimitExceeded,
    MalformedPolicyDocument,
)


def read_trust_policy(document: str) -> Policy:
    """A role's trust policy, which says whom the role trusts; raises MalformedPolicy.

    Source: "IAM roles", section "Terms and concepts" (IAM User Guide).
    """
    policy = read_resource_policy(document)
    for statement in policy.statements:
        if statement.not_principals is not None:
            raise MalformedPolicy("Has prohibited field NotPrincipal")
        if statement.resources is not None or statement.not_resources is not None:
            raise MalformedPolicy("Has prohibited field Resource")
    return policy


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a policy comes in: its parameter, who reads it, and its quota of characters."""

    parameter: str
    read: Callable[[str], Policy]
    longest: int


# Source: "IAM and AWS STS quotas" (IAM User Guide).
# Differs: the quotas of inline policies are for all of an identity; here they are for each of them.
_KINDS: Mapping[str, _Kind] = {
    "PutUserPolicy": _Kind("PolicyDocument", read_identity_policy, 2048),
    "PutGroupPolicy": _Kind("PolicyDocument", read_identity_policy, 5120),
    "PutRolePolicy": _Kind("PolicyDocument", read_identity_policy, 10_240),
    "CreatePolicy": _Kind("PolicyDocument", read_identity_policy, 6144),
    "CreatePolicyVersion": _Kind("PolicyDocument", read_identity_policy, 6144),
    "CreateRole": _Kind("AssumeRolePolicyDocument", read_trust_policy, 2048),
    "UpdateAssumeRolePolicy": _Kind("PolicyDocument", read_trust_policy, 2048),
}


def check_policy(parameters: Mapping[str, str]) -> None:
    """Return when an IAM request brings no policy or a good one.

    Raises LimitExceeded or MalformedPolicyDocument.
    """
    kind = _KINDS.get(parameters.get("Action", ""))
    document = parameters.get(kind.parameter) if kind else None
    if kind is None or document is None:
        return
    # White space does not count.
    if len("".join(document.split())) > kind.longest:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {kind.longest}")
    try:
        kind.read(document)
    except MalformedPolicy as error:
        raise MalformedPolicyDocument(str(error)) from error
