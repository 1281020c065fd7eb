"""Policy documents: what is a policy, and what is told of a text that is none."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from pytest_codeartifact.emulator.iam.documents import (
    MalformedPolicy,
    Policy,
    read_identity_policy,
    read_resource_policy,
    read_session_policy,
)

Read = Callable[[str], Policy]
Document = dict[str, Any]
EVERYTHING: Document = {"Effect": "Allow", "Action": "*", "Resource": "*"}
READERS: list[Read] = [read_identity_policy, read_session_policy, read_resource_policy]
USER = "arn:aws:iam::111122223333:user/ann"


def changed(**elements: Any) -> Document:  # noqa: ANN401 - JSON
    """A policy of one statement with some elements changed; None takes one away."""
    statement = EVERYTHING | elements
    return {"Statement": [{k: v for k, v in statement.items() if v is not None}]}


def trusting(principal: Any, element: str = "Principal") -> Document:  # noqa: ANN401 - JSON
    return changed(**{element: principal})


def refusal(read: Read, document: Document | str) -> str:
    """What is told of a text that is no policy."""
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(MalformedPolicy) as refused:
        read(text)
    return str(refused.value)


# --- Any policy ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "Syntax errors in policy."),
        ("{", "Syntax errors in policy."),
        ("[" * 100_000, "Syntax errors in policy. It is nested too deeply"),
        ("[]", "Syntax errors in policy. It is not an object"),
        ('{"Statement": NaN}', "Syntax errors in policy. NaN is not JSON"),
        ('{"Statement": 1e9999999999999999999}', "Syntax errors in policy."),
        ('{"Id": "a", "Id": "b"}', "Syntax errors in policy. Id stands there twice"),
        ({}, "Statement is missing"),
        ({"Statement": []}, "Statement is missing"),
        ({"Statement": "Allow"}, "Statement is missing"),
        ({"Statement": [EVERYTHING, "Allow"]}, "Statement 2: it is not an object"),
        ({"Version": "2012-10-18", "Statement": [EVERYTHING]}, "Version is none of 2008-10-17, 2"),
        ({"Version": 2012, "Statement": [EVERYTHING]}, "Version is none of"),
        ({"Id": 1, "Statement": [EVERYTHING]}, "Id is not a string"),
        ({"version": "2012-10-17", "Statement": [EVERYTHING]}, "version is no element"),
        ({"Statement": [EVERYTHING], "Condition": {}}, "Condition is no element"),
        (changed(Effects="Allow"), "Statement 1: Effects is no element"),
        (changed(Sid=1), "Statement 1: Sid is not a string"),
        (changed(Effect="allow"), "Effect is neither Allow nor Deny"),
        (changed(Effect=None), "Effect is neither Allow nor Deny"),
        (changed(Effect=["Allow"]), "Effect is neither Allow nor Deny"),
        (changed(Action=None), "Policy statement must contain actions."),
        (changed(Action=[]), "Action is neither a string nor a list of strings"),
        (changed(Action=[None]), "Action is neither a string nor a list of strings"),
        (changed(NotAction="s3:*"), "Action and NotAction exclude each other"),
        (changed(Action="ListDomains"), "Action ListDomains: Actions/Conditions must be prefaced"),
        (changed(Action=""), "must be prefaced by a vendor"),
        (changed(Action="a:b:c"), "Action a:b:c: Actions/Condition can contain only one colon."),
        (changed(NotResource="*"), "Resource and NotResource exclude each other"),
        (changed(Resource="repository/a"), 'Resource repository/a must be in ARN format or "*".'),
        (changed(Resource={}), "Resource is neither a string nor a list of strings"),
        (changed(Condition=[]), "Condition is not an object"),
        (changed(Condition={"Bool": "true"}), "Condition Bool is not an object of condition keys"),
        (changed(Condition={"Is": {"a:b": "c"}}), "Condition Is is no condition operator"),
        (changed(Condition={"Bool": {"a:b": None}}), "Condition Bool a:b is neither a value nor"),
        (changed(Condition={"Bool": {"a:b": [[]]}}), "Condition Bool a:b is neither a value nor"),
    ],
)
@pytest.mark.parametrize("read", READERS)
def test_text_that_is_no_policy_is_refused(read: Read, document: Document | str, said: str) -> None:
    """The message says what is wrong, and in which statement."""
    if read is read_resource_policy and isinstance(document, dict):
        listed = document.get("Statement")
        if isinstance(listed, list):
            listed = [s | {"Principal": "*"} if isinstance(s, dict) else s for s in listed]
            document = document | {"Statement": listed}
    assert said in refusal(read, document)


@pytest.mark.parametrize("name", ["read_identity_policy", "read_session_policy"])
@pytest.mark.parametrize(
    ("document", "said"),
    [
        (changed(Resource=None), "Statement 1: Policy statement must contain resources."),
        (trusting("*"), "Statement 1: Policy document should not specify a principal."),
        (trusting("*", "NotPrincipal"), "Policy document should not specify a principal."),
        (changed(Sid="a b"), "Statement IDs (SID) must be alpha-numeric."),
        (
            {"Statement": [EVERYTHING | {"Sid": "A"}] * 2},
            "Statement IDs (SID) in a single policy must be unique.",
        ),
    ],
)
def test_policy_of_an_identity_has_resources_and_no_principals(
    name: str, document: Document, said: str
) -> None:
    """What IAM refuses is refused in IAM's words."""
    read = {each.__name__: each for each in READERS}[name]
    assert said in refusal(read, document)


@pytest.mark.parametrize(
    "arn", ["arn:aws:sqs", "arn:aws:codeartifact:*", "arn:aws:sqs:eu-west-1:1"]
)
def test_session_policy_needs_whole_arns(arn: str) -> None:
    """An ARN that lacks fields is refused in the policy of a session."""
    said = refusal(read_session_policy, changed(Resource=["*", arn]))
    assert said == f"Statement 1: Resource {arn} is an incomplete ARN"


def test_arn_of_an_identity_policy_is_completed() -> None:
    """`arn:aws:sqs` is everything of the service; in a resource policy it is nothing."""
    queue = "arn:aws:sqs:eu-west-1:111122223333:queue"
    for read, does in ((read_identity_policy, True), (read_resource_policy, False)):
        document = changed(Resource="arn:aws:sqs") if does else trusting("*")
        document["Statement"][0]["Resource"] = "arn:aws:sqs"
        (statement,) = read(json.dumps(document)).statements
        assert statement.resources is not None
        assert statement.resources.fit(queue, {}) is does


# --- Principals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": "111122223333"},
        {"AWS": ["arn:aws:iam::111122223333:root", USER]},
        {"AWS": "arn:aws-us-gov:iam::111122223333:role/a/path/ci"},
        {"AWS": "arn:aws:sts::111122223333:assumed-role/ci/build@1"},
        {"AWS": "arn:aws:sts::111122223333:federated-user/ann"},
        {"AWS": "AIDAQ3EGUIYSSDEGSTEST"},
        {"Service": ["codebuild.amazonaws.com", "ecs.amazonaws.com"]},
        {"Federated": "accounts.google.com", "AWS": USER},
        {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
    ],
    ids=str,
)
@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
def test_principal_of_the_documentation_is_known(element: str, principal: object) -> None:
    """Every form of the page "AWS JSON policy elements: Principal" can be read."""
    (statement,) = read_resource_policy(json.dumps(trusting(principal, element))).statements
    assert (statement.principals is None) == (element == "NotPrincipal")


@pytest.mark.parametrize(
    ("principal", "said"),
    [
        (USER, "Principal is neither * nor an object of AWS, CanonicalUser, Federated, Service"),
        ({}, "Principal is neither * nor an object of"),
        ({"User": USER}, "Principal is neither * nor an object of"),
        ({"AWS": []}, "Principal AWS is neither a string nor a list of strings"),
        ({"AWS": {"a": "b"}}, "Principal AWS is neither a string nor a list of strings"),
        *(
            ({"AWS": [USER, text]}, f"Invalid principal in policy: {text}")
            for text in (
                "ann",
                "1234",
                "arn:aws:iam::111122223333",
                "arn:aws:iam::111122223333:group/all",
                "arn:aws:iam::111122223333:user/*",
                "arn:aws:iam::111122223333:role/c?",
                "arn:aws:iam::*:root",
                "arn:aws:iam::111122223333:role/",
                "arn:aws:sts::111122223333:assumed-role/ci",
                "arn:aws:sts::111122223333:assumed-role/ci/*",
                "111122223333:root",
                "AWS*",
            )
        ),
        (None, "Policy statement must contain principals."),
    ],
    ids=str,
)
def test_principal_that_names_nobody_is_refused(principal: object, said: str) -> None:
    """No wildcard in a part of a name, no groups, no bare names."""
    assert refusal(read_resource_policy, trusting(principal)).startswith(f"Statement 1: {said}")


def test_resource_policy_names_principals_one_way() -> None:
    """Principal and NotPrincipal exclude each other."""
    document = changed(Principal="*", NotPrincipal="*")
    assert "Principal and NotPrincipal exclude each other" in refusal(
        read_resource_policy, document
    )


def test_resource_policy_can_do_without_resources() -> None:
    """A role's trust policy speaks of the role, and names what it likes in its Sid."""
    document = changed(Principal="*", Resource=None, Sid="trust them, all")
    (statement,) = read_resource_policy(json.dumps(document)).statements
    assert (statement.resources, statement.not_resources) == (None, None)


# --- Reading ---------------------------------------------------------------------------------


def test_single_statement_needs_no_list() -> None:
    """Statement is an object or a list; values of conditions may be numbers and truth."""
    numbers = {"NumericLessThanEquals": {"sts:DurationSeconds": [3600, "900"]}}
    document = {"Statement": EVERYTHING | {"Condition": numbers | {"Bool": {"aws:x": True}}}}
    (statement,) = read_identity_policy(json.dumps(document)).statements
    seconds, truth = statement.conditions
    assert seconds.holds({"sts:durationseconds": "3600"})
    assert truth.holds({"aws:x": "true"})


@pytest.mark.parametrize("version", [None, "2008-10-17", "2012-10-17"])
def test_variables_come_with_the_version(version: str | None) -> None:
    """Without the version of 2012 a variable is text; with it, the policy asks for its key."""
    condition = {"StringLike": {"aws:PrincipalTag/Team": "${aws:username}"}}
    document = changed(
        Resource="arn:aws:codeartifact:*:*:repository/d/${AWS:UserId}", Condition=condition
    )
    if version:
        document["Version"] = version
    keys = read_identity_policy(json.dumps(document)).condition_keys
    variables = {"aws:username", "aws:userid"} if version == "2012-10-17" else set()
    assert keys == {"aws:principaltag/team", *variables}


def test_policies_are_equal_by_their_text() -> None:
    """A policy is its document and, if managed, its ARN; it can be a key."""
    text = json.dumps({"Statement": EVERYTHING})
    managed = read_identity_policy(text, "arn:aws:iam::aws:policy/All")
    assert (managed.document, managed.arn) == (text, "arn:aws:iam::aws:policy/All")
    assert {managed, read_identity_policy(text)} == {managed, Policy(text)}
    assert "statements" not in repr(managed)


def test_policies_of_aws_can_be_read() -> None:
    """The managed policies that AWS has published are policies; every tenth is looked at."""
    policies = [*json.loads(aws_managed_policies_data).values()][::10]
    assert len(policies) > 100
    for policy in policies:
        assert read_identity_policy(json.dumps(policy["Document"])).statements


# --- Anything --------------------------------------------------------------------------------

ELEMENTS = st.sampled_from(
    ["Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "Sid", "AWS"]
)
WORDS = st.sampled_from(
    ["2012-10-17", "Allow", "Deny", "*", "s3:*", "arn:aws:s3:::*", "${aws:x}", USER, "StringLike"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=9)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(ELEMENTS | WORDS | st.text(max_size=9), inner, max_size=5)
    ),
    max_leaves=12,
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": WORDS, "Action": JSON | WORDS},
    optional={"Resource": JSON | WORDS, "Principal": JSON | WORDS, "Condition": JSON, "Sid": JSON},
)


@given(
    st.text()
    | JSON.map(json.dumps)
    | st.fixed_dictionaries({"Statement": STATEMENTS | st.lists(STATEMENTS)}).map(json.dumps),
    st.sampled_from(READERS),
)
def test_any_text_is_a_policy_or_malformed(document: str, read: Read) -> None:
    """No text makes reading fail in another way, and what was read can be asked."""
    try:
        policy = read(document)
    except MalformedPolicy:
        return
    for statement in policy.statements:
        for condition in statement.conditions:
            assert condition.holds({}) in {True, False}
