"""Who may become which role, and for how long."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.emulation import Emulation, refusal
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
    code, text = refused(people, second, session, Tags=[{"Key": "team", "Value": "b"}])
    assert (code, "'team'" in text) == ("ValidationError", True)


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
