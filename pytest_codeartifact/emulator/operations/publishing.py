"""Publishing generic packages through the API, one asset with each call.

Source: "Publishing and consuming generic packages" (AWS CodeArtifact User Guide).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast
from unicodedata import category

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.calls import Call, on_package
from pytest_codeartifact.emulator.entities import Asset, Manifest, PackageFormat, PackageId
from pytest_codeartifact.emulator.errors import (
    AccessDenied,
    Conflict,
    ResourceNotFound,
    ServiceQuotaExceeded,
    Validation,
)
from pytest_codeartifact.emulator.operations.descriptions import summarise_asset
from pytest_codeartifact.emulator.operations.lookups import (
    find_repository,
    package_id,
    repository_id,
)
from pytest_codeartifact.emulator.registry import Release
from pytest_codeartifact.emulator.registry.refusals import (
    PublishBlocked,
    Refusal,
    RepositoryMissing,
    TooLarge,
)

CHUNK_BYTES = 256 * 1024
# AWS (Generic packages overview, PublishPackageVersion): letters and digits of any script in these
# categories of Unicode, these characters, and single spaces between them.
_LETTERS_AND_DIGITS = frozenset({"Ll", "Lm", "Lo", "Lt", "Lu", "Nl", "Nd"})
_SPECIAL = frozenset("~!@^&()-`_+[]{};,.")


@operation(on_package)
def publish_package_version(
    call: Call, request: shapes.PublishPackageVersionRequest
) -> shapes.PublishPackageVersionResult:
    """Add an asset to a version; `unfinished` keeps a new version open for more."""
    name, version = request["assetName"], request["packageVersion"]
    content, repository = request["assetContent"], repository_id(call, request)
    package = _checked_package(request)
    with call.store.read() as tx:
        find_repository(tx, repository)
    received = call.store.blobs.stage(name, _chunks(content, name, call.quotas.asset_bytes))
    with received as staged:
        _check_hash(staged.asset, request["assetSHA256"])
        release = Release(package, version, Manifest(display_name=package.name))
        finish = not request.get("unfinished", False)
        with told_by_api(version):
            published = call.registry.publish(repository, release, [staged], finish=finish)
    return cast(
        "shapes.PublishPackageVersionResult",
        {
            "format": package.format,
            "namespace": package.namespace,
            "package": package.name,
            "version": version,
            "versionRevision": published.revision,
            "status": published.status,
            "asset": summarise_asset(staged.asset),
        },
    )


def _checked_package(request: shapes.PublishPackageVersionRequest) -> PackageId:
    """The package to publish; raises Validation when this operation cannot publish such a thing."""
    name = request["assetName"]
    if request["format"] != PackageFormat.GENERIC:
        raise Validation(
            "Only packages of format generic can be published with this operation, not of format"
            f" {request['format']}",
            "OTHER",
        )
    if not _is_asset_name(name):
        raise Validation(
            f"The asset name '{name}' is not made of letters, digits, single spaces between others"
            " and ~ ! @ ^ & ( ) - ` _ + [ ] { } ; , . or it is '.' or '..'"
        )
    return package_id(request)


def _is_asset_name(name: str) -> bool:
    words = name.split(" ")
    return (
        all(words)
        and name not in {".", ".."}
        and all(
            each in _SPECIAL or category(each) in _LETTERS_AND_DIGITS for each in "".join(words)
        )
    )


def _check_hash(asset: Asset, said: str) -> None:
    if asset.sha256 != said:
        # Differs: what the service says of a wrong assetSHA256 is not documented.
        raise Validation(
            f"The SHA-256 of asset '{asset.name}' is said to be {said}, but the bytes received have"
            f" {asset.sha256}",
            "OTHER",
        )


@contextmanager
def told_by_api(version: str) -> Iterator[None]:
    """Turn what the registry refuses for this version into the API's exceptions.

    Differs: which exception the service gives for blocked publishing is not documented.
    """
    try:
        yield
    except RepositoryMissing as refusal:
        raise ResourceNotFound(str(refusal), version, "repository") from refusal
    except PublishBlocked as refusal:
        raise AccessDenied(str(refusal)) from refusal
    except TooLarge as refusal:
        raise ServiceQuotaExceeded(str(refusal), version, "package-version") from refusal
    except Refusal as refusal:
        raise Conflict(str(refusal), version, "package-version") from refusal


def _chunks(content: BinaryIO, name: str, limit_bytes: int) -> Iterator[bytes]:
    left = limit_bytes
    while chunk := content.read(CHUNK_BYTES):
        left -= len(chunk)
        if left < 0:
            raise ServiceQuotaExceeded(
                f"Asset '{name}' is larger than {limit_bytes} bytes, the quota for one asset",
                name,
                "asset",
            )
        yield chunk
