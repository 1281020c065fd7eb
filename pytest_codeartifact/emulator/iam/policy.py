"""Whether policies let a principal do a thing: pure evaluation, no storage, no clock, no service.

Sources: "Policy evaluation logic", "Permissions boundaries for IAM entities", "Troubleshoot access
denied error messages" (IAM User Guide).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from pytest_codeartifact.emulator.iam.documents import Effect, Policy, Statement
from pytest_codeartifact.emulator.iam.matching import Context, Value
from pytest_codeartifact.emulator.iam.principals import Principals

ContextValue = Value
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

    `session` is None where the session was made without policies of its own; `resource` are the
    policies of the resource and of what contains it.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    resource: tuple[Policy, ...] = ()


class _Named(IntEnum):
    """How closely a statement of a resource policy names who asks."""

    NOT = 0
    BY_ACCOUNT = 1
    """The account decides itself whom it lets in."""
    BY_ROLE = 2
    """The role is let in, as far as its boundary and its session's policies reach."""
    DIRECTLY = 3
    """Nothing else needs to allow it in the same account."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question in the form in which policies are compared with it."""

    principal: Principal
    action: str
    resource: str
    context: Context
    has_boundary: bool

    @classmethod
    def of(cls, question: Question, *, has_boundary: bool) -> "_Asked":
        return cls(
            question.principal,
            question.action.lower(),
            question.resource,
            {key.lower(): value for key, value in question.context.items()},
            has_boundary=has_boundary,
        )

    def allowed_by(self, policies: Iterable[Policy]) -> bool:
        """Whether a policy without principals allows it."""
        return any(
            statement.effect is Effect.ALLOW and self.meets(statement)
            for policy in policies
            for statement in policy.statements
        )

    def denying(self, policies: Iterable[Policy]) -> Policy | None:
        """The first policy that denies it."""
        for policy in policies:
            for statement in policy.statements:
                if (
                    statement.effect is Effect.DENY
                    and self.meets(statement)
                    and self._is_denied_as_principal(statement)
                ):
                    return policy
        return None

    def named_by(self, policies: Iterable[Policy]) -> _Named:
        """How closely the resource policies that allow it name who asks."""
        return max(
            (
                self._named(statement)
                for policy in policies
                for statement in policy.statements
                if statement.effect is Effect.ALLOW and self.meets(statement)
            ),
            default=_Named.NOT,
        )

    def meets(self, statement: Statement) -> bool:
        """Whether a statement speaks of this action, resource and context."""
        context = self.context
        if statement.actions is not None:
            if not statement.actions.fit(self.action, context):
                return False
        elif statement.not_actions is None or statement.not_actions.fit(self.action, context):
            return False
        if statement.resources is not None:
            if not statement.resources.fit(self.resource, context):
                return False
        elif statement.not_resources is not None and statement.not_resources.fit(
            self.resource, context
        ):
            return False
        return all(condition.holds(context) for condition in statement.conditions)

    def _is_denied_as_principal(self, statement: Statement) -> bool:
        if statement.not_principals is not None:
            # "Permissions boundaries for IAM entities": NotPrincipal with Deny always denies who
            # has a boundary.
            return self.has_boundary or not self._is_spared(statement.not_principals)
        if statement.principals is None:
            return True
        return self._closeness(statement.principals) is not _Named.NOT

    def _named(self, statement: Statement) -> _Named:
        if statement.not_principals is not None:
            named = self._closeness(statement.not_principals)
            return _Named.DIRECTLY if named is _Named.NOT else _Named.NOT
        if statement.principals is None:
            return _Named.NOT
        return self._closeness(statement.principals)

    def _closeness(self, principals: Principals) -> _Named:
        me = self.principal
        if principals.everybody or me.service in principals.services or me.arn in principals.arns:
            return _Named.DIRECTLY
        if me.role_arn in principals.arns:
            return _Named.BY_ROLE
        return _Named.BY_ACCOUNT if me.account in principals.accounts else _Named.NOT

    def _is_spared(self, principals: Principals) -> bool:
        """Whether NotPrincipal names the principal and all that it is part of.

        Source: "AWS JSON policy elements: NotPrincipal" (IAM User Guide).

        Differs: services may spare who is named without its account or role; here that is denied.
        """
        me = self.principal
        if principals.everybody or me.service in principals.services:
            return True
        arns = {me.arn} if me.role_arn is None else {me.arn, me.role_arn}
        return me.account in principals.accounts and arns <= principals.arns


def decide(question: Question, applicable: Applicable) -> Verdict:
    """The verdict of all policies together."""
    boundary = () if applicable.boundary is None else (applicable.boundary,)
    asked = _Asked.of(question, has_boundary=bool(boundary))
    trusting = _is_of_trust(question)
    # Differs: AWS names one of several kinds of policies that deny, and does not say which.
    for policies, place in (
        (applicable.identity, "an identity-based policy"),
        (applicable.resource, "the role trust policy" if trusting else "a resource-based policy"),
        (boundary, "a permissions boundary"),
        (applicable.session or (), "a session policy"),
    ):
        denying = asked.denying(policies)
        if denying is not None:
            told = f": {denying.arn}" if denying.arn else ""
            return Verdict(Decision.EXPLICIT_DENY, f"with an explicit deny in {place}{told}")
    silent = _silent(question, applicable, asked)
    if silent is None:
        return Verdict(Decision.ALLOWED, "")
    kind = "role trust policy" if trusting and silent is _Kind.RESOURCE else silent
    reason = f"because no {kind} allows the {question.action} action"
    return Verdict(Decision.IMPLICIT_DENY, reason)


def speaks_of(question: Question, statement: Statement) -> bool:
    """Whether action, resource and conditions of a statement fit what is asked."""
    return _Asked.of(question, has_boundary=False).meets(statement)


class _Kind(StrEnum):
    """A kind of policy, as sentences of denials name it."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


def _silent(question: Question, applicable: Applicable, asked: _Asked) -> _Kind | None:
    """The kind of policy whose permission is missing, if any is."""
    principal = question.principal
    named = asked.named_by(applicable.resource)
    is_service = principal.service is not None
    is_own = not question.accounts or principal.account in question.accounts
    # Differs: where policies of both accounts are silent, AWS names one of them, and does not say
    # which; here it is the resource's.
    if named is _Named.NOT and (is_service or not is_own or _is_of_trust(question)):
        return _Kind.RESOURCE
    if named is _Named.DIRECTLY and (is_service or is_own):
        return None
    by_role = is_own and named is _Named.BY_ROLE
    needed = (
        (_Kind.IDENTITY, None if by_role else applicable.identity),
        (_Kind.BOUNDARY, None if applicable.boundary is None else (applicable.boundary,)),
        (_Kind.SESSION, applicable.session),
    )
    for kind, policies in needed:
        if policies is not None and not asked.allowed_by(policies):
            return kind
    return None


def _is_of_trust(question: Question) -> bool:
    """Whether a role is to be assumed: its trust policy must allow it, in its account too.

    Source: "Policy evaluation for requests within a single account" (IAM User Guide).
    """
    return ":role/" in question.resource and question.action.lower().startswith("sts:")
