"""Where a build's source comes from."""

import io
import os
import socket
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from pytest_codeartifact.emulator.builds import sources, unpacking
from pytest_codeartifact.emulator.builds.powers import Power
from pytest_codeartifact.emulator.builds.sources import SourceError, fetch, fetch_text
from tests.support.people import allow
from tests.support.service_roles import Workshop

READING = allow("s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket")
BUILDSPEC = b"version: 0.2\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The empty folder of a build's source."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def packed(**files: bytes) -> bytes:
    """A ZIP file."""
    archive = io.BytesIO()
    with ZipFile(archive, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return archive.getvalue()


def files(folder: Path) -> dict[str, bytes]:
    """What is in a folder, by relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def from_s3(location: str) -> dict[str, Any]:
    """A source as the service's model describes it."""
    return {"type": "S3", "location": location}


def failure(power: Power, folder: Path, location: str, version: str = "") -> str:
    """Why a source cannot be had."""
    with pytest.raises(SourceError) as failed:
        fetch(from_s3(location), version, power, folder)
    assert failed.value.code == "CLIENT_ERROR"
    return failed.value.message


def test_project_without_source_gets_an_empty_folder(workshop: Workshop, folder: Path) -> None:
    """Its role needs no permission for that."""
    fetch({"type": "NO_SOURCE"}, "", workshop.power(), folder)
    assert files(folder) == {}


def test_zip_file_is_unpacked(workshop: Workshop, folder: Path) -> None:
    """Its place is `bucket/key`, or the ARN of the object."""
    bucket = workshop.bucket()
    workshop.put(bucket, "in/source.zip", packed(buildspec=BUILDSPEC, **{"src/a.py": b"1"}))
    power = workshop.power(READING)
    for number, place in enumerate((bucket, f"arn:aws:s3:::{bucket}")):
        into = folder / str(number)
        into.mkdir()
        fetch(from_s3(f"{place}/in/source.zip"), "", power, into)
        assert files(into) == {"buildspec": BUILDSPEC, "src/a.py": b"1"}


def test_version_of_a_zip_file_can_be_asked_for(workshop: Workshop, folder: Path) -> None:
    """Builds of the same version have the same source."""
    bucket = workshop.bucket(versioned=True)
    first = workshop.put(bucket, "source.zip", packed(first=b""))
    workshop.put(bucket, "source.zip", packed(second=b""))
    fetch(from_s3(f"{bucket}/source.zip"), first, workshop.power(READING), folder)
    assert list(files(folder)) == ["first"]


def test_every_object_of_a_folder_is_fetched(workshop: Workshop, folder: Path) -> None:
    """Keys below the folder are paths; what only stands for a folder is none."""
    bucket = workshop.bucket()
    for key in ("in/", "in/buildspec.yml", "in/src/", "in/src/a.py", "inner/b", "other"):
        workshop.put(bucket, key, key.encode())
    power = workshop.power(READING)
    fetch(from_s3(f"{bucket}/in/"), "", power, folder)
    assert files(folder) == {"buildspec.yml": b"in/buildspec.yml", "src/a.py": b"in/src/a.py"}


def test_whole_bucket_can_be_a_source(workshop: Workshop, folder: Path) -> None:
    """With or without a slash at its end."""
    bucket = workshop.bucket()
    workshop.put(bucket, "a", b"1")
    power = workshop.power(READING)
    for place in (bucket, f"{bucket}/"):
        into = folder / place.replace("/", "-")
        into.mkdir()
        fetch(from_s3(place), "", power, into)
        assert files(into) == {"a": b"1"}


def test_source_that_may_not_be_read_is_told_as_aws_tells_it(
    workshop: Workshop, folder: Path
) -> None:
    """The sentence names key, session, object and source, and the version where one was asked."""
    bucket = workshop.bucket(versioned=True)
    version = workshop.put(bucket, "in/source.zip", packed())
    power = workshop.power()
    told = "error while downloading key in/source.zip, error: AccessDenied: {} for primary source"
    arn = f'"arn:aws:s3:::{bucket}/in/source.zip"'
    denied = workshop.denied("s3:GetObject", arn)
    assert failure(power, folder, f"{bucket}/in/source.zip") == told.format(denied)
    denied = workshop.denied("s3:GetObjectVersion", arn)
    message = failure(power, folder, f"{bucket}/in/source.zip", version)
    assert message == f"{told.format(denied)} and source version {version}"
    listing = failure(power, folder, f"{bucket}/in/")
    assert workshop.denied("s3:ListBucket", f'"arn:aws:s3:::{bucket}"') in listing


def test_source_that_is_not_there_is_told_with_the_code_of_s3(
    workshop: Workshop, folder: Path
) -> None:
    """Key, bucket and folder each have a sentence."""
    bucket, power = workshop.bucket(), workshop.power(READING)
    told = "error while downloading key {}, error: {} for primary source"
    missing_key = "NoSuchKey: The specified key does not exist."
    assert failure(power, folder, f"{bucket}/a.zip") == told.format("a.zip", missing_key)
    missing_bucket = "NoSuchBucket: The specified bucket does not exist"
    assert failure(power, folder, "nobodys/a.zip") == told.format("a.zip", missing_bucket)
    assert failure(power, folder, f"{bucket}/in/") == (
        f"no objects found in {bucket}/in/ for primary source"
    )


def test_object_that_is_no_zip_file_is_refused(workshop: Workshop, folder: Path) -> None:
    """A source of S3 is a ZIP file or a folder."""
    bucket = workshop.bucket()
    workshop.put(bucket, "source.tar", b"no zip file")
    message = failure(workshop.power(READING), folder, f"{bucket}/source.tar")
    assert message == "zip: not a valid zip file for primary source"


@pytest.mark.parametrize("keys", [("in/../outside",), ("in//outside",), ("in/a", "in/a/b")])
def test_keys_that_are_no_paths_are_refused(
    workshop: Workshop, folder: Path, keys: tuple[str, ...]
) -> None:
    """Nothing is written outside the folder, and two files are never one."""
    bucket = workshop.bucket()
    for key in keys:
        # Not by HTTP, where clients and servers tidy paths up.
        workshop.buckets.put(workshop.account, bucket, key, io.BytesIO(b"x"), {})
    failure(workshop.power(READING), folder, f"{bucket}/in/")
    assert {path.name for path in folder.parent.iterdir()} == {"source"}


def test_too_large_a_folder_is_refused_before_it_is_fetched(
    workshop: Workshop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing says how large it is."""
    bucket = workshop.bucket()
    workshop.put(bucket, "in/a", b"xx")
    monkeypatch.setattr(unpacking, "MOST_BYTES", 1)
    assert "more than" in failure(workshop.power(READING), folder, f"{bucket}/in/")
    assert files(folder) == {}


# --- A folder of this machine --------------------------------------------------------------------


def test_folder_of_this_machine_is_copied(workshop: Workshop, folder: Path, tmp_path: Path) -> None:
    """Hidden files come too, links stay links, and the build changes nothing of the original."""
    origin = tmp_path / "my project"
    (origin / ".git").mkdir(parents=True)
    (origin / ".git/HEAD").write_bytes(b"ref")
    (origin / "run.sh").write_bytes(b"#!/bin/sh")
    (origin / "run.sh").chmod(0o755)
    (origin / "link").symlink_to("run.sh")
    (origin / "broken").symlink_to("/nowhere/at/all")
    fetch(from_s3(origin.as_uri()), "", workshop.power(), folder)
    assert files(folder) == {".git/HEAD": b"ref", "run.sh": b"#!/bin/sh", "link": b"#!/bin/sh"}
    assert (folder / "link").is_symlink()
    assert str((folder / "broken").readlink()) == "/nowhere/at/all"
    assert os.access(folder / "run.sh", os.X_OK)
    assert (folder / "run.sh").stat().st_ino != (origin / "run.sh").stat().st_ino


def test_folder_is_not_copied_into_itself(workshop: Workshop, tmp_path: Path) -> None:
    """Builds may run below the folder that is their source."""
    folder = tmp_path / "state" / "builds" / "source"
    folder.mkdir(parents=True)
    (tmp_path / "a").write_bytes(b"1")
    fetch(from_s3(tmp_path.as_uri()), "", workshop.power(), folder)
    assert files(folder) == {"a": b"1"}
    assert (folder / "state/builds").is_dir()


def test_what_has_no_end_is_not_copied(
    workshop: Workshop, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pipes and sockets of programs that run there stay where they are."""
    origin = tmp_path / "o"
    origin.mkdir()
    os.mkfifo(origin / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        # By its name alone: the whole path is too long for an address.
        monkeypatch.chdir(origin)
        listening.bind("socket")
        (origin / "a").write_bytes(b"1")
        fetch(from_s3(origin.as_uri()), "", workshop.power(), folder)
    assert [path.name for path in folder.iterdir()] == ["a"]


@pytest.mark.parametrize("place", ["file:///no/such/folder", "file://relative", "file://"])
def test_folder_that_is_none_is_refused(workshop: Workshop, folder: Path, place: str) -> None:
    """It must be there, and be named from the root."""
    message = failure(workshop.power(), folder, place)
    assert message.endswith("is no folder of this machine for primary source")


# --- A buildspec in S3 ---------------------------------------------------------------------------


def test_buildspec_is_read_from_s3(workshop: Workshop) -> None:
    """It is named by the ARN of its object."""
    bucket = workshop.bucket()
    workshop.put(bucket, "in/buildspec.yml", BUILDSPEC)
    power = workshop.power(READING)
    assert fetch_text(f"arn:aws:s3:::{bucket}/in/buildspec.yml", power) == BUILDSPEC.decode()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "error while downloading key b.yml, error: NoSuchKey: The specified key"),
        (b"\xff\xfe", "is no text in UTF-8"),
        (b"x" * 11, "is larger than 10 bytes"),
    ],
)
def test_buildspec_that_cannot_be_read_is_told(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, content: bytes | None, told: str
) -> None:
    """The phase fails as with any buildspec that is none."""
    monkeypatch.setattr(sources, "BUILDSPEC_BYTES", 10)
    bucket = workshop.bucket()
    if content is not None:
        workshop.put(bucket, "b.yml", content)
    with pytest.raises(SourceError) as failed:
        fetch_text(f"arn:aws:s3:::{bucket}/b.yml", workshop.power(READING))
    assert failed.value.code == "YAML_FILE_ERROR"
    assert told in failed.value.message
