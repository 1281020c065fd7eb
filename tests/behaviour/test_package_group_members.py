"""Which packages belong to which package group, by boto3."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.distributions import make_wheel
from tests.support.emulation import Shelf
from tests.support.package_groups import ROOT, create, describe, patterns_of

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient


def group_of(client: "CodeArtifactClient", path: str) -> tuple[str, str]:
    """The pattern of a package's group, and how strongly it belongs there."""
    _, word, namespace, name = path.split("/")
    asked: Any = {"format": word, "package": name}
    if namespace:
        asked["namespace"] = namespace
    answer = client.get_associated_package_group(domain="team", **asked)
    return answer["packageGroup"]["pattern"], answer["associationType"]


def packages_of(
    client: "CodeArtifactClient", pattern: str, *, preview: bool = False
) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_associated_packages").paginate(
        domain="team", packageGroup=pattern, preview=preview
    )
    return [dict(package) for page in pages for package in page["packages"]]


@pytest.mark.documented("GetAssociatedPackageGroup")
def test_package_needs_not_exist_to_have_a_group(team: "CodeArtifactClient") -> None:
    """Every package, in a repository or not, has one group: the most specific that matches."""
    create(team, "/npm/*", "/npm/space/*", "/maven/com.anycompany~", "/pypi//requests$")
    assert group_of(team, "/npm//react") == ("/npm/*", "STRONG")
    assert group_of(team, "/npm/space/aui.components") == ("/npm/space/*", "STRONG")
    assert group_of(team, "/npm/space/amplify-ui-core") == ("/npm/space/*", "STRONG")
    assert group_of(team, "/maven/com.anycompany.team/x") == ("/maven/com.anycompany~", "STRONG")
    assert group_of(team, "/maven/com.anycompanies/x") == (ROOT, "STRONG")
    assert group_of(team, "/pypi//requests") == ("/pypi//requests$", "STRONG")
    assert group_of(team, "/pypi//requests-foo") == (ROOT, "STRONG")
    answer = team.get_associated_package_group(domain="team", format="npm", package="react")
    assert answer["packageGroup"] == describe(team, "/npm/*")


@pytest.mark.documented("Package group definition syntax and matching behavior")
def test_variation_of_a_pattern_belongs_weakly(team: "CodeArtifactClient") -> None:
    """Case and kinds of separators make variations; a group for one of them makes it exact."""
    create(team, "/npm/*", "/npm//anycompany-spicy-client$")
    spicy = "/npm//anycompany-spicy-client$"
    assert group_of(team, "/npm//anycompany-spicy-client") == (spicy, "STRONG")
    for name in ("AnyCompany-spicy-client", "anycompany.spicy_client", "ANYCOMPANY--spicy-client"):
        assert group_of(team, f"/npm//{name}") == (spicy, "WEAK")
    assert group_of(team, "/npm//anycompanyspicyclient") == ("/npm/*", "STRONG")
    create(team, "/npm//AnyCompany-spicy-client$")
    own = ("/npm//AnyCompany-spicy-client$", "STRONG")
    assert group_of(team, "/npm//AnyCompany-spicy-client") == own


@pytest.mark.documented("GetAssociatedPackageGroup")
def test_namespace_must_fit_the_format(team: "CodeArtifactClient") -> None:
    """Maven, Swift and generic packages have one; Python, NuGet, Ruby and Cargo packages none."""
    for path in ("/maven//x", "/swift//x", "/generic//x", "/pypi/s/x", "/cargo/s/x"):
        with pytest.raises(team.exceptions.ValidationException):
            group_of(team, path)
    with pytest.raises(team.exceptions.ValidationException):
        group_of(team, "/python//requests")


@pytest.mark.documented("ListAssociatedPackages")
def test_packages_of_a_group_are_listed(
    make_shelf: Callable[..., Shelf], client: "CodeArtifactClient"
) -> None:
    """Packages of all repositories, each once; those of a child group are the child's."""
    one, other = make_shelf("one"), make_shelf("other")
    for name in ("demo", "demo-more", "else"):
        assert one.upload(make_wheel(name)).status == 200
    assert other.upload(make_wheel("demo")).status == 200
    assert other.upload(make_wheel("zoo")).status == 200
    create(client, "/pypi/*", "/pypi//demo~")

    def shown(*names: str) -> list[dict[str, Any]]:
        common = {"format": "pypi", "associationType": "STRONG"}
        return [{**common, "package": name} for name in names]

    assert packages_of(client, "/pypi//demo~") == shown("demo", "demo-more")
    assert packages_of(client, "/pypi/*") == shown("else", "zoo")
    assert packages_of(client, ROOT) == []
    client.delete_package_group(domain="team", packageGroup="/pypi//demo~")
    assert packages_of(client, "/pypi/*") == shown("demo", "demo-more", "else", "zoo")
    first = client.list_associated_packages(domain="team", packageGroup="/pypi/*", maxResults=3)
    rest = client.list_associated_packages(
        domain="team", packageGroup="/pypi/*", nextToken=first["nextToken"]
    )
    assert [len(first["packages"]), len(rest["packages"])] == [3, 1]


@pytest.mark.documented("ListAssociatedPackages")
def test_preview_shows_what_a_group_would_have(shelf: Shelf, client: "CodeArtifactClient") -> None:
    """A pattern without a group is tried on the packages there are; nothing is created."""
    for name in ("demo", "demo-more", "demos"):
        assert shelf.upload(make_wheel(name)).status == 200
    names = [each["package"] for each in packages_of(client, "/pypi//demo~", preview=True)]
    assert names == ["demo", "demo-more"]
    assert patterns_of(client) == [ROOT]
    create(client, "/pypi//demo~")
    names = [each["package"] for each in packages_of(client, "/pypi//demo~", preview=True)]
    assert names == ["demo", "demo-more"]
    assert packages_of(client, "/npm/*", preview=True) == []
    with pytest.raises(client.exceptions.ValidationException):
        packages_of(client, "/pypi/demo", preview=True)
