"""Where a build's artifacts go: an object of S3, or a folder of objects.

Source: "ProjectArtifacts", "BuildArtifacts" (AWS CodeBuild API Reference), "Build specification
reference", `artifacts` (AWS CodeBuild User Guide).
"""

import errno
import hashlib
import os
import stat
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

from pytest_codeartifact.emulator.builds.builds import BuildId
from pytest_codeartifact.emulator.builds.machine import BuildProblem, Packed
from pytest_codeartifact.emulator.builds.powers import Power
from pytest_codeartifact.emulator.builds.unpacking import Unpackable, check_amount
from pytest_codeartifact.emulator.neighbours.buckets import BucketError, Encryption

ROOT = "/"
"""The name of artifacts that have none: they go to the root of their place."""

_KEPT = ("overrideArtifactName", "encryptionDisabled", "artifactIdentifier", "bucketOwnerAccess")


class ArtifactError(BuildProblem):
    """The artifacts cannot be stored."""


def place(
    wanted: Mapping[str, Any], packed: Packed, build: BuildId, encryption_key: str, power: Power
) -> dict[str, Any]:
    """Store what a build made as a ProjectArtifacts wants it; returns its BuildArtifacts.

    Raises ArtifactError.
    """
    encryption = None if wanted.get("encryptionDisabled") else Encryption(encryption_key)
    bucket = wanted["location"]
    key = key_of(wanted, packed.name, build, packed.prefix)
    shown = {
        "location": f"arn:aws:s3:::{bucket}/{key}".rstrip("/"),
        **{name: wanted[name] for name in _KEPT if name in wanted},
    }
    try:
        stored = [packed.zip_path] if packed.zip_path else list(packed.files.values())
        check_amount(len(stored), sum(path.stat().st_size for path in stored))
        if packed.zip_path is not None:
            md5, sha256 = _store(power, bucket, key, packed.zip_path, build, encryption)
            return shown | {"md5sum": md5, "sha256sum": sha256}
        for name, path in packed.files.items():
            _store(power, bucket, f"{key}/{name}".lstrip("/"), path, build, encryption)
    except (BucketError, OSError, Unpackable) as error:
        # A build may change its files while they are stored.
        told = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"Error in UPLOAD_ARTIFACTS phase: {told}"
        raise ArtifactError("CLIENT_ERROR", msg) from error
    return shown


def key_of(wanted: Mapping[str, Any], named: str, build: BuildId, prefix: str = "") -> str:
    """The key of the ZIP file or folder: `path/build-id/name`, where each is asked for.

    `named` is what the buildspec calls it, which counts where the project lets it. Without any
    name it is the project's, or the identifier of a secondary artifact. `prefix` stands before a
    build id only (AWS: Build specification reference, `s3-prefix`).
    """
    own = wanted.get("artifactIdentifier") or build.project
    name = wanted.get("name") or own
    if wanted.get("overrideArtifactName") and named:
        name = named
    if name == ROOT and wanted.get("packaging") == "ZIP":
        # Differs: what AWS calls an object that has no name is not known.
        name = own
    namespace = build.uuid if wanted.get("namespaceType") == "BUILD_ID" else ""
    before = prefix if namespace else ""
    parts = (part.strip("/") for part in (wanted.get("path", ""), before, namespace, name))
    return "/".join(filter(None, parts))


def _store(
    power: Power,
    bucket: str,
    key: str,
    path: Path,
    build: BuildId,
    encryption: Encryption | None,
) -> tuple[str, str]:
    """Store one file; returns its hashes."""
    with _opened(path) as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        opened.seek(0)
        md5 = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        opened.seek(0)
        metadata = {
            "codebuild-buildarn": build.arn,
            "codebuild-content-md5": md5,
            "codebuild-content-sha256": sha256,
        }
        power.put_object(bucket, key, opened, metadata, encryption)
    return md5, sha256


def _opened(path: Path) -> BufferedReader:
    """A file opened for reading; raises OSError for anything else, such as a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return os.fdopen(descriptor, "rb")
