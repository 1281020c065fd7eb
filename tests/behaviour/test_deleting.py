"""Deleting versions and whole packages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.distributions import make_sdist, make_wheel
from tests.support.emulation import Shelf, refusal
from tests.support.holdings import controls
from tests.support.people import People, allow, denied
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

WHEEL = make_wheel()
NEXT = make_wheel(version="2.0")
OTHER = make_wheel(extra=b"# other")
STORE: Any = {"domain": "team", "repository": "store"}
DEMO: Any = {**STORE, "format": "pypi", "package": "demo"}


@pytest.fixture
def two(shelf: Shelf) -> Shelf:
    """The repository with two versions."""
    for distribution in (WHEEL, NEXT):
        assert shelf.upload(distribution).status == 200
    return shelf


@pytest.mark.documented("Delete a package or package version")
def test_versions_are_deleted_with_their_last_revision(
    client: "CodeArtifactClient", two: Shelf
) -> None:
    """The answer says what was deleted; nothing of it is listed or served."""
    revisions = {
        v["version"]: v["revision"] for v in client.list_package_versions(**DEMO)["versions"]
    }
    answer = client.delete_package_versions(**DEMO, versions=["1.0"])
    assert answer["failedVersions"] == {}
    assert answer["successfulVersions"] == {
        "1.0": {"revision": revisions["1.0"], "status": "Deleted"}
    }
    assert [v["version"] for v in client.list_package_versions(**DEMO)["versions"]] == ["2.0"]
    assert two.files() == [NEXT.filename]
    assert two.download(WHEEL).status == 404


@pytest.mark.documented("Packages overview")
def test_deleted_version_is_published_anew(client: "CodeArtifactClient", two: Shelf) -> None:
    """After deletion the name is free, for other content too."""
    assert two.upload(OTHER).status == 409
    client.delete_package_versions(**DEMO, versions=["1.0"])
    assert two.upload(OTHER).status == 200
    assert two.download(OTHER).body == OTHER.content


@pytest.mark.documented("Delete a package or package version")
def test_package_stays_without_versions(
    client: "CodeArtifactClient", connected: Shelf, registry: PublicRegistry
) -> None:
    """The package and its origin controls outlive its versions: a public namesake stays out."""
    registry.add(NEXT)
    assert connected.upload(WHEEL).status == 200
    here = DEMO | {"repository": connected.repository}
    client.delete_package_versions(**here, versions=["1.0"])
    assert client.list_package_versions(**here)["versions"] == []
    listed = client.list_packages(domain="team", repository=connected.repository)["packages"]
    assert [package["package"] for package in listed] == ["demo"]
    assert controls(client, connected.repository) == {"publish": "ALLOW", "upstream": "BLOCK"}
    assert connected.get("simple/demo/").status == 404


@pytest.mark.documented("DeletePackageVersions")
def test_versions_of_another_status_are_not_deleted(
    client: "CodeArtifactClient", two: Shelf
) -> None:
    """A version is deleted only while it has the status that the caller expects."""
    client.update_package_versions_status(**DEMO, versions=["1.0"], targetStatus="Archived")
    answer = client.delete_package_versions(
        **DEMO, versions=["1.0", "2.0"], expectedStatus="Archived"
    )
    assert answer["successfulVersions"] == {}
    assert answer["failedVersions"] == {
        "1.0": {"errorCode": "SKIPPED", "errorMessage": "version 1.0 is skipped"},
        "2.0": {
            "errorCode": "MISMATCHED_STATUS",
            "errorMessage": "current status: Published, expected status: Archived",
        },
    }
    answer = client.delete_package_versions(**DEMO, versions=["1.0"], expectedStatus="Archived")
    assert list(answer["successfulVersions"]) == ["1.0"]
    assert two.files() == [NEXT.filename]


@pytest.mark.documented("Delete a package or package version")
def test_package_is_deleted_with_everything(client: "CodeArtifactClient", two: Shelf) -> None:
    """The answer is the package as it was; afterwards nobody has heard of it."""
    answer = client.delete_package(**DEMO)
    assert answer["deletedPackage"] == {
        "format": "pypi",
        "package": "demo",
        "originConfiguration": {"restrictions": {"publish": "ALLOW", "upstream": "BLOCK"}},
    }
    assert client.list_packages(**STORE)["packages"] == []
    for call in (client.describe_package, client.list_package_versions, client.delete_package):
        with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
            call(**DEMO)
        response = refusal(refused)
        assert (response["resourceId"], response["resourceType"]) == ("demo", "package")
    assert two.get("simple/demo/").status == 404
    assert two.download(WHEEL).status == 404
    assert client.describe_domain(domain="team")["domain"]["assetSizeBytes"] == 0


@pytest.mark.documented("Delete a package or package version")
def test_deleted_package_begins_anew(
    client: "CodeArtifactClient", connected: Shelf, registry: PublicRegistry
) -> None:
    """Its origin controls are gone too: the next first version sets them, here a public one."""
    registry.add(NEXT)
    assert connected.upload(WHEEL).status == 200
    client.delete_package(**DEMO | {"repository": connected.repository})
    assert connected.files() == [NEXT.filename]
    assert connected.download(NEXT).status == 200
    assert controls(client, connected.repository) == {"publish": "BLOCK", "upstream": "ALLOW"}


@pytest.mark.documented("Requesting package versions from upstream repositories")
def test_deleting_upstream_leaves_what_was_kept(
    client: "CodeArtifactClient", two: Shelf, make_shelf: Callable[..., Shelf]
) -> None:
    """What a downstream repository retained is its own; what it did not is gone with the origin."""
    app = make_shelf("app", two.repository)
    assert app.download(WHEEL).status == 200
    client.delete_package(**DEMO)
    assert app.files() == [WHEEL.filename]
    assert app.download(WHEEL).body == WHEEL.content
    assert app.download(NEXT).status == 404


@pytest.mark.documented("Package versions and upstream repositories")
def test_deleting_looks_at_the_repository_alone(
    client: "CodeArtifactClient", two: Shelf, make_shelf: Callable[..., Shelf]
) -> None:
    """A package that only an upstream has is not found."""
    here = DEMO | {"repository": make_shelf("app", two.repository).repository}
    calls: list[tuple[Any, dict[str, Any]]] = [
        (client.delete_package, {}),
        (client.delete_package_versions, {"versions": ["1.0"]}),
    ]
    for call, more in calls:
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            call(**here, **more)
    assert len(two.files()) == 2


@pytest.mark.documented("Packages overview")
def test_another_file_of_the_version_goes_too(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """A version is deleted with all its assets."""
    sdist = make_sdist()
    for distribution in (WHEEL, sdist):
        assert shelf.upload(distribution).status == 200
    client.delete_package_versions(**DEMO, versions=["1.0"])
    assert shelf.download(sdist).status == 404


@pytest.mark.documented("Actions, resources, and condition keys for AWS CodeArtifact")
@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("delete_package", {}),
        ("delete_package_versions", {"versions": ["1.0"]}),
        ("dispose_package_versions", {"versions": ["1.0"]}),
        ("update_package_versions_status", {"versions": ["1.0"], "targetStatus": "Archived"}),
        (
            "put_package_origin_configuration",
            {"restrictions": {"publish": "ALLOW", "upstream": "ALLOW"}},
        ),
    ],
)
def test_each_change_needs_its_permission_on_the_package(
    people: People, operation: str, more: dict[str, Any]
) -> None:
    """The permission has the operation's name; another package's does not serve."""
    assert people.shelf().upload(WHEEL).status == 200
    action = "".join(word.capitalize() for word in operation.split("_"))
    stem = f"arn:aws:codeartifact:eu-west-1:{people.account.number}:package/team/store/pypi//"
    other = people.codeartifact(people.user("ann", allow(action, resource=f"{stem}other")))
    assert f"codeartifact:{action} on resource: {stem}demo " in denied(
        other, operation, **DEMO, **more
    )
    one = people.codeartifact(people.user("ben", allow(action, resource=f"{stem}demo")))
    assert getattr(one, operation)(**DEMO, **more)["ResponseMetadata"]["HTTPStatusCode"] == 200
