"""Package versions as they are read. Source: "Working with packages" (User Guide)."""

from collections.abc import Mapping
from typing import Any, cast

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.api.paging import Key, page
from pytest_codeartifact.emulator.calls import Call, on_package
from pytest_codeartifact.emulator.entities import PackageId, PackageVersion, Status
from pytest_codeartifact.emulator.errors import Conflict, ResourceNotFound
from pytest_codeartifact.emulator.operations.descriptions import (
    describe_origin,
    summarise_asset,
    summarise_version,
)
from pytest_codeartifact.emulator.operations.lookups import (
    find_package,
    find_version,
    package_id,
    repository_id,
)

VERSIONS_PAGE = 50
PAGE = 1000
_WITHOUT_ASSETS = frozenset({Status.ARCHIVED, Status.DISPOSED})


@operation(on_package)
def list_package_versions(
    call: Call, request: shapes.ListPackageVersionsRequest
) -> shapes.ListPackageVersionsResult:
    """List the versions stored in a repository, of every status unless one is asked for."""
    repository, package = repository_id(call, request), package_id(request)
    with call.store.read() as tx:
        find_package(tx, repository, package)
        versions = tx.versions.of(repository, package)
    newest_first = request.get("sortBy") == "PUBLISHED_TIME"

    def key(version: PackageVersion) -> Key:
        return (-version.published, version.version) if newest_first else version.version

    shown, token = page(
        [
            version
            for version in versions
            if request.get("status") in {None, version.status}
            and request.get("originType") in {None, version.origin.type}
        ],
        key=key,
        request=request,
        default=VERSIONS_PAGE,
        fingerprint=f"ListPackageVersions {repository.arn}",
    )
    default = call.registry.default_version(package, versions)
    return cast(
        "shapes.ListPackageVersionsResult",
        {
            **_coordinates(package),
            "versions": [summarise_version(version) for version in shown],
            "defaultDisplayVersion": default,
            "nextToken": token,
        },
    )


@operation(on_package)
def describe_package_version(
    call: Call, request: shapes.DescribePackageVersionRequest
) -> shapes.DescribePackageVersionResult:
    """Describe a version by what its own metadata says and how it came here."""
    package, version = _found(call, request)
    manifest = version.manifest
    description = {
        "format": package.format,
        "namespace": package.namespace or None,
        "packageName": package.name,
        "displayName": manifest.display_name,
        "version": version.version,
        "publishedTime": version.published,
        "licenses": [{"name": item.name, "url": item.url} for item in manifest.licenses],
        "revision": version.revision,
        "status": version.status,
        "origin": describe_origin(version.origin),
        "summary": manifest.summary,
        "homePage": manifest.home_page,
        "sourceCodeRepository": manifest.source_code_repository,
    }
    return {"packageVersion": cast("shapes.PackageVersionDescription", description)}


@operation(on_package)
def list_package_version_assets(
    call: Call, request: shapes.ListPackageVersionAssetsRequest
) -> shapes.ListPackageVersionAssetsResult:
    """List the files of a version with their sizes and hashes."""
    package, version = _found(call, request)
    shown, token = page(
        version.assets,
        key=lambda asset: asset.name,
        request=request,
        default=PAGE,
        fingerprint=f"ListPackageVersionAssets {repository_id(call, request).arn}",
    )
    return cast(
        "shapes.ListPackageVersionAssetsResult",
        {
            **_coordinates(package, version),
            "assets": [summarise_asset(asset) for asset in shown],
            "nextToken": token,
        },
    )


@operation(on_package)
def get_package_version_asset(
    call: Call, request: shapes.GetPackageVersionAssetRequest
) -> shapes.GetPackageVersionAssetResult:
    """Return the bytes of a file; this reads the repository alone, not its upstreams."""
    _, version = _found(call, request)
    name, revision = request["asset"], request.get("packageVersionRevision")
    if revision not in {None, version.revision}:
        # Differs: which of its declared errors the service gives for another revision is not
        # documented.
        raise Conflict(
            f"current revision: {version.revision}, expected revision: {revision}",
            version.version,
            "package-version",
        )
    # Differs: the error for assets of Archived and Disposed versions is not documented.
    asset = None if version.status in _WITHOUT_ASSETS else version.asset(name)
    if asset is None:
        raise ResourceNotFound(
            f"Asset '{name}' of version {version.version} is not available: the version is"
            f" {version.status} and has the assets {[a.name for a in version.assets]}",
            name,
            "asset",
        )
    return {
        "asset": call.store.blobs.open(asset),
        "assetName": asset.name,
        "packageVersion": version.version,
        "packageVersionRevision": version.revision,
    }


@operation(on_package)
def get_package_version_readme(
    call: Call, request: shapes.GetPackageVersionReadmeRequest
) -> shapes.GetPackageVersionReadmeResult:
    """Return the description that the version's own metadata holds."""
    package, version = _found(call, request)
    if version.manifest.readme is None:
        # Differs: whether a version without a readme is an error or has an empty one is not
        # documented.
        raise ResourceNotFound(
            f"Version {version.version} of package '{package.name}' has no readme",
            version.version,
            "package-version",
        )
    return cast(
        "shapes.GetPackageVersionReadmeResult",
        {**_coordinates(package, version), "readme": version.manifest.readme},
    )


@operation(on_package)
def list_package_version_dependencies(
    call: Call, request: shapes.ListPackageVersionDependenciesRequest
) -> shapes.ListPackageVersionDependenciesResult:
    """List the direct dependencies that the version's own metadata names."""
    package, version = _found(call, request)
    dependencies = list(enumerate(version.manifest.dependencies))
    shown, token = page(
        dependencies,
        key=lambda item: (item[0],),
        request=request,
        default=PAGE,
        fingerprint=f"ListPackageVersionDependencies {repository_id(call, request).arn}",
    )
    rows = [
        {
            "namespace": dependency.namespace or None,
            "package": dependency.package,
            "dependencyType": dependency.type,
            "versionRequirement": dependency.requirement,
        }
        for _, dependency in shown
    ]
    return cast(
        "shapes.ListPackageVersionDependenciesResult",
        {
            **_coordinates(package, version),
            "dependencies": rows,
            "nextToken": token,
        },
    )


def _found(call: Call, request: Mapping[str, Any]) -> tuple[PackageId, PackageVersion]:
    package = package_id(request)
    with call.store.read() as tx:
        version = find_version(tx, repository_id(call, request), package, request["packageVersion"])
    return package, version


def _coordinates(package: PackageId, version: PackageVersion | None = None) -> dict[str, Any]:
    """What results repeat of their request; None counts as absent."""
    coordinates: dict[str, Any] = {"format": package.format, "package": package.name}
    if package.namespace:
        coordinates["namespace"] = package.namespace
    if version is not None:
        coordinates |= {"version": version.version, "versionRevision": version.revision}
    return coordinates
