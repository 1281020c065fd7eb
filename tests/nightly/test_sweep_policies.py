"""The sweep under the policies that are shipped, where every service asks them."""

import json
from pathlib import Path

import pytest

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
