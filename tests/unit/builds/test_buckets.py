"""Objects that CodeBuild reads from S3 and puts there."""

import io

import pytest
from moto.s3.models import FakeKey

from pytest_codeartifact.emulator.neighbours.buckets import (
    Encryption,
    Listed,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
)
from tests.support.emulation import Emulation
from tests.support.people import People
from tests.support.service_roles import Workshop


def read(workshop: Workshop, bucket: str, key: str, version: str | None = None) -> bytes:
    """An object's bytes."""
    target = io.BytesIO()
    size = workshop.buckets.read(workshop.account, bucket, key, target, version)
    assert size == len(target.getvalue())
    return target.getvalue()


def objects(account: str) -> list[FakeKey]:
    """Every object of the account that moto has made, also what was replaced since."""
    made: list[FakeKey] = vars(FakeKey)["instances_tracked"]
    return [each for each in made if each.account_id == account]


def test_object_is_read_whole(workshop: Workshop) -> None:
    """Whatever its size, whether moto keeps it in memory or in a file."""
    bucket = workshop.bucket()
    for content in (b"", b"small", bytes(range(256)) * 40_000):
        workshop.put(bucket, "key", content)
        assert read(workshop, bucket, "key") == content
        assert read(workshop, bucket, "key") == content


def test_object_uploaded_in_parts_is_read_whole(workshop: Workshop) -> None:
    """How an object came does not matter."""
    bucket, s3 = workshop.bucket(), workshop.s3
    place = {"Bucket": bucket, "Key": "large"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    parts = []
    for number, content in ((1, b"a" * 5 * 1024 * 1024), (2, b"b")):
        part = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=content)
        parts.append({"ETag": part["ETag"], "PartNumber": number})
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    assert read(workshop, bucket, "large") == b"a" * 5 * 1024 * 1024 + b"b"


def test_version_is_read_where_one_is_asked_for(workshop: Workshop) -> None:
    """Without a version it is the newest."""
    bucket = workshop.bucket(versioned=True)
    first, second = (workshop.put(bucket, "key", each) for each in (b"1", b"2"))
    assert [read(workshop, bucket, "key", each) for each in (first, second, None)] == [
        b"1",
        b"2",
        b"2",
    ]
    with pytest.raises(NoSuchVersion, match=r"^NoSuchVersion: The specified version does not"):
        read(workshop, bucket, "key", "unknown")


def test_what_is_missing_is_told_as_s3_tells_it(workshop: Workshop) -> None:
    """Code and sentence are S3's own."""
    bucket = workshop.bucket()
    with pytest.raises(NoSuchKey, match=r"^NoSuchKey: The specified key does not exist\.$"):
        read(workshop, bucket, "key")
    with pytest.raises(NoSuchBucket, match=r"^NoSuchBucket: The specified bucket does not exist$"):
        read(workshop, "nobodys", "key")
    with pytest.raises(NoSuchBucket):
        workshop.buckets.list(workshop.account, "nobodys", "")
    with pytest.raises(NoSuchBucket):
        workshop.buckets.check(workshop.account, "nobodys")


def test_deleted_object_is_missing(workshop: Workshop) -> None:
    """A marker of its deletion is no object."""
    bucket = workshop.bucket(versioned=True)
    version = workshop.put(bucket, "key", b"1")
    workshop.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key"}]})
    with pytest.raises(NoSuchKey):
        read(workshop, bucket, "key")
    assert read(workshop, bucket, "key", version) == b"1"
    assert workshop.buckets.list(workshop.account, bucket, "") == []


def test_listing_is_by_prefix_and_sorted(workshop: Workshop) -> None:
    """Keys are compared as texts; a slash is a letter like others."""
    bucket = workshop.bucket()
    for key in ("src/b", "src/", "src/a/c", "srcs", "other"):
        workshop.put(bucket, key, key.encode())
    listed = workshop.buckets.list(workshop.account, bucket, "src/")
    assert listed == [Listed("src/", 4), Listed("src/a/c", 7), Listed("src/b", 5)]
    assert len(workshop.buckets.list(workshop.account, bucket, "")) == 5


def test_content_is_put_with_its_metadata(workshop: Workshop) -> None:
    """Boto3 reads back bytes, metadata and encryption."""
    bucket = workshop.bucket()
    metadata = {"codebuild-buildarn": "arn:aws:codebuild"}
    for key, encryption in (("plain", None), ("kept/made.zip", Encryption("alias/aws/s3"))):
        content = io.BytesIO(b"PK")
        workshop.buckets.put(workshop.account, bucket, key, content, metadata, encryption)
    s3 = workshop.s3
    found = s3.get_object(Bucket=bucket, Key="kept/made.zip")
    assert found["Body"].read() == b"PK"
    assert found["Metadata"] == metadata
    assert found["ServerSideEncryption"] == "aws:kms"
    assert found["SSEKMSKeyId"] == "alias/aws/s3"
    assert s3.get_object(Bucket=bucket, Key="plain")["Metadata"] == metadata
    with pytest.raises(NoSuchBucket):
        workshop.buckets.put(workshop.account, "nobodys", "key", io.BytesIO(), {})


def test_bucket_of_another_account_is_found(workshop: Workshop) -> None:
    """Names of buckets are everybody's."""
    emulation = workshop.emulation
    other = Workshop(People(emulation, emulation.other_account()))
    bucket = other.bucket()
    other.put(bucket, "key", b"theirs")
    assert read(workshop, bucket, "key") == b"theirs"


def test_objects_leave_nothing_open_after_a_reset(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Objects, versions and half uploads are files, which are closed when they are forgotten."""
    with Emulation(tmp_path_factory.mktemp("state")) as emulation:
        workshop = Workshop(People(emulation, emulation.other_account()))
        bucket = workshop.bucket(versioned=True)
        for content in (b"1", b"2"):
            workshop.put(bucket, "key", content)
        s3 = workshop.s3
        place = {"Bucket": bucket, "Key": "half"}
        upload = s3.create_multipart_upload(**place)["UploadId"]
        s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"part")
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key"}]})
        kept = [each for each in objects(workshop.account) if not each.disposed]
        assert len(kept) == 3
        emulation.emulator._neighbours.reset(workshop.account)
        assert all(each.disposed for each in kept)
