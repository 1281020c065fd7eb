"""Where a build's source comes from: objects of S3, or a folder of this machine.

Sources: "ProjectSource" (AWS CodeBuild API Reference), "Source version sample" (AWS CodeBuild User
Guide).
"""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pytest_codeartifact.emulator.builds.machine import BuildProblem
from pytest_codeartifact.emulator.builds.powers import Power
from pytest_codeartifact.emulator.builds.project_settings import FOLDER
from pytest_codeartifact.emulator.builds.unpacking import (
    Unpackable,
    check_amount,
    place_in,
    unpack,
)
from pytest_codeartifact.emulator.neighbours.buckets import BucketError

BUILDSPEC_BYTES = 1024 * 1024
_ARN = "arn:aws:s3:::"
_SPOOLED_BYTES = 8 * 1024 * 1024


class SourceError(BuildProblem):
    """The source cannot be had."""


def fetch(source: Mapping[str, Any], version: str, power: Power, folder: Path) -> None:
    """Put a source of the service's model into an empty folder; raises SourceError.

    `version` is the object's version of a ZIP file in S3, empty for the newest.
    """
    if source["type"] == "NO_SOURCE":
        return None
    location = source.get("location", "")
    try:
        # Differs: AWS has no folders as sources; for tests it is what a checkout is on AWS.
        if location.startswith(FOLDER):
            _copy(Path(url2pathname(urlsplit(location).path)), folder)
            return None
        bucket, key = split_location(location)
        if not key or key.endswith("/"):
            return _fetch_folder(bucket, key, power, folder)
        return _fetch_zip(bucket, key, version, power, folder)
    except (_Failed, Unpackable) as failure:
        told = f" and source version {version}" if version else ""
        msg = f"{failure} for primary source{told}"
        raise SourceError("CLIENT_ERROR", msg) from failure


def fetch_text(arn: str, power: Power) -> str:
    """The text of an object of S3, such as a buildspec; raises SourceError."""
    bucket, key = split_location(arn)
    with tempfile.SpooledTemporaryFile(_SPOOLED_BYTES) as copied:
        try:
            size = power.read_object(bucket, key, copied)
            if size > BUILDSPEC_BYTES:
                # Differs: whether AWS has such a limit is not known.
                msg = f"{arn} is larger than {BUILDSPEC_BYTES} bytes"
                raise SourceError("YAML_FILE_ERROR", msg)
            copied.seek(0)
            return copied.read().decode("utf-8-sig")
        except BucketError as error:
            # Differs: how CodeBuild words this is not known; so it does of sources.
            msg = f"error while downloading key {key}, error: {error}"
            raise SourceError("YAML_FILE_ERROR", msg) from error
        except UnicodeDecodeError as error:
            msg = f"{arn} is no text in UTF-8"
            raise SourceError("YAML_FILE_ERROR", msg) from error


def split_location(location: str) -> tuple[str, str]:
    """Bucket and key of `bucket/key` or of the ARN of an object; a folder's key ends with `/`."""
    bucket, _, key = location.removeprefix(_ARN).partition("/")
    return bucket, key


class _Failed(Exception):
    """What stands before `for primary source` in AWS's sentence."""


def _fetch_zip(bucket: str, key: str, version: str, power: Power, folder: Path) -> None:
    with tempfile.SpooledTemporaryFile(_SPOOLED_BYTES) as archive:
        try:
            power.read_object(bucket, key, archive, version or None)
        except BucketError as error:
            raise _not_downloaded(key, error) from error
        archive.seek(0)
        unpack(archive, folder)


def _fetch_folder(bucket: str, prefix: str, power: Power, folder: Path) -> None:
    try:
        listed = power.list_objects(bucket, prefix)
    except BucketError as error:
        raise _not_downloaded(prefix, error) from error
    # An object that ends with a slash stands for a folder, as consoles make them.
    files = [each for each in listed if not each.key.endswith("/")]
    check_amount(len(files), sum(each.size for each in files))
    if not files:
        # Differs: how CodeBuild words this is not known.
        raise _Failed(f"no objects found in {bucket}/{prefix}")
    for key in (each.key for each in files):
        place = place_in(folder, key.removeprefix(prefix))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as target:
                power.read_object(bucket, key, target)
        except BucketError as error:
            raise _not_downloaded(key, error) from error
        except OSError as error:
            # Keys that cannot be files side by side, such as `a` and `a/b`.
            raise _Failed(f"{key}: {error.strerror}") from error


def _not_downloaded(key: str, error: BucketError) -> _Failed:
    return _Failed(f"error while downloading key {key}, error: {error}")


def _copy(origin: Path, folder: Path) -> None:
    """Copy a folder with all that is in it; links stay links, and nothing is shared."""
    if not origin.is_absolute() or not origin.is_dir():
        raise _Failed(f"{origin} is no folder of this machine")
    taken = [folder.resolve()]

    def left_out(parent: str, names: Iterable[str]) -> set[str]:
        # Neither the copy itself, where it lies within, nor pipes and sockets, which have no end.
        found = {name: Path(parent, name) for name in names}
        return {
            name
            for name, path in found.items()
            if not path.is_symlink()
            and (path.resolve() in taken or not (path.is_dir() or path.is_file()))
        }

    try:
        shutil.copytree(origin, folder, symlinks=True, ignore=left_out, dirs_exist_ok=True)
    except shutil.Error as error:
        first, _, reason = error.args[0][0]
        raise _Failed(f"{first}: {reason}") from error
    except OSError as error:
        raise _Failed(f"{origin}: {error.strerror}") from error
