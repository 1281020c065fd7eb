"""Package groups by boto3: what they are, how they descend, which packages belong to them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.emulation import ACCOUNT, Emulation, refusal
from tests.support.package_groups import ROOT, STEM, configure, create, describe, patterns_of
from tests.support.repositories import status_of

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

WAYS = ("PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM")


def children_of(client: "CodeArtifactClient", pattern: str) -> list[str]:
    pages = client.get_paginator("list_sub_package_groups").paginate(
        domain="team", packageGroup=pattern
    )
    return [group["pattern"] for page in pages for group in page["packageGroups"]]


# --- Existing ----------------------------------------------------------------------------------


@pytest.mark.documented("Working with package groups in CodeArtifact")
def test_domain_begins_with_the_root_group(team: "CodeArtifactClient") -> None:
    """Every domain has a group of all packages, which allows all origins and has no parent."""
    root = describe(team, ROOT)
    assert root == {
        "arn": f"{STEM}/%2a",
        "pattern": ROOT,
        "domainName": "team",
        "domainOwner": ACCOUNT,
        "createdTime": root["createdTime"],
        "originConfiguration": {
            "restrictions": {
                way: {"mode": "ALLOW", "effectiveMode": "ALLOW", "repositoriesCount": 0}
                for way in WAYS
            }
        },
    }
    assert abs((root["createdTime"] - datetime.now(UTC)).total_seconds()) < 300
    assert patterns_of(team) == [ROOT]


@pytest.mark.documented("Create a package group")
def test_new_group_inherits_from_its_parent(team: "CodeArtifactClient") -> None:
    """Creating answers with every field, and describing repeats it."""
    made = team.create_package_group(
        domain="team",
        domainOwner=ACCOUNT,
        packageGroup="/nuget/*",
        contactInfo="contact@email.example",
        description="a new package group",
        tags=[{"key": "key1", "value": "value1"}],
    )["packageGroup"]
    root = {"arn": f"{STEM}/%2a", "pattern": ROOT}
    inherited = {
        "mode": "INHERIT",
        "effectiveMode": "ALLOW",
        "inheritedFrom": root,
        "repositoriesCount": 0,
    }
    assert made == {
        "arn": f"{STEM}/nuget/%2a",
        "pattern": "/nuget/*",
        "domainName": "team",
        "domainOwner": ACCOUNT,
        "createdTime": made["createdTime"],
        "contactInfo": "contact@email.example",
        "description": "a new package group",
        "originConfiguration": {"restrictions": dict.fromkeys(WAYS, inherited)},
        "parent": root,
    }
    assert describe(team, "/nuget/*") == made
    tags = team.list_tags_for_resource(resourceArn=made["arn"])["tags"]
    assert tags == [{"key": "key1", "value": "value1"}]


@pytest.mark.documented("Package group definition syntax and matching behavior")
@pytest.mark.parametrize(
    ("pattern", "encoded"),
    [
        ("/npm/*", "/npm/%2a"),
        ("/maven/com.anycompany~", "/maven/com.anycompany~"),
        ("/npm/space/*", "/npm/space/%2a"),
        ("/npm/space/anycompany-ui~", "/npm/space/anycompany-ui~"),
        ("/maven/org.apache.logging.log4j/log4j-core$", None),
        ("/pypi//requests$", "/pypi//requests%24"),
        ("/nuget//alpha%beta%gamma~", "/nuget//alpha%25beta%25gamma~"),
    ],
)
def test_each_form_of_pattern_makes_a_group(
    team: "CodeArtifactClient", pattern: str, encoded: str | None
) -> None:
    """The forms of the page; three characters are encoded in the ARN."""
    create(team, pattern)
    assert describe(team, pattern)["arn"] == STEM + (encoded or pattern.replace("$", "%24"))
    assert patterns_of(team) == [ROOT, pattern]


@pytest.mark.assumed("which patterns the service refuses, and its words, are not documented")
@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("npm/*", "begin with '/'"),
        ("/npm", "end with"),
        ("/npm/*/x$", "last character"),
        ("/python//requests$", "'pypi'"),
        ("/npm/space$", "one of the forms"),
        ("/npm//foo-~", "comes '*'"),
        ("/pypi/space/*", "no namespace"),
        ("/maven//name$", "need a namespace"),
        ("/pypi//Requests$", "normalised"),
    ],
)
def test_wrong_pattern_is_refused(team: "CodeArtifactClient", pattern: str, reason: str) -> None:
    """A validation error names the pattern and says what is wrong; nothing is created."""
    with pytest.raises(team.exceptions.ValidationException) as refused:
        create(team, pattern)
    response = refusal(refused)
    assert f"'{pattern}'" in response["Error"]["Message"]
    assert reason in response["Error"]["Message"]
    assert response["reason"] == "FIELD_VALIDATION_FAILED"
    assert patterns_of(team) == [ROOT]


@pytest.mark.documented("CreatePackageGroup")
@pytest.mark.parametrize("pattern", [ROOT, "/npm/*"])
def test_pattern_is_unique_in_its_domain(team: "CodeArtifactClient", pattern: str) -> None:
    """A second group of a pattern is a conflict, also with the root group."""
    create(team, "/npm/*")
    with pytest.raises(team.exceptions.ConflictException) as refused:
        team.create_package_group(domain="team", packageGroup=pattern, description="other")
    assert refusal(refused)["resourceId"] == pattern
    assert "description" not in describe(team, pattern)
    team.create_domain(domain="other")
    team.create_package_group(domain="other", packageGroup="/npm/*")


@pytest.mark.documented("Package group definition syntax and matching behavior")
def test_patterns_may_differ_in_case_only(team: "CodeArtifactClient") -> None:
    """Three packages that differ in case may each have a group."""
    three = [f"/npm//{name}$" for name in ("AsyncStorage", "asyncStorage", "asyncstorage")]
    create(team, *three)
    assert sorted(patterns_of(team)) == sorted([ROOT, *three])


@pytest.mark.documented("View or edit a package group")
def test_information_is_edited_alone(team: "CodeArtifactClient") -> None:
    """What is not named stays; an empty text is a text; settings are not touched."""
    create(team, "/npm/*")
    configure(team, "/npm/*", restrictions={"PUBLISH": "BLOCK"})
    before = describe(team, "/npm/*")
    changed = team.update_package_group(
        domain="team", packageGroup="/npm/*", contactInfo="ann", description="first"
    )["packageGroup"]
    assert changed == {**before, "contactInfo": "ann", "description": "first"}
    team.update_package_group(domain="team", packageGroup="/npm/*", description="")
    assert describe(team, "/npm/*") == {**before, "contactInfo": "ann", "description": ""}
    team.update_package_group(domain="team", packageGroup=ROOT, description="all")
    assert describe(team, ROOT)["description"] == "all"


@pytest.mark.documented("DeletePackageGroup")
def test_deleted_group_leaves_its_children_to_its_parent(team: "CodeArtifactClient") -> None:
    """Children move up one step, and what they inherit may be something else then."""
    create(team, "/npm/*", "/npm/space/*", "/npm/space/foo~", "/npm/space/bar$")
    configure(team, "/npm/*", restrictions={"PUBLISH": "BLOCK"})
    configure(team, "/npm/space/*", restrictions={"PUBLISH": "ALLOW"})
    before = describe(team, "/npm/space/*")
    assert children_of(team, "/npm/space/*") == ["/npm/space/bar$", "/npm/space/foo~"]
    gone = team.delete_package_group(domain="team", packageGroup="/npm/space/*")["packageGroup"]
    assert gone == before
    assert children_of(team, "/npm/*") == ["/npm/space/bar$", "/npm/space/foo~"]
    child = describe(team, "/npm/space/foo~")
    assert child["parent"] == {"arn": f"{STEM}/npm/%2a", "pattern": "/npm/*"}
    assert child["originConfiguration"]["restrictions"]["PUBLISH"] == {
        "mode": "INHERIT",
        "effectiveMode": "BLOCK",
        "inheritedFrom": {"arn": f"{STEM}/npm/%2a", "pattern": "/npm/*"},
        "repositoriesCount": 0,
    }
    with pytest.raises(team.exceptions.ResourceNotFoundException):
        describe(team, "/npm/space/*")


@pytest.mark.documented("Working with package groups in CodeArtifact")
def test_root_group_cannot_be_deleted(team: "CodeArtifactClient") -> None:
    """The root group may be modified, but stays."""
    with pytest.raises(ClientError) as refused:
        team.delete_package_group(domain="team", packageGroup=ROOT)
    assert 400 <= status_of(refused) < 500
    assert patterns_of(team) == [ROOT]


@pytest.mark.documented("Tag a package group in CodeArtifact")
def test_tags_go_with_their_group(emulation: Emulation, team: "CodeArtifactClient") -> None:
    """A group made anew under a deleted one's pattern has no tags, configuration or texts."""
    team.create_package_group(
        domain="team",
        packageGroup="/npm/*",
        description="old",
        tags=[{"key": "stage", "value": "test"}],
    )
    configure(team, "/npm/*", restrictions={"PUBLISH": "BLOCK"})
    arn = describe(team, "/npm/*")["arn"]
    team.delete_package_group(domain="team", packageGroup="/npm/*")
    with pytest.raises(team.exceptions.ResourceNotFoundException):
        team.list_tags_for_resource(resourceArn=arn)
    # Policies ask for the tags of an ARN whether or not there is such a group.
    with emulation.emulator._template.store.read() as tx:
        assert tx.tags.of(arn) == {}
    create(team, "/npm/*")
    assert team.list_tags_for_resource(resourceArn=arn)["tags"] == []
    again = describe(team, "/npm/*")
    assert "description" not in again
    assert again["originConfiguration"]["restrictions"]["PUBLISH"]["effectiveMode"] == "ALLOW"


@pytest.mark.documented("DescribePackageGroup")
def test_group_must_be_there(team: "CodeArtifactClient") -> None:
    """Every operation on a group that is not there, or in no domain, is not found."""
    named: Any = {"packageGroup": "/npm/*"}
    calls: list[Callable[..., object]] = [
        team.describe_package_group,
        team.update_package_group,
        team.delete_package_group,
        team.update_package_group_origin_configuration,
        team.list_sub_package_groups,
        team.list_associated_packages,
        lambda **where: team.list_allowed_repositories_for_group(
            originRestrictionType="PUBLISH", **where
        ),
    ]
    for call in calls:
        with pytest.raises(team.exceptions.ResourceNotFoundException) as refused:
            call(domain="team", **named)
        assert refusal(refused)["resourceId"] == "/npm/*"
        assert "'/npm/*'" in refusal(refused)["Error"]["Message"]
        with pytest.raises(team.exceptions.ResourceNotFoundException) as refused:
            call(domain="gone", **named)
        assert refusal(refused)["resourceId"] == "gone"


@pytest.mark.documented("CreatePackageGroup")
def test_domain_must_be_there(client: "CodeArtifactClient") -> None:
    """Without a domain there are no groups, to create, to list or to ask for."""
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        create(client, "/npm/*")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.list_package_groups(domain="team")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_associated_package_group(domain="team", format="npm", package="react")


@pytest.mark.documented("Tagging resources")
def test_too_many_tags_refuse_the_group(
    make_emulation: Callable[[Quotas], Emulation],
) -> None:
    """Nothing is created with more tags than a resource carries."""
    client = make_emulation(Quotas(tags_per_resource=1)).client()
    client.create_domain(domain="team")
    with pytest.raises(client.exceptions.ServiceQuotaExceededException):
        client.create_package_group(
            domain="team",
            packageGroup="/npm/*",
            tags=[{"key": "a", "value": ""}, {"key": "b", "value": ""}],
        )
    assert patterns_of(client) == [ROOT]


# --- Listing -----------------------------------------------------------------------------------


@pytest.mark.documented("ListPackageGroups")
def test_groups_are_listed_by_prefix_and_page(team: "CodeArtifactClient") -> None:
    """A prefix is of the pattern's text; pages together are the whole, with every detail."""
    made = ["/npm/*", "/npm/space/*", "/npm/space/foo~", "/pypi/*"]
    create(team, *made)
    assert patterns_of(team) == [ROOT, *made]
    assert patterns_of(team, prefix="/npm/s") == ["/npm/space/*", "/npm/space/foo~"]
    assert patterns_of(team, prefix="npm") == []
    first = team.list_package_groups(domain="team", maxResults=2)
    assert [group["pattern"] for group in first["packageGroups"]] == [ROOT, "/npm/*"]
    # A change between two pages moves nothing twice and hides nothing.
    team.delete_package_group(domain="team", packageGroup="/npm/*")
    rest = team.list_package_groups(domain="team", nextToken=first["nextToken"])
    assert [group["pattern"] for group in rest["packageGroups"]] == made[1:]
    assert "nextToken" not in rest
    assert rest["packageGroups"][0] == describe(team, "/npm/space/*")


@pytest.mark.documented("ListSubPackageGroups")
def test_only_direct_children_are_listed(team: "CodeArtifactClient") -> None:
    """A group between two others hides the inner one from the outer."""
    create(team, "/npm/space/foo~", "/npm/space/foo-bar$", "/npm/*", "/pypi/*")
    assert children_of(team, ROOT) == ["/npm/*", "/pypi/*"]
    assert children_of(team, "/npm/*") == ["/npm/space/foo~"]
    assert children_of(team, "/npm/space/foo-bar$") == []
    create(team, "/npm/space/*")
    assert children_of(team, "/npm/*") == ["/npm/space/*"]
    assert children_of(team, "/npm/space/*") == ["/npm/space/foo~"]
    page = team.list_sub_package_groups(domain="team", packageGroup=ROOT, maxResults=1)
    assert page["packageGroups"] == [describe(team, "/npm/*")]
    rest = team.list_sub_package_groups(
        domain="team", packageGroup=ROOT, nextToken=page["nextToken"]
    )
    assert rest["packageGroups"] == [describe(team, "/pypi/*")]


# --- Accounts ----------------------------------------------------------------------------------


@pytest.mark.documented("DescribePackageGroup")
def test_groups_belong_to_the_owner_of_the_domain(
    emulation: Emulation, team: "CodeArtifactClient"
) -> None:
    """Without the owner's number a request means a domain of the caller's own account."""
    create(team, "/npm/*")
    stranger = emulation.client(emulation.other_account())
    with pytest.raises(stranger.exceptions.ResourceNotFoundException):
        stranger.describe_package_group(domain="team", packageGroup="/npm/*")
    with pytest.raises(stranger.exceptions.AccessDeniedException) as refused:
        stranger.describe_package_group(domain="team", domainOwner=ACCOUNT, packageGroup="/npm/*")
    assert status_of(refused) == 403
    with pytest.raises(stranger.exceptions.AccessDeniedException) as refused:
        stranger.get_associated_package_group(
            domain="team", domainOwner=ACCOUNT, format="npm", package="react"
        )
    assert f"{STEM}/npm/%2a" in refusal(refused)["Error"]["Message"]
