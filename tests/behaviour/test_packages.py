"""What the API tells about packages that were published."""

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.distributions import make_sdist, make_wheel
from tests.support.emulation import Shelf, refusal
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

HEADERS = (
    "Summary: A demonstration",
    "Home-page: https://demo.example/",
    "Project-URL: Source, https://git.example/demo",
    "License-Expression: MIT",
    "Requires-Dist: Left_Pad>=1.3,<2",
    "Requires-Dist: right",
    'Requires-Dist: wide[all]~=2.0; python_version < "3.12"',
    "Description-Content-Type: text/markdown",
)
WHEEL = make_wheel("PyDemo", "1.0", headers=HEADERS, readme="# Demo\n\nGrüße.\n")
SDIST = make_sdist("PyDemo", "1.0", headers=HEADERS)
STORE: Any = {"domain": "team", "repository": "store"}
DEMO: Any = {**STORE, "format": "pypi", "package": "pydemo"}
DEMO_1: Any = {**DEMO, "packageVersion": "1.0"}
ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}
INTERNAL = {"originType": "INTERNAL", "domainEntryPoint": {"repositoryName": "store"}}


@pytest.fixture
def published(shelf: Shelf) -> Shelf:
    """The repository with a wheel and an sdist of one version."""
    for distribution in (WHEEL, SDIST):
        assert shelf.upload(distribution).status == 200
    return shelf


def trimmed(response: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in response.items() if key != "ResponseMetadata"}


@pytest.mark.documented("List package names")
def test_package_is_listed_with_its_origin_controls(
    client: "CodeArtifactClient", published: Shelf
) -> None:
    """A first publish allows publishing and blocks upstream; the name is the normalised one."""
    assert published.repository == "store"
    controls = {"restrictions": {"publish": "ALLOW", "upstream": "BLOCK"}}
    assert client.list_packages(**STORE)["packages"] == [
        {"format": "pypi", "package": "pydemo", "originConfiguration": controls}
    ]
    assert client.describe_package(**DEMO)["package"] == {
        "format": "pypi",
        "name": "pydemo",
        "originConfiguration": controls,
    }


@pytest.mark.documented("ListPackages")
def test_packages_are_filtered(client: "CodeArtifactClient", published: Shelf) -> None:
    """Format, prefix and origin controls narrow the list."""
    assert published.upload(make_wheel("other")).status == 200

    def names(**filters: str) -> list[str]:
        return [item["package"] for item in client.list_packages(**STORE | filters)["packages"]]

    assert names() == ["other", "pydemo"]
    assert names(packagePrefix="py") == ["pydemo"]
    assert names(format="npm") == []
    assert names(publish="ALLOW", upstream="BLOCK") == ["other", "pydemo"]
    assert names(upstream="ALLOW") == []


@pytest.mark.documented("List package names")
def test_namespace_without_format_is_refused(
    client: "CodeArtifactClient", published: Shelf
) -> None:
    """A namespace means something only together with a format."""
    assert published.repository == "store"
    with pytest.raises(client.exceptions.ValidationException):
        client.list_packages(**STORE, namespace="x")
    with pytest.raises(client.exceptions.ValidationException):
        client.describe_package(**DEMO, namespace="x")


@pytest.mark.documented("List package names")
def test_packages_are_listed_by_the_hundred(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """A page holds 100 packages unless asked otherwise; the pages together are the whole."""
    for number in range(101):
        assert shelf.upload(make_wheel(f"demo{number:03}")).status == 200
    first = client.list_packages(**STORE)
    rest = client.list_packages(**STORE, nextToken=first["nextToken"])
    assert [len(first["packages"]), len(rest["packages"])] == [100, 1]
    names = {item["package"] for item in [*first["packages"], *rest["packages"]]}
    assert names == {f"demo{number:03}" for number in range(101)}
    assert "nextToken" not in rest


@pytest.mark.documented("List package versions")
def test_version_is_listed_and_described(client: "CodeArtifactClient", published: Shelf) -> None:
    """What the metadata of the first file says is what the API shows."""
    assert published.repository == "store"
    described = client.describe_package_version(**DEMO_1)["packageVersion"]
    assert described == {
        "format": "pypi",
        "packageName": "pydemo",
        "displayName": "PyDemo",
        "version": "1.0",
        "summary": "A demonstration",
        "homePage": "https://demo.example/",
        "sourceCodeRepository": "https://git.example/demo",
        "publishedTime": described["publishedTime"],
        "licenses": [{"name": "MIT"}],
        "revision": described["revision"],
        "status": "Published",
        "origin": INTERNAL,
    }
    assert trimmed(client.list_package_versions(**DEMO)) == {
        "format": "pypi",
        "package": "pydemo",
        "defaultDisplayVersion": "1.0",
        "versions": [
            {
                "version": "1.0",
                "revision": described["revision"],
                "status": "Published",
                "origin": INTERNAL,
            }
        ],
    }


@pytest.mark.documented("List package versions")
def test_versions_are_listed_by_the_fifty(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """A page holds 50 versions unless asked otherwise."""
    for number in range(51):
        assert shelf.upload(make_wheel("pydemo", f"1.{number}")).status == 200
    first = client.list_package_versions(**DEMO)
    rest = client.list_package_versions(**DEMO, nextToken=first["nextToken"])
    assert [len(first["versions"]), len(rest["versions"])] == [50, 1]
    assert len({v["version"] for v in [*first["versions"], *rest["versions"]]}) == 51
    assert first["defaultDisplayVersion"] == rest["defaultDisplayVersion"] == "1.50"


@pytest.mark.documented("ListPackageVersions")
def test_versions_are_sorted_by_time_of_publishing(
    client: "CodeArtifactClient", shelf: Shelf
) -> None:
    """`PUBLISHED_TIME` puts the newest first, whatever its number; pages keep that order."""
    for version in ("2.0", "10.0", "1.0"):
        assert shelf.upload(make_wheel("pydemo", version)).status == 200
        shelf.emulation.travel(1)
    pages = client.get_paginator("list_package_versions").paginate(
        **DEMO, sortBy="PUBLISHED_TIME", PaginationConfig={"PageSize": 1}
    )
    assert [v["version"] for page in pages for v in page["versions"]] == ["1.0", "10.0", "2.0"]


@pytest.mark.documented("List package versions")
def test_default_version_came_last(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """The most recently published one of those that are Published, whatever its number."""
    for version in ("9.0", "10.0", "9.1", "11.0"):
        assert shelf.upload(make_wheel("pydemo", version)).status == 200
    client.update_package_versions_status(**DEMO, versions=["11.0"], targetStatus="Archived")
    assert client.list_package_versions(**DEMO)["defaultDisplayVersion"] == "9.1"


@pytest.mark.documented("ListPackageVersions")
def test_versions_are_filtered(client: "CodeArtifactClient", published: Shelf) -> None:
    """Status and origin narrow the list."""
    assert published.repository == "store"

    def count(**filters: str) -> int:
        return len(client.list_package_versions(**DEMO | filters)["versions"])

    assert count(status="Published", originType="INTERNAL") == 1
    assert count(status="Archived") == count(originType="EXTERNAL") == 0


@pytest.mark.documented("List package version assets")
def test_assets_are_listed_with_their_hashes(
    client: "CodeArtifactClient", published: Shelf
) -> None:
    """Each file with its size and four hashes."""
    assert published.repository == "store"
    listed = client.list_package_version_assets(**DEMO_1)
    revision = client.describe_package_version(**DEMO_1)["packageVersion"]["revision"]
    expected = [
        {
            "name": distribution.filename,
            "size": len(distribution.content),
            "hashes": {
                name: hashlib.new(algorithm, distribution.content).hexdigest()
                for name, algorithm in ALGORITHMS.items()
            },
        }
        for distribution in (WHEEL, SDIST)
    ]
    assert trimmed(listed) == {
        "format": "pypi",
        "package": "pydemo",
        "version": "1.0",
        "versionRevision": revision,
        "assets": expected,
    }
    pages = client.get_paginator("list_package_version_assets").paginate(
        **DEMO_1, PaginationConfig={"PageSize": 1}
    )
    assert [asset for page in pages for asset in page["assets"]] == expected


@pytest.mark.documented("GetPackageVersionAsset")
def test_asset_is_read_through_the_api(client: "CodeArtifactClient", published: Shelf) -> None:
    """The bytes come raw, what they are of in headers."""
    assert published.repository == "store"
    revision = client.describe_package_version(**DEMO_1)["packageVersion"]["revision"]
    choices: list[Any] = [{}, {"packageVersionRevision": revision}]
    for more in choices:
        got = client.get_package_version_asset(**DEMO_1, asset=SDIST.filename, **more)
        assert got["asset"].read() == SDIST.content
        assert got["assetName"] == SDIST.filename
        assert got["packageVersion"] == "1.0"
        assert got["packageVersionRevision"] == revision


@pytest.mark.assumed("which of its declared errors the service gives is not documented")
def test_asset_of_another_revision_is_refused(
    client: "CodeArtifactClient", published: Shelf
) -> None:
    """A revision that is not the current one gets no bytes."""
    assert published.repository == "store"
    with pytest.raises(
        (client.exceptions.ConflictException, client.exceptions.ResourceNotFoundException)
    ):
        client.get_package_version_asset(
            **DEMO_1, asset=SDIST.filename, packageVersionRevision="old"
        )


@pytest.mark.documented("GetPackageVersionReadme")
def test_readme_is_the_description_of_the_metadata(
    client: "CodeArtifactClient", published: Shelf
) -> None:
    """The readme comes as published; a version without one is not found."""
    assert published.upload(make_wheel("bare")).status == 200
    readme = client.get_package_version_readme(**DEMO_1)
    assert readme["readme"].strip() == "# Demo\n\nGrüße."
    assert (readme["format"], readme["package"], readme["version"]) == ("pypi", "pydemo", "1.0")
    described = client.describe_package_version(**DEMO_1)["packageVersion"]
    assert readme["versionRevision"] == described["revision"]


@pytest.mark.documented("ListPackageVersionDependencies")
def test_dependencies_are_those_of_the_metadata(
    client: "CodeArtifactClient", published: Shelf
) -> None:
    """Direct dependencies with their requirement, as the model says they are typed."""
    assert published.repository == "store"
    found = client.list_package_version_dependencies(**DEMO_1)["dependencies"]
    assert [(d["package"], d["dependencyType"]) for d in found] == [
        ("left-pad", "Requires-Dist"),
        ("right", "Requires-Dist"),
        ("wide", "Requires-Dist"),
    ]
    assert set(found[0]["versionRequirement"].split(",")) == {">=1.3", "<2"}
    assert found[2]["versionRequirement"].startswith("~=2.0")


@pytest.mark.documented("AWS CodeArtifact concepts")
def test_another_file_changes_the_revision(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """A revision stands for exactly these files: the same again changes nothing, more does."""

    def revision() -> str:
        return client.describe_package_version(**DEMO_1)["packageVersion"]["revision"]

    assert shelf.upload(WHEEL).status == 200
    first = revision()
    assert shelf.upload(WHEEL).status == 200
    assert revision() == first
    assert shelf.upload(SDIST).status == 200
    assert revision() != first


@pytest.mark.observed("prowler issue 2136")
def test_versions_of_a_missing_package_are_not_found(
    client: "CodeArtifactClient", shelf: Shelf
) -> None:
    """The refusal names format, package and repository."""
    assert shelf.repository == "store"
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.list_package_versions(**DEMO)
    response = refusal(refused)
    assert response["Error"]["Message"] == (
        "The pypi package 'pydemo' does not exist in repository 'store'."
    )
    assert response["resourceType"] == "package"


READS = (
    "describe_package_version",
    "list_package_version_assets",
    "list_package_version_dependencies",
    "get_package_version_readme",
)


@pytest.mark.documented("Package versions and upstream repositories")
@pytest.mark.parametrize("operation", READS)
def test_version_of_a_missing_package_is_not_found(
    client: "CodeArtifactClient", shelf: Shelf, operation: str
) -> None:
    """The refusal has the page's own words around an opaque repository id."""
    assert shelf.repository == "store"
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        getattr(client, operation)(**DEMO_1)
    message = refusal(refused)["Error"]["Message"]
    start, _, end = message.partition("RepoId: ")
    assert start == "Package not found in repository. "
    assert end.endswith(", Package = PackageCoordinate{packageType=pypi, packageName=pydemo},")


@pytest.mark.documented("DescribePackageVersion")
@pytest.mark.parametrize("operation", READS)
def test_missing_version_is_not_found(
    client: "CodeArtifactClient", published: Shelf, operation: str
) -> None:
    """A version that is not stored is not found as a version."""
    assert published.repository == "store"
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        getattr(client, operation)(**DEMO | {"packageVersion": "9.9"})
    response = refusal(refused)
    assert (response["resourceId"], response["resourceType"]) == ("9.9", "package-version")


@pytest.mark.documented("GetPackageVersionAsset")
def test_missing_asset_is_not_found(client: "CodeArtifactClient", published: Shelf) -> None:
    """A file that the version does not have is not found as an asset."""
    assert published.repository == "store"
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.get_package_version_asset(**DEMO_1, asset="gone.whl")
    assert refusal(refused)["resourceType"] == "asset"


@pytest.mark.documented("Python package name normalization")
def test_api_knows_the_normalised_name_only(client: "CodeArtifactClient", published: Shelf) -> None:
    """The API takes the normalised name; the original spelling is shown, not looked up."""
    assert published.repository == "store"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_package(**DEMO | {"package": "PyDemo"})


@pytest.mark.documented("Package versions and upstream repositories")
def test_api_does_not_look_upstream(
    client: "CodeArtifactClient", published: Shelf, make_shelf: Callable[..., Shelf]
) -> None:
    """What only an upstream has is absent from a repository's lists, though clients get it."""
    app = make_shelf("app", published.repository)
    assert app.files("pydemo") == [WHEEL.filename, SDIST.filename]
    here = DEMO | {"repository": "app"}
    assert client.list_packages(domain="team", repository="app")["packages"] == []
    calls: list[tuple[Any, dict[str, str]]] = [
        (client.describe_package, {}),
        (client.list_package_versions, {}),
        (client.describe_package_version, {"packageVersion": "1.0"}),
        (client.get_package_version_readme, {"packageVersion": "1.0"}),
        (client.get_package_version_asset, {"packageVersion": "1.0", "asset": SDIST.filename}),
    ]
    for call, more in calls:
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            call(**here, **more)


@pytest.mark.documented("DescribePackageVersion")
def test_ingested_version_shows_its_connection(
    client: "CodeArtifactClient", make_shelf: Callable[..., Shelf], registry: PublicRegistry
) -> None:
    """The origin of a public version is the connection, also where it is retained downstream."""
    registry.add(WHEEL)
    make_shelf("public", connected=True)
    app = make_shelf("app", "public")
    assert app.get(f"simple/pydemo/1.0/{WHEEL.filename}").status == 200
    for repository in ("public", "app"):
        here = DEMO_1 | {"repository": repository}
        described = client.describe_package_version(**here)["packageVersion"]
        assert described["origin"] == {
            "originType": "EXTERNAL",
            "domainEntryPoint": {"externalConnectionName": "public:pypi"},
        }
        assert described["summary"] == "A demonstration"
        assert (
            client.list_package_versions(**DEMO | {"repository": repository})["versions"][0][
                "origin"
            ]
            == described["origin"]
        )
