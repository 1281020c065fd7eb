"""Whether a caller may do a thing: the policies that have a say are gathered and decide.

Sources: "Policy evaluation logic" (IAM User Guide), "Domain policies", "Repository policies"
(AWS CodeArtifact User Guide).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import DomainId
from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.http import Request
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.documents import (
    Policy,
    read_identity_policy,
    read_resource_policy,
)
from pytest_codeartifact.emulator.iam.grants import Grant
from pytest_codeartifact.emulator.iam.identities import Identities, Identity
from pytest_codeartifact.emulator.iam.policy import (
    Applicable,
    ContextValue,
    Principal,
    Question,
    Verdict,
    decide,
)
from pytest_codeartifact.emulator.names import is_host_of_aws
from pytest_codeartifact.emulator.remembered import Remembered
from pytest_codeartifact.emulator.store import Store

_TIME_KEYS = frozenset({"aws:currenttime", "aws:epochtime"})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How a request reached us, as far as policies may ask."""

    region: str
    source_ip: str
    is_secure: bool


def circumstances_of(request: Request, region: str) -> Circumstances:
    """How this request reached us.

    Whoever addressed a host of AWS did so by HTTPS: what takes the host's place here decrypts.
    """
    is_secure = request.scheme == "https" or is_host_of_aws(request.headers.get("host", ""))
    return _circumstances(region, request.remote_address, is_secure)


@lru_cache(maxsize=1024)
def _circumstances(region: str, source_ip: str, is_secure: bool) -> Circumstances:  # noqa: FBT001 - a key
    """The same object for the same circumstances, which are those of almost every request."""
    return Circumstances(region, source_ip, is_secure)


class Authorizer(Protocol):
    """Says no, or nothing."""

    def require(self, caller: Caller, grant: Grant, circumstances: Circumstances) -> None:
        """Return when the caller may; raise AccessDenied otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class _Case:
    """A gathered question; `verdict` is None where the time of day has a say."""

    question: Question
    applicable: Applicable
    verdict: Verdict | None


class PolicyAuthorizer:
    """Fulfils `Authorizer` by the policies of IAM, of domains and of repositories.

    Differs: organizations have no control policies (SCP, RCP) here, and there are no endpoint
    policies of a network.
    """

    def __init__(self, store: Store, identities: Identities, clock: Clock) -> None:
        self._store = store
        self._identities = identities
        self._clock = clock
        self._cases: Remembered[_Case] = Remembered(store)

    def require(self, caller: Caller, grant: Grant, circumstances: Circumstances) -> None:
        """Return when the caller may; raise AccessDenied otherwise, worded as AWS does."""
        key = (self._identities.generation, caller, grant, circumstances)
        case = self._cases.get(key, lambda: self._gathered(caller, grant, circumstances))
        verdict = case.verdict or decide(self._timed(case.question), case.applicable)
        if not verdict.is_allowed:
            raise AccessDenied(
                f"User: {caller.arn} is not authorized to perform: {grant.action} on resource:"
                f" {grant.resource} {verdict.reason}"
            )

    def _gathered(self, caller: Caller, grant: Grant, circumstances: Circumstances) -> _Case:
        identity = self._identities.identity(caller)
        # A deleted principal has no power, whatever resource policies say of everybody.
        resource = () if identity is None else self._policies_of(grant)
        identity = identity or Identity()
        applicable = replace(own_policies(caller, identity), resource=resource)
        question = Question(
            principal=principal_of(caller),
            action=grant.action,
            resource=grant.resource,
            accounts=self._owners(grant),
            context={
                **about_caller(caller, identity),
                **self._about_resource(grant),
                **about_request(circumstances),
                **dict(grant.facts),
            },
        )
        return _Case(question, applicable, _timeless_verdict(question, applicable))

    def _policies_of(self, grant: Grant) -> tuple[Policy, ...]:
        """The resource policies that have a say: each can deny, and one that allows is enough.

        Source: "Interaction between repository and domain policies", on "Repository policies".
        """
        place = grant.place
        if place is None:
            return ()
        own = () if grant.ignores_policy else self._attached(place.arn)
        return own if isinstance(place, DomainId) else (*own, *self._attached(place.domain.arn))

    def _attached(self, arn: str) -> tuple[Policy, ...]:
        with self._store.read() as tx:
            policy = tx.policies.get(arn)
        return (read_resource_policy(policy.document),) if policy else ()

    def _owners(self, grant: Grant) -> frozenset[str]:
        """The accounts that own the resource; with none it belongs to whoever asks."""
        place = grant.place
        # On `*` in a domain, such as a new repository, it is the domain that is acted on.
        if place is None:
            return frozenset()
        if isinstance(place, DomainId):
            return frozenset({place.owner})
        with self._store.read() as tx:
            repository = tx.repositories.get(place)
        # AWS (Repository policies): neither the domain's owner nor the account that administers a
        # repository needs a resource policy.
        administrator = repository.administrator if repository else place.domain.owner
        return frozenset({place.domain.owner, administrator})

    def _about_resource(self, grant: Grant) -> dict[str, ContextValue]:
        found: dict[str, ContextValue] = {}
        if grant.place is not None:
            domain = grant.place if isinstance(grant.place, DomainId) else grant.place.domain
            found["aws:ResourceAccount"] = domain.owner
        if grant.tagged is not None:
            with self._store.read() as tx:
                tags = tx.tags.of(grant.tagged)
            found |= {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
        return found

    def _timed(self, question: Question) -> Question:
        moment = about_moment(self._clock.now())
        return replace(question, context={**question.context, **moment})


def _timeless_verdict(question: Question, applicable: Applicable) -> Verdict | None:
    """The verdict where no policy asks for the time; None where one does."""
    policies = (
        *(*applicable.identity, *(applicable.session or ())),
        *applicable.resource,
        *filter(None, [applicable.boundary]),
    )
    if any(policy.condition_keys & _TIME_KEYS for policy in policies):
        return None
    return decide(question, applicable)


def principal_of(caller: Caller) -> Principal:
    """The caller as policies name it."""
    session = caller.session
    return Principal(caller.account, caller.arn, session.role_arn if session else None)


def own_policies(caller: Caller, identity: Identity) -> Applicable:
    """The policies a caller brings along."""
    documents = caller.session.policies if caller.session else ()
    return Applicable(
        identity=identity.policies,
        boundary=identity.boundary,
        session=tuple(map(read_identity_policy, documents)) if documents else None,
    )


def about_request(circumstances: Circumstances) -> dict[str, ContextValue]:
    """What conditions may ask about how a request came."""
    return {
        "aws:SourceIp": circumstances.source_ip,
        "aws:SecureTransport": str(circumstances.is_secure).lower(),
        "aws:RequestedRegion": circumstances.region,
        "aws:ViaAWSService": "false",
    }


def about_moment(now: float) -> dict[str, ContextValue]:
    """What conditions may ask about the time of day, in seconds since the epoch."""
    return {"aws:CurrentTime": _iso(now), "aws:EpochTime": str(int(now))}


def _iso(moment: float) -> str:
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def about_caller(caller: Caller, identity: Identity) -> dict[str, ContextValue]:
    """What conditions may ask about a caller.

    Source: "AWS global condition context keys" (IAM User Guide).
    """
    session = caller.session
    found: dict[str, ContextValue] = {
        "aws:PrincipalArn": session.role_arn if session else caller.arn,
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalType": "AssumedRole" if session else "User",
        "aws:userid": caller.principal_id,
    }
    tags = dict(identity.tags)
    if session:
        tags |= dict(session.tags)
        found["aws:TokenIssueTime"] = _iso(session.issued)
        found["aws:MultiFactorAuthPresent"] = "false"
    if identity.username is not None:
        found["aws:username"] = identity.username
    if identity.organization is not None:
        found["aws:PrincipalOrgID"] = identity.organization
    return found | {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}
