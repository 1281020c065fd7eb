"""Assuming a role: the trust policy is checked, then moto makes the session.

Sources: "AssumeRole" (AWS Security Token Service API Reference), "Passing session tags in AWS
STS" (IAM User Guide).
"""

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.iam.authorize import (
    Circumstances,
    about_caller,
    about_moment,
    about_request,
    own_policies,
    principal_of,
)
from pytest_codeartifact.emulator.iam.callers import Caller, Session
from pytest_codeartifact.emulator.iam.documents import MalformedPolicy, read_session_policy
from pytest_codeartifact.emulator.iam.grants import Facts, tag_facts
from pytest_codeartifact.emulator.iam.policy import Decision, Question, decide
from pytest_codeartifact.emulator.neighbours.identities import MotoIdentities
from pytest_codeartifact.emulator.neighbours.policies import read_trust_policy
from pytest_codeartifact.emulator.neighbours.refusals import (
    AccessDenied,
    InvalidRequest,
    MalformedPolicyDocument,
    NotEmulated,
    PackedPolicyTooLarge,
)

if TYPE_CHECKING:
    from moto.iam.models import Role

SHORTEST_SECONDS = 900
DEFAULT_SECONDS = 3600
CHAINED_SECONDS = 3600
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):role/.*[^/]")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_LONGEST_POLICY = 2048
_MOST_TAGS = 50
_PACKED_BYTES = 4096
# Differs: source identities, MFA devices and contexts of other identity providers are refused.
_NOT_EMULATED = ("SourceIdentity", "SerialNumber", "TokenCode", "ProvidedContexts")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may pass: the account of the role, what moto gets, what we remember."""

    account: str
    parameters: Mapping[str, str]
    session: Session


class Assuming:
    """Checks who may become whom."""

    def __init__(self, identities: MotoIdentities, clock: Clock) -> None:
        self._identities = identities
        self._clock = clock

    def checked(
        self, caller: Caller, parameters: Mapping[str, str], circumstances: Circumstances
    ) -> Asked:
        """The request as moto may carry it out; raises Refusal."""
        for name in _NOT_EMULATED:
            if any(each.partition(".")[0] == name for each in parameters):
                raise NotEmulated(f"AssumeRole with {name} is not emulated yet.")
        arn = parameters.get("RoleArn", "")
        match = _ROLE_ARN.fullmatch(arn)
        if match is None:
            raise InvalidRequest(f"{arn} is invalid")
        name = parameters.get("RoleSessionName", "")
        if not _SESSION_NAME.fullmatch(name):
            raise InvalidRequest(
                f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to"
                " satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
            )
        role = self._identities.role(arn)
        if role is None:
            # A stranger must not learn which roles exist.
            raise _denied(caller, "sts:AssumeRole", arn)
        session = self._session(caller, role, parameters)
        self._require(caller, role, session, parameters, circumstances)
        seconds = _duration(caller, role, parameters)
        # Moto counts from the machine's time; the session is to end by the emulator's.
        lasting = str(seconds + int(self._clock.now() - self._clock.machine_now()))
        return Asked(match["account"], {**parameters, "DurationSeconds": lasting}, session)

    def _session(self, caller: Caller, role: "Role", parameters: Mapping[str, str]) -> Session:
        inherited = dict[str, str]()
        if caller.session:
            passing = {key.lower() for key in caller.session.transitive}
            inherited = {k: v for k, v in caller.session.tags if k.lower() in passing}
        tags = dict(_given_tags(parameters))
        # MODEL (AssumeRole): keys have no case, so there are not both `Team` and `team`.
        fixed = {key.lower() for key in inherited}
        taken = sorted(key for key in tags if key.lower() in fixed)
        if taken:
            raise InvalidRequest(f"The tag keys {taken} are transitive and cannot be set again")
        asked = {parameters[member] for member in _members(parameters, "TransitiveTagKeys.member.")}
        transitive = sorted({*inherited, *asked})
        session = Session(
            role_arn=role.arn,
            issued=self._clock.now(),
            policies=tuple(self._policies(role, parameters)),
            tags=tuple({**inherited, **tags}.items()),
            transitive=tuple(transitive),
        )
        packed = len(zlib.compress(json.dumps([session.policies, session.tags]).encode()))
        if packed > _PACKED_BYTES:
            # Differs: how AWS packs policies and tags, and how far that may go, is not documented;
            # here they are deflated, up to 4096 bytes.
            share = packed * 100 // _PACKED_BYTES
            raise PackedPolicyTooLarge(
                f"Packed size of session tags and policies consumes {share}% of allotted space."
            )
        return session

    def _policies(self, role: "Role", parameters: Mapping[str, str]) -> Iterator[str]:
        document = parameters.get("Policy")
        if document is not None:
            if len(document) > _LONGEST_POLICY:
                raise InvalidRequest(f"A session policy has at most {_LONGEST_POLICY} characters")
            try:
                read_session_policy(document)
            except MalformedPolicy as error:
                raise MalformedPolicyDocument(str(error)) from error
            yield document
        for member in _members(parameters, "PolicyArns.member.", ".arn"):
            arn = parameters[f"{member}.arn"]
            policy = self._identities.managed_policy(arn, role.account_id)
            if policy is None:
                raise InvalidRequest(f"The policy {arn} does not exist")
            # As it is now: a later version of the managed policy does not reach the session.
            yield policy.document

    def _require(
        self,
        caller: Caller,
        role: "Role",
        session: Session,
        parameters: Mapping[str, str],
        circumstances: Circumstances,
    ) -> None:
        given = _given_tags(parameters)
        facts: Facts = (
            *tag_facts(given),
            ("sts:RoleSessionName", parameters["RoleSessionName"]),
            *([("sts:ExternalId", external)] if (external := parameters.get("ExternalId")) else []),
            *([("sts:TransitiveTagKeys", session.transitive)] if session.transitive else []),
        )
        identity = self._identities.identity(caller)
        if identity is None:
            # A deleted principal has no power, whomever the role trusts.
            raise _denied(caller, "sts:AssumeRole", role.arn)
        try:
            trust = read_trust_policy(role.assume_role_policy_document)
        except MalformedPolicy as error:
            # A role that another service of moto made, with a policy that IAM refuses.
            raise _denied(caller, "sts:AssumeRole", role.arn) from error
        applicable = replace(own_policies(caller, identity), resource=(trust,))
        for action in ("sts:AssumeRole", *(["sts:TagSession"] if given else [])):
            question = Question(
                principal=principal_of(caller),
                action=action,
                resource=role.arn,
                accounts=frozenset({role.account_id}),
                context={
                    **about_caller(caller, identity),
                    **about_request(circumstances),
                    **about_moment(self._clock.now()),
                    "aws:ResourceAccount": role.account_id,
                    **{f"aws:ResourceTag/{t['Key']}": t["Value"] for t in role.tags},
                    **dict(facts),
                },
            )
            verdict = decide(question, applicable)
            if not verdict.is_allowed:
                explicit = verdict.decision is Decision.EXPLICIT_DENY
                raise _denied(caller, action, role.arn, verdict.reason if explicit else "")


def _duration(caller: Caller, role: "Role", parameters: Mapping[str, str]) -> int:
    text = parameters.get("DurationSeconds", str(DEFAULT_SECONDS))
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) < SHORTEST_SECONDS:
        raise InvalidRequest(
            f"1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy"
            f" constraint: Member must have value greater than or equal to {SHORTEST_SECONDS}"
        )
    seconds = int(text)
    if caller.session and seconds > CHAINED_SECONDS:
        raise InvalidRequest(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by"
            " role chaining"
        )
    if seconds > int(role.max_session_duration or DEFAULT_SECONDS):
        raise InvalidRequest(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return seconds


def _given_tags(parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    """The session's tags as the request brings them; raises InvalidRequest."""
    given = [
        (parameters[f"{member}.Key"], parameters.get(f"{member}.Value", ""))
        for member in _members(parameters, "Tags.member.", ".Key")
    ]
    if len(given) > _MOST_TAGS:
        raise InvalidRequest(f"A session has at most {_MOST_TAGS} tags")
    if len({key.lower() for key, _ in given}) < len(given):
        raise InvalidRequest(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    return given


def _members(parameters: Mapping[str, str], prefix: str, suffix: str = "") -> list[str]:
    """The members of a list in the query protocol, in their order, without the suffix."""
    pattern = re.compile(f"{re.escape(prefix)}([0-9]+){re.escape(suffix)}")
    found = {int(m[1]) for name in parameters if (m := pattern.fullmatch(name))}
    return [f"{prefix}{number}" for number in sorted(found)]


def _denied(caller: Caller, action: str, arn: str, reason: str = "") -> AccessDenied:
    text = f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}"
    return AccessDenied(f"{text} {reason}".rstrip())
