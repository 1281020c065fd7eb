"""Uploads that are broken or meant to do harm: refused, and nothing stays."""

import bz2
import gzip
import io
import tarfile
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from pytest_codeartifact.emulator.formats import distributions
from tests.support.distributions import (
    Distribution,
    make_sdist,
    make_wheel,
    metadata,
    tarred,
    zipped,
)
from tests.support.emulation import Answer, Shelf, basic

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

WHEEL = make_wheel()
SDIST = make_sdist()
INFO = "demo-1.0.dist-info"


def refused(shelf: Shelf, answer: Answer, status: int = 400) -> str:
    """What the refusal says, once it is sure that nothing was kept."""
    assert answer.status == status, answer.body
    assert shelf.emulation.stored == []
    assert shelf.get("simple/demo/").status == 404
    assert (
        shelf.emulation.client().list_packages(domain="team", repository="store")["packages"] == []
    )
    return answer.message


def wheel_with(
    *members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED
) -> Distribution:
    return Distribution(WHEEL.filename, zipped(members, compression))


def sdist_with(*members: tuple[str, bytes]) -> Distribution:
    return Distribution(SDIST.filename, tarred(members), filetype="sdist")


# --- What the file itself says -----------------------------------------------------------------


BROKEN = {
    "no METADATA": wheel_with(("demo.py", b"")),
    "METADATA twice": wheel_with(
        (f"{INFO}/METADATA", metadata()), (f"{INFO}/METADATA", metadata())
    ),
    "two METADATA": wheel_with(
        (f"{INFO}/METADATA", metadata()), ("b-1.dist-info/METADATA", metadata())
    ),
    "METADATA too deep": wheel_with((f"x/{INFO}/METADATA", metadata())),
    "METADATA on top": wheel_with(("METADATA", metadata())),
    "METADATA outside": wheel_with((f"../{INFO}/METADATA", metadata())),
    "other name": wheel_with((f"{INFO}/METADATA", metadata(name="other"))),
    "other version": wheel_with((f"{INFO}/METADATA", metadata(version="1.1"))),
    "invalid version": wheel_with((f"{INFO}/METADATA", metadata(version="latest"))),
    "no version": wheel_with((f"{INFO}/METADATA", b"Name: demo\n")),
    "empty METADATA": wheel_with((f"{INFO}/METADATA", b"")),
    "binary METADATA": wheel_with((f"{INFO}/METADATA", b"\xff\xfe\x00 not text \xe9")),
    "non-UTF-8 name": wheel_with((f"{INFO}/METADATA", b"Name: d\xe9mo\nVersion: 1.0\n")),
    "empty wheel": Distribution(WHEEL.filename, b""),
    "no archive": Distribution(WHEEL.filename, b"PK\x03\x04 no archive"),
    "cut wheel": Distribution(WHEEL.filename, WHEEL.content[:-30]),
    "sdist as wheel": Distribution(WHEEL.filename, SDIST.content),
    "no PKG-INFO": sdist_with(("demo-1.0/setup.py", b"")),
    "PKG-INFO on top": sdist_with(("PKG-INFO", metadata())),
    "PKG-INFO too deep": sdist_with(("demo-1.0/sub/PKG-INFO", metadata())),
    "other name in sdist": sdist_with(("demo-1.0/PKG-INFO", metadata(name="other"))),
    "cut sdist": replace(SDIST, content=SDIST.content[: len(SDIST.content) // 2]),
    "wheel as sdist": replace(SDIST, content=WHEEL.content),
    "other compression": replace(SDIST, content=bz2.compress(b"x")),
    "empty sdist": replace(SDIST, content=b""),
}


@pytest.mark.assumed("a file must be what its name says, or no client could install it")
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_broken_file_is_refused(shelf: Shelf, broken: Distribution) -> None:
    """Without exactly one readable description that agrees, nothing is published."""
    assert len(refused(shelf, shelf.upload(broken))) > 10


@pytest.mark.assumed("a service survives what its users send")
@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_compression_is_refused(shelf: Shelf, compression: int) -> None:
    """A member whose compressed bytes are damaged is a broken file, however compressed."""
    text = metadata(readme="word " * 400)
    content = bytearray(zipped([(f"{INFO}/METADATA", text)], compression))
    start = content.index(b"METADATA") + len("METADATA")
    content[start + 8 : start + 60] = b"\xff" * 52
    refused(shelf, shelf.upload(Distribution(WHEEL.filename, bytes(content))))


@pytest.mark.assumed("a service survives what its users send")
def test_zip_bomb_is_refused(shelf: Shelf) -> None:
    """A small file whose description unpacks to very much is refused by its size."""
    bomb = wheel_with((f"{INFO}/METADATA", metadata() + b"\n" + b" " * (32 * 1024 * 1024)))
    assert len(bomb.content) < 100_000
    assert "larger than" in refused(shelf, shelf.upload(bomb))


@pytest.mark.assumed("a service survives what its users send")
def test_tar_bomb_is_refused(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """An sdist that unpacks to very much before its description comes is refused."""
    monkeypatch.setattr(distributions, "UNPACKED_BYTES", 4 * 1024 * 1024)
    big = ("demo-1.0/big", b"\0" * (8 * 1024 * 1024))
    bomb = sdist_with(big, ("demo-1.0/PKG-INFO", metadata()))
    assert "unpacks to more than" in refused(shelf, shelf.upload(bomb))


@pytest.mark.assumed("a service survives what its users send")
@pytest.mark.parametrize(
    "kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]
)
def test_giant_tar_header_is_refused(shelf: Shelf, kind: bytes) -> None:
    """A header that claims to be long is refused before it is read into memory."""
    header = tarfile.TarInfo("demo-1.0/x")
    header.type, header.size = kind, 3 * 1024 * 1024
    content = gzip.compress(header.tobuf() + b"1" * header.size + b"\0" * 1024)
    assert "header" in refused(shelf, shelf.upload(replace(SDIST, content=content)))


@pytest.mark.assumed("names inside an archive are never paths on the server")
def test_path_tricks_inside_are_harmless(shelf: Shelf) -> None:
    """Members that point elsewhere are never unpacked."""
    wheel = wheel_with(
        ("../../../escaped", b"x"),
        ("/escaped", b"x"),
        ("a\\..\\escaped", b"x"),
        (f"{INFO}/METADATA", metadata()),
    )
    assert shelf.upload(wheel).status == 200
    folder = shelf.emulation.folder
    assert not list(folder.parent.rglob("escaped*"))
    assert shelf.emulation.stored == [wheel.sha256]


@pytest.mark.assumed("a description that is a link is none")
def test_linked_description_is_refused(shelf: Shelf) -> None:
    """A PKG-INFO that is a link to a file of the server is not followed."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        link = tarfile.TarInfo("demo-1.0/PKG-INFO")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    refused(shelf, shelf.upload(replace(SDIST, content=gzip.compress(plain.getvalue()))))


@pytest.mark.assumed("many real packages carry some broken metadata")
def test_broken_metadata_beside_the_name_is_left_out(
    shelf: Shelf, client: "CodeArtifactClient"
) -> None:
    """What cannot be read of the rest is not shown; the file is published all the same."""
    text = metadata("demo", "1.0", "Requires-Dist: ???", "Requires-Dist: good", "Keywords: \t,,")
    wheel = wheel_with((f"{INFO}/METADATA", text.replace(b"Keywords", b"Summary: \xff\nKeywords")))
    assert shelf.upload(wheel).status == 200
    where: Any = {"domain": "team", "repository": "store", "format": "pypi", "package": "demo"}
    found = client.list_package_version_dependencies(**where, packageVersion="1.0")
    assert [d["package"] for d in found["dependencies"]] == ["good"]


# --- The form as bytes -------------------------------------------------------------------------


def raw(shelf: Shelf, body: bytes, content_type: str | None) -> Answer:
    headers = {"Authorization": basic("aws", shelf.token)}
    if content_type is not None:
        headers["Content-Type"] = content_type
    return shelf.emulation.request("POST", shelf.path, headers, body)


def form() -> tuple[bytes, str]:
    fields: dict[str, Any] = {**WHEEL.fields, "content": (WHEEL.filename, WHEEL.content)}
    return urllib3.encode_multipart_formdata(fields, boundary="frontier")


@pytest.mark.assumed("what is no form is no upload")
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=é",
        f"multipart/form-data; boundary={'b' * 201}",
        "application/json; boundary=frontier",
        "multipart/mixed; boundary=frontier",
        "application/x-www-form-urlencoded",
        ";;;=",
    ],
)
def test_unreadable_content_type_is_refused(shelf: Shelf, content_type: str | None) -> None:
    """Without the right type and boundary the body means nothing."""
    refused(shelf, raw(shelf, form()[0], content_type))


@pytest.mark.assumed("a connection that breaks off must publish nothing")
@pytest.mark.parametrize("left", [0, 1, 40, 0.3, 0.7, 0.95, -1, -3, -6])
def test_truncated_body_is_refused(shelf: Shelf, left: float) -> None:
    """However much of the form arrived, a part of it is nothing."""
    body, content_type = form()
    body = body.rstrip(b"\r\n")
    # Below one it is a part of the whole, else a number of bytes from the start or the end.
    end = int(len(body) * left) if 0 < left < 1 else int(left)
    refused(shelf, raw(shelf, body[:end], content_type))


@pytest.mark.assumed("a form's fields are text")
@pytest.mark.parametrize("name", ["name", "summary"])
def test_field_that_is_no_text_is_refused(shelf: Shelf, name: str) -> None:
    """A field must be UTF-8."""
    fields: dict[str, Any] = {**WHEEL.fields, name: b"\xff\xfe"}
    answer = shelf.post({**fields, "content": (WHEEL.filename, WHEEL.content)})
    assert f"'{name}'" in refused(shelf, answer)


@pytest.mark.assumed("a service survives what its users send")
def test_huge_fields_are_refused(shelf: Shelf) -> None:
    """Fields have a limit together, so that an upload cannot fill the memory."""
    form: list[tuple[str, Any]] = [*WHEEL.fields.items(), ("description", b"x" * (17 * 1024**2))]
    answer = shelf.post([*form, ("content", (WHEEL.filename, WHEEL.content))])
    assert answer.status in {400, 402, 413}
    refused(shelf, answer, answer.status)


@pytest.mark.assumed("a service survives what its users send")
def test_too_many_fields_are_refused(shelf: Shelf) -> None:
    """The number of fields has a limit as well."""
    form: list[tuple[str, Any]] = [("classifiers", "x")] * 5000
    refused(shelf, shelf.post([*form, *WHEEL.fields.items()]))


@pytest.mark.assumed("the largest real descriptions must pass")
def test_large_description_is_taken(shelf: Shelf) -> None:
    """A long readme in form and file is no problem."""
    wheel = make_wheel(readme="word " * 200_000)
    assert shelf.upload(wheel, description="word " * 200_000).status == 200
