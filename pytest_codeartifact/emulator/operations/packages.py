"""Packages of a repository. Source: "Working with packages in CodeArtifact" (User Guide)."""

from dataclasses import replace

from packaging.utils import canonicalize_name

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.api.paging import page
from pytest_codeartifact.emulator.calls import Call, on_package, on_repository
from pytest_codeartifact.emulator.entities import Control, OriginControls, Package, PackageFormat
from pytest_codeartifact.emulator.errors import Validation
from pytest_codeartifact.emulator.operations.descriptions import describe_controls
from pytest_codeartifact.emulator.operations.lookups import (
    find_package,
    find_repository,
    package_id,
    repository_id,
)

PAGE = 100


@operation(on_repository)
def list_packages(call: Call, request: shapes.ListPackagesRequest) -> shapes.ListPackagesResult:
    """List the packages stored in a repository; what only an upstream has is not among them."""
    if "namespace" in request and "format" not in request:
        raise Validation("A namespace can only be given together with a format", "OTHER")
    identity = repository_id(call, request)
    with call.store.read() as tx:
        find_repository(tx, identity)
        packages = tx.packages.of(identity)
    shown, token = page(
        [package for package in packages if _is_wanted(package, request)],
        key=lambda package: (package.id.format, package.id.namespace, package.id.name),
        request=request,
        default=PAGE,
        fingerprint=f"ListPackages {identity.arn}",
    )
    result: shapes.ListPackagesResult = {"packages": [_summary(package) for package in shown]}
    if token:
        result["nextToken"] = token
    return result


@operation(on_package)
def describe_package(
    call: Call, request: shapes.DescribePackageRequest
) -> shapes.DescribePackageResult:
    """Describe a package with its origin controls in this repository."""
    with call.store.read() as tx:
        package = find_package(tx, repository_id(call, request), package_id(request))
    description: shapes.PackageDescription = {
        "format": package.id.format,
        "name": package.id.name,
        "originConfiguration": describe_controls(package.controls),
    }
    if package.id.namespace:
        description["namespace"] = package.id.namespace
    return {"package": description}


@operation(on_package)
def delete_package(call: Call, request: shapes.DeletePackageRequest) -> shapes.DeletePackageResult:
    """Delete a package with all its versions and its origin controls."""
    repository = repository_id(call, request)
    with call.store.write() as tx:
        package = find_package(tx, repository, package_id(request))
        tx.packages.delete(repository, package.id)
    return {"deletedPackage": _summary(package)}


@operation(on_package)
def put_package_origin_configuration(
    call: Call, request: shapes.PutPackageOriginConfigurationRequest
) -> shapes.PutPackageOriginConfigurationResult:
    """Set the origin controls of a package, which is made if it is not there yet.

    Source: "Editing package origin controls" (AWS CodeArtifact User Guide).
    """
    repository, package = repository_id(call, request), package_id(request)
    if package.format is PackageFormat.PYPI:
        # AWS (Python package name normalization): names are stored normalised.
        package = replace(package, name=canonicalize_name(package.name))
    wanted = request["restrictions"]
    controls = OriginControls(Control(wanted["publish"]), Control(wanted["upstream"]))
    with call.store.write() as tx:
        find_repository(tx, repository)
        tx.packages.put(repository, Package(package, controls))
    return {"originConfiguration": describe_controls(controls)}


def _is_wanted(package: Package, request: shapes.ListPackagesRequest) -> bool:
    return (
        request.get("format") in {None, package.id.format}
        and package.id.namespace.startswith(request.get("namespace", ""))
        and package.id.name.startswith(request.get("packagePrefix", ""))
        and request.get("publish") in {None, package.controls.publish}
        and request.get("upstream") in {None, package.controls.upstream}
    )


def _summary(package: Package) -> shapes.PackageSummary:
    summary: shapes.PackageSummary = {
        "format": package.id.format,
        "package": package.id.name,
        "originConfiguration": describe_controls(package.controls),
    }
    if package.id.namespace:
        summary["namespace"] = package.id.namespace
    return summary
