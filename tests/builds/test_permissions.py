"""What a build may do is what its service role may do."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codeartifact.targets.policies import PACKAGE_STATEMENT

if TYPE_CHECKING:
    from pytest_codeartifact.targets.builds import Build
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import Domain, Repository

    Run = Callable[..., Build]


def bearer(service: str = "codeartifact.amazonaws.com") -> Mapping[str, Any]:
    """The statement that everybody forgets, under the condition for a service."""
    return {
        "Effect": "Allow",
        "Action": "sts:GetServiceBearerToken",
        "Resource": "*",
        "Condition": {"StringEquals": {"sts:AWSServiceName": service}},
    }


@pytest.fixture
def installing(codeartifact_repository: "Repository", codeartifact_package: "SamplePackage") -> str:
    """A buildspec that logs in and installs a package of a repository."""
    codeartifact_repository.upload(codeartifact_package.wheel)
    place = (
        f"--domain {codeartifact_repository.domain.name} "
        f"--repository {codeartifact_repository.name}"
    )
    return f"""
version: 0.2
phases:
  install:
    commands:
      - aws codeartifact login --tool pip {place}
      - pip install {codeartifact_package.name}
  build:
    commands:
      - aws sts get-caller-identity --query Arn --output text
"""


@pytest.mark.documented("Using Python packages in CodeBuild")
def test_build_logs_in_and_installs_with_its_role(
    installing: str, codeartifact_repository: "Repository", run: "Run"
) -> None:
    """With the four permissions the build succeeds, and pip's log names the repository."""
    build = run(installing, role_policy=[PACKAGE_STATEMENT, bearer()])

    assert build.succeeded, build.log
    assert "Successfully configured pip to use AWS CodeArtifact repository" in build.log
    assert re.search(
        rf"^Looking in indexes: \S+/pypi/{codeartifact_repository.name}/simple/$",
        build.log,
        re.MULTILINE,
    )
    uuid = build.id.partition(":")[2]
    assert f"/AWSCodeBuild-{uuid}\n" in build.log


@pytest.mark.documented("Service bearer tokens")
@pytest.mark.parametrize(
    "statements",
    [[PACKAGE_STATEMENT], [PACKAGE_STATEMENT, bearer("ecr-public.amazonaws.com")]],
    ids=["missing", "another-service"],
)
def test_build_without_the_bearer_permission_fails_in_install(
    statements: list[Mapping[str, Any]], installing: str, run: "Run"
) -> None:
    """The login is refused with the sentence that names the forgotten permission."""
    build = run(installing, role_policy=statements)

    assert build.status == "FAILED"
    failed = build.failed_phase
    assert failed is not None
    assert (failed.name, failed.code) == ("INSTALL", "COMMAND_EXECUTION_ERROR")
    assert "Error while executing command: aws codeartifact login" in failed.message
    uuid = build.id.partition(":")[2]
    assert f"/AWSCodeBuild-{uuid} is not authorized to perform: sts:GetServiceBearerToken" in (
        build.log
    )
    assert "BUILD" not in build.phases


@pytest.mark.observed("2025-09-03")
def test_build_without_a_log_fails_before_it_begins(run: "Run") -> None:
    """A role that may not write the log fails the build in QUEUED, and says which permission."""
    build = run("version: 0.2\nphases: {build: {commands: [ls]}}", service_policy=[])

    assert build.status == "FAILED"
    failed = build.failed_phase
    assert failed is not None
    assert (failed.name, failed.code) == ("QUEUED", "ACCESS_DENIED")
    assert failed.message.startswith("Service role arn:aws:iam::")
    assert "does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams" in (
        failed.message
    )
    assert "is not authorized to perform: logs:CreateLog" in failed.message
    assert build.log == ""


@pytest.mark.documented("Container credential provider")
def test_build_has_no_credential_of_its_caller(
    codeartifact_target: "EmulatorTarget", run: "Run"
) -> None:
    """Environment, files of the AWS CLI and configuration hold nothing of whoever started it."""
    build = run("""
version: 0.2
phases:
  build:
    commands:
      - env
      - aws configure list
      - cat ~/.aws/* 2>/dev/null || echo no files
      - cat $XDG_CONFIG_HOME/pip/pip.conf ~/.config/pip/pip.conf 2>/dev/null || true
""")

    assert build.succeeded
    owned = codeartifact_target.environment()
    assert owned["AWS_SECRET_ACCESS_KEY"] not in build.log
    assert owned["AWS_ACCESS_KEY_ID"] not in build.log
    assert "AWS_SECRET_ACCESS_KEY=" not in build.log
    assert "AWS_SESSION_TOKEN=" not in build.log
    assert "AKIA" not in build.log
    assert "no files" in build.log
    assert "container-role" in build.log
    assert "CODEBUILD_CI=true" in build.log


@pytest.mark.assumed("AWS masks less, and a log is no place for a token")
def test_token_is_masked_in_the_log(codeartifact_domain: "Domain", run: "Run") -> None:
    """A token that a command prints does not stand in the log, in whatever way it is printed."""
    build = run(
        f"""
version: 0.2
phases:
  build:
    commands:
      - GET="aws codeartifact get-authorization-token --domain {codeartifact_domain.name}"
      - $GET --output text
      - TOKEN=$($GET --query authorizationToken --output text)
      - for part in 1 2 3; do printf '%s' "$TOKEN"; done; echo
      - echo "length ${{#TOKEN}}"
      - |
        python3 -c '
        import os
        from urllib.request import Request, urlopen
        request = Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
        request.add_header("Authorization", os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
        print(urlopen(request).read().decode())
        '
""",
        role_policy=[PACKAGE_STATEMENT, bearer()],
    )

    assert build.succeeded, build.log
    assert "length 1" in build.log
    assert "ABIA" not in build.log
    assert "eyJ" not in build.log
    assert "ASIA" not in build.log
    parts = re.findall(r'"(?:AccessKeyId|SecretAccessKey|Token)": ?"(.*?)"', build.log)
    assert parts == ["***"] * 3
