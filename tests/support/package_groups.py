"""What tests about package groups do again and again, all in the domain `team`."""

from typing import TYPE_CHECKING, Any

from tests.support.emulation import ACCOUNT, REGION

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

STEM = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package-group/team"
ROOT = "/*"
SPECIFIC = "ALLOW_SPECIFIC_REPOSITORIES"


def create(client: "CodeArtifactClient", *patterns: str) -> None:
    """Create groups of these patterns."""
    for pattern in patterns:
        client.create_package_group(domain="team", packageGroup=pattern)


def describe(client: "CodeArtifactClient", pattern: str) -> dict[str, Any]:
    """A group as the API describes it."""
    described = client.describe_package_group(domain="team", packageGroup=pattern)["packageGroup"]
    return dict(described)


def configure(client: "CodeArtifactClient", pattern: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
    """Update a group's origin configuration; returns the changes of its lists."""
    answer = client.update_package_group_origin_configuration(
        domain="team", packageGroup=pattern, **changes
    )
    assert answer["packageGroup"] == describe(client, pattern)
    updates: Any = answer["allowedRepositoryUpdates"]
    return dict(updates)


def entry(way: str, repository: str) -> dict[str, str]:
    """An entry of a list of allowed repositories."""
    return {"originRestrictionType": way, "repositoryName": repository}


def govern(
    client: "CodeArtifactClient", pattern: str, *lists: dict[str, str], **modes: str
) -> None:
    """Give a group these modes and list entries; it is created where it is not there."""
    if pattern not in patterns_of(client):
        create(client, pattern)
    configure(client, pattern, restrictions=modes, addAllowedRepositories=list(lists))


def patterns_of(client: "CodeArtifactClient", **filters: Any) -> list[str]:  # noqa: ANN401 - boto3's
    """The patterns of all groups of the domain."""
    pages = client.get_paginator("list_package_groups").paginate(domain="team", **filters)
    return [group["pattern"] for page in pages for group in page["packageGroups"]]
