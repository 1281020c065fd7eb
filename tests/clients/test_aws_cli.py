"""The AWS CLI."""

import json
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact.tools.toolbox import Tools

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import Repository
    from pytest_codeartifact.tools.aws import Aws

# Version 1 ends with 255 after a refusal, version 2 with 254.
REFUSED = {254, 255}


@pytest.fixture
def aws(codeartifact_tools: Tools) -> "Aws":
    """The CLI with the administrator's key."""
    return codeartifact_tools.aws


def test_domain_and_repository_live_from_creation_to_deletion(aws: "Aws") -> None:
    """What is created shows in listings until it is deleted."""
    place = ("--domain", "cli-life", "--repository", "store")
    aws.run("codeartifact", "create-domain", "--domain", "cli-life")
    made = json.loads(aws.run("codeartifact", "create-repository", *place).stdout)["repository"]
    listed = aws.run("codeartifact", "list-repositories", "--output", "json").stdout
    assert made["arn"] in {each["arn"] for each in json.loads(listed)["repositories"]}

    aws.run("codeartifact", "delete-repository", *place)
    aws.run("codeartifact", "delete-domain", "--domain", "cli-life")

    gone = aws.run("codeartifact", "describe-domain", "--domain", "cli-life", expect=None)
    assert gone.exit_code in REFUSED
    assert "(ResourceNotFoundException)" in gone.stderr


def test_caller_identity_is_that_of_the_account(
    aws: "Aws", codeartifact_target: "EmulatorTarget"
) -> None:
    """STS says whose key it is."""
    told = json.loads(aws.run("sts", "get-caller-identity").stdout)

    assert told["Account"] == codeartifact_target.account
    assert told["Arn"].startswith(f"arn:aws:iam::{codeartifact_target.account}:")


@pytest.mark.parametrize(
    ("wrong", "codeartifact_code", "sts_code"),
    [
        ("AWS_SECRET_ACCESS_KEY", "InvalidSignatureException", "SignatureDoesNotMatch"),
        ("AWS_ACCESS_KEY_ID", "UnrecognizedClientException", "InvalidClientTokenId"),
    ],
)
def test_wrong_key_is_refused_by_every_service(
    wrong: str, codeartifact_code: str, sts_code: str, aws: "Aws"
) -> None:
    """A key that is wrong in one half is refused in the words of the service asked."""
    env = {wrong: "WRONGWRONGWRONGWRONG"}

    for command, code in (
        (("codeartifact", "list-domains"), codeartifact_code),
        (("sts", "get-caller-identity"), sts_code),
    ):
        refused = aws.run(*command, env=env, expect=None)
        assert refused.exit_code in REFUSED
        assert f"({code})" in refused.stderr


def test_login_leads_pip_to_the_repository(
    codeartifact_tools: Tools,
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """After `login --tool pip` a plain `pip install` gets the repository's package."""
    codeartifact_repository.upload(codeartifact_package.wheel)
    tools, repository = codeartifact_tools, codeartifact_repository

    said = tools.aws.run(
        *("codeartifact", "login", "--tool", "pip"),
        *("--domain", repository.domain.name, "--repository", repository.name),
    )

    assert "Successfully configured pip" in said.stdout
    assert "Login expires in 12 hours" in said.stdout
    environment = tools.virtualenv("after-login")
    environment.pip("install", codeartifact_package.name)
    assert environment.installed() == {codeartifact_package.name: codeartifact_package.version}


def test_login_leads_twine_to_the_repository(
    codeartifact_tools: Tools,
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """After `login --tool twine` an upload to `codeartifact` arrives."""
    tools, repository = codeartifact_tools, codeartifact_repository
    place = ("--domain", repository.domain.name, "--repository", repository.name)

    tools.aws.run("codeartifact", "login", "--tool", "twine", *place)
    tools.twine.run("upload", "-r", "codeartifact", *map(str, codeartifact_package.paths))

    told = tools.aws.run(
        *("codeartifact", "list-package-versions", *place, "--format", "pypi"),
        *("--package", codeartifact_package.name, "--query", "versions[].version"),
    )
    assert json.loads(told.stdout) == [codeartifact_package.version]


def test_token_is_told_as_text_and_masked_in_the_log(
    aws: "Aws", codeartifact_repository: "Repository"
) -> None:
    """The article's command prints a bare token, which nothing that is kept of it shows."""
    told = aws.run(
        *("codeartifact", "get-authorization-token"),
        *("--domain", codeartifact_repository.domain.name),
        *("--query", "authorizationToken", "--output", "text"),
    )

    assert "eyJ" not in told.stdout
    assert told.stdout.count("\n") == 1
    assert told.stdout.strip()
