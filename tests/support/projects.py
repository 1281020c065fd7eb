"""Projects of CodeBuild, made as anybody makes them: a role that CodeBuild may assume, settings."""

from typing import Any, TypeAlias

import pytest

from tests.support.emulation import refusal
from tests.support.people import People, trusting

Client: TypeAlias = Any
"""A boto3 client of CodeBuild, whose types this project does not install."""

Json: TypeAlias = Any
"""What boto3 takes and gives."""

BUILDSPEC = "version: 0.2\nphases:\n  build:\n    commands:\n      - echo hello\n"


def service_role(people: People, name: str = "builder") -> str:
    """A new role that trusts CodeBuild; returns its ARN."""
    return people.role(name, trust=trusting(Principal={"Service": "codebuild.amazonaws.com"}))


def settings(role: str, **more: Json) -> dict[str, Any]:
    """What CreateProject needs besides a name; keywords are further members, or replace some."""
    return {
        "source": {"type": "NO_SOURCE", "buildspec": BUILDSPEC},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        "serviceRole": role,
        **more,
    }


def refused(client: Client, code: str, operation: str, **request: Json) -> str:
    """The sentence with which CodeBuild refuses an operation under this code, with status 400."""
    with pytest.raises(client.exceptions.ClientError) as raised:
        getattr(client, operation)(**request)
    answer = refusal(raised)
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, 400)
    return str(answer["Error"]["Message"])
