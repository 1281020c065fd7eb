"""Uploads to the endpoint for Python clients: what is taken, and what leaves nothing behind."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codeartifact.emulator.entities import Control
from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.distributions import (
    Distribution,
    make_sdist,
    make_wheel,
    metadata,
    zipped,
)
from tests.support.emulation import Answer, Emulation, Shelf
from tests.support.states import set_controls

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

WHEEL = make_wheel()
SDIST = make_sdist()


def refused(shelf: Shelf, answer: Answer, status: int = 400) -> str:
    """What the refusal says, once it is sure that nothing was kept."""
    assert answer.status == status, answer.body
    assert shelf.emulation.stored == []
    assert shelf.get("simple/demo/").status == 404
    assert (
        shelf.emulation.client().list_packages(domain="team", repository="store")["packages"] == []
    )
    return answer.message


# --- What is taken -----------------------------------------------------------------------------


@pytest.mark.documented("Using twine with CodeArtifact")
@pytest.mark.parametrize(
    "distribution",
    [WHEEL, SDIST, make_sdist(suffix=".zip"), make_wheel(tag="cp311-cp311-linux_x86_64")],
    ids=lambda distribution: distribution.filename,
)
def test_upload_is_served_at_once(shelf: Shelf, distribution: Distribution) -> None:
    """The file is on the page and comes back as it went in; exactly its bytes are kept."""
    assert shelf.upload(distribution).status == 200
    assert shelf.files() == [distribution.filename]
    assert shelf.download(distribution).body == distribution.content
    assert shelf.emulation.stored == [distribution.sha256]


@pytest.mark.assumed("name, version and the file are what cannot be missing")
def test_upload_needs_little(shelf: Shelf) -> None:
    """An upload without digests, file type and the rest of the metadata is taken."""
    content = (WHEEL.filename, WHEEL.content)
    assert shelf.post({"name": "demo", "version": "1.0", "content": content}).status == 200
    assert shelf.download(WHEEL).status == 200


@pytest.mark.documented("Packages overview")
def test_same_bytes_again_change_nothing(shelf: Shelf, client: "CodeArtifactClient") -> None:
    """Publishing the same file twice succeeds, in whatever order with others."""
    where: Any = {"domain": "team", "repository": "store", "format": "pypi", "package": "demo"}
    assert shelf.upload(WHEEL).status == shelf.upload(SDIST).status == 200
    before = client.list_package_versions(**where)["versions"]
    kept = shelf.emulation.stored
    assert shelf.upload(WHEEL).status == 200
    assert client.list_package_versions(**where)["versions"] == before
    assert shelf.emulation.stored == kept


@pytest.mark.documented("Packages overview")
def test_other_bytes_are_a_conflict(shelf: Shelf) -> None:
    """A published file never changes; the first one stays."""
    assert shelf.upload(WHEEL).status == 200
    answer = shelf.upload(make_wheel(extra=b"# other"))
    assert answer.status == 409
    assert WHEEL.filename in answer.message
    assert shelf.download(WHEEL).body == WHEEL.content
    assert shelf.emulation.stored == [WHEEL.sha256]


@pytest.mark.documented("AWS CodeArtifact concepts")
def test_second_file_joins_its_version(shelf: Shelf) -> None:
    """A wheel and an sdist of one version stand side by side."""
    assert shelf.upload(SDIST).status == shelf.upload(WHEEL).status == 200
    assert shelf.files() == [SDIST.filename, WHEEL.filename]


@pytest.mark.documented("Python package name normalization")
def test_spellings_are_one_package(shelf: Shelf, client: "CodeArtifactClient") -> None:
    """Form, file name and metadata may spell name and version differently, if they mean one."""
    wheel = replace(
        Distribution(
            "My_Demo-1.0-py3-none-any.whl",
            zipped([("My_Demo-1.0.dist-info/METADATA", metadata("my.DEMO", "1.0.0-0"))]),
        ),
        name="My-demo",
        version="v1.0",
    )
    right = replace(
        wheel, content=zipped([("x-1.dist-info/METADATA", metadata("my.DEMO", "v1.0"))])
    )
    assert shelf.upload(wheel).status == 400
    assert shelf.upload(right).status == 200
    [package] = client.list_packages(domain="team", repository="store")["packages"]
    assert package["package"] == "my-demo"
    versions = client.list_package_versions(
        domain="team", repository="store", format="pypi", package="my-demo"
    )
    assert [version["version"] for version in versions["versions"]] == ["1.0"]


@pytest.mark.assumed("detached signatures have no place in the service's repositories")
def test_signature_beside_the_file_is_read_over(shelf: Shelf) -> None:
    """A detached signature is neither refused nor kept."""
    form: dict[str, Any] = {**WHEEL.fields, "content": (WHEEL.filename, WHEEL.content)}
    form["gpg_signature"] = (f"{WHEEL.filename}.asc", b"-----BEGIN PGP SIGNATURE-----")
    assert shelf.post(form).status == 200
    assert shelf.emulation.stored == [WHEEL.sha256]


@pytest.mark.assumed("a form's parts have no order")
def test_file_may_come_first(shelf: Shelf) -> None:
    """The file may stand before the fields that describe it."""
    content = (WHEEL.filename, WHEEL.content)
    assert shelf.post([("content", content), *WHEEL.fields.items()]).status == 200


# --- What contradicts itself -------------------------------------------------------------------


@pytest.mark.assumed("the service's checks of the form are not documented")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "other"}, "other"),
        ({"name": "-demo"}, "-demo"),
        ({"name": "dé"}, "dé"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"version": "1.1"}, "1.1"),
        ({"version": "latest"}, "latest"),
        ({"version": ""}, "version"),
        ({"filetype": "sdist"}, "sdist"),
        ({"filetype": "bdist_egg"}, "bdist_egg"),
        ({":action": "submit"}, "submit"),
        ({"md5_digest": "0" * 32}, "md5_digest"),
        ({"sha256_digest": "0" * 64}, "sha256_digest"),
        ({"blake2_256_digest": "0" * 64}, "blake2_256_digest"),
        ({"sha256_digest": "nonsense"}, "sha256_digest"),
    ],
)
def test_contradiction_is_refused(shelf: Shelf, fields: dict[str, str], said: str) -> None:
    """A field that the file contradicts, or that is no value at all, is named."""
    assert said in refused(shelf, shelf.upload(WHEEL, **fields))


@pytest.mark.assumed("the service's checks of the form are not documented")
@pytest.mark.parametrize("name", ["name", "version", "content"])
def test_missing_part_is_refused(shelf: Shelf, name: str) -> None:
    """What an upload needs and does not have is named."""
    assert f"'{name}'" in refused(shelf, shelf.upload(WHEEL, omit=[name]))


@pytest.mark.assumed("digests are compared as numbers")
def test_digest_may_be_in_upper_case(shelf: Shelf) -> None:
    """The case of a digest's letters does not matter."""
    assert shelf.upload(WHEEL, sha256_digest=WHEEL.sha256.upper()).status == 200


@pytest.mark.assumed("file types beyond wheels and sdists are not documented")
@pytest.mark.parametrize(
    "filename",
    [
        "demo-1.0.egg",
        "demo-1.0.tar.bz2",
        "demo-1.0.exe",
        "demo-1.0.deb",
        "demo-1.0.txt",
        "demo-1.0-py3-none-any.WHL",
        "demo-1.0.whl",
        "demo.tar.gz",
        "demo-1.0-py3-none-any.whl.exe",
        "../demo-1.0.tar.gz",
        "/etc/demo-1.0.tar.gz",
        "a/demo-1.0-py3-none-any.whl",
        "demo-1.0-py3-none-any.whl/",
        "..\\demo-1.0.tar.gz",
        ".",
    ],
)
def test_unknown_kind_of_file_is_refused(shelf: Shelf, filename: str) -> None:
    """Only names of wheels and sdists are taken, and never with a path."""
    fields = {"name": "demo", "version": "1.0"}
    refused(shelf, shelf.post({**fields, "content": (filename, WHEEL.content)}))


@pytest.mark.assumed("one form is one file, as upload clients send it")
def test_two_files_are_refused(shelf: Shelf) -> None:
    """A form with two files publishes neither."""
    content = (WHEEL.filename, WHEEL.content)
    refused(shelf, shelf.post([*WHEEL.fields.items(), ("content", content), ("content", content)]))


# --- Quotas and origin controls ----------------------------------------------------------------


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_too_large_asset_is_refused(make_emulation: Callable[[Quotas], Emulation]) -> None:
    """A file beyond the quota is refused while it arrives, and nothing of it stays."""
    emulation = make_emulation(Quotas(asset_bytes=len(WHEEL.content)))
    client = emulation.client()
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    token = client.get_authorization_token(domain="team")["authorizationToken"]
    shelf = Shelf(emulation, "team", "store", token)
    larger = make_wheel(extra=b"# more" * 10_000 + bytes(range(256)))
    answer = shelf.upload(larger)
    assert larger.filename in refused(shelf, answer, answer.status)
    assert 400 <= answer.status < 500
    assert shelf.upload(WHEEL).status == 200


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_version_holds_so_many_assets(make_emulation: Callable[[Quotas], Emulation]) -> None:
    """One file more than the quota is refused; those there may be sent again."""
    emulation = make_emulation(Quotas(assets_per_version=2))
    client = emulation.client()
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    token = client.get_authorization_token(domain="team")["authorizationToken"]
    shelf = Shelf(emulation, "team", "store", token)
    third = make_wheel(tag="py2-none-any")
    assert shelf.upload(WHEEL).status == shelf.upload(SDIST).status == 200
    assert 400 <= shelf.upload(third).status < 500
    assert shelf.upload(WHEEL).status == 200
    assert shelf.files() == [WHEEL.filename, SDIST.filename]


@pytest.mark.documented("Editing package origin controls")
def test_blocked_publishing_is_refused(shelf: Shelf) -> None:
    """With publish=BLOCK no new version and no new file is taken; what is stored stays."""
    assert shelf.upload(WHEEL).status == 200
    set_controls(shelf, "demo", Control.BLOCK, Control.ALLOW)
    for distribution in (SDIST, make_wheel(version="2.0")):
        answer = shelf.upload(distribution)
        assert answer.status == 403
        assert "demo" in answer.message
    assert shelf.emulation.stored == [WHEEL.sha256]
    assert shelf.files() == [WHEEL.filename]
