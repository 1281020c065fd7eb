"""What clients see when time has passed, on servers whose clocks nobody else looks at."""

import contextlib
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact.targets.emulator import open_target
from pytest_codeartifact.targets.packages import make_package
from pytest_codeartifact.tools.toolbox import Tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_codeartifact.settings import Settings
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import Repository

HALF_A_DAY_SECONDS = 12 * 3600
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def target(offline_settings: "Settings") -> "Iterator[EmulatorTarget]":
    """A server of this test alone."""
    run = f"clients-{secrets.token_hex(4)}"
    with contextlib.closing(open_target(offline_settings, run)) as target:
        yield target
        assert target.last_crash() == 0


@pytest.fixture
def repository(target: "EmulatorTarget") -> "Repository":
    """An empty repository."""
    workspace = target.workspace()
    return workspace.repository(workspace.domain())


@pytest.fixture
def tools(target: "EmulatorTarget", repository: "Repository", tmp_path: Path) -> Tools:
    """All programs, connected to the repository with a token of this hour."""
    tools = Tools.create(tmp_path / "home", account=target.environment())
    tools.connect(repository.connection)
    return tools


@pytest.fixture
def package(tmp_path: Path) -> "SamplePackage":
    """A package ready to upload."""
    return make_package(tmp_path / "made", "demo")


def test_pip_is_refused_when_the_token_has_expired(
    tools: Tools, target: "EmulatorTarget", repository: "Repository", package: "SamplePackage"
) -> None:
    """A token is good for twelve hours; after them a new one works at once."""
    repository.upload(package.wheel)
    environment = tools.virtualenv("fresh")
    install = ("install", "--no-cache-dir", "--force-reinstall", package.name)
    environment.pip(*install)

    target.control.advance(HALF_A_DAY_SECONDS + 1)

    refused = environment.pip(*install, expect=1)
    assert "401" in refused.stderr
    tools.connect(repository.connection)
    environment.pip(*install)


def test_upload_after_the_token_expired_is_refused(
    tools: Tools, target: "EmulatorTarget", package: "SamplePackage"
) -> None:
    """Twine with yesterday's token gets a 401."""
    target.control.advance(HALF_A_DAY_SECONDS + 1)

    refused = tools.twine.run("upload", "-r", "codeartifact", str(package.wheel), expect=1)

    assert "401 Unauthorized" in refused.stdout


def test_temporary_credentials_end_with_their_time(tools: Tools, target: "EmulatorTarget") -> None:
    """An assumed role's credentials are good until they expire, and the refusal says so then."""
    aws = tools.aws
    made = aws.run(
        *("iam", "create-role", "--role-name", "reader"),
        *("--assume-role-policy-document", json.dumps(TRUST)),
    )
    told = aws.run(
        *("sts", "assume-role", "--role-arn", json.loads(made.stdout)["Role"]["Arn"]),
        *("--role-session-name", "test", "--duration-seconds", "900", "--query", "Credentials"),
    )
    credentials = json.loads(told.stdout)
    env = {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }
    identity = json.loads(aws.run("sts", "get-caller-identity", env=env).stdout)
    assert identity["Arn"].endswith("assumed-role/reader/test")

    target.control.advance(901)

    refused = aws.run("codeartifact", "list-domains", env=env, expect=None)
    assert refused.exit_code in {254, 255}  # version 2 and version 1
    assert "(ExpiredTokenException)" in refused.stderr
