"""Copying versions from one repository of a domain to another."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codeartifact.emulator.entities import Control, Status
from tests.support.distributions import make_sdist, make_wheel
from tests.support.emulation import Shelf, refusal
from tests.support.holdings import controls, held
from tests.support.people import People, allow, denied
from tests.support.public_registry import PublicRegistry
from tests.support.states import set_controls, set_status

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

MakeShelf = Callable[..., Shelf]
WHEEL = make_wheel()
SDIST = make_sdist()
NEXT = make_wheel(version="2.0")
OTHER = make_wheel(extra=b"# other")
DEMO: Any = {"domain": "team", "format": "pypi", "package": "demo"}
COPY: Any = {**DEMO, "sourceRepository": "source", "destinationRepository": "target"}


@pytest.fixture
def source(make_shelf: MakeShelf) -> Shelf:
    """The repository `source` with two versions, the first with two files."""
    shelf = make_shelf("source")
    for distribution in (WHEEL, SDIST, NEXT):
        assert shelf.upload(distribution).status == 200
    return shelf


@pytest.fixture
def target(make_shelf: MakeShelf) -> Shelf:
    """The empty repository `target`."""
    return make_shelf("target")


def versions(client: "CodeArtifactClient", repository: str) -> dict[str, Any]:
    """What a repository has of `demo`, by version."""
    found = client.list_package_versions(**DEMO, repository=repository)["versions"]
    return {version["version"]: version for version in found}


@pytest.mark.documented("Copy packages between repositories")
def test_versions_are_copied_with_all_their_assets(
    client: "CodeArtifactClient", source: Shelf, target: Shelf
) -> None:
    """A copy has the files, the metadata and the origin of what it was made from."""
    answer = client.copy_package_versions(**COPY, versions=["1.0", "2.0"])
    originals, copies = versions(client, "source"), versions(client, "target")
    assert answer["failedVersions"] == {}
    assert answer["successfulVersions"] == {
        version: {"revision": copy["revision"], "status": "Published"}
        for version, copy in copies.items()
    }
    assert copies == originals
    assert copies["1.0"]["origin"]["domainEntryPoint"] == {"repositoryName": "source"}
    assert sorted(held(client, "target")) == sorted(held(client, "source"))
    assert sorted(target.files()) == sorted(source.files())
    assert target.download(SDIST).body == SDIST.content


@pytest.mark.documented("Copy packages between repositories")
def test_copy_stands_alone(client: "CodeArtifactClient", source: Shelf, target: Shelf) -> None:
    """What becomes of the original does not touch the copy."""
    client.copy_package_versions(**COPY, versions=["1.0"])
    client.delete_package(**DEMO, repository="source")
    assert source.get("simple/demo/").status == 404
    assert target.download(WHEEL).body == WHEEL.content


@pytest.mark.documented("Copy packages between repositories")
def test_missing_version_spares_the_others(
    client: "CodeArtifactClient", source: Shelf, target: Shelf
) -> None:
    """One version that is not there keeps all from being copied, in the page's own words."""
    assert client.copy_package_versions(**COPY, versions=["1.0", "5.6.7"])["failedVersions"] == {
        "1.0": {"errorCode": "SKIPPED", "errorMessage": "Version 1.0 was skipped"},
        "5.6.7": {"errorCode": "NOT_FOUND", "errorMessage": "Could not find version 5.6.7"},
    }
    assert source.repository == "source"
    assert held(client, target.repository) == []


@pytest.mark.documented("Copy packages between repositories")
def test_what_is_the_same_is_not_mentioned(
    client: "CodeArtifactClient", source: Shelf, target: Shelf
) -> None:
    """Copying again succeeds and does nothing; the answer names only what was copied."""
    assert source.repository == "source"
    client.copy_package_versions(**COPY, versions=["1.0"])
    again = client.copy_package_versions(**COPY, versions=["1.0"])
    assert (again["successfulVersions"], again["failedVersions"]) == ({}, {})
    more = client.copy_package_versions(**COPY, versions=["1.0", "2.0"])
    assert (list(more["successfulVersions"]), more["failedVersions"]) == (["2.0"], {})
    assert len(target.files()) == 3


@pytest.mark.documented("Copy packages between repositories")
def test_different_version_in_the_destination_spares_the_others(
    client: "CodeArtifactClient", source: Shelf, target: Shelf
) -> None:
    """Other content under the same version stays as it is, and nothing else is copied."""
    assert source.repository == "source"
    assert target.upload(OTHER).status == 200
    assert client.copy_package_versions(**COPY, versions=["1.0", "2.0"])["failedVersions"] == {
        "1.0": {"errorCode": "ALREADY_EXISTS", "errorMessage": "Version 1.0 already exists"},
        "2.0": {"errorCode": "SKIPPED", "errorMessage": "Version 2.0 was skipped"},
    }
    assert target.files() == [OTHER.filename]
    assert target.download(OTHER).body == OTHER.content


@pytest.mark.documented("CopyPackageVersions")
def test_overwriting_makes_the_destination_the_same(
    client: "CodeArtifactClient", source: Shelf, target: Shelf
) -> None:
    """With allowOverwrite the version becomes that of the source, all its files included."""
    assert target.upload(OTHER).status == 200
    answer = client.copy_package_versions(**COPY, versions=["1.0"], allowOverwrite=True)
    assert list(answer["successfulVersions"]) == ["1.0"]
    assert versions(client, "target")["1.0"] == versions(client, source.repository)["1.0"]
    assert sorted(target.files()) == sorted([WHEEL.filename, SDIST.filename])
    assert target.download(WHEEL).body == WHEEL.content


@pytest.mark.documented("Copy packages between repositories")
def test_revisions_are_copied_only_when_they_are_current(
    client: "CodeArtifactClient", source: Shelf, target: Shelf
) -> None:
    """A version with another revision than asked for keeps all from being copied."""
    assert source.repository == "source"
    current = {name: v["revision"] for name, v in versions(client, "source").items()}
    stale = current | {"2.0": "stale"}
    failed = client.copy_package_versions(**COPY, versionRevisions=stale)["failedVersions"]
    assert {name: error["errorCode"] for name, error in failed.items()} == {
        "1.0": "SKIPPED",
        "2.0": "MISMATCHED_REVISION",
    }
    assert held(client, target.repository) == []
    copied = client.copy_package_versions(**COPY, versionRevisions=current)["successfulVersions"]
    assert {name: info["revision"] for name, info in copied.items()} == current


@pytest.mark.documented("CopyPackageVersions")
@pytest.mark.parametrize(
    "more", [{}, {"versions": []}, {"versions": ["1.0"], "versionRevisions": {"1.0": "a"}}]
)
def test_versions_or_revisions_must_be_given(
    client: "CodeArtifactClient", source: Shelf, target: Shelf, more: dict[str, Any]
) -> None:
    """Either of the two lists, and not both."""
    assert source.repository != target.repository
    with pytest.raises(client.exceptions.ValidationException, match="either versions or"):
        client.copy_package_versions(**COPY, **more)


@pytest.mark.assumed("a copy needs two places")
def test_copy_onto_itself_is_refused(client: "CodeArtifactClient", source: Shelf) -> None:
    """Source and destination are two repositories."""
    same = COPY | {"destinationRepository": source.repository}
    with pytest.raises(client.exceptions.ValidationException, match="same repository 'source'"):
        client.copy_package_versions(**same, versions=["1.0"])


@pytest.mark.documented("CopyPackageVersions")
@pytest.mark.parametrize("place", ["sourceRepository", "destinationRepository"])
def test_copy_needs_both_repositories(
    client: "CodeArtifactClient", source: Shelf, target: Shelf, place: str
) -> None:
    """A repository that does not exist in the domain is not found."""
    assert source.repository != target.repository
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.copy_package_versions(**COPY | {place: "nowhere"}, versions=["1.0"])
    response = refusal(refused)
    assert (response["resourceId"], response["resourceType"]) == ("nowhere", "repository")


@pytest.mark.assumed("without the package there is nothing to say of single versions")
@pytest.mark.parametrize("from_upstream", [False, True])
def test_copy_of_a_missing_package_is_not_found(
    client: "CodeArtifactClient",
    make_shelf: MakeShelf,
    target: Shelf,
    from_upstream: bool,  # noqa: FBT001 - a case
) -> None:
    """The whole call fails when the source does not know the package."""
    assert make_shelf("source").repository != target.repository
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.copy_package_versions(**COPY, versions=["1"], includeFromUpstream=from_upstream)
    assert refusal(refused)["resourceType"] == "package"


# --- From upstream -------------------------------------------------------------------------------


@pytest.mark.documented("Copy packages between repositories")
def test_upstreams_are_looked_at_on_request_only(
    client: "CodeArtifactClient", make_shelf: MakeShelf, target: Shelf
) -> None:
    """Normally only the source itself is looked at; includeFromUpstream adds its upstreams."""
    base = make_shelf("base")
    source = make_shelf("source", "base")
    assert source.upload(NEXT).status == 200
    for distribution in (WHEEL, SDIST):
        assert base.upload(distribution).status == 200
    set_controls(source, "demo", Control.ALLOW, Control.ALLOW)
    failed = client.copy_package_versions(**COPY, versions=["1.0"])["failedVersions"]
    assert failed["1.0"]["errorCode"] == "NOT_FOUND"
    answer = client.copy_package_versions(**COPY, versions=["1.0", "2.0"], includeFromUpstream=True)
    assert sorted(answer["successfulVersions"]) == ["1.0", "2.0"]
    assert len(target.files()) == 3
    origin = versions(client, "target")["1.0"]["origin"]
    assert origin["domainEntryPoint"] == {"repositoryName": "base"}


@pytest.mark.documented("Copy packages between repositories")
def test_public_versions_are_copied_whole(
    client: "CodeArtifactClient", make_shelf: MakeShelf, target: Shelf, registry: PublicRegistry
) -> None:
    """What comes through an external connection is fetched, every file of the version."""
    for distribution in (WHEEL, SDIST, NEXT):
        registry.add(distribution)
    make_shelf("source", connected=True)
    answer = client.copy_package_versions(**COPY, versions=["1.0"], includeFromUpstream=True)
    assert list(answer["successfulVersions"]) == ["1.0"]
    assert sorted(target.files()) == sorted([WHEEL.filename, SDIST.filename])
    assert registry.count(f"/files/{NEXT.filename}") == 0
    assert versions(client, "target")["1.0"]["origin"] == {
        "originType": "EXTERNAL",
        "domainEntryPoint": {"externalConnectionName": "public:pypi"},
    }


@pytest.mark.assumed("an outage elsewhere is none of the errors of the operation but a conflict")
def test_copy_without_the_public_registry_is_refused(
    client: "CodeArtifactClient", make_shelf: MakeShelf, target: Shelf, registry: PublicRegistry
) -> None:
    """Whether a version exists cannot be said while the public registry does not answer."""
    registry.status = 403
    make_shelf("source", connected=True)
    with pytest.raises(client.exceptions.ConflictException):
        client.copy_package_versions(**COPY, versions=["1.0"], includeFromUpstream=True)
    assert held(client, target.repository) == []


# --- Statuses, origin controls, permissions ------------------------------------------------------


@pytest.mark.assumed("a copy takes the status along; what cannot be downloaded cannot be copied")
@pytest.mark.parametrize("status", ["Unlisted", "Unfinished", "Archived", "Disposed"])
def test_copy_keeps_the_status_of_what_can_be_downloaded(
    client: "CodeArtifactClient", source: Shelf, target: Shelf, status: str
) -> None:
    """Unlisted stays Unlisted; the others are not allowed and keep the rest from being copied."""
    set_status(source, "demo", "1.0", Status(status))
    answer = client.copy_package_versions(**COPY, versions=["1.0", "2.0"])
    if status == "Unlisted":
        assert answer["successfulVersions"]["1.0"]["status"] == "Unlisted"
        assert target.download(WHEEL).status == 200
    else:
        codes = {name: error["errorCode"] for name, error in answer["failedVersions"].items()}
        assert codes == {"1.0": "NOT_ALLOWED", "2.0": "SKIPPED"}


@pytest.mark.documented("Update package version status")
def test_disposed_version_is_not_copied_over(
    client: "CodeArtifactClient", source: Shelf, target: Shelf
) -> None:
    """The only thing that can be done with a disposed version is to delete it."""
    assert source.repository != target.repository
    client.copy_package_versions(**COPY, versions=["1.0"])
    client.dispose_package_versions(**DEMO, repository="target", versions=["1.0"])
    for overwrite, code in ((False, "ALREADY_EXISTS"), (True, "NOT_ALLOWED")):
        answer = client.copy_package_versions(**COPY, versions=["1.0"], allowOverwrite=overwrite)
        assert answer["failedVersions"]["1.0"]["errorCode"] == code
    client.delete_package_versions(**DEMO, repository="target", versions=["1.0"])
    answer = client.copy_package_versions(**COPY, versions=["1.0"])
    assert list(answer["successfulVersions"]) == ["1.0"]


@pytest.mark.documented("Packages overview")
def test_patched_version_is_brought_in_by_copying(
    client: "CodeArtifactClient", connected: Shelf, make_shelf: MakeShelf, registry: PublicRegistry
) -> None:
    """Where a public namesake forbids publishing, a copy from elsewhere is the documented way."""
    registry.add(WHEEL)
    assert connected.download(WHEEL).status == 200
    patched = make_wheel(version="1.0.1")
    assert connected.upload(patched).status == 403
    assert make_shelf("source").upload(patched).status == 200
    there = COPY | {"destinationRepository": connected.repository}
    answer = client.copy_package_versions(**there, versions=["1.0.1"])
    assert list(answer["successfulVersions"]) == ["1.0.1"]
    assert set(connected.files()) == {patched.filename, WHEEL.filename}
    assert controls(client, connected.repository) == {"publish": "BLOCK", "upstream": "ALLOW"}


@pytest.mark.assumed("the first copy counts as what the version was when it entered the domain")
def test_first_copy_sets_origin_controls(
    client: "CodeArtifactClient", connected: Shelf, make_shelf: MakeShelf, registry: PublicRegistry
) -> None:
    """A private version keeps public namesakes out, a public one keeps private ones out."""
    registry.add(WHEEL)
    assert connected.download(WHEEL).status == 200
    assert make_shelf("source").upload(NEXT).status == 200
    for name, version, where in (("one", "1.0", connected.repository), ("two", "2.0", "source")):
        make_shelf(name)
        there = COPY | {"sourceRepository": where, "destinationRepository": name}
        assert client.copy_package_versions(**there, versions=[version])["successfulVersions"]
    assert controls(client, "one") == {"publish": "BLOCK", "upstream": "ALLOW"}
    assert controls(client, "two") == {"publish": "ALLOW", "upstream": "BLOCK"}


@pytest.mark.documented("Copy packages between repositories")
def test_copy_needs_reading_there_and_copying_here(people: People) -> None:
    """Permission on the source repository, on the destination repository and on its package."""
    administrator = people.codeartifact()
    for name in ("source", "target"):
        administrator.create_repository(domain="team", repository=name)
    stem = f"arn:aws:codeartifact:eu-west-1:{people.account.number}"
    source, target = (f"{stem}:repository/team/{name}" for name in ("source", "target"))
    package = f"{stem}:package/team/target/pypi//demo"
    needed = [
        allow("ReadFromRepository", resource=source),
        allow("CopyPackageVersions", resource=target),
        allow("CopyPackageVersions", resource=package),
    ]
    for number, (missing, resource) in enumerate(
        zip(needed, (source, target, package), strict=True)
    ):
        others = [statement for statement in needed if statement is not missing]
        client = people.codeartifact(people.user(f"ann{number}", *others))
        sentence = denied(client, "copy_package_versions", **COPY, versions=["1.0"])
        assert f"{missing['Action'][0]} on resource: {resource} " in sentence
    client = people.codeartifact(people.user("ben", *needed))
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.copy_package_versions(**COPY, versions=["1.0"])
