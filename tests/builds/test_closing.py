"""What is left of builds that a test has run: nothing, whatever the test has removed itself."""

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_codeartifact.targets.emulator import EmulatorTarget

BUILDSPEC = "version: 0.2\nphases: {build: {commands: [echo hello]}}"


def remove_project(target: "EmulatorTarget", project: str) -> None:
    target.boto3_client("codebuild").delete_project(name=project)


def remove_all(target: "EmulatorTarget", project: str) -> None:  # noqa: ARG001 -- as the other
    target.control.reset()


@pytest.mark.parametrize("remove", [remove_project, remove_all])
def test_project_that_the_test_has_removed_is_no_failure(
    codeartifact_private: "EmulatorTarget", remove: "Callable[[EmulatorTarget, str], None]"
) -> None:
    codebuild, logs = (codeartifact_private.boto3_client(name) for name in ("codebuild", "logs"))
    with closing(codeartifact_private.builds()) as builds:
        first = builds.build(BUILDSPEC, role_policy=[])
        builds.build(BUILDSPEC, role_policy=[])
        remove(codeartifact_private, first.described["projectName"])

    assert codebuild.list_projects()["projects"] == []
    assert logs.describe_log_groups()["logGroups"] == []
    assert codeartifact_private.boto3_client("iam").list_roles()["Roles"] == []
