"""What plays AWS plays it strictly: nothing is done that was throttled or not allowed."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.targets.ownership import ROLE_PATH
from tests.support.gating import (
    AFTER_A_CRASH,
    ONLY_WHERE_BUILDS_GO_ON,
    Gate,
    actions_in,
    policy,
)
from tests.support.stand_in import StandIn

TAGS = {
    "pytest-codeartifact:run": "0123abcd",
    "pytest-codeartifact:owner": "jo",
    "pytest-codeartifact:expires-at": "2026-01-01T00:00:00Z",
    "pytest-codeartifact:version": "1",
}
STEM = "pca-20260101t0000-0123abcd"


def test_throttled_call_is_not_executed(stand_in: StandIn) -> None:
    """A throttled call has done nothing, so that its client can try it again."""
    client = stand_in.admin("codeartifact", attempts=1)
    stand_in.play("throttle", every=1)
    with pytest.raises(ClientError, match="ThrottlingException"):
        client.create_domain(domain="throttled")
    stand_in.quiet()
    assert stand_in.throttled() >= 1
    assert client.list_domains()["domains"] == []


def test_listing_shows_what_was_made_and_removed_late(stand_in: StandIn) -> None:
    """What was made is described at once and listed later; what is gone is listed for a while."""
    client = stand_in.admin("codeartifact")
    stand_in.play("lag", seconds=60)
    client.create_domain(domain="lagging")
    assert client.describe_domain(domain="lagging")
    assert client.list_domains()["domains"] == []
    stand_in.quiet()
    assert [each["name"] for each in client.list_domains()["domains"]] == ["lagging"]
    client.delete_domain(domain="lagging")
    stand_in.play("lag", seconds=60)
    assert [each["name"] for each in client.list_domains()["domains"]] == ["lagging"]
    stand_in.quiet()


@pytest.mark.parametrize(
    ("without", "operation"),
    [("iam:CreateRole", "CreateRole"), ("logs:CreateLogGroup", "CreateLogGroup")],
)
def test_neighbours_do_what_a_policy_allows_and_no_more(
    stand_in: StandIn, without: str, operation: str
) -> None:
    """IAM and Logs refuse what the shipped policy lacks, and what has not what it demands."""
    boundary = policy("build-boundary", stand_in)
    session = stand_in.session(stand_in.runner([policy("runner", stand_in, without)], boundary))
    trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    asked = {
        "CreateRole": lambda: session.client("iam").create_role(
            RoleName=f"{STEM}-1",
            Path=ROLE_PATH,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        ),
        "CreateLogGroup": lambda: session.client("logs").create_log_group(
            logGroupName="/aws/codebuild/pca-1"
        ),
    }
    with pytest.raises(ClientError, match=f"not authorized to perform: {without}"):
        asked[operation]()
    # A role without boundary and tags is refused by the whole policy, too.
    session = stand_in.session(stand_in.runner([policy("runner", stand_in)], boundary))
    with pytest.raises(ClientError, match="not authorized to perform: iam:CreateRole"):
        session.client("iam").create_role(
            RoleName=f"{STEM}-1",
            Path=ROLE_PATH,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )


@pytest.mark.parametrize("name", ["sweeper", "runner"])
def test_sweep_needs_exactly_what_is_shipped(stand_in: StandIn, tmp_path: Path, name: str) -> None:
    """Under a shipped policy the sweep removes one thing of every kind, refused nothing.

    The sweeper does it by itself, the runner at the end of its own run.
    """
    admin = stand_in.admin
    tags = [{"key": key, "value": text} for key, text in TAGS.items()]
    admin("codeartifact").create_domain(domain=STEM, tags=tags)
    admin("codeartifact").create_repository(domain=STEM, repository=f"{STEM}-1", tags=tags)
    iam, role_name = admin("iam"), f"{STEM}-2"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "codebuild.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    upper = [{"Key": key, "Value": text} for key, text in TAGS.items()]
    role = iam.create_role(
        RoleName=role_name, Path=ROLE_PATH, AssumeRolePolicyDocument=document, Tags=upper
    )["Role"]
    iam.put_role_policy(
        RoleName=role_name, PolicyName="own", PolicyDocument=policy("build-boundary", stand_in)
    )
    admin("logs").create_log_group(logGroupName=f"/aws/codebuild/{STEM}-3", tags=TAGS)
    admin("codebuild").create_project(
        name=f"{STEM}-3",
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {}"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=role["Arn"],
        tags=tags,
    )
    credentials = stand_in.runner([policy(name, stand_in)], policy("build-boundary", stand_in))
    stand_in.reset_journal()
    gate = Gate(stand_in, tmp_path, credentials)
    code, told = gate.sweep("--delete")
    assert code == 0, told
    assert sorted({each["kind"] for each in told["found"]}) == [
        *("domain", "log group", "project", "repository", "role"),
    ]
    assert {each["action"] for each in told["found"]} == {"deleted"}
    assert stand_in.remaining() == []
    shipped, used = actions_in(policy(name, stand_in)), stand_in.actions_of("gate-runner")
    assert sorted(used - shipped) == []
    assert sorted(AFTER_A_CRASH - ONLY_WHERE_BUILDS_GO_ON - used) == []
    if name == "sweeper":
        # And where somebody attached a policy to a role.
        others = {"codebuild:BatchGetBuilds", "iam:DetachRolePolicy", *ONLY_WHERE_BUILDS_GO_ON}
        assert sorted(shipped - used) == sorted(others)
