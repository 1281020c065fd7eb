"""Who may do what: identity policies of users and roles, asked at each request."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.distributions import make_wheel
from tests.support.emulation import REGION, refusal
from tests.support.people import BEARER, Keys, People, allow, denied, deny, policy

ARNS = f"arn:aws:codeartifact:{REGION}"


def arn(people: People, what: str) -> str:
    return f"{ARNS}:{people.account.number}:{what}"


# --- Identity policies -----------------------------------------------------------------------


@pytest.mark.documented("How AWS CodeArtifact works with IAM")
def test_user_may_do_what_its_policy_says(people: People) -> None:
    """One action is allowed, the next one is denied with action and resource named."""
    client = people.codeartifact(people.user("ann", allow("DescribeDomain")))
    assert client.describe_domain(domain="team")["domain"]["name"] == "team"
    text = denied(client, "describe_repository", domain="team", repository="store")
    assert text == (
        f"User: arn:aws:iam::{people.account.number}:user/ann is not authorized to perform:"
        f" codeartifact:DescribeRepository on resource: {arn(people, 'repository/team/store')}"
        " because no identity-based policy allows the codeartifact:DescribeRepository action"
    )


@pytest.mark.documented("How AWS CodeArtifact works with IAM")
def test_session_is_named_in_its_denial(people: People) -> None:
    """A role's denial names the session, not the role."""
    client = people.codeartifact(people.in_role())
    text = denied(client, "describe_domain", domain="team")
    user = f"arn:aws:sts::{people.account.number}:assumed-role/worker/tests"
    assert text.startswith(f"User: {user} is not authorized to perform: codeartifact:Describe")


@pytest.mark.documented("Policies and permissions in AWS Identity and Access Management")
def test_policies_of_groups_and_managed_policies_count(people: People) -> None:
    """What a user's group may do and what an attached policy allows, the user may do."""
    keys = people.user("ann")
    client = people.codeartifact(keys)
    denied(client, "list_domains")
    people.iam.create_group(GroupName="readers")
    people.iam.put_group_policy(
        GroupName="readers", PolicyName="lists", PolicyDocument=policy(allow("ListDomains"))
    )
    people.iam.add_user_to_group(GroupName="readers", UserName="ann")
    assert len(client.list_domains()["domains"]) == 1
    denied(client, "describe_domain", domain="team")
    people.iam.attach_user_policy(
        UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AWSCodeArtifactReadOnlyAccess"
    )
    client.describe_domain(domain="team")
    assert client.get_authorization_token(domain="team")["authorizationToken"]
    denied(client, "create_domain", domain="another")


@pytest.mark.documented("Policies and permissions in AWS Identity and Access Management")
def test_new_default_version_of_a_managed_policy_counts(people: People) -> None:
    """A managed policy speaks with its default version."""
    made = people.iam.create_policy(
        PolicyName="changing", PolicyDocument=policy(allow("ListDomains"))
    )["Policy"]
    keys = people.user("ann")
    people.iam.attach_user_policy(UserName="ann", PolicyArn=made["Arn"])
    client = people.codeartifact(keys)
    client.list_domains()
    people.iam.create_policy_version(
        PolicyArn=made["Arn"], PolicyDocument=policy(allow("DescribeDomain")), SetAsDefault=True
    )
    denied(client, "list_domains")
    client.describe_domain(domain="team")


@pytest.mark.documented("IAM policy elements: Variables and tags")
def test_policy_variable_stands_for_the_caller(people: People) -> None:
    """Everybody may read the repository of the own name, and no other."""
    own = allow("DescribeRepository", resource=arn(people, "repository/team/${aws:username}"))
    people.codeartifact().create_repository(domain="team", repository="ann")
    client = people.codeartifact(people.user("ann", own))
    client.describe_repository(domain="team", repository="ann")
    denied(client, "describe_repository", domain="team", repository="store")


@pytest.mark.documented("AWS global condition context keys")
def test_time_condition_is_asked_each_time(people: People) -> None:
    """A permission that ends at a moment ends at that moment, also once it was used."""
    until = {"DateLessThan": {"aws:CurrentTime": "2100-01-01T00:00:00Z"}}
    client = people.codeartifact(people.user("ann", allow("ListDomains", Condition=until)))
    client.list_domains()
    people.emulation.travel(100 * 366 * 86_400)
    denied(client, "list_domains")


# --- The token -------------------------------------------------------------------------------

TOKEN = allow("GetAuthorizationToken")


@pytest.mark.observed("2023")
def test_token_without_any_permission_names_the_own_action_first(people: People) -> None:
    """When both permissions are missing, the denial names CodeArtifact's."""
    client = people.codeartifact(people.in_role())
    text = denied(client, "get_authorization_token", domain="team")
    assert "perform: codeartifact:GetAuthorizationToken on resource: " in text


@pytest.mark.documented("Service bearer tokens")
@pytest.mark.parametrize(
    "statement",
    [
        None,
        allow("sts:*", Condition={"StringEquals": {"sts:AWSServiceName": "ecr.amazonaws.com"}}),
        allow("sts:*", Condition={"NumericLessThanEquals": {"sts:DurationSeconds": "3600"}}),
        allow("sts:GetServiceBearerToken", resource="arn:aws:iam::111122223333:user/*"),
    ],
    ids=["missing", "another service", "shorter tokens only", "another resource"],
)
def test_token_needs_the_permission_of_sts(people: People, statement: Any) -> None:  # noqa: ANN401 - JSON
    """The piece everybody forgets: the denial names it."""
    client = people.codeartifact(people.in_role(TOKEN, *filter(None, [statement])))
    text = denied(client, "get_authorization_token", domain="team")
    assert "is not authorized to perform: sts:GetServiceBearerToken on resource: *" in text


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
@pytest.mark.parametrize(("seconds", "passes"), [(900, True), (3600, True), (3601, False)])
def test_policy_limits_how_long_a_token_lives(
    people: People, seconds: int, *, passes: bool
) -> None:
    """The duration that is asked for is a condition key."""
    capped = {"NumericLessThanEquals": {"sts:DurationSeconds": "3600"}}
    role = people.in_role(TOKEN, allow("sts:GetServiceBearerToken", Condition=capped))
    client = people.codeartifact(role)
    if passes:
        client.get_authorization_token(domain="team", durationSeconds=seconds)
    else:
        denied(client, "get_authorization_token", domain="team", durationSeconds=seconds)


READ = (TOKEN, BEARER, allow("ReadFromRepository"))


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
def test_token_alone_grants_nothing(people: People) -> None:
    """Who may get a token and no more is refused at the package endpoint with the action named."""
    shelf = people.shelf(people.in_role(TOKEN, BEARER))
    answer = shelf.get("simple/demo/")
    assert answer.status == 403
    assert "no identity-based policy allows the codeartifact:ReadFromRepository" in answer.message
    assert shelf.upload(make_wheel("demo", "1.0")).status == 403


@pytest.mark.documented("Repository policies")
def test_publishing_can_be_granted_for_one_package(people: People) -> None:
    """PublishPackageVersion takes package ARNs: one name passes, another does not."""
    package = arn(people, "package/team/store/pypi//demo")
    shelf = people.shelf(people.in_role(*READ, allow("PublishPackageVersion", resource=package)))
    assert shelf.upload(make_wheel("demo", "1.0")).status == 200
    refused = shelf.upload(make_wheel("other", "1.0"))
    assert refused.status == 403
    assert f"PublishPackageVersion on resource: {package.replace('demo', 'other')}" in (
        refused.message
    )


@pytest.mark.documented("Repository policies")
def test_reading_cannot_be_granted_for_one_package(people: People) -> None:
    """ReadFromRepository is granted on repositories; a package ARN grants nothing."""
    package = arn(people, "package/team/store/pypi//demo")
    role = people.in_role(TOKEN, BEARER, allow("ReadFromRepository", resource=package))
    assert people.shelf(role).get("simple/demo/").status == 403


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
def test_policy_change_ends_the_power_of_a_living_token(people: People) -> None:
    """A Deny added later holds at once, for the token that was made before."""
    shelf = people.shelf(people.user("ann", *READ))
    assert shelf.get("simple/demo/").status == 404
    people.iam.put_user_policy(UserName="ann", PolicyName="stop", PolicyDocument=policy(deny("*")))
    answer = shelf.get("simple/demo/")
    assert answer.status == 403
    assert answer.message.endswith("with an explicit deny in an identity-based policy")
    people.iam.delete_user_policy(UserName="ann", PolicyName="stop")
    assert shelf.get("simple/demo/").status == 404


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
def test_deleted_user_has_no_power_left(people: People) -> None:
    """The token of a deleted user opens nothing, nor does it for a namesake made later."""
    keys = people.user("ann", *READ)
    shelf = people.shelf(keys)
    assert shelf.get("simple/demo/").status == 404
    iam = people.iam
    iam.delete_access_key(UserName="ann", AccessKeyId=keys.access_key_id)
    iam.delete_user_policy(UserName="ann", PolicyName="own")
    iam.delete_user(UserName="ann")
    assert shelf.get("simple/demo/").status == 403
    people.user("ann", *READ)
    assert shelf.get("simple/demo/").status == 403


# --- Roles and sessions ----------------------------------------------------------------------


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
def test_token_outlives_the_session_that_made_it(people: People) -> None:
    """A quarter of an hour later the session has ended; its token reads on for twelve hours."""
    arn = people.role("worker", *READ)
    keys = people.assume(arn, DurationSeconds=900)
    shelf = people.shelf(keys)
    people.emulation.travel(901)
    with pytest.raises(ClientError) as refused:
        people.codeartifact(keys).list_domains()
    assert refusal(refused)["Error"]["Code"] == "ExpiredTokenException"
    assert shelf.get("simple/demo/").status == 404
    people.emulation.travel(43_200)
    assert shelf.get("simple/demo/").status == 401


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
def test_session_made_after_time_travel_lives_as_long_as_asked(people: People) -> None:
    """Credentials begin at the emulator's time, and a token of duration 0 ends with them."""
    people.emulation.travel(86_400)
    keys = people.assume(people.role("worker", *READ), DurationSeconds=1800)
    client = people.codeartifact(keys)
    token = client.get_authorization_token(domain="team", durationSeconds=0)
    now = people.emulation.emulator.clock.now()
    assert token["expiration"].timestamp() == pytest.approx(now + 1800, abs=5)


@pytest.mark.documented("Session policies")
def test_session_policy_narrows_the_role(people: People) -> None:
    """A session may do what both the role and its own policy allow, also by a token."""
    arn = people.role("worker", *READ, allow("ListDomains", "PublishPackageVersion"))
    keys = people.assume(arn, Policy=policy(*READ, allow("DescribeDomain")))
    client = people.codeartifact(keys)
    assert denied(client, "list_domains").endswith(
        "because no session policy allows the codeartifact:ListDomains action"
    )
    denied(client, "describe_domain", domain="team")
    shelf = people.shelf(keys)
    assert shelf.get("simple/demo/").status == 404
    assert shelf.upload(make_wheel("demo", "1.0")).status == 403
    assert people.shelf(people.assume(arn)).upload(make_wheel("demo", "1.0")).status == 200


@pytest.mark.documented("Session policies")
def test_managed_session_policy_narrows_the_role(people: People) -> None:
    """A session policy can be named by its ARN."""
    arn = people.role("worker", allow("*"))
    reading = "arn:aws:iam::aws:policy/AWSCodeArtifactReadOnlyAccess"
    client = people.codeartifact(people.assume(arn, PolicyArns=[{"arn": reading}]))
    client.describe_domain(domain="team")
    denied(client, "create_domain", domain="another")


@pytest.mark.documented("Permissions boundaries for IAM entities")
def test_boundary_caps_what_the_role_may(people: People) -> None:
    """What the boundary does not allow is denied, whatever the role's policy says."""
    boundary = people.iam.create_policy(
        PolicyName="cap", PolicyDocument=policy(allow("Describe*"))
    )["Policy"]["Arn"]
    arn = people.role("worker", allow("*"), PermissionsBoundary=boundary)
    client = people.codeartifact(people.assume(arn))
    client.describe_domain(domain="team")
    assert denied(client, "list_domains").endswith(
        "because no permissions boundary allows the codeartifact:ListDomains action"
    )


@pytest.mark.documented("IAM JSON policy evaluation logic")
@pytest.mark.parametrize(
    "place", ["identity-based policy", "permissions boundary", "session policy"]
)
def test_explicit_deny_is_told_with_its_place(people: People, place: str) -> None:
    """A Deny wins over every Allow, and the sentence says where it stands."""
    open_, shut = policy(allow("*")), policy(allow("*"), deny("ListDomains"))
    documents = [
        shut if place == each else open_
        for each in ("identity-based policy", "permissions boundary", "session policy")
    ]
    boundary = people.iam.create_policy(PolicyName="cap", PolicyDocument=documents[1])["Policy"]
    arn = people.role(
        "worker", *json.loads(documents[0])["Statement"], PermissionsBoundary=boundary["Arn"]
    )
    client = people.codeartifact(people.assume(arn, Policy=documents[2]))
    client.describe_domain(domain="team")
    article = "an" if place[0] == "i" else "a"
    assert f"with an explicit deny in {article} {place}" in denied(client, "list_domains")


# --- Tags ------------------------------------------------------------------------------------


@pytest.mark.documented("Using tags to control access to CodeArtifact resources")
def test_tags_of_the_resource_decide(people: People) -> None:
    """What is tagged so may be described; the tag counts on the repository, not on its domain."""
    admin = people.codeartifact()
    admin.tag_resource(
        resourceArn=arn(people, "domain/team"), tags=[{"key": "stage", "value": "test"}]
    )
    tagged = {"StringEquals": {"aws:ResourceTag/stage": "test"}}
    client = people.codeartifact(people.user("ann", allow("Describe*", Condition=tagged)))
    client.describe_domain(domain="team")
    denied(client, "describe_repository", domain="team", repository="store")
    admin.tag_resource(
        resourceArn=arn(people, "repository/team/store"), tags=[{"key": "Stage", "value": "test"}]
    )
    client.describe_repository(domain="team", repository="store")


@pytest.mark.documented("Using tags to control access to CodeArtifact resources")
def test_tags_of_the_request_decide(people: People) -> None:
    """A repository can be made only with a cost center, and only with known keys."""
    untagged = {"Null": {"aws:RequestTag/costcenter": "true"}}
    other_keys = {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["costcenter", "stage"]}}
    client = people.codeartifact(
        people.user(
            "ann",
            allow("*"),
            deny("CreateRepository", Condition=untagged),
            deny("CreateRepository", "TagResource", Condition=other_keys),
        )
    )
    cost: Any = {"key": "costcenter", "value": "12"}
    stage: Any = {"key": "stage", "value": "test"}
    colour: Any = {"key": "colour", "value": "red"}
    denied(client, "create_repository", domain="team", repository="one")
    denied(client, "create_repository", domain="team", repository="one", tags=[stage])
    denied(client, "create_repository", domain="team", repository="one", tags=[cost, colour])
    made = client.create_repository(domain="team", repository="one", tags=[cost, stage])
    denied(client, "tag_resource", resourceArn=made["repository"]["arn"], tags=[colour])


@pytest.mark.documented("Using tags to control access to CodeArtifact resources")
def test_tag_keys_of_removals_decide(people: People) -> None:
    """Some tags must not be removed."""
    kept = {"ForAnyValue:StringEquals": {"aws:TagKeys": ["owner"]}}
    resource = arn(people, "domain/team")
    people.codeartifact().tag_resource(
        resourceArn=resource,
        tags=[{"key": "owner", "value": "ann"}, {"key": "stage", "value": "test"}],
    )
    keys = people.user("ann", allow("*"), deny("UntagResource", Condition=kept))
    client = people.codeartifact(keys)
    denied(client, "untag_resource", resourceArn=resource, tagKeys=["stage", "owner"])
    client.untag_resource(resourceArn=resource, tagKeys=["stage"])


@pytest.mark.documented("Domain policies")
def test_tags_at_creation_need_the_permission_to_tag(people: People) -> None:
    """Creating with tags needs TagResource beside CreateRepository."""
    client = people.codeartifact(people.user("ann", allow("CreateRepository")))
    client.create_repository(domain="team", repository="plain")
    tags = [{"key": "stage", "value": "test"}]
    text = denied(client, "create_repository", domain="team", repository="tagged", tags=tags)
    assert "perform: codeartifact:TagResource on resource: " in text


@pytest.mark.documented("Passing session tags in AWS STS")
def test_tags_of_the_principal_decide(people: People) -> None:
    """The role's tags count, and a session's own tags win over them."""
    own = arn(people, "repository/team/${aws:PrincipalTag/team}")
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{people.account.number}:root"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            },
        }
    )
    role = people.role(
        "worker",
        allow("DescribeRepository", resource=own),
        trust=trust,
        Tags=[{"Key": "team", "Value": "store"}],
    )
    people.codeartifact().create_repository(domain="team", repository="lab")

    def seen(keys: Keys, repository: str) -> bool:
        try:
            people.codeartifact(keys).describe_repository(domain="team", repository=repository)
        except ClientError:
            return False
        return True

    plain = people.assume(role)
    assert (seen(plain, "store"), seen(plain, "lab")) == (True, False)
    tagged = people.assume(role, Tags=[{"Key": "team", "Value": "lab"}])
    assert (seen(tagged, "store"), seen(tagged, "lab")) == (False, True)


@pytest.mark.assumed("an ARN is one resource, however its special characters are encoded")
def test_spelling_of_a_group_does_not_evade_a_deny(people: People) -> None:
    """A Deny on a package group holds for each way to write its ARN."""
    people.codeartifact().create_package_group(domain="team", packageGroup="/pypi/*")
    group = arn(people, "package-group/team/pypi/%2a")
    keys = people.user("ann", allow("*"), deny("TagResource", resource=group))
    tags = [{"key": "stage", "value": "test"}]
    for spelling in (group, group.replace("%2a", "%2A"), group.replace("%2a", "*")):
        denied(people.codeartifact(keys), "tag_resource", resourceArn=spelling, tags=tags)
