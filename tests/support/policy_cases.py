"""Questions to the policy evaluator with all the policies that have a say."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_codeartifact.emulator.iam.documents import (
    Policy,
    read_identity_policy,
    read_resource_policy,
)
from pytest_codeartifact.emulator.iam.policy import (
    Applicable,
    ContextValue,
    Decision,
    Principal,
    Question,
    Verdict,
    decide,
)

ALLOWED, IMPLICIT, EXPLICIT = Decision.ALLOWED, Decision.IMPLICIT_DENY, Decision.EXPLICIT_DENY
OWN, OTHER = "111122223333", "444455556666"
ROOT, OTHER_ROOT = f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OTHER}:root"
ANN_ARN = f"arn:aws:iam::{OWN}:user/ann"
ROLE_ARN = f"arn:aws:iam::{OWN}:role/builds/ci"
SESSION_ARN = f"arn:aws:sts::{OWN}:assumed-role/ci/nightly"
ANN = Principal(OWN, ANN_ARN)
CI = Principal(OWN, SESSION_ARN, ROLE_ARN)
CODEBUILD = Principal("", "codebuild.amazonaws.com", service="codebuild.amazonaws.com")

ARNS = f"arn:aws:codeartifact:eu-west-1:{OWN}"
READ, PUBLISH = "codeartifact:ReadFromRepository", "codeartifact:PublishPackageVersion"
TOKEN, BEARER = "codeartifact:GetAuthorizationToken", "sts:GetServiceBearerToken"
REPOSITORY, DOMAIN = f"{ARNS}:repository/dom/store", f"{ARNS}:domain/dom"

ABROAD = frozenset({OTHER})
"""The owner of what belongs to another account."""

Statement = Mapping[str, Any]


def allow(action: str | list[str] = "*", **more: Any) -> Statement:  # noqa: ANN401 - JSON
    """A statement that allows; keywords are further elements, or replace some."""
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


def deny(action: str | list[str] = "*", **more: Any) -> Statement:  # noqa: ANN401 - JSON
    """A statement that denies; keywords are further elements, or replace some."""
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


def denying_all_but(*arns: str) -> Statement:
    """A statement that denies by NotPrincipal."""
    return deny(NotPrincipal={"AWS": list(arns)})


def to(*arns: str, **more: Any) -> Statement:  # noqa: ANN401 - JSON
    """A statement of a resource policy that allows these principals everything."""
    return allow(Principal={"AWS": list(arns)}, **more)


def document(statements: Sequence[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@dataclass(frozen=True)
class Case:
    """A question with the statements of each policy that has a say in it."""

    action: str = READ
    resource: str = REPOSITORY
    principal: Principal = ANN
    accounts: frozenset[str] = frozenset({OWN})
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    own: Sequence[Statement] = ()
    boundary: Sequence[Statement] = ()
    session: Sequence[Statement] = ()
    attached: Sequence[Statement] = ()

    @property
    def verdict(self) -> Verdict:
        question = Question(self.principal, self.action, self.resource, self.accounts, self.context)
        return decide(question, self.applicable)

    @property
    def applicable(self) -> Applicable:
        def identity(statements: Sequence[Statement]) -> tuple[Policy, ...]:
            return (read_identity_policy(document(statements)),) if statements else ()

        def resource(statements: Sequence[Statement]) -> tuple[Policy, ...]:
            return (read_resource_policy(document(statements)),) if statements else ()

        return Applicable(
            identity=identity(self.own),
            boundary=next(iter(identity(self.boundary)), None),
            session=identity(self.session) or None,
            resource=resource(self.attached),
        )
