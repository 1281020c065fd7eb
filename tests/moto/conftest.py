"""Mocks of moto's that know CodeArtifact, on a machine without AWS configuration."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

import pytest_codeartifact.moto

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

REGION = "eu-west-1"
ACCOUNT = "123456789012"
"""The one of everybody whom moto does not know."""

assert pytest_codeartifact.moto


@pytest.fixture(autouse=True)
def nobodys_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's AWS configuration but a region, and no proxy to this machine."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def mocked() -> Iterator[None]:
    """Within `mock_aws`."""
    with mock_aws():
        yield


@pytest.fixture
def client(mocked: None) -> "CodeArtifactClient":
    """A client made within `mock_aws`, with the domain `team` and its repository `store`."""
    del mocked
    client = boto3.client("codeartifact")
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    return client
