"""Whether policies let a principal do a thing: pure evaluation, no storage, no clock, no service.

Source: "Policy evaluation logic" (IAM User Guide).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pytest_codeartifact.emulator.iam.documents import Policy

ContextValue = str | tuple[str, ...]
"""A value of a condition key; a tuple is the value of a multivalued key such as `aws:TagKeys`."""


class Decision(StrEnum):
    """How an evaluation ends."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicit deny"
    EXPLICIT_DENY = "explicit deny"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision; `reason` ends the sentence of a denial as AWS words it."""

    decision: Decision
    reason: str

    @property
    def is_allowed(self) -> bool:
        return self.decision is Decision.ALLOWED


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a user, a role's session (then `role_arn` is the role), or an AWS service."""

    account: str
    arn: str
    role_arn: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `accounts` own the resource; with none it belongs to whoever asks."""

    principal: Principal
    action: str
    resource: str
    accounts: frozenset[str] = frozenset()
    context: Mapping[str, ContextValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applicable:
    """The policies that have a say, each kind where AWS knows it.

    `session` is None where the session was made without policies of its own. `fences` are resource
    policies of what contains the resource: they can deny, and allow nothing.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    resource: tuple[Policy, ...] = ()
    fences: tuple[Policy, ...] = ()


def decide(question: Question, applicable: Applicable) -> Verdict:
    """The verdict of all policies together."""
    if question.accounts and question.principal.account not in question.accounts:
        text = f"because no resource-based policy allows the {question.action} action"
        return Verdict(Decision.IMPLICIT_DENY, text)
    if not applicable.identity:
        text = f"because no identity-based policy allows the {question.action} action"
        return Verdict(Decision.IMPLICIT_DENY, text)
    return Verdict(Decision.ALLOWED, "")
