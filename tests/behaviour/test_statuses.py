"""What each status of a version means for those who read it, and how versions change theirs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_codeartifact.emulator.entities import Status
from tests.support.distributions import make_sdist, make_wheel
from tests.support.emulation import Emulation, Shelf, refusal
from tests.support.public_registry import PublicRegistry
from tests.support.repositories import create
from tests.support.states import set_status

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

HEADERS = ("Requires-Dist: right", "Description-Content-Type: text/markdown")
WHEEL = make_wheel(headers=HEADERS, readme="# Demo\n")
NEXT = make_wheel(version="2.0")
STORE: Any = {"domain": "team", "repository": "store"}
DEMO: Any = {**STORE, "format": "pypi", "package": "demo"}
DEMO_1: Any = {**DEMO, "packageVersion": "1.0"}
Changes = Callable[["CodeArtifactClient", Shelf], None]


def update(target: str) -> Changes:
    def change(client: "CodeArtifactClient", _: Shelf) -> None:
        call: Any = client.update_package_versions_status
        assert call(**DEMO, versions=["1.0"], targetStatus=target)["failedVersions"] == {}

    return change


def leave(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """Published is what an upload makes."""


def unfinish(_: "CodeArtifactClient", shelf: Shelf) -> None:
    set_status(shelf, "demo", "1.0", Status.UNFINISHED)


def dispose(client: "CodeArtifactClient", _: Shelf) -> None:
    assert client.dispose_package_versions(**DEMO, versions=["1.0"])["failedVersions"] == {}


def delete(client: "CodeArtifactClient", _: Shelf) -> None:
    assert client.delete_package_versions(**DEMO, versions=["1.0"])["failedVersions"] == {}


WAYS: dict[str, Changes] = {
    "Published": leave,
    "Unfinished": unfinish,
    "Unlisted": update("Unlisted"),
    "Archived": update("Archived"),
    "Disposed": dispose,
    "Deleted": delete,
}
every_status = pytest.mark.parametrize("status", WAYS)


class Seen(NamedTuple):
    """What a package manager gets: whether the page shows the version, its file, an upload."""

    is_shown: bool
    download: int
    upload: int


CLIENTS = {
    "Published": Seen(is_shown=True, download=200, upload=200),
    "Unfinished": Seen(is_shown=False, download=404, upload=200),
    "Unlisted": Seen(is_shown=False, download=200, upload=200),
    "Archived": Seen(is_shown=False, download=404, upload=409),
    "Disposed": Seen(is_shown=False, download=404, upload=409),
    "Deleted": Seen(is_shown=False, download=404, upload=200),
}


@pytest.fixture
def two(shelf: Shelf) -> Shelf:
    """The repository with two versions, of which the first gets another status."""
    for distribution in (WHEEL, NEXT):
        assert shelf.upload(distribution).status == 200
    return shelf


# --- Reading -------------------------------------------------------------------------------------


@pytest.mark.documented("Packages overview")
@every_status
def test_status_decides_what_package_managers_get(
    client: "CodeArtifactClient", two: Shelf, status: str
) -> None:
    """Only Published is shown; Unlisted is served to those who know it; Archived is frozen."""
    # Before the change, so that what is remembered of it would show.
    assert two.files() == [WHEEL.filename, NEXT.filename]
    assert two.download(WHEEL).status == 200
    WAYS[status](client, two)
    is_shown = WHEEL.filename in two.files()
    download = two.download(WHEEL).status
    assert Seen(is_shown, download, two.upload(WHEEL).status) == CLIENTS[status]
    assert NEXT.filename in two.files()


@pytest.mark.assumed("documented for assets of Maven packages: Archived and Disposed are 404")
@every_status
def test_status_upstream_decides_for_downstream(
    client: "CodeArtifactClient", two: Shelf, make_shelf: Callable[..., Shelf], status: str
) -> None:
    """A repository that has nothing of its own gets what its upstream would serve."""
    app = make_shelf("app", two.repository)
    assert app.files() == [WHEEL.filename, NEXT.filename]
    WAYS[status](client, two)
    expected = CLIENTS[status]
    assert (WHEEL.filename in app.files()) == expected.is_shown
    assert app.download(WHEEL).status == expected.download


@pytest.mark.assumed("a version is one thing along the whole chain of repositories")
@every_status
def test_own_status_hides_what_is_upstream(
    client: "CodeArtifactClient",
    connected: Shelf,
    make_shelf: Callable[..., Shelf],
    registry: PublicRegistry,
    status: str,
) -> None:
    """What a repository keeps decides over its upstreams; only a deleted version comes again."""
    for distribution in (WHEEL, NEXT):
        registry.add(distribution)
    store = make_shelf("store", connected.repository)
    assert store.download(WHEEL).status == 200
    WAYS[status](client, store)
    expected = CLIENTS["Published" if status == "Deleted" else status]
    assert (WHEEL.filename in store.files()) == expected.is_shown
    assert store.download(WHEEL).status == expected.download


@pytest.mark.documented("ListPackageVersions")
@every_status
def test_api_lists_every_status(client: "CodeArtifactClient", two: Shelf, status: str) -> None:
    """Without a filter all versions are listed; what was deleted is none any more."""
    WAYS[status](client, two)
    listed = {v["version"]: v["status"] for v in client.list_package_versions(**DEMO)["versions"]}
    assert listed == {"2.0": "Published"} | ({} if status == "Deleted" else {"1.0": status})
    filtered: Any = client.list_package_versions(**DEMO, status=status)  # type: ignore[arg-type]  # a word of the enumeration
    expected = {version for version, has in listed.items() if has == status}
    assert {v["version"] for v in filtered["versions"]} == expected


@pytest.mark.documented("DisposePackageVersions")
@every_status
def test_api_describes_what_is_not_deleted(
    client: "CodeArtifactClient", two: Shelf, status: str
) -> None:
    """Metadata is kept for every status, and goes with the version."""
    WAYS[status](client, two)
    if status == "Deleted":
        for operation in ("describe_package_version", "list_package_version_assets"):
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                getattr(client, operation)(**DEMO_1)
        return
    described = client.describe_package_version(**DEMO_1)["packageVersion"]
    assert (described["status"], described["displayName"]) == (status, "demo")
    assert client.get_package_version_readme(**DEMO_1)["readme"].strip() == "# Demo"
    dependencies = client.list_package_version_dependencies(**DEMO_1)["dependencies"]
    assert [each["package"] for each in dependencies] == ["right"]


@pytest.mark.assumed("the assets of a disposed version are deleted, so none are left to list")
@every_status
def test_api_lists_the_assets_there_are(
    client: "CodeArtifactClient", two: Shelf, status: str
) -> None:
    """Only disposing takes assets away from a version that stays."""
    WAYS[status](client, two)
    if status != "Deleted":
        listed = client.list_package_version_assets(**DEMO_1)["assets"]
        assert [a["name"] for a in listed] == ([] if status == "Disposed" else [WHEEL.filename])


@pytest.mark.assumed("the page says that these cannot be downloaded, but not with which error")
@every_status
def test_api_gives_the_assets_that_can_be_downloaded(
    client: "CodeArtifactClient", two: Shelf, status: str
) -> None:
    """Assets of Archived and Disposed versions are not to be had."""
    WAYS[status](client, two)
    if status in {"Archived", "Disposed", "Deleted"}:
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_package_version_asset(**DEMO_1, asset=WHEEL.filename)
    else:
        got = client.get_package_version_asset(**DEMO_1, asset=WHEEL.filename)
        assert got["asset"].read() == WHEEL.content


@pytest.mark.assumed("only finishing and UpdatePackageVersionsStatus are documented to publish")
def test_unlisted_version_stays_unlisted_with_another_file(
    client: "CodeArtifactClient", two: Shelf
) -> None:
    """A file can be added to an Unlisted version, which does not list it again."""
    WAYS["Unlisted"](client, two)
    sdist = make_sdist()
    assert two.upload(sdist).status == 200
    assert client.describe_package_version(**DEMO_1)["packageVersion"]["status"] == "Unlisted"
    assert two.files() == [NEXT.filename]
    assert two.download(sdist).status == 200


# --- Changing ------------------------------------------------------------------------------------


@pytest.mark.documented("Update package version status")
def test_versions_change_together(client: "CodeArtifactClient", two: Shelf) -> None:
    """One call changes many versions, each with the revision it has and keeps."""
    assert two.repository == "store"
    revisions = {
        v["version"]: v["revision"] for v in client.list_package_versions(**DEMO)["versions"]
    }
    for target in ("Archived", "Unlisted", "Published", "Published"):
        answer = client.update_package_versions_status(
            **DEMO, versions=["1.0", "2.0"], versionRevisions=revisions, targetStatus=target
        )
        assert answer["successfulVersions"] == {
            version: {"revision": revision, "status": target}
            for version, revision in revisions.items()
        }
        assert answer["failedVersions"] == {}
    assert sorted(two.files()) == [WHEEL.filename, NEXT.filename]


@pytest.mark.documented("Update package version status")
@pytest.mark.parametrize(
    "operation", ["update_package_versions_status", "dispose_package_versions"]
)
def test_other_status_than_expected_changes_nothing(
    client: "CodeArtifactClient", two: Shelf, operation: str
) -> None:
    """Every version that has another status fails with the page's own words."""
    more = {"targetStatus": "Archived"} if operation.startswith("update") else {}
    call = getattr(client, operation)
    answer = call(**DEMO, versions=["1.0", "2.0"], expectedStatus="Unlisted", **more)
    mismatch = {
        "errorCode": "MISMATCHED_STATUS",
        "errorMessage": "current status: Published, expected status: Unlisted",
    }
    assert answer["failedVersions"] == {"1.0": mismatch, "2.0": mismatch}
    assert answer["successfulVersions"] == {}
    assert sorted(two.files()) == [WHEEL.filename, NEXT.filename]
    answer = call(**DEMO, versions=["1.0"], expectedStatus="Published", **more)
    assert list(answer["successfulVersions"]) == ["1.0"]


@pytest.mark.documented("Update package version status")
@pytest.mark.parametrize(
    "operation", ["update_package_versions_status", "dispose_package_versions"]
)
def test_one_wrong_revision_spares_all_versions(
    client: "CodeArtifactClient", two: Shelf, operation: str
) -> None:
    """The version that fails says why, the others were skipped."""
    more = {"targetStatus": "Archived"} if operation.startswith("update") else {}
    found = {v["version"]: v["revision"] for v in client.list_package_versions(**DEMO)["versions"]}
    answer = getattr(client, operation)(
        **DEMO, versions=["1.0", "2.0"], versionRevisions=found | {"2.0": "old"}, **more
    )
    assert answer["failedVersions"] == {
        "1.0": {"errorCode": "SKIPPED", "errorMessage": "version 1.0 is skipped"},
        "2.0": {
            "errorCode": "MISMATCHED_REVISION",
            "errorMessage": f"current revision: {found['2.0']}, expected revision: old",
        },
    }
    assert answer["successfulVersions"] == {}
    assert sorted(two.files()) == [WHEEL.filename, NEXT.filename]


@pytest.mark.assumed("the code is in the model, the words are those of CopyPackageVersions")
@pytest.mark.parametrize(
    "operation",
    ["update_package_versions_status", "dispose_package_versions", "delete_package_versions"],
)
def test_missing_version_spares_the_others(
    client: "CodeArtifactClient", two: Shelf, operation: str
) -> None:
    """A version that is not there fails, and nothing happens to those that are."""
    more = {"targetStatus": "Archived"} if operation.startswith("update") else {}
    answer = getattr(client, operation)(**DEMO, versions=["9.9", "1.0"], **more)
    assert answer["failedVersions"] == {
        "9.9": {"errorCode": "NOT_FOUND", "errorMessage": "Could not find version 9.9"},
        "1.0": {"errorCode": "SKIPPED", "errorMessage": "version 1.0 is skipped"},
    }
    assert sorted(two.files()) == [WHEEL.filename, NEXT.filename]


@pytest.mark.documented("Update package version status")
def test_disposed_version_can_only_be_deleted(client: "CodeArtifactClient", two: Shelf) -> None:
    """There is no way back for what has no assets any more."""
    dispose(client, two)
    calls: list[tuple[Any, dict[str, str]]] = [
        (client.update_package_versions_status, {"targetStatus": "Published"}),
        (client.update_package_versions_status, {"targetStatus": "Archived"}),
        (client.dispose_package_versions, {}),
    ]
    for call, more in calls:
        failed = call(**DEMO, versions=["1.0"], **more)["failedVersions"]
        assert failed["1.0"]["errorCode"] == "NOT_ALLOWED"
    answer = client.delete_package_versions(**DEMO, versions=["1.0"], expectedStatus="Disposed")
    assert answer["successfulVersions"]["1.0"]["status"] == "Deleted"
    assert two.upload(WHEEL).status == 200
    assert WHEEL.filename in two.files()


@pytest.mark.documented("UpdatePackageVersionsStatus")
@pytest.mark.parametrize("target", ["Unfinished", "Disposed", "Deleted"])
def test_other_targets_are_refused(client: "CodeArtifactClient", two: Shelf, target: Any) -> None:  # noqa: ANN401 - an enumeration
    """The operation sets Archived, Published and Unlisted only."""
    assert two.repository == "store"
    with pytest.raises(client.exceptions.ValidationException, match="target status"):
        client.update_package_versions_status(**DEMO, versions=["1.0"], targetStatus=target)


@pytest.mark.documented("Update package version status")
@pytest.mark.parametrize("revisions", [{"1.0": "a"}, {"1.0": "a", "2.0": "b", "3.0": "c"}])
def test_revisions_of_other_versions_are_refused(
    client: "CodeArtifactClient", two: Shelf, revisions: dict[str, str]
) -> None:
    """The versions of both lists must be the same."""
    assert two.repository == "store"
    with pytest.raises(client.exceptions.ValidationException):
        client.dispose_package_versions(**DEMO, versions=["1.0", "2.0"], versionRevisions=revisions)


@pytest.mark.assumed("the operation's errors have no other for this")
def test_status_of_a_missing_package_is_not_found(
    client: "CodeArtifactClient", shelf: Shelf
) -> None:
    """Without the package, the whole call fails."""
    assert shelf.repository == "store"
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.dispose_package_versions(**DEMO, versions=["1.0"])
    assert refusal(refused)["resourceType"] == "package"


@pytest.mark.documented("UpdatePackageVersionsStatus")
def test_more_than_a_hundred_versions_are_refused(client: "CodeArtifactClient", two: Shelf) -> None:
    """One call names at most 100 versions."""
    assert two.repository == "store"
    versions = [str(number) for number in range(101)]
    with pytest.raises(client.exceptions.ValidationException, match="less than or equal to 100"):
        client.dispose_package_versions(**DEMO, versions=versions)


@pytest.mark.assumed("a list that must be given says something")
def test_empty_list_of_versions_is_refused(client: "CodeArtifactClient", two: Shelf) -> None:
    """A change of nothing is a mistake."""
    assert two.repository == "store"
    with pytest.raises(client.exceptions.ValidationException, match="empty"):
        client.dispose_package_versions(**DEMO, versions=[])


# --- Assets --------------------------------------------------------------------------------------


@pytest.mark.documented("Packages overview")
def test_disposed_bytes_are_not_kept(tmp_path: Path) -> None:
    """Bytes that no version has any more are not counted, and gone when the state is opened again.

    Bytes that another repository has too stay.
    """
    with Emulation(tmp_path / "state") as emulation:
        client = emulation.client()
        client.create_domain(domain="team")
        token = client.get_authorization_token(domain="team")["authorizationToken"]
        create(client, "store")
        create(client, "app", "store")
        store, app = (Shelf(emulation, "team", name, token) for name in ("store", "app"))
        sdist = make_sdist()
        for distribution in (WHEEL, NEXT, sdist):
            assert store.upload(distribution).status == 200
        assert app.download(NEXT).status == 200
        client.dispose_package_versions(**DEMO, versions=["1.0", "2.0"])
        left = client.describe_domain(domain="team")["domain"]["assetSizeBytes"]
        assert left == len(NEXT.content)
        assert emulation.crashes() == []
    with Emulation(tmp_path / "state") as emulation:
        assert emulation.stored == [NEXT.sha256]
        assert Shelf(emulation, "team", "app", token).download(NEXT).body == NEXT.content
