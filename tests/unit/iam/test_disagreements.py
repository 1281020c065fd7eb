"""Where iam-simulate reads AWS otherwise (scripts/compare_policies.py): the page that decides."""

import pytest

from pytest_codeartifact.emulator.iam.documents import read_identity_policy
from pytest_codeartifact.emulator.iam.policy import (
    Applicable,
    ContextValue,
    Decision,
    Question,
    decide,
)
from tests.support.policy_cases import (
    ALLOWED,
    ANN,
    ANN_ARN,
    ARNS,
    CI,
    EXPLICIT,
    IMPLICIT,
    READ,
    ROLE_ARN,
    ROOT,
    SESSION_ARN,
    Case,
    Statement,
    allow,
    denying_all_but,
    to,
)


def where(condition: Statement, **context: ContextValue) -> Case:
    """Everything allowed under a condition."""
    found = {f"aws:{key}": value for key, value in context.items()}
    return Case(context=found, own=[allow(Condition=condition)])


CASES: dict[str, tuple[str, Case, Decision]] = {
    # "Inverted condition operators … do match against a null value".
    "negated operator, variable without value": (
        "IAM policy elements: Variables and tags",
        where({"StringNotEquals": {"aws:RequestedRegion": "${aws:none}"}}, RequestedRegion="x"),
        ALLOWED,
    ),
    "negated ARN operator, variable without value": (
        "IAM policy elements: Variables and tags",
        where(
            {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}},
            PrincipalArn=ROLE_ARN,
        ),
        ALLOWED,
    ),
    # "… part of the Resource or NotResource element … will not match any resource".
    "NotResource, variable without value": (
        "IAM policy elements: Variables and tags",
        Case(
            own=[
                {
                    "Effect": "Allow",
                    "Action": READ,
                    "NotResource": f"{ARNS}:repository/dom/${{aws:none}}",
                }
            ]
        ),
        ALLOWED,
    ),
    # "These predefined policy variables can be used in any string where you can use regular …".
    "escaped sign where case is ignored": (
        "IAM policy elements: Variables and tags",
        where({"StringEqualsIgnoreCase": {"aws:RequestTag/a": "A${*}"}}, **{"RequestTag/a": "a*"}),
        ALLOWED,
    ),
    "escaped sign": (
        "IAM policy elements: Variables and tags",
        where({"StringEquals": {"aws:RequestTag/a": "a${*}"}}, **{"RequestTag/a": "a*"}),
        ALLOWED,
    ),
    # "If the key is not present, evaluate the condition element as true", of any operator but Null.
    "IfExists with ForAnyValue, key missing": (
        "IAM JSON policy elements: Condition operators",
        where({"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "stage"}}),
        ALLOWED,
    ),
    # "You must specify date/time values with one of the … ISO 8601 date formats or in epoch time".
    "date compared with seconds": (
        "IAM JSON policy elements: Condition operators",
        where(
            {"DateGreaterThan": {"aws:EpochTime": "2026-03-01T12:00:00Z"}}, EpochTime="1772366401"
        ),
        ALLOWED,
    ),
    "seconds compared with a date": (
        "IAM JSON policy elements: Condition operators",
        where({"DateLessThan": {"aws:CurrentTime": "1772366400"}}, CurrentTime="2026-03-01T12:00Z"),
        IMPLICIT,
    ),
    # "The value must be in the standard CIDR format".
    "every address": (
        "IAM JSON policy elements: Condition operators",
        where({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, SourceIp="203.0.113.7"),
        ALLOWED,
    ),
    # "All IP addresses except the specified IP address or range".
    "address of the other family": (
        "IAM JSON policy elements: Condition operators",
        where({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, SourceIp="2001:db8::7"),
        ALLOWED,
    ),
    # "Negated matching for ARN": what is no ARN matches none.
    "negated operator, pattern that is no ARN": (
        "IAM JSON policy elements: Condition operators",
        where({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam:*/ann"}}, PrincipalArn=ANN_ARN),
        ALLOWED,
    ),
    # "Permissions granted directly to a session are not limited by an implicit deny in … a session
    # policy".
    "session is named, its policy is silent": (
        "Policy evaluation logic",
        Case(principal=CI, session=[allow("s3:*")], attached=[to(SESSION_ARN)]),
        ALLOWED,
    ),
    # "… session policies do not limit permissions granted using … a wildcard(*) in the Principal".
    "everybody is named, the session's policy is silent": (
        "AWS JSON policy elements: Principal",
        Case(principal=CI, session=[allow("s3:*")], attached=[to("*")]),
        ALLOWED,
    ),
    # "AWS might validate the account first and then the user", and both examples name both.
    "NotPrincipal with the account alone": (
        "AWS JSON policy elements: NotPrincipal",
        Case(own=[allow()], attached=[denying_all_but(ROOT)]),
        EXPLICIT,
    ),
    "NotPrincipal with the user alone": (
        "AWS JSON policy elements: NotPrincipal",
        Case(principal=ANN, own=[allow()], attached=[denying_all_but(ANN_ARN)]),
        EXPLICIT,
    ),
    "NotPrincipal with role and account": (
        "AWS JSON policy elements: NotPrincipal",
        Case(principal=CI, own=[allow()], attached=[denying_all_but(ROLE_ARN, ROOT)]),
        EXPLICIT,
    ),
}


@pytest.mark.parametrize(("page", "case", "decision"), CASES.values(), ids=CASES)
def test_documentation_decides_where_evaluators_disagree(
    page: str, case: Case, decision: Decision
) -> None:
    """The verdict is the one of the page."""
    assert page
    assert case.verdict.decision is decision


def test_variable_of_a_policy_without_version_is_text() -> None:
    """Without a Version, variables are literal strings: "IAM JSON policy elements: Version"."""
    resource = f"{ARNS}:repository/dom/${{aws:username}}"
    statement = f'{{"Effect": "Allow", "Action": "*", "Resource": "{resource}"}}'
    own = (read_identity_policy(f'{{"Statement": {statement}}}'),)
    for asked, allowed in ((resource, True), (f"{ARNS}:repository/dom/ann", False)):
        question = Question(ANN, READ, asked, context={"aws:username": "ann"})
        assert decide(question, Applicable(own)).is_allowed is allowed
