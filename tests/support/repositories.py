"""What tests about repositories do again and again, all in the domain `team`."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.emulation import refusal

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient
    from types_boto3_codeartifact.type_defs import RepositoryDescriptionTypeDef


def create(
    client: "CodeArtifactClient", name: str, *upstreams: str, description: str = ""
) -> "RepositoryDescriptionTypeDef":
    """Create a repository with these upstreams; returns its description."""
    request: dict[str, Any] = {"domain": "team", "repository": name}
    request["upstreams"] = [{"repositoryName": upstream} for upstream in upstreams]
    if description:
        request["description"] = description
    return client.create_repository(**request)["repository"]


def upstreams_of(client: "CodeArtifactClient", name: str) -> list[str]:
    """The names of a repository's upstreams, in their order."""
    described = client.describe_repository(domain="team", repository=name)["repository"]
    return [upstream["repositoryName"] for upstream in described["upstreams"]]


def status_of(error: pytest.ExceptionInfo[Any]) -> int:
    """The HTTP status of a refusal."""
    return int(refusal(error)["ResponseMetadata"]["HTTPStatusCode"])
