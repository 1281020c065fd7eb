"""The origin configuration of package groups by boto3: modes, inheritance, allowed repositories."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.emulation import refusal
from tests.support.package_groups import ROOT, SPECIFIC, configure, create, describe, entry

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient


def modes_of(client: "CodeArtifactClient", pattern: str) -> dict[str, tuple[str, str, str | None]]:
    """Of each restriction the mode, the effective mode, and where that is inherited from."""
    restrictions = describe(client, pattern)["originConfiguration"]["restrictions"]
    return {
        way: (each["mode"], each["effectiveMode"], each.get("inheritedFrom", {}).get("pattern"))
        for way, each in restrictions.items()
    }


@pytest.mark.documented("PackageGroupOriginRestriction")
def test_settings_are_inherited_from_the_first_that_has_one(team: "CodeArtifactClient") -> None:
    """Each restriction looks upwards alone, past all groups that inherit it themselves."""
    create(team, "/npm/*", "/npm/space/*", "/npm/space/foo~")
    configure(team, ROOT, restrictions={"INTERNAL_UPSTREAM": "BLOCK"})
    configure(team, "/npm/*", restrictions={"PUBLISH": "BLOCK"})
    configure(team, "/npm/space/*", restrictions={"EXTERNAL_UPSTREAM": "BLOCK"})
    assert modes_of(team, "/npm/space/foo~") == {
        "PUBLISH": ("INHERIT", "BLOCK", "/npm/*"),
        "EXTERNAL_UPSTREAM": ("INHERIT", "BLOCK", "/npm/space/*"),
        "INTERNAL_UPSTREAM": ("INHERIT", "BLOCK", ROOT),
    }
    assert modes_of(team, "/npm/*")["PUBLISH"] == ("BLOCK", "BLOCK", None)
    configure(team, "/npm/space/foo~", restrictions={"PUBLISH": "ALLOW"})
    assert modes_of(team, "/npm/space/foo~")["PUBLISH"] == ("ALLOW", "ALLOW", None)
    configure(team, "/npm/space/foo~", restrictions={"PUBLISH": "INHERIT"})
    assert modes_of(team, "/npm/space/foo~")["PUBLISH"] == ("INHERIT", "BLOCK", "/npm/*")


@pytest.mark.assumed("nothing is above the root group; the error is not documented")
def test_root_group_cannot_inherit(team: "CodeArtifactClient") -> None:
    """The root group takes any mode but INHERIT, and a refused request changes nothing."""
    configure(team, ROOT, restrictions={"PUBLISH": "BLOCK"})
    with pytest.raises(team.exceptions.ValidationException):
        configure(team, ROOT, restrictions={"PUBLISH": "INHERIT", "EXTERNAL_UPSTREAM": "BLOCK"})
    assert modes_of(team, ROOT) == {
        "PUBLISH": ("BLOCK", "BLOCK", None),
        "EXTERNAL_UPSTREAM": ("ALLOW", "ALLOW", None),
        "INTERNAL_UPSTREAM": ("ALLOW", "ALLOW", None),
    }


@pytest.mark.documented("Package group origin controls")
def test_lists_of_allowed_repositories_are_edited(team: "CodeArtifactClient") -> None:
    """The example of the page, whose second repository is added and removed at once."""
    for name in ("my_repo", "my_repo2"):
        team.create_repository(domain="team", repository=name)
    create(team, "/nuget/*")
    modes = {
        "PUBLISH": "BLOCK",
        "EXTERNAL_UPSTREAM": SPECIFIC,
        "INTERNAL_UPSTREAM": SPECIFIC,
    }
    updates = configure(
        team,
        "/nuget/*",
        restrictions=modes,
        addAllowedRepositories=[
            entry("INTERNAL_UPSTREAM", "my_repo"),
            entry("INTERNAL_UPSTREAM", "my_repo2"),
        ],
        removeAllowedRepositories=[entry("INTERNAL_UPSTREAM", "my_repo2")],
    )
    assert updates == {"INTERNAL_UPSTREAM": {"ADDED": ["my_repo"]}}
    restrictions = describe(team, "/nuget/*")["originConfiguration"]["restrictions"]
    counts = {way: each["repositoriesCount"] for way, each in restrictions.items()}
    assert counts == {"PUBLISH": 0, "EXTERNAL_UPSTREAM": 0, "INTERNAL_UPSTREAM": 1}
    updates = configure(
        team,
        "/nuget/*",
        addAllowedRepositories=[
            entry("EXTERNAL_UPSTREAM", "store"),
            entry("INTERNAL_UPSTREAM", "store"),
        ],
        removeAllowedRepositories=[entry("INTERNAL_UPSTREAM", "my_repo")],
    )
    assert updates == {
        "EXTERNAL_UPSTREAM": {"ADDED": ["store"]},
        "INTERNAL_UPSTREAM": {"ADDED": ["store"], "REMOVED": ["my_repo"]},
    }
    # The request is idempotent (MODEL), so what is there already is no change.
    again = configure(
        team, "/nuget/*", addAllowedRepositories=[entry("EXTERNAL_UPSTREAM", "store")]
    )
    assert again == {}


@pytest.mark.documented("Package group origin controls")
def test_only_a_setting_for_specific_repositories_has_a_list(team: "CodeArtifactClient") -> None:
    """A list comes and goes with its setting; without one nothing can be added."""
    create(team, "/npm/*")
    entries = [entry("PUBLISH", "store")]
    for mode in ("ALLOW", "BLOCK", "INHERIT"):
        with pytest.raises(team.exceptions.ValidationException) as refused:
            configure(
                team, "/npm/*", restrictions={"PUBLISH": mode}, addAllowedRepositories=entries
            )
        assert mode in refusal(refused)["Error"]["Message"]
    specific = {"PUBLISH": SPECIFIC}
    configure(team, "/npm/*", restrictions=specific, addAllowedRepositories=entries)
    updates = configure(team, "/npm/*", restrictions={"PUBLISH": "ALLOW"})
    assert updates == {"PUBLISH": {"REMOVED": ["store"]}}
    configure(team, "/npm/*", restrictions=specific)
    listed = team.list_allowed_repositories_for_group(
        domain="team", packageGroup="/npm/*", originRestrictionType="PUBLISH"
    )
    assert listed["allowedRepositories"] == []


@pytest.mark.documented("ListAllowedRepositoriesForGroup")
def test_allowed_repositories_are_listed_by_restriction(team: "CodeArtifactClient") -> None:
    """Names in pages, of one restriction and of this group alone."""
    names = [f"repo-{number}" for number in range(3)]
    for name in names:
        team.create_repository(domain="team", repository=name)
    create(team, "/npm/*", "/npm/space/*")
    configure(
        team,
        "/npm/*",
        restrictions=dict.fromkeys(("PUBLISH", "EXTERNAL_UPSTREAM"), SPECIFIC),
        addAllowedRepositories=[
            *(entry("PUBLISH", name) for name in names),
            entry("EXTERNAL_UPSTREAM", "store"),
        ],
    )

    def listed(pattern: str, way: Any) -> list[list[str]]:  # noqa: ANN401 - a literal of boto3's
        pages = team.get_paginator("list_allowed_repositories_for_group").paginate(
            domain="team",
            packageGroup=pattern,
            originRestrictionType=way,
            PaginationConfig={"PageSize": 2},
        )
        return [page["allowedRepositories"] for page in pages]

    assert listed("/npm/*", "PUBLISH") == [names[:2], names[2:]]
    assert listed("/npm/*", "EXTERNAL_UPSTREAM") == [["store"]]
    assert listed("/npm/*", "INTERNAL_UPSTREAM") == listed("/npm/space/*", "PUBLISH") == [[]]


@pytest.mark.assumed(
    "an allowed repository must exist, and be named whole; the errors are not known"
)
def test_allowed_repository_must_be_there(team: "CodeArtifactClient") -> None:
    """A missing repository is not found, half an entry not valid, and nothing of it is kept."""
    create(team, "/npm/*")
    modes = {"PUBLISH": SPECIFIC}
    with pytest.raises(team.exceptions.ResourceNotFoundException) as refused:
        configure(
            team,
            "/npm/*",
            restrictions=modes,
            addAllowedRepositories=[entry("PUBLISH", "store"), entry("PUBLISH", "gone")],
        )
    assert refusal(refused)["resourceId"] == "gone"
    for half in ({"repositoryName": "store"}, {"originRestrictionType": "PUBLISH"}):
        with pytest.raises(team.exceptions.ValidationException):
            configure(team, "/npm/*", restrictions=modes, addAllowedRepositories=[half])
    assert modes_of(team, "/npm/*")["PUBLISH"] == ("INHERIT", "ALLOW", ROOT)


@pytest.mark.assumed("AWS's own client sends at most 100 changes a request; the error is not known")
def test_request_names_at_most_a_hundred_repositories(team: "CodeArtifactClient") -> None:
    """Additions and removals count together; with one more the request changes nothing."""
    create(team, "/npm/*")
    modes = {"PUBLISH": SPECIFIC}
    some, removed = [entry("PUBLISH", "store")] * 60, [entry("PUBLISH", "other")] * 41
    with pytest.raises(team.exceptions.ValidationException):
        configure(
            team,
            "/npm/*",
            restrictions=modes,
            addAllowedRepositories=some,
            removeAllowedRepositories=removed,
        )
    assert modes_of(team, "/npm/*")["PUBLISH"] == ("INHERIT", "ALLOW", ROOT)
    updates = configure(
        team,
        "/npm/*",
        restrictions=modes,
        addAllowedRepositories=some,
        removeAllowedRepositories=removed[:40],
    )
    assert updates == {"PUBLISH": {"ADDED": ["store"]}}


@pytest.mark.documented("UpdatePackageGroupOriginConfiguration")
@pytest.mark.parametrize("restrictions", [{"PULL": "ALLOW"}, {"PUBLISH": "FORBID"}])
def test_unknown_word_for_a_setting_is_refused(
    team: "CodeArtifactClient",
    restrictions: Any,  # noqa: ANN401 - what boto3 would not let
) -> None:
    """Restrictions and modes are those of the model."""
    with pytest.raises(team.exceptions.ValidationException):
        configure(team, ROOT, restrictions=restrictions)


@pytest.mark.assumed("what becomes of a deleted repository's name in a list is not documented")
def test_name_of_a_deleted_repository_stays_until_removed(team: "CodeArtifactClient") -> None:
    """A name can be taken off a list when there is no such repository any more."""
    create(team, "/npm/*")
    configure(
        team,
        "/npm/*",
        restrictions={"PUBLISH": SPECIFIC},
        addAllowedRepositories=[entry("PUBLISH", "store")],
    )
    team.delete_repository(domain="team", repository="store")
    restrictions = describe(team, "/npm/*")["originConfiguration"]["restrictions"]
    assert restrictions["PUBLISH"]["repositoriesCount"] == 1
    updates = configure(team, "/npm/*", removeAllowedRepositories=[entry("PUBLISH", "store")])
    assert updates == {"PUBLISH": {"REMOVED": ["store"]}}
