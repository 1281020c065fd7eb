"""What the stand-in for AWS does not let pass, and what it lists late besides packages."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.stand_in import BOUNDARY, RUNNER, StandIn

LONG_SECONDS = 600.0
BUILDSPEC = 'version: 0.2\nphases: {build: {commands: ["true"]}}\n'
PATH = "/pytest-codeartifact/"


@pytest.fixture(autouse=True)
def quiet_again(stand_in: StandIn) -> Iterator[None]:
    """Each test meets it as it was in the beginning."""
    stand_in.quiet()
    stand_in.reset_journal()
    yield
    stand_in.quiet()


def document(**statement: object) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trusting(stand_in: StandIn) -> str:
    """A trust policy of the account itself."""
    return document(Principal={"AWS": stand_in.account}, Action="sts:AssumeRole")


def session_client(stand_in: StandIn, service: str, policy: str) -> Any:  # noqa: ANN401 -- a boto3 client
    """A client of a session that has one policy, and tries everything once."""
    credentials = stand_in.runner([policy], document(Action="*", Resource="*"))
    stand_in.reset_journal()
    return boto3.client(
        service,  # type: ignore[call-overload]  # any of them
        region_name=stand_in.region,
        verify=str(stand_in.gateway.ca_file),
        config=Config(proxies={"https": stand_in.gateway.url}, retries={"total_max_attempts": 1}),
        **{name.lower(): value for name, value in credentials.items()},
    )


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_log_group_without_the_action_is_refused_and_with_it_removed(stand_in: StandIn) -> None:
    """A refusal names the action; a policy may name the group as its own description does."""
    name = "/aws/codebuild/strict-group"
    stand_in.admin("logs").create_log_group(logGroupName=name)
    arn = f"arn:aws:logs:{stand_in.region}:{stand_in.account}:log-group:{name}"
    reading = document(Action="logs:GetLogEvents", Resource="*")
    with pytest.raises(ClientError, match="perform: logs:DeleteLogGroup on resource") as caught:
        session_client(stand_in, "logs", reading).delete_log_group(logGroupName=name)
    assert code_of(caught) == "AccessDeniedException"
    # --- the name alone is that of its tags
    deleting = document(Action="logs:DeleteLogGroup", Resource=arn)
    with pytest.raises(ClientError, match="logs:DeleteLogGroup"):
        session_client(stand_in, "logs", deleting).delete_log_group(logGroupName=name)
    deleting = document(Action="logs:DeleteLogGroup", Resource=f"{arn}:*")
    session_client(stand_in, "logs", deleting).delete_log_group(logGroupName=name)
    assert not stand_in.admin("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]


@pytest.mark.parametrize(
    ("service", "operation", "values"),
    [
        ("iam", "create_user", {"UserName": "nobody"}),
        ("iam", "attach_role_policy", {"RoleName": RUNNER, "PolicyArn": "arn:aws:iam::aws:policy"}),
        ("logs", "put_retention_policy", {"logGroupName": "group", "retentionInDays": 1}),
        ("sts", "get_access_key_info", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
        ("s3", "list_buckets", {}),
        ("secretsmanager", "list_secrets", {}),
    ],
)
def test_what_no_rule_is_written_for_is_refused(
    stand_in: StandIn, service: str, operation: str, values: dict[str, object]
) -> None:
    """Even with every right: what is not known here cannot be checked."""
    client = session_client(stand_in, service, document(Action="*", Resource="*"))
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**values)
    assert code_of(caught) in {"AccessDenied", "AccessDeniedException"}


def test_boundary_is_no_condition_of_removing_a_role(stand_in: StandIn) -> None:
    """IAM knows the key for few actions; a policy that relies on it elsewhere allows nothing."""
    boundary = f"arn:aws:iam::{stand_in.account}:policy/{BOUNDARY}"
    condition = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    actions = ["iam:DeleteRole", "iam:PutRolePolicy"]
    policy = document(Action=actions, Resource="*", Condition=condition)
    client = session_client(stand_in, "iam", policy)
    stand_in.admin("iam").create_role(
        RoleName="bounded",
        AssumeRolePolicyDocument=trusting(stand_in),
        PermissionsBoundary=boundary,
    )
    own = document(Action="s3:GetObject", Resource="*")
    client.put_role_policy(RoleName="bounded", PolicyName="own", PolicyDocument=own)
    with pytest.raises(ClientError, match="iam:DeleteRole"):
        client.delete_role(RoleName="bounded")


def test_refused_session_is_in_the_journal_as_refused(stand_in: StandIn) -> None:
    """A role that could not be assumed is no proof that somebody needs to assume it."""
    client = session_client(stand_in, "sts", document(Action="iam:GetRole", Resource="*"))
    role = f"arn:aws:iam::{stand_in.account}:role/nobody"
    with pytest.raises(ClientError, match="sts:AssumeRole"):
        client.assume_role(RoleArn=role, RoleSessionName="refused")
    assert stand_in.actions_of(RUNNER) == set()
    asked = [each for each in stand_in.questions() if f"/{RUNNER}/" in each["principal"]]
    assert [(each["action"], each["resource"], each["allowed"]) for each in asked] == [
        ("sts:AssumeRole", role, False)
    ]


def test_role_does_not_get_younger_by_being_refused(stand_in: StandIn) -> None:
    """A second attempt to make it leaves its age as it was."""
    iam = stand_in.admin("iam")
    wanted = {"RoleName": "aged", "AssumeRolePolicyDocument": trusting(stand_in)}
    arn = iam.create_role(**wanted)["Role"]["Arn"]
    client = session_client(stand_in, "iam", document(Action="iam:GetRole", Resource="*"))
    # From its age on it is not late any more; anything that is made later is.
    seconds = 0.5
    stand_in.play("late-roles", seconds=seconds)
    assumed = _assumed_at_last(stand_in, arn)
    with pytest.raises(ClientError):
        client.create_role(**wanted)
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(**wanted)
    again = stand_in.admin("sts").assume_role(RoleArn=arn, RoleSessionName="again")
    assert again["AssumedRoleUser"]["Arn"] != assumed


def _assumed_at_last(stand_in: StandIn, arn: str) -> str:
    for _ in range(1000):
        try:
            told = stand_in.admin("sts").assume_role(RoleArn=arn, RoleSessionName="first")
        except ClientError:
            continue
        return str(told["AssumedRoleUser"]["Arn"])
    pytest.fail("the role stays late")


def test_projects_roles_and_log_groups_are_listed_late(stand_in: StandIn) -> None:
    """New ones are not there yet, removed ones still are."""
    iam, logs, builds = (stand_in.admin(each) for each in ("iam", "logs", "codebuild"))

    def listed() -> tuple[bool, bool, bool]:
        roles = iam.list_roles(PathPrefix=PATH)["Roles"]
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/codebuild/lag")["logGroups"]
        return (
            "lag-project" in builds.list_projects()["projects"],
            "lag-role" in [each["RoleName"] for each in roles],
            "/aws/codebuild/lag" in [each["logGroupName"] for each in groups],
        )

    stand_in.play("lag", seconds=LONG_SECONDS)
    trust = document(Principal={"Service": "codebuild.amazonaws.com"}, Action="sts:AssumeRole")
    role = iam.create_role(RoleName="lag-role", Path=PATH, AssumeRolePolicyDocument=trust)["Role"]
    logs.create_log_group(logGroupName="/aws/codebuild/lag")
    builds.create_project(
        name="lag-project",
        source={"type": "NO_SOURCE", "buildspec": BUILDSPEC},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=role["Arn"],
    )
    assert listed() == (False, False, False)
    stand_in.quiet()
    assert listed() == (True, True, True)
    stand_in.play("lag", seconds=LONG_SECONDS)
    builds.delete_project(name="lag-project")
    iam.delete_role(RoleName="lag-role")
    logs.delete_log_group(logGroupName="/aws/codebuild/lag")
    assert listed() == (True, True, True)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="lag-role")
    stand_in.quiet()
    assert listed() == (False, False, False)


def test_repositories_of_a_domain_are_no_others(stand_in: StandIn) -> None:
    """What is gone from one domain does not show in another."""
    client = stand_in.admin("codeartifact")
    for domain in ("first-domain", "second-domain"):
        client.create_domain(domain=domain)
        client.create_repository(domain=domain, repository=f"of-{domain}")
    stand_in.play("lag", seconds=LONG_SECONDS)
    client.delete_repository(domain="first-domain", repository="of-first-domain")

    def names(domain: str) -> list[str]:
        told = client.list_repositories_in_domain(domain=domain)["repositories"]
        return [each["name"] for each in told]

    assert names("first-domain") == ["of-first-domain"]
    assert "of-first-domain" not in names("second-domain")
