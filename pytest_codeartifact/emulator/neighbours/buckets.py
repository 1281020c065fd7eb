"""Amazon S3, as a service of AWS uses it: objects read, listed and put.

Sources: "GetObject", "ListObjectsV2", "PutObject", "Error Responses" (Amazon S3 API Reference).
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from pytest_codeartifact.emulator.neighbours import Neighbours
from pytest_codeartifact.emulator.neighbours.identities import PARTITION

if TYPE_CHECKING:
    from moto.s3.models import FakeBucket, S3Backend

CHUNK_BYTES = 1024 * 1024


class BucketError(Exception):
    """S3 says no; `str()` is its code and its sentence, as AWS's programs print them."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NoSuchBucket(BucketError):
    """Nobody has a bucket of this name."""

    def __init__(self) -> None:
        super().__init__("NoSuchBucket", "The specified bucket does not exist")


class NoSuchKey(BucketError):
    """The bucket has no such object, or that was deleted."""

    def __init__(self) -> None:
        super().__init__("NoSuchKey", "The specified key does not exist.")


class NoSuchVersion(BucketError):
    """The object has no such version."""

    def __init__(self) -> None:
        super().__init__("NoSuchVersion", "The specified version does not exist.")


@dataclass(frozen=True, slots=True)
class Encryption:
    """How an object is kept: with this key of KMS."""

    kms_key: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it."""

    key: str
    size: int


class Buckets:
    """Moto's buckets, of whatever region, as an account sees them.

    Differs: the policy of a bucket, and who owns it, have no say in what is done here.
    """

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours

    def check(self, account: str, bucket: str) -> None:
        """Return when the bucket exists; raise NoSuchBucket otherwise."""
        with self._neighbours.visit():
            _opened(account, bucket)

    def read(
        self, account: str, bucket: str, key: str, target: IO[bytes], version: str | None = None
    ) -> int:
        """Copy an object's bytes, piece by piece, and return its size.

        Raises NoSuchBucket, NoSuchKey or NoSuchVersion.
        """
        with self._neighbours.visit():
            backend, _ = _opened(account, bucket)
            found = backend.get_object(bucket, key, version_id=version)
            if found is None:
                raise NoSuchVersion if version else NoSuchKey
            # Moto gives an object away as a whole only; what it keeps is a file.
            kept: IO[bytes] = vars(found)["_value_buffer"]
            with found.lock:
                kept.seek(0)
                shutil.copyfileobj(kept, target, CHUNK_BYTES)
            return found.size

    def list(self, account: str, bucket: str, prefix: str) -> "list[Listed]":
        """The objects whose keys begin with the prefix, by key; raises NoSuchBucket."""
        with self._neighbours.visit():
            backend, opened = _opened(account, bucket)
            found, *_ = backend.list_objects(opened, prefix, None, None, None)
            return [Listed(each.name, each.size) for each in found]

    def put(
        self,
        account: str,
        bucket: str,
        key: str,
        content: IO[bytes],
        metadata: Mapping[str, str],
        encryption: Encryption | None = None,
    ) -> None:
        """Store an object, with the metadata that S3 calls `x-amz-meta-…`; raises NoSuchBucket.

        Differs: an object is put in one piece however large it is, as moto takes it.
        """
        with self._neighbours.visit():
            backend, opened = _opened(account, bucket)
            made = backend.put_object(
                bucket,
                key,
                content.read(),
                encryption="aws:kms" if encryption else None,
                kms_key_id=encryption.kms_key if encryption else None,
            )
            made.set_metadata({f"x-amz-meta-{name}": value for name, value in metadata.items()})
            made.set_acl(opened.acl)


def _opened(account: str, bucket: str) -> "tuple[S3Backend, FakeBucket]":
    from moto.s3.exceptions import MissingBucket  # noqa: PLC0415 - heavy, so only once in use
    from moto.s3.models import s3_backends  # noqa: PLC0415 - likewise

    backend = s3_backends[account][PARTITION]
    try:
        return backend, backend.get_bucket(bucket)
    except MissingBucket:
        raise NoSuchBucket from None
