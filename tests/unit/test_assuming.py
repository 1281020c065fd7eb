"""Who may become which role, and for how long."""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.emulation import REGION, Emulation, refusal
from tests.support.people import People, allow, denied, policy, trusting


@pytest.fixture
def emulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulation]:
    with Emulation(tmp_path_factory.mktemp("state")) as emulation:
        yield emulation
        assert emulation.crashes() == []


@pytest.fixture
def people(emulation: Emulation) -> People:
    return People(emulation, emulation.other_account())


def refused(people: People, arn: str, keys: Any = None, **more: Any) -> tuple[str, str]:  # noqa: ANN401 - boto3's
    """Error code and message of a refused attempt."""
    with pytest.raises(ClientError) as error:
        people.assume(arn, keys, **more)
    told = refusal(error)["Error"]
    return told["Code"], told["Message"]


def test_role_that_does_not_exist_cannot_be_assumed(people: People) -> None:
    """The denial is the same as for a role that does not trust the caller."""
    missing = f"arn:aws:iam::{people.account.number}:role/missing"
    code, text = refused(people, missing)
    assert code == "AccessDenied"
    assert text == (
        f"User: arn:aws:iam::{people.account.number}:user/administrator is not authorized to"
        f" perform: sts:AssumeRole on resource: {missing}"
    )


def test_trusted_user_needs_no_policy_of_its_own(people: People) -> None:
    """A trust policy that names a user of the account is enough; it does not serve another."""
    ann, bob = people.user("ann"), people.user("bob")
    user = f"arn:aws:iam::{people.account.number}:user/ann"
    role = people.role("worker", trust=trusting(user))
    session = people.assume(role, ann)
    identity = people.sts(session).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{people.account.number}:assumed-role/worker/tests"
    assert identity["UserId"].endswith(":tests")
    assert refused(people, role, bob)[0] == "AccessDenied"


def test_trusted_account_leaves_it_to_identity_policies(people: People) -> None:
    """A trust policy that names the account's root lets those in whose own policies say so."""
    role = people.role("worker")
    assert refused(people, role, people.user("ann"))[0] == "AccessDenied"
    people.assume(role, people.user("bob", allow("sts:AssumeRole", resource=role)))


def test_other_account_needs_both_sides(emulation: Emulation, people: People) -> None:
    """Across accounts the trust policy and the caller's own policy must both allow."""
    other = People(emulation, emulation.other_account())
    role = people.role("shared", trust=trusting(f"arn:aws:iam::{other.account.number}:root"))
    assert refused(other, role, other.user("ann"))[0] == "AccessDenied"
    session = other.assume(role, other.user("bob", allow("sts:AssumeRole", resource="*")))
    assert other.sts(session).get_caller_identity()["Account"] == people.account.number
    assert refused(people, role)[0] == "AccessDenied"


def test_external_id_must_agree(people: People) -> None:
    """A condition of the trust policy is really asked."""
    condition = {"StringEquals": {"sts:ExternalId": "agreed"}}
    principal = f"arn:aws:iam::{people.account.number}:root"
    role = people.role("vendor", trust=trusting(principal, Condition=condition))
    assert refused(people, role)[0] == "AccessDenied"
    assert refused(people, role, ExternalId="guessed")[0] == "AccessDenied"
    people.assume(role, ExternalId="agreed")


def test_session_tags_need_their_own_permission(people: People) -> None:
    """Whoever passes tags needs sts:TagSession too."""
    user = people.user("ann", allow("sts:AssumeRole"))
    code, text = refused(people, people.role("worker"), user, Tags=[{"Key": "a", "Value": "b"}])
    assert code == "AccessDenied"
    assert "perform: sts:TagSession on resource: " in text


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"DurationSeconds": 3601}, "ValidationError", "MaxSessionDuration"),
        ({"DurationSeconds": 900_000}, "ValidationError", "MaxSessionDuration"),
        ({"Policy": "{"}, "MalformedPolicyDocument", ""),
        ({"Policy": '{"Version":"2012-10-17"}'}, "MalformedPolicyDocument", ""),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/Nothing"}]}, "ValidationError", "exist"),
        ({"RoleSessionName": "a b"}, "ValidationError", "roleSessionName"),
    ],
    ids=["too long", "far too long", "no JSON", "no statement", "unknown policy", "bad name"],
)
def test_impossible_request_is_refused(
    people: People, more: dict[str, Any], code: str, said: str
) -> None:
    """What cannot be is said to be so, and no session is made."""
    found, text = refused(people, people.role("worker"), **more)
    assert found == code
    assert said in text


def test_session_that_would_not_fit_into_a_token_is_refused(people: People) -> None:
    """Policies and tags of a session are limited together: they travel with its tokens."""
    trust = policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{people.account.number}:root"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    )
    role = people.role("worker", trust=trust)
    tags = [{"Key": f"key-{n}", "Value": secrets.token_hex(120)} for n in range(50)]
    assert refused(people, role, Tags=tags)[0] == "PackedPolicyTooLarge"
    people.assume(role, Tags=tags[:10])


def test_role_may_allow_longer_sessions_but_not_to_other_roles(people: People) -> None:
    """The role says how long; a session that becomes another role has an hour at most."""
    role = people.role("worker", allow("sts:AssumeRole"), MaxSessionDuration=7200)
    session = people.assume(role, DurationSeconds=7200)
    code, text = refused(people, role, session, DurationSeconds=3601)
    assert (code, "role chaining" in text) == ("ValidationError", True)
    people.assume(role, session, DurationSeconds=3600)


def test_transitive_tags_stay_with_the_next_role(people: People) -> None:
    """A tag marked transitive passes on and cannot be replaced; others end with the session."""
    trust = policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{people.account.number}:root"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    )
    first = people.role("first", allow("sts:*"), trust=trust)
    tagged = {
        "StringEquals": {"aws:PrincipalTag/team": "a"},
        "Null": {"aws:PrincipalTag/stage": "true"},
    }
    second = people.role("second", allow("ListDomains", Condition=tagged), trust=trust)
    session = people.assume(
        first,
        Tags=[{"Key": "team", "Value": "a"}, {"Key": "stage", "Value": "test"}],
        TransitiveTagKeys=["team"],
    )
    people.codeartifact(people.assume(second, session)).list_domains()
    for key in ("team", "Team"):
        code, text = refused(people, second, session, Tags=[{"Key": key, "Value": "b"}])
        assert (code, f"'{key}'" in text) == ("ValidationError", True)


def test_session_tags_differ_by_more_than_case(people: People) -> None:
    """Policies do not see the case of a tag key, so there is one value for all its spellings."""
    trust = trusting(
        f"arn:aws:iam::{people.account.number}:root", Action=["sts:AssumeRole", "sts:TagSession"]
    )
    tags = [{"Key": "team", "Value": "a"}, {"Key": "TEAM", "Value": "b"}]
    code, text = refused(people, people.role("worker", trust=trust), Tags=tags)
    assert (code, "Duplicate tag keys" in text) == ("ValidationError", True)


def test_policy_that_nobody_can_read_gives_no_power(people: People) -> None:
    """Another service of moto may bring in what IAM refuses: it denies, and nothing crashes."""
    role = people.role("worker", allow("*"))
    session = people.assume(role)
    people.codeartifact(session).list_domains()
    found = people.emulation.emulator.identities.role(role)
    assert found is not None
    found.policies["broken"] = '{"Statement": "nothing"}'
    people.emulation.emulator.identities.changed()
    denied(people.codeartifact(session), "list_domains")
    found.assume_role_policy_document = "{"
    assert refused(people, role)[0] == "AccessDenied"


@pytest.mark.parametrize("element", ["NotPrincipal", "Resource"])
def test_trust_policy_that_iam_refuses_is_refused(people: People, element: str) -> None:
    """A trust policy says whom it trusts, and speaks of nothing but the role."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    more: Any = {"AWS": "arn:aws:iam::111122223333:root"} if element == "NotPrincipal" else "*"
    if element == "NotPrincipal":
        del trust["Principal"]
    with pytest.raises(ClientError) as error:
        people.role("worker", trust=policy(trust | {element: more}))
    assert refusal(error)["Error"]["Code"] == "MalformedPolicyDocument"


@pytest.mark.parametrize(
    "condition",
    [
        {"DateLessThan": {"aws:CurrentTime": "{soon}"}},
        {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
        {"StringEquals": {"aws:RequestedRegion": REGION}},
        {"Bool": {"aws:SecureTransport": "false"}},
    ],
    ids=lambda condition: next(iter(condition)),
)
def test_trust_may_depend_on_how_the_request_came(
    emulation: Emulation,
    people: People,
    condition: Any,  # noqa: ANN401 - JSON
) -> None:
    """Conditions of a trust policy see time, address, region and transport as others do."""
    moment = emulation.emulator.clock.now() + 600
    soon = f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"
    wanted = json.loads(json.dumps(condition).replace("{soon}", soon))
    user = f"arn:aws:iam::{people.account.number}:user/ann"
    ann = people.user("ann")
    open_role = people.role("open", trust=trusting(user, Condition=wanted))
    people.assume(open_role, ann)
    fence = [json.loads(trusting(user))["Statement"][0]]
    fence.append({**fence[0], "Effect": "Deny", "Condition": wanted})
    closed_role = people.role("closed", trust=policy(*fence))
    assert refused(people, closed_role, ann)[0] == "AccessDenied"
    if "DateLessThan" in condition:
        emulation.travel(601)
        assert refused(people, open_role, ann)[0] == "AccessDenied"
        people.assume(closed_role, ann)


def test_session_of_a_deleted_role_becomes_nobody(people: People) -> None:
    """A role that is gone passes on no power, though another role still names it."""
    first = people.role("first", allow("sts:AssumeRole"))
    second = people.role("second", trust=trusting(first))
    session = people.assume(first)
    people.assume(second, session)
    people.iam.delete_role_policy(RoleName="first", PolicyName="own")
    people.iam.delete_role(RoleName="first")
    assert refused(people, second, session)[0] == "AccessDenied"
    people.role("first", allow("sts:AssumeRole"))
    assert refused(people, second, session)[0] == "AccessDenied"


@pytest.mark.parametrize(
    "more",
    [{"SourceIdentity": "ann"}, {"SerialNumber": "arn:aws:iam::1:mfa/x", "TokenCode": "123456"}],
    ids=["source identity", "MFA"],
)
def test_parameter_that_would_be_ignored_is_refused(people: People, more: dict[str, str]) -> None:
    """What a session would have to carry on the service is not dropped in silence."""
    code, text = refused(people, people.role("worker"), **more)
    assert code == "NotImplemented"
    assert next(iter(more)) in text


def test_boundary_that_is_gone_still_caps(people: People) -> None:
    """Deleting the policy that caps a role does not free the role."""
    boundary = people.iam.create_policy(PolicyName="cap", PolicyDocument=policy(allow("List*")))
    arn = boundary["Policy"]["Arn"]
    role = people.role("worker", allow("*"), PermissionsBoundary=arn)
    client = people.codeartifact(people.assume(role))
    assert client.list_domains()["domains"] == []
    people.iam.delete_policy(PolicyArn=arn)
    assert "permissions boundary" in denied(client, "create_domain", domain="mine")


def test_boundary_of_a_user_is_refused(people: People) -> None:
    """Moto would forget it, and the user could do more than on the service."""
    with pytest.raises(ClientError) as error:
        people.iam.create_user(UserName="ann", PermissionsBoundary="arn:aws:iam::aws:policy/X")
    assert refusal(error)["Error"]["Code"] == "NotImplemented"
    assert [each["UserName"] for each in people.iam.list_users()["Users"]] == ["administrator"]


def test_policy_longer_than_its_quota_is_refused(people: People) -> None:
    """A policy that the service would not take is not taken; white space does not count."""
    iam, statement = people.iam, allow("x" * 1900)
    spaced = policy(statement).replace(" ", " " * 500)
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="long", PolicyDocument=spaced)
    for statements in ([statement, statement], [statement] * 4):
        with pytest.raises(iam.exceptions.LimitExceededException) as error:
            iam.put_user_policy(
                UserName="ann", PolicyName="longer", PolicyDocument=policy(*statements)
            )
        assert "2048" in refusal(error)["Error"]["Message"]
    iam.create_policy(PolicyName="long", PolicyDocument=policy(*[statement] * 2))
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.create_policy(PolicyName="longer", PolicyDocument=policy(*[statement] * 4))
