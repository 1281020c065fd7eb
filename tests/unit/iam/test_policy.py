"""Whether policies together let a principal do a thing."""

from typing import Any

import pytest

from pytest_codeartifact.emulator.iam.policy import (
    ContextValue,
    Decision,
    Principal,
    Verdict,
)
from tests.support.policy_cases import (
    ABROAD,
    ALLOWED,
    ANN,
    ANN_ARN,
    ARNS,
    BEARER,
    CI,
    CODEBUILD,
    DOMAIN,
    EXPLICIT,
    IMPLICIT,
    OTHER,
    OTHER_ROOT,
    OWN,
    PUBLISH,
    ROLE_ARN,
    ROOT,
    SESSION_ARN,
    TOKEN,
    Case,
    Statement,
    allow,
    deny,
    denying_all_but,
    to,
)


def bearer(**context: ContextValue) -> Case:
    """The bearer token of CodeArtifact, which has no resource."""
    only = {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}}
    sent = {f"sts:{key}": value for key, value in context.items()}
    return Case(BEARER, "*", context=sent, own=[allow(BEARER, Condition=only)])


def lasting(seconds: str) -> Case:
    short = {"NumericLessThanEquals": {"sts:DurationSeconds": 3600}}
    own = [allow(BEARER, Condition=short)]
    return Case(BEARER, "*", context={"sts:DurationSeconds": seconds}, own=own)


def tagging(condition: Statement, *, effect: str = "Allow", keys: tuple[str, ...]) -> Case:
    own = [allow(), {**allow(Condition=condition), "Effect": effect}][effect == "Allow" :]
    context: dict[str, ContextValue] = {"aws:TagKeys": keys}
    return Case("codeartifact:CreateRepository", "*", context=context, own=own)


# --- The cases that every evaluator must get right -------------------------------------------

CASES: dict[str, tuple[Case, Decision]] = {
    "01 exact allow on a domain": (
        Case(TOKEN, DOMAIN, own=[allow(TOKEN, Resource=DOMAIN)]),
        ALLOWED,
    ),
    "02 no policy": (Case(), IMPLICIT),
    "03 wildcards in action and resource": (
        Case(
            "codeartifact:GetRepositoryEndpoint",
            own=[allow("CodeArtifact:get*", Resource="arn:aws:codeartifact:*:*:repository/d?m/*")],
        ),
        ALLOWED,
    ),
    "04 deny beats allow": (Case(own=[allow(), deny("codeartifact:Read*")]), EXPLICIT),
    "05 bearer token for this service": (
        bearer(AWSServiceName="codeartifact.amazonaws.com"),
        ALLOWED,
    ),
    "06 bearer token for another service": (bearer(AWSServiceName="ecr.amazonaws.com"), IMPLICIT),
    "07 bearer token without a service": (bearer(), IMPLICIT),
    "08 resource policy names the user": (Case(attached=[to(ANN_ARN)]), ALLOWED),
    "09 other account, identity policy alone": (Case(accounts=ABROAD, own=[allow()]), IMPLICIT),
    "10 other account, both sides": (
        Case(accounts=ABROAD, own=[allow()], attached=[to(ROOT)]),
        ALLOWED,
    ),
    "11 resource policy denies everybody": (
        Case(own=[allow()], attached=[deny(Principal="*")]),
        EXPLICIT,
    ),
    "12 deny of all actions but some": (
        Case(
            "codeartifact:DeleteDomain",
            DOMAIN,
            own=[
                allow(),
                {
                    "Effect": "Deny",
                    "NotAction": ["codeartifact:Get*", "sts:*"],
                    "Resource": "*",
                },
            ],
        ),
        EXPLICIT,
    ),
    "13 variable in a resource": (
        Case(
            resource=f"{ARNS}:repository/dom/ann",
            context={"aws:username": "ann"},
            own=[allow(Resource=f"{ARNS}:repository/dom/${{aws:username}}")],
        ),
        ALLOWED,
    ),
    "14 deny where a tag is missing": (
        tagging({"Null": {"aws:RequestTag/costcenter": "true"}}, effect="Deny", keys=("Other",)),
        EXPLICIT,
    ),
    "15 only known tag keys": (
        tagging({"ForAllValues:StringEquals": {"aws:TagKeys": ["Key1"]}}, keys=("Key1", "Other")),
        IMPLICIT,
    ),
    "16 too long": (lasting("43200"), IMPLICIT),
    "17 as long as the session": (lasting("0"), ALLOWED),
    "18 if it exists, and it does not": (
        Case(own=[allow(Condition={"StringEqualsIfExists": {"aws:RequestedRegion": "x"}})]),
        ALLOWED,
    ),
    "19 case of a resource": (
        Case(TOKEN, DOMAIN, own=[allow(Resource=f"{ARNS}:domain/DOM")]),
        IMPLICIT,
    ),
    "20 other account names the role": (
        Case(
            PUBLISH,
            f"arn:aws:codeartifact:eu-west-1:{OTHER}:package/dom/store/pypi//mypackage",
            CI,
            ABROAD,
            own=[allow(PUBLISH)],
            attached=[to(ROLE_ARN, Resource="arn:aws:codeartifact:*:*:package/dom/*/pypi//my*")],
        ),
        ALLOWED,
    ),
    "21 boundary is silent": (
        Case(own=[allow()], boundary=[allow("codeartifact:Get*")]),
        IMPLICIT,
    ),
    "22 deny to all but the user and its account": (
        Case(own=[allow()], attached=[denying_all_but(ANN_ARN, ROOT)]),
        ALLOWED,
    ),
    "23 pattern of an ARN does not cross colons": (
        Case(
            context={"aws:PrincipalArn": ANN_ARN},
            own=[allow(Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam:*/ann"}})],
        ),
        IMPLICIT,
    ),
    "24 negated operator, key missing": (
        Case(own=[allow(Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})]),
        ALLOWED,
    ),
}


@pytest.mark.parametrize(("case", "decision"), CASES.values(), ids=CASES)
def test_policies_decide(case: Case, decision: Decision) -> None:
    """One case for each rule of "Policy evaluation logic"."""
    assert case.verdict.decision is decision


# --- How a resource policy names who asks ----------------------------------------------------

FORMS: dict[str, tuple[Any, Principal, str]] = {
    "user": ({"AWS": ANN_ARN}, ANN, "alone"),
    "session": ({"AWS": SESSION_ARN}, CI, "alone"),
    "everybody": ("*", ANN, "alone"),
    "everybody, session": ({"AWS": "*"}, CI, "alone"),
    "everybody but another": (None, ANN, "alone"),
    "role": ({"AWS": ROLE_ARN}, CI, "within"),
    "account": ({"AWS": ROOT}, ANN, "delegates"),
    "account's number": ({"AWS": OWN}, CI, "delegates"),
    "another user": ({"AWS": f"{ANN_ARN}a"}, ANN, "nothing"),
    "another case": ({"AWS": f"arn:aws:iam::{OWN}:user/Ann"}, ANN, "nothing"),
    "another session": ({"AWS": f"{SESSION_ARN}2"}, CI, "nothing"),
    "role without its path": ({"AWS": f"arn:aws:iam::{OWN}:role/ci"}, CI, "nothing"),
    "another account": ({"AWS": OTHER_ROOT}, ANN, "nothing"),
    "a service": ({"Service": "codebuild.amazonaws.com"}, ANN, "nothing"),
    "federated": ({"Federated": "accounts.google.com"}, ANN, "nothing"),
}


@pytest.mark.parametrize(("principal", "who", "grants"), FORMS.values(), ids=FORMS)
def test_form_of_the_principal_tells_what_else_is_needed(
    principal: Any,  # noqa: ANN401 - JSON
    who: Principal,
    grants: str,
) -> None:
    """In the same account some forms are enough alone, others need what the caller brings."""
    named = {"NotPrincipal": {"AWS": OTHER_ROOT}} if principal is None else {"Principal": principal}
    grant, nothing = [allow(**named)], [allow("s3:*")]
    session = nothing if who is CI else ()

    def decided(**more: Any) -> bool:  # noqa: ANN401 - of a case
        return Case(principal=who, attached=grant, **more).verdict.is_allowed

    assert decided() == (grants in {"alone", "within"})
    assert decided(own=nothing, boundary=nothing, session=session) == (grants == "alone")
    assert decided(boundary=nothing) == (grants == "alone")
    assert decided(session=session) == (grants == "alone" or (grants == "within" and not session))
    assert decided(own=[allow()])
    assert not decided(own=[allow(), deny()])
    # Across accounts no form is enough alone.
    assert not decided(accounts=ABROAD)
    assert decided(accounts=ABROAD, own=[allow()]) == (grants != "nothing")
    assert not decided(accounts=ABROAD, own=[allow()], boundary=nothing)


@pytest.mark.parametrize(
    ("principal", "who", "hits"),
    [
        *((named, who, grants != "nothing") for named, who, grants in FORMS.values() if named),
        ({"AWS": ROLE_ARN}, ANN, False),
        ("*", CODEBUILD, True),
        ({"Service": "codebuild.amazonaws.com"}, CODEBUILD, True),
        ({"AWS": ROOT}, CODEBUILD, False),
    ],
)
def test_deny_hits_whom_it_names(principal: Any, who: Principal, hits: bool) -> None:  # noqa: ANN401, FBT001 - JSON; expected value
    """A Deny for a user, its role or its account denies, whatever else allows."""
    case = Case(
        principal=who,
        own=[allow()],
        attached=[allow(Principal="*"), deny(Principal=principal)],
    )
    assert case.verdict.decision is (EXPLICIT if hits else ALLOWED)


@pytest.mark.parametrize(
    ("who", "named", "spared"),
    [
        (ANN, [ANN_ARN, ROOT], True),
        (ANN, [ANN_ARN, OWN], True),
        (ANN, [ANN_ARN], False),
        (ANN, [ROOT], False),
        (CI, [SESSION_ARN, ROLE_ARN, ROOT], True),
        (CI, [ROLE_ARN, ROOT], False),
        (CI, [SESSION_ARN, ROOT], False),
        (CI, [ANN_ARN, OTHER_ROOT], False),
        (ANN, ["*"], True),
    ],
)
def test_not_principal_spares_who_is_named_completely(
    who: Principal,
    named: list[str],
    spared: bool,  # noqa: FBT001 - expected value
) -> None:
    """A session is spared with its role and its account, a user with its account."""
    case = Case(principal=who, own=[allow()], attached=[denying_all_but(*named)])
    assert case.verdict.decision is (ALLOWED if spared else EXPLICIT)


def test_not_principal_never_spares_who_has_a_boundary() -> None:
    """Whatever it names, a Deny with NotPrincipal denies a user with a permissions boundary."""
    case = Case(own=[allow()], boundary=[allow()], attached=[denying_all_but(ANN_ARN, ROOT)])
    assert case.verdict.decision is EXPLICIT


# --- Services, roles, owners -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ({"Service": "codebuild.amazonaws.com"}, True),
        ({"Service": ["ecs.amazonaws.com", "codebuild.amazonaws.com"]}, True),
        ({"Service": "ecs.amazonaws.com"}, False),
        ({"AWS": ROOT}, False),
        ("*", True),
    ],
)
def test_service_needs_nothing_but_the_trust_policy(principal: Any, allowed: bool) -> None:  # noqa: ANN401, FBT001 - JSON; expected value
    """A service has no policies of its own."""
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    verdict = Case("sts:AssumeRole", ROLE_ARN, CODEBUILD, attached=[trust]).verdict
    assert verdict.is_allowed is allowed
    if not allowed:
        told = "because no role trust policy allows the sts:AssumeRole action"
        assert verdict == Verdict(IMPLICIT, told)


@pytest.mark.parametrize(
    ("trusted", "own", "allowed"),
    [
        (ROOT, [], False),
        (ROOT, [allow("sts:AssumeRole")], True),
        (ANN_ARN, [], True),
        (ROLE_ARN, [allow()], False),
        (OTHER_ROOT, [allow()], False),
    ],
)
def test_role_is_assumed_by_whom_it_trusts(
    trusted: str,
    own: list[Statement],
    allowed: bool,  # noqa: FBT001 - expected value
) -> None:
    """A role's trust policy must allow it also where the caller may do everything."""
    trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    case = Case("sts:AssumeRole", ROLE_ARN, own=own, attached=[trust])
    assert case.verdict.is_allowed is allowed


@pytest.mark.parametrize(
    ("accounts", "decision"),
    [
        (frozenset(), ALLOWED),
        (frozenset({OWN}), ALLOWED),
        (frozenset({OWN, OTHER}), ALLOWED),
        (frozenset({OTHER}), IMPLICIT),
    ],
    ids=["nobody's", "own", "shared", "another's"],
)
def test_owner_is_in_the_same_account(accounts: frozenset[str], decision: Decision) -> None:
    """Each owner of a resource reaches it by its own policies; what nobody owns, everybody."""
    assert Case(accounts=accounts, own=[allow()]).verdict.decision is decision


@pytest.mark.parametrize(("region", "allowed"), [("eu-west-1", True), ("us-east-1", False)])
@pytest.mark.parametrize("operator", ["StringEquals", "StringLike"])
def test_conditions_must_all_hold(operator: str, region: str, allowed: bool) -> None:  # noqa: FBT001 - expected value
    """Several keys of an operator, and several operators, are all asked."""
    condition: dict[str, dict[str, str]] = {"StringEquals": {"aws:username": "ann"}}
    condition.setdefault(operator, {})["aws:RequestedRegion"] = "eu-west-1"
    context: dict[str, ContextValue] = {"aws:username": "ann", "aws:RequestedRegion": region}
    case = Case(context=context, own=[allow(Condition=condition)])
    assert case.verdict.is_allowed is allowed


def test_context_has_no_case() -> None:
    """A condition key is found however the request and the policy spell it."""
    condition = {"StringEquals": {"AWS:resourcetag/TEAM": "a"}}
    case = Case(context={"aws:ResourceTag/team": "a"}, own=[allow(Condition=condition)])
    assert case.verdict.is_allowed
