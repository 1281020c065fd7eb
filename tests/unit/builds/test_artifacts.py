"""Where the artifacts of a build go, and under which names."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.builds.artifacts import ArtifactError, key_of, place
from pytest_codeartifact.emulator.builds.builds import BuildId
from pytest_codeartifact.emulator.builds.machine import Packed
from tests.support.people import allow
from tests.support.service_roles import UUID, Workshop

WRITING = allow("s3:PutObject")
BUILD = BuildId("111122223333", "eu-west-1", "demo", UUID)
KEY = "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3"


@pytest.fixture
def made(tmp_path: Path) -> Packed:
    """What a build made: two files, and one ZIP file of both."""
    contents = {"index.html": b"<p>", "static/app.js": b"1"}
    paths = {}
    for name, content in contents.items():
        paths[name] = tmp_path / "made" / name
        paths[name].parent.mkdir(parents=True, exist_ok=True)
        paths[name].write_bytes(content)
    packed = tmp_path / "made.zip"
    packed.write_bytes(b"PK\x05\x06")
    return Packed("", "", paths, packed)


def loose(made: Packed) -> Packed:
    """The same without its ZIP file."""
    return Packed(made.name, made.prefix, made.files)


def stored(workshop: Workshop, bucket: str) -> list[str]:
    """The keys of a bucket."""
    return [each.key for each in workshop.buckets.list(workshop.account, bucket, "")]


def wanted(bucket: str = "bucket", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - the model's
    """Artifacts as a project wants them; keywords are further members."""
    return {"type": "S3", "location": bucket, **more}


@pytest.mark.parametrize(
    ("members", "named", "key"),
    [
        # The examples of the API reference.
        ({"path": "MyArtifacts", "name": "MyArtifact.zip"}, "", "MyArtifacts/MyArtifact.zip"),
        (
            {"path": "MyArtifacts", "namespaceType": "NONE", "name": "MyArtifact.zip"},
            "",
            "MyArtifacts/MyArtifact.zip",
        ),
        (
            {"path": "MyArtifacts", "namespaceType": "BUILD_ID", "name": "MyArtifact.zip"},
            "",
            f"MyArtifacts/{UUID}/MyArtifact.zip",
        ),
        ({"namespaceType": "NONE", "name": "/"}, "", ""),
        (
            {"path": "MyArtifacts", "namespaceType": "BUILD_ID", "name": "/"},
            "",
            f"MyArtifacts/{UUID}",
        ),
        # Names that nobody gave.
        ({}, "", "demo"),
        ({"packaging": "ZIP"}, "", "demo"),
        ({"artifactIdentifier": "docs"}, "", "docs"),
        ({"name": "/", "packaging": "ZIP"}, "", "demo"),
        # Names of the buildspec.
        ({"name": "of-project"}, "of-buildspec", "of-project"),
        ({"name": "of-project", "overrideArtifactName": True}, "of/buildspec", "of/buildspec"),
        ({"name": "of-project", "overrideArtifactName": True}, "", "of-project"),
        ({"name": "of-project", "overrideArtifactName": False}, "of-buildspec", "of-project"),
        # Slashes are written once.
        ({"path": "/a/b/", "name": "/c/"}, "", "a/b/c"),
        ({"path": "/", "name": "c"}, "", "c"),
    ],
)
def test_key_follows_from_path_namespace_and_name(
    members: Mapping[str, Any], named: str, key: str
) -> None:
    """Each part is there where it is asked for."""
    assert key_of(wanted(**members), named, BUILD) == key


parts = st.text(st.sampled_from("ab/."), max_size=6)


@given(parts, parts, st.sampled_from(["NONE", "BUILD_ID"]), parts)
def test_key_never_begins_or_ends_with_a_slash(
    path: str, name: str, namespace: str, named: str
) -> None:
    """Whatever a project writes, keys are those that others would write."""
    asked = wanted(path=path, name=name, namespaceType=namespace, overrideArtifactName=True)
    key = key_of(asked, named, BUILD)
    assert key == key.strip("/")


def test_zip_file_is_stored_with_its_hashes(workshop: Workshop, made: Packed) -> None:
    """The build shows where it is and its hashes, which are the object's metadata too."""
    bucket = workshop.bucket()
    asked = wanted(bucket, name="out.zip", packaging="ZIP", namespaceType="BUILD_ID")
    shown = place(asked, made, workshop.build, KEY, workshop.power(WRITING))
    content = b"PK\x05\x06"
    md5 = hashlib.md5(content).hexdigest()
    sha256 = hashlib.sha256(content).hexdigest()
    assert shown == {
        "location": f"arn:aws:s3:::{bucket}/{UUID}/out.zip",
        "md5sum": md5,
        "sha256sum": sha256,
    }
    found = workshop.s3.get_object(Bucket=bucket, Key=f"{UUID}/out.zip")
    assert found["Body"].read() == content
    assert found["Metadata"] == {
        "codebuild-buildarn": workshop.build.arn,
        "codebuild-content-md5": md5,
        "codebuild-content-sha256": sha256,
    }
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", KEY)


def test_files_are_stored_in_a_folder(workshop: Workshop, made: Packed) -> None:
    """Without packaging each file is an object, and the build shows no hashes."""
    bucket = workshop.bucket()
    asked = wanted(bucket, path="site", packaging="NONE", artifactIdentifier="web")
    shown = place(asked, loose(made), workshop.build, KEY, workshop.power(WRITING))
    assert shown == {"location": f"arn:aws:s3:::{bucket}/site/web", "artifactIdentifier": "web"}
    assert stored(workshop, bucket) == ["site/web/index.html", "site/web/static/app.js"]
    found = workshop.s3.get_object(Bucket=bucket, Key="site/web/index.html")
    assert found["Metadata"]["codebuild-content-md5"] == hashlib.md5(b"<p>").hexdigest()


def test_files_can_go_to_the_root(workshop: Workshop, made: Packed) -> None:
    """A bucket that is a site has no folder of artifacts."""
    bucket = workshop.bucket()
    asked = wanted(bucket, name="/", encryptionDisabled=True)
    shown = place(asked, loose(made), workshop.build, KEY, workshop.power(WRITING))
    assert shown == {"location": f"arn:aws:s3:::{bucket}", "encryptionDisabled": True}
    assert stored(workshop, bucket) == ["index.html", "static/app.js"]
    found = workshop.s3.get_object(Bucket=bucket, Key="index.html")
    assert found.get("ServerSideEncryption") != "aws:kms"


def test_artifacts_that_may_not_be_stored_fail_the_phase(workshop: Workshop, made: Packed) -> None:
    """The message is that of AWS."""
    bucket = workshop.bucket()
    power = workshop.power()
    with pytest.raises(ArtifactError) as failed:
        place(wanted(bucket, name="out.zip"), made, workshop.build, KEY, power)
    assert failed.value.code == "CLIENT_ERROR"
    denied = workshop.denied("s3:PutObject", f'"arn:aws:s3:::{bucket}/out.zip"')
    told = f"Error in UPLOAD_ARTIFACTS phase: AccessDenied: {denied}"
    assert failed.value.message == told
    with pytest.raises(ArtifactError) as failed:
        place(wanted("nobodys"), made, workshop.build, KEY, power)
    assert failed.value.message == (
        "Error in UPLOAD_ARTIFACTS phase: NoSuchBucket: The specified bucket does not exist"
    )
