"""Repositories, their upstreams and external connections, by boto3."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.distributions import make_wheel
from tests.support.emulation import ACCOUNT, REGION, Emulation, Shelf, refusal
from tests.support.repositories import create, status_of, upstreams_of

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

STEM = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}"


@pytest.mark.documented("CreateRepository")
def test_created_repository_is_described_whole(team: "CodeArtifactClient") -> None:
    """Creating answers with every field, upstreams in their order, and describing repeats it."""
    create(team, "base")
    created = create(team, "App.repo_1", "base", "store", description="for the app")
    assert created == {
        "name": "App.repo_1",
        "administratorAccount": ACCOUNT,
        "domainName": "team",
        "domainOwner": ACCOUNT,
        "arn": f"{STEM}:repository/team/App.repo_1",
        "description": "for the app",
        "upstreams": [{"repositoryName": "base"}, {"repositoryName": "store"}],
        "externalConnections": [],
        "createdTime": created["createdTime"],
    }
    described = team.describe_repository(domain="team", repository="App.repo_1")
    assert described["repository"] == created


@pytest.mark.documented("CreateRepository")
def test_repository_without_description_shows_none(team: "CodeArtifactClient") -> None:
    """An unset description is absent, empty lists are not."""
    described = team.describe_repository(domain="team", repository="store")["repository"]
    assert "description" not in described
    assert (described["upstreams"], described["externalConnections"]) == ([], [])


@pytest.mark.documented("CreateRepository")
def test_existing_repository_is_a_conflict(team: "CodeArtifactClient") -> None:
    """Creating twice is refused and says which repository it is."""
    with pytest.raises(team.exceptions.ConflictException) as refused:
        create(team, "store")
    assert refusal(refused)["resourceId"] == "store"
    assert refusal(refused)["resourceType"] == "repository"


@pytest.mark.assumed("repository names keep their case, so these are two")
def test_repository_names_differ_by_case(team: "CodeArtifactClient") -> None:
    """`store` and `Store` are two repositories."""
    assert create(team, "Store")["name"] == "Store"


@pytest.mark.documented("CreateRepository")
@pytest.mark.parametrize("name", ["-store", "my store", "s" * 101, "a/b", "_store"])
def test_bad_repository_name_is_refused(team: "CodeArtifactClient", name: str) -> None:
    """A name that breaks the pattern or the length is a validation error."""
    with pytest.raises(team.exceptions.ValidationException):
        create(team, name)


@pytest.mark.documented("CreateRepository")
def test_repository_needs_its_domain(team: "CodeArtifactClient") -> None:
    """Every operation on a repository of a missing domain says that the domain is missing."""
    gone: dict[str, Any] = {"domain": "gone", "repository": "store"}
    for call in (
        team.create_repository,
        team.describe_repository,
        team.update_repository,
        team.delete_repository,
        team.list_packages,
    ):
        with pytest.raises(team.exceptions.ResourceNotFoundException) as refused:
            call(**gone)
        assert refusal(refused)["resourceType"] == "domain"


@pytest.mark.documented("DescribeRepository")
def test_missing_repository_is_not_found(team: "CodeArtifactClient") -> None:
    """Every operation on a missing repository says which one is missing."""
    gone: dict[str, Any] = {"domain": "team", "repository": "gone"}
    calls: list[tuple[Any, dict[str, str]]] = [
        (team.describe_repository, {}),
        (team.update_repository, {"description": "x"}),
        (team.delete_repository, {}),
        (team.list_packages, {}),
        (team.get_repository_endpoint, {"format": "pypi"}),
        (team.associate_external_connection, {"externalConnection": "public:pypi"}),
        (team.disassociate_external_connection, {"externalConnection": "public:pypi"}),
    ]
    for call, more in calls:
        with pytest.raises(team.exceptions.ResourceNotFoundException) as refused:
            call(**gone, **more)
        assert status_of(refused) == 404
        assert refusal(refused)["resourceId"] == "gone"
        assert refusal(refused)["resourceType"] == "repository"


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_repositories_of_a_domain_have_a_quota(
    make_emulation: Callable[[Quotas], Emulation],
) -> None:
    """The quota counts within a domain."""
    team = make_emulation(Quotas(repositories_per_domain=2)).client()
    for domain in ("team", "other"):
        team.create_domain(domain=domain)
        team.create_repository(domain=domain, repository="one")
    create(team, "two")
    with pytest.raises(team.exceptions.ServiceQuotaExceededException) as refused:
        create(team, "three")
    assert status_of(refused) == 402


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_eleventh_upstream_is_refused(team: "CodeArtifactClient") -> None:
    """Ten direct upstreams are taken, eleven are not, neither when created nor when updated."""
    names = [f"base-{number}" for number in range(11)]
    for name in names:
        create(team, name)
    create(team, "app", *names[:10])
    assert upstreams_of(team, "app") == names[:10]
    refused_kinds = (
        team.exceptions.ServiceQuotaExceededException,
        team.exceptions.ValidationException,
    )
    with pytest.raises(refused_kinds):
        create(team, "other", *names)
    with pytest.raises(refused_kinds):
        team.update_repository(
            domain="team", repository="app", upstreams=[{"repositoryName": n} for n in names]
        )
    assert upstreams_of(team, "app") == names[:10]


@pytest.mark.assumed("the error of an unknown upstream is not documented")
def test_unknown_upstream_is_not_found(team: "CodeArtifactClient") -> None:
    """An upstream must exist, and nothing is made without it."""
    with pytest.raises(team.exceptions.ResourceNotFoundException) as refused:
        create(team, "app", "gone")
    assert refusal(refused)["resourceId"] == "gone"
    listed = team.list_repositories()["repositories"]
    assert [repository["name"] for repository in listed] == ["store"]


@pytest.mark.assumed("a repository that searches itself makes no sense")
def test_repository_cannot_be_its_own_upstream(team: "CodeArtifactClient") -> None:
    """Neither its own name nor one name twice is a list of upstreams."""
    for names in (["store"], ["base", "base"]):
        with pytest.raises(
            (
                team.exceptions.ValidationException,
                team.exceptions.ResourceNotFoundException,
            )
        ):
            team.update_repository(
                domain="team",
                repository="store",
                upstreams=[{"repositoryName": name} for name in names],
            )


@pytest.mark.documented("UpdateRepository")
def test_absent_members_of_an_update_stay(team: "CodeArtifactClient") -> None:
    """What an update does not name is left as it is."""
    create(team, "app", "store", description="old")
    team.update_repository(domain="team", repository="app", description="new")
    assert upstreams_of(team, "app") == ["store"]
    updated = team.update_repository(domain="team", repository="app", upstreams=[])
    assert updated["repository"]["description"] == "new"
    assert updated["repository"]["upstreams"] == []


@pytest.mark.documented("Add or remove upstream repositories")
def test_list_of_upstreams_replaces_the_old_one(team: "CodeArtifactClient") -> None:
    """A new list is the whole list, in its own order."""
    create(team, "base")
    create(team, "app", "store")
    team.update_repository(
        domain="team",
        repository="app",
        upstreams=[{"repositoryName": "base"}, {"repositoryName": "store"}],
    )
    assert upstreams_of(team, "app") == ["base", "store"]


@pytest.mark.documented("DeleteRepository")
def test_deleted_repository_is_described_once_more(team: "CodeArtifactClient") -> None:
    """Deleting answers with the description; the name is free and empty afterwards."""
    described = team.describe_repository(domain="team", repository="store")["repository"]
    assert team.delete_repository(domain="team", repository="store")["repository"] == described
    again = create(team, "store")
    assert again["createdTime"] >= described["createdTime"]


@pytest.mark.documented("Delete a repository")
def test_packages_go_with_their_repository(team: "CodeArtifactClient", shelf: Shelf) -> None:
    """A repository made anew under the name of a deleted one is empty."""
    assert shelf.upload(make_wheel()).status == 200
    team.delete_repository(domain="team", repository="store")
    create(team, "store")
    assert team.list_packages(domain="team", repository="store")["packages"] == []
    assert shelf.get("simple/demo/").status == 404


@pytest.mark.documented("ListRepositories")
def test_repositories_are_listed_as_summaries(team: "CodeArtifactClient") -> None:
    """A summary has neither upstreams nor connections."""
    created = create(team, "app", "store", description="for the app")
    summary = {
        name: value
        for name, value in created.items()
        if name not in {"upstreams", "externalConnections"}
    }
    assert team.list_repositories(repositoryPrefix="ap")["repositories"] == [summary]
    listed = team.list_repositories_in_domain(domain="team", repositoryPrefix="ap")
    assert listed["repositories"] == [summary]


@pytest.mark.documented("ListRepositories")
def test_lists_differ_in_what_they_cover(team: "CodeArtifactClient") -> None:
    """One lists the account's repositories of every domain, the other those of one domain."""
    team.create_domain(domain="other")
    team.create_repository(domain="other", repository="store")
    whole = [(r["domainName"], r["name"]) for r in team.list_repositories()["repositories"]]
    assert sorted(whole) == [("other", "store"), ("team", "store")]
    ours = team.list_repositories_in_domain(domain="team", administratorAccount=ACCOUNT)
    assert [r["domainName"] for r in ours["repositories"]] == ["team"]
    theirs = team.list_repositories_in_domain(domain="team", administratorAccount="444455556666")
    assert theirs["repositories"] == []


@pytest.mark.documented("List repositories")
def test_page_of_repositories_has_fifty(team: "CodeArtifactClient") -> None:
    """Unless the request says how many; a token leads to the rest."""
    for number in range(50):
        create(team, f"repo-{number}")
    lists: list[Any] = [
        team.list_repositories,
        partial(team.list_repositories_in_domain, domain="team"),
    ]
    for listed in lists:
        first = listed()
        assert len(first["repositories"]) == 50
        assert len(listed(nextToken=first["nextToken"])["repositories"]) == 1


@pytest.mark.documented("ListRepositoriesInDomain")
@pytest.mark.parametrize("operation", ["list_repositories", "list_repositories_in_domain"])
def test_repositories_are_listed_in_pages(team: "CodeArtifactClient", operation: str) -> None:
    """The pages together are the whole."""
    for number in range(4):
        create(team, f"repo-{number}")
    where = {"domain": "team"} if operation == "list_repositories_in_domain" else {}
    paginator = team.get_paginator(operation)  # type: ignore[call-overload]  # two of its words
    pages = list(paginator.paginate(**where, PaginationConfig={"PageSize": 2}))
    assert [len(page["repositories"]) for page in pages] == [2, 2, 1]
    names = sorted(repository["name"] for page in pages for repository in page["repositories"])
    assert names == ["repo-0", "repo-1", "repo-2", "repo-3", "store"]


@pytest.mark.observed("terraform-provider-aws issue 31092")
def test_deleted_upstream_breaks_its_downstream_until_updated(
    make_broken: Callable[[], tuple[Shelf, "CodeArtifactClient"]],
) -> None:
    """The endpoint says so until UpdateRepository is called, also when the name is back."""
    shelf, team = make_broken()
    broken = shelf.get("simple/other/")
    assert broken.status >= 400
    assert broken.message.startswith(
        "A repository referenced in your upstream graph no longer exists."
        " To fix this issue, use the UpdateRepository API"
    )
    create(team, "base")
    assert shelf.get("simple/other/").message == broken.message
    team.update_repository(domain="team", repository="app")
    assert upstreams_of(team, "app") == ["base"]
    assert shelf.get("simple/other/").status == 404


@pytest.mark.observed("terraform-provider-aws issue 31092")
def test_deleted_upstream_can_be_dropped(
    make_broken: Callable[[], tuple[Shelf, "CodeArtifactClient"]],
) -> None:
    """An update with another list mends the downstream repository as well."""
    shelf, team = make_broken()
    team.update_repository(domain="team", repository="app", upstreams=[])
    assert shelf.get("simple/other/").status == 404


@pytest.fixture
def make_broken(
    team: "CodeArtifactClient", emulation: Emulation
) -> Callable[[], tuple[Shelf, "CodeArtifactClient"]]:
    """Make the repository `app` and delete its upstream `base`."""

    def make() -> tuple[Shelf, "CodeArtifactClient"]:
        create(team, "base")
        create(team, "app", "base")
        team.delete_repository(domain="team", repository="base")
        token = team.get_authorization_token(domain="team")["authorizationToken"]
        return Shelf(emulation, "team", "app", token), team

    return make


@pytest.fixture
def shelf(team: "CodeArtifactClient", emulation: Emulation) -> Shelf:
    """The endpoint of `store`."""
    token = team.get_authorization_token(domain="team")["authorizationToken"]
    return Shelf(emulation, "team", "store", token)
