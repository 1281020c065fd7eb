"""Publishing generic packages: any files, through the API only, one with each call."""

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.emulation import Emulation, Shelf, refusal
from tests.support.people import People, allow, denied

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

TOOL: Any = {
    "domain": "team",
    "repository": "store",
    "format": "generic",
    "namespace": "my-ns",
    "package": "my-package",
}
TOOL_1: Any = {**TOOL, "packageVersion": "1.0.0"}
CONTENT = b"any bytes\0at all" * 1000
MIB = 1024 * 1024


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def publish(
    client: "CodeArtifactClient",
    name: str = "asset.tar.gz",
    content: bytes = CONTENT,
    **more: Any,  # noqa: ANN401 - any member of the request
) -> Any:  # noqa: ANN401 - the answer, without boto3's own
    """Publish an asset of version 1.0.0; keywords change the request."""
    given = {"assetName": name, "assetContent": content, "assetSHA256": sha256(content)}
    request = TOOL_1 | given | more
    answer: Any = client.publish_package_version(**request)
    del answer["ResponseMetadata"]
    return answer


def names(client: "CodeArtifactClient") -> list[str]:
    """The names of the assets of version 1.0.0."""
    listed = client.list_package_version_assets(**TOOL_1)
    return [asset["name"] for asset in listed["assets"]]


@pytest.mark.documented("Publishing and consuming generic packages")
def test_asset_is_published_and_read_again(team: "CodeArtifactClient") -> None:
    """The answer describes what was received; the same bytes come back."""
    answer = publish(team)
    assert answer["asset"] == {
        "name": "asset.tar.gz",
        "size": len(CONTENT),
        "hashes": {
            "MD5": hashlib.md5(CONTENT).hexdigest(),
            "SHA-1": hashlib.sha1(CONTENT).hexdigest(),
            "SHA-256": hashlib.sha256(CONTENT).hexdigest(),
            "SHA-512": hashlib.sha512(CONTENT).hexdigest(),
        },
    }
    described = team.describe_package_version(**TOOL_1)["packageVersion"]
    assert answer == {
        "format": "generic",
        "namespace": "my-ns",
        "package": "my-package",
        "version": "1.0.0",
        "versionRevision": described["revision"],
        "status": "Published",
        "asset": answer["asset"],
    }
    assert described["origin"] == {
        "originType": "INTERNAL",
        "domainEntryPoint": {"repositoryName": "store"},
    }
    got = team.get_package_version_asset(**TOOL_1, asset="asset.tar.gz")
    assert got["asset"].read() == CONTENT
    assert got["packageVersionRevision"] == answer["versionRevision"]


@pytest.mark.documented("Publishing and consuming generic packages")
def test_assets_are_added_until_the_last(team: "CodeArtifactClient") -> None:
    """`unfinished` keeps the version open; the call without it publishes the whole."""
    first = publish(team, "one.bin", b"1", unfinished=True)
    second = publish(team, "two.bin", b"2", unfinished=True)
    assert (first["status"], second["status"]) == ("Unfinished", "Unfinished")
    assert team.list_package_versions(**TOOL)["versions"][0]["status"] == "Unfinished"
    last = publish(team, "three.bin", b"3")
    assert last["status"] == "Published"
    assert names(team) == ["one.bin", "three.bin", "two.bin"]
    revisions = [answer["versionRevision"] for answer in (first, second, last)]
    assert len(set(revisions)) == 3


@pytest.mark.documented("PublishPackageVersion")
def test_version_is_finished_without_another_asset(team: "CodeArtifactClient") -> None:
    """Its status can be set to Published instead, which is no other revision of it."""
    revision = publish(team, unfinished=True)["versionRevision"]
    answer = team.update_package_versions_status(
        **TOOL, versions=["1.0.0"], expectedStatus="Unfinished", targetStatus="Published"
    )
    assert answer["successfulVersions"] == {"1.0.0": {"revision": revision, "status": "Published"}}


@pytest.mark.documented("Packages overview")
@pytest.mark.parametrize("status", ["Published", "Unlisted", "Archived"])
def test_published_version_takes_no_further_asset(
    team: "CodeArtifactClient",
    status: Any,  # noqa: ANN401 - an enumeration
) -> None:
    """What was published once is whole, also when more is said to come."""
    publish(team)
    team.update_package_versions_status(**TOOL, versions=["1.0.0"], targetStatus=status)
    for unfinished in (False, True):
        with pytest.raises(team.exceptions.ConflictException) as refused:
            publish(team, "more.bin", unfinished=unfinished)
        response = refusal(refused)
        assert (response["resourceId"], response["resourceType"]) == ("1.0.0", "package-version")
    assert names(team) == ["asset.tar.gz"]


@pytest.mark.documented("Packages overview")
def test_same_asset_again_changes_nothing(team: "CodeArtifactClient") -> None:
    """Equal bytes under the same name succeed, before the version is finished and after."""
    first = publish(team, unfinished=True)
    assert publish(team, unfinished=True) == first
    finished = publish(team)
    assert finished == first | {"status": "Published"}
    assert publish(team) == publish(team, unfinished=True) == finished


@pytest.mark.documented("Packages overview")
@pytest.mark.parametrize("unfinished", [True, False])
def test_other_bytes_under_the_same_name_are_refused(
    team: "CodeArtifactClient",
    unfinished: bool,  # noqa: FBT001 - a case
) -> None:
    """An asset never changes, even while its version is unfinished."""
    publish(team, unfinished=unfinished)
    with pytest.raises(team.exceptions.ConflictException, match=r"asset\.tar\.gz"):
        publish(team, content=b"other", unfinished=unfinished)
    got = team.get_package_version_asset(**TOOL_1, asset="asset.tar.gz")
    assert got["asset"].read() == CONTENT


@pytest.mark.documented("PublishPackageVersion")
@pytest.mark.parametrize("package_format", ["npm", "pypi", "maven", "nuget", "swift", "ruby"])
def test_other_formats_are_refused(team: "CodeArtifactClient", package_format: str) -> None:
    """Only generic packages are published through the API."""
    with pytest.raises(
        team.exceptions.ValidationException, match=f"not of format {package_format}"
    ):
        publish(team, format=package_format)


@pytest.mark.documented("PublishPackageVersion")
def test_other_hash_than_said_is_refused(emulation: Emulation, team: "CodeArtifactClient") -> None:
    """The hash is checked against the bytes received, and nothing of them is kept."""
    with pytest.raises(team.exceptions.ValidationException) as refused:
        publish(team, assetSHA256=sha256(b"other"))
    message = refusal(refused)["Error"]["Message"]
    assert sha256(b"other") in message
    assert sha256(CONTENT) in message
    assert emulation.stored == []
    assert team.list_packages(domain="team", repository="store")["packages"] == []


@pytest.mark.documented("PublishPackageVersion")
@pytest.mark.parametrize("said", ["a" * 65, "A" * 64, "g" * 64])
def test_malformed_hash_is_refused(team: "CodeArtifactClient", said: str) -> None:
    """A SHA-256 is 64 lower-case hexadecimal digits."""
    with pytest.raises(team.exceptions.ValidationException, match="assetSHA256"):
        publish(team, assetSHA256=said)


@pytest.mark.documented("AWS CodeArtifact concepts")
def test_namespace_is_needed(team: "CodeArtifactClient") -> None:
    """The namespace is part of what a generic package is called."""
    request = {key: value for key, value in TOOL_1.items() if key != "namespace"}
    with pytest.raises(team.exceptions.ValidationException, match="need a namespace"):
        team.publish_package_version(
            **request, assetName="a", assetContent=b"a", assetSHA256=sha256(b"a")
        )


NAMES = ["Größe 4.txt", "数据４", "a~!@^&()-`_+[]{};,.z", "x" * 255]


@pytest.mark.documented("PublishPackageVersion")
@pytest.mark.parametrize("name", NAMES)
def test_asset_may_have_a_colourful_name(team: "CodeArtifactClient", name: str) -> None:
    """Letters and digits of any script and the documented special characters make a name."""
    assert publish(team, name)["asset"]["name"] == name
    assert names(team) == [name]
    assert team.get_package_version_asset(**TOOL_1, asset=name)["asset"].read() == CONTENT


OTHER_NAMES = ["a/b", "a%20b", "a\nb", "a*b", "a:b", "x" * 256]
SPACED_NAMES = [" a", "a ", "a  b", " ", "a\u00a0b", ".", "..", "m²"]


@pytest.mark.documented("Generic packages overview")
@pytest.mark.parametrize("name", [*OTHER_NAMES, *SPACED_NAMES])
def test_other_asset_names_are_refused(team: "CodeArtifactClient", name: str) -> None:
    """Other characters, spaces but single ones within, dots alone, more than 255 characters."""
    with pytest.raises(team.exceptions.ValidationException):
        publish(team, name)


@pytest.mark.documented("PublishPackageVersion")
def test_large_asset_is_streamed(team: "CodeArtifactClient") -> None:
    """A file object is sent as it is read, and an empty file is an asset too."""
    content = bytes(range(256)) * (12 * 1024)
    publish(team, "large", content, assetContent=io.BytesIO(content), unfinished=True)
    publish(team, "empty", b"")
    sizes = {a["name"]: a["size"] for a in team.list_package_version_assets(**TOOL_1)["assets"]}
    assert sizes == {"large": 3 * MIB, "empty": 0}
    assert team.get_package_version_asset(**TOOL_1, asset="large")["asset"].read() == content


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_too_large_asset_is_refused(make_emulation: Callable[[Quotas], Emulation]) -> None:
    """An asset beyond the quota is refused while it arrives, and nothing of it is kept."""
    emulation = make_emulation(Quotas(asset_bytes=MIB))
    client = emulation.client()
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    with pytest.raises(client.exceptions.ServiceQuotaExceededException) as refused:
        publish(client, content=b"x" * (MIB + 1))
    response = refusal(refused)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 402
    assert (response["resourceId"], response["resourceType"]) == ("asset.tar.gz", "asset")
    assert emulation.stored == []
    assert publish(client, content=b"x" * MIB)["asset"]["size"] == MIB


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_version_holds_so_many_assets(make_emulation: Callable[[Quotas], Emulation]) -> None:
    """One asset more than the quota is refused; those that are there can be published."""
    assert Quotas().assets_per_version == 350
    client = make_emulation(Quotas(assets_per_version=2)).client()
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    for name in ("one", "two"):
        publish(client, name, unfinished=True)
    with pytest.raises(client.exceptions.ServiceQuotaExceededException) as refused:
        publish(client, "three")
    assert refusal(refused)["resourceType"] == "package-version"
    assert publish(client, "one")["status"] == "Published"


@pytest.mark.documented("PublishPackageVersion")
@pytest.mark.parametrize(
    "more",
    [
        {"repository": "nowhere"},
        {"domain": "nowhere"},
        {"format": "npm"},
        {"assetName": "a/b"},
        {"assetSHA256": "0" * 64},
    ],
)
def test_refused_upload_is_read_to_its_end(
    emulation: Emulation,
    team: "CodeArtifactClient",
    more: dict[str, Any],
) -> None:
    """A client that sends everything first gets the refusal all the same."""
    body = io.BytesIO(CONTENT * 200)

    def send(request: Any, **_: object) -> Any:  # noqa: ANN401 - botocore's
        request.body = body
        return emulation._send(request)

    team.meta.events.register_first("before-send.codeartifact.*", send)
    content = body.getvalue()
    request: Any = {"assetContent": content, "assetSHA256": sha256(content), **more}
    with pytest.raises(team.exceptions.ClientError) as refused:
        publish(team, **request)
    assert refusal(refused)["ResponseMetadata"]["HTTPStatusCode"] in {400, 404}
    assert body.tell() == len(content)


# --- Origin controls, permissions, other repositories --------------------------------------------


@pytest.mark.assumed("which error the operation gives for this is not documented")
def test_blocked_publishing_is_refused(team: "CodeArtifactClient") -> None:
    """With publish=BLOCK no version comes in, not even one more asset."""
    publish(team, unfinished=True)
    team.put_package_origin_configuration(
        **TOOL, restrictions={"publish": "BLOCK", "upstream": "ALLOW"}
    )
    requests: list[Any] = [{}, {"packageVersion": "2.0.0"}]
    for more in requests:
        with pytest.raises(team.exceptions.AccessDeniedException, match="origin controls"):
            publish(team, "more.bin", **more)
    assert names(team) == ["asset.tar.gz"]


@pytest.mark.documented("Supported commands for generic packages")
def test_generic_version_never_comes_from_upstream(team: "CodeArtifactClient") -> None:
    """It is only where it was published, whatever the controls allow; below it is another one."""
    upstreams: Any = [{"repositoryName": "store"}]
    team.create_repository(domain="team", repository="app", upstreams=upstreams)
    team.create_repository(domain="team", repository="target")
    publish(team)
    app: Any = {"repository": "app"}
    team.put_package_origin_configuration(
        **TOOL | app, restrictions={"publish": "ALLOW", "upstream": "ALLOW"}
    )
    copy: Any = {key: value for key, value in TOOL.items() if key != "repository"}
    copied = team.copy_package_versions(
        **copy,
        sourceRepository="app",
        destinationRepository="target",
        versions=["1.0.0"],
        includeFromUpstream=True,
    )
    assert copied["failedVersions"]["1.0.0"]["errorCode"] == "NOT_FOUND"
    assert publish(team, content=b"other", **app)["status"] == "Published"


@pytest.mark.documented("Packages overview")
def test_publishing_needs_its_permission_on_the_package(people: People) -> None:
    """The permission is asked for on the package's own ARN, namespace and all."""
    arn = (
        f"arn:aws:codeartifact:eu-west-1:{people.account.number}"
        ":package/team/store/generic/my-ns/my-package"
    )
    reader = people.codeartifact(people.user("ann", allow("ReadFromRepository")))
    request = {"assetName": "a", "assetContent": b"a", "assetSHA256": sha256(b"a")}
    assert f"codeartifact:PublishPackageVersion on resource: {arn} " in denied(
        reader, "publish_package_version", **TOOL_1, **request
    )
    keys = people.user("ben", allow("PublishPackageVersion", resource=arn))
    assert publish(people.codeartifact(keys))["status"] == "Published"


@pytest.mark.assumed("no client of a package manager asks for generic packages")
def test_generic_package_has_no_endpoint(shelf: Shelf, client: "CodeArtifactClient") -> None:
    """The address can be asked for, but nothing is served there."""
    publish(client)
    url = client.get_repository_endpoint(domain="team", repository="store", format="generic")
    headers = {"Authorization": f"Bearer {shelf.token}"}
    assert shelf.emulation.request("GET", url["repositoryEndpoint"], headers).status == 404
