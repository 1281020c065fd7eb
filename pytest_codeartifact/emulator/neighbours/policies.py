"""Policies are read when they are put, so that none is stored that nobody could evaluate.

Moto checks them too, by rules of its own.
"""

from collections.abc import Callable, Mapping

from pytest_codeartifact.emulator.iam.documents import (
    MalformedPolicy,
    Policy,
    read_identity_policy,
    read_resource_policy,
)
from pytest_codeartifact.emulator.neighbours.refusals import MalformedPolicyDocument


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


_READERS: Mapping[str, tuple[str, Callable[[str], Policy]]] = {
    "PutUserPolicy": ("PolicyDocument", read_identity_policy),
    "PutGroupPolicy": ("PolicyDocument", read_identity_policy),
    "PutRolePolicy": ("PolicyDocument", read_identity_policy),
    "CreatePolicy": ("PolicyDocument", read_identity_policy),
    "CreatePolicyVersion": ("PolicyDocument", read_identity_policy),
    "CreateRole": ("AssumeRolePolicyDocument", read_trust_policy),
    "UpdateAssumeRolePolicy": ("PolicyDocument", read_trust_policy),
}


def check_policy(parameters: Mapping[str, str]) -> None:
    """Return when an IAM request brings no policy or a good one; raise MalformedPolicyDocument."""
    name, read = _READERS.get(parameters.get("Action", ""), ("", None))
    document = parameters.get(name)
    if read is None or document is None:
        return
    try:
        read(document)
    except MalformedPolicy as error:
        raise MalformedPolicyDocument(str(error)) from error
