"""Copying versions between repositories of a domain; all versions of a call or none.

Source: "Copy packages between repositories" (AWS CodeArtifact User Guide).
"""

from collections.abc import Mapping
from typing import Any

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.calls import Call, on_package, on_repository
from pytest_codeartifact.emulator.entities import (
    OriginType,
    Package,
    PackageId,
    PackageVersion,
    RepositoryId,
    Status,
)
from pytest_codeartifact.emulator.errors import Validation
from pytest_codeartifact.emulator.iam.grants import Grant
from pytest_codeartifact.emulator.operations.lookups import (
    find_package,
    find_repository,
    package_id,
)
from pytest_codeartifact.emulator.operations.publishing import told_by_api
from pytest_codeartifact.emulator.operations.statuses import failure, mismatched_revision, outcome
from pytest_codeartifact.emulator.registry.origins import (
    INGESTED_FIRST,
    PUBLISHED_FIRST,
    first_controls,
)
from pytest_codeartifact.emulator.store import Transaction

# Differs: versions of which statuses can be copied is not documented; here those that are
# Published or Unlisted.
_COPIED = frozenset({Status.PUBLISHED, Status.UNLISTED})


def _from_source(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """Reading from the source repository, whatever is copied."""
    source = RepositoryId(call.domain_id(request), request["sourceRepository"])
    return [Grant.on_repository("codeartifact:ReadFromRepository", source)]


def _to_destination(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the destination repository, and on the package there.

    AWS (Actions, resources, and condition keys for AWS CodeArtifact): both must be granted.
    """
    there = {**request, "repository": request["destinationRepository"]}
    return [
        *on_repository(call, operation_name, there),
        *on_package(call, operation_name, there),
    ]


@operation(_from_source, _to_destination)
def copy_package_versions(
    call: Call, request: shapes.CopyPackageVersionsRequest
) -> shapes.CopyPackageVersionsResult:
    """Copy versions as they are; what is the same in both repositories is not mentioned.

    AWS (Packages overview): versions that cannot be published next to a public namesake are
    brought in by copying, so origin controls have no say here.

    Differs: whether package groups have a say in copying is not documented; here they have none.
    """
    package, wanted = package_id(request), _wanted(request)
    source, destination = _places(call, request)
    overwrite = request.get("allowOverwrite", False)
    if request.get("includeFromUpstream", False):
        _retain(call, source, package, wanted)
    with call.store.write() as tx:
        find_package(tx, source, package)
        find_repository(tx, destination)
        failed: dict[str, shapes.PackageVersionError] = {}
        copied: list[PackageVersion] = []
        for name, revision in wanted.items():
            version = tx.versions.get(source, package, name)
            there = tx.versions.get(destination, package, name)
            if version is None:
                failed[name] = failure("NOT_FOUND", f"Could not find version {name}")
            elif error := _refused(version, revision) or _in_the_way(version, there, overwrite):
                failed[name] = error
            elif there is None or not _is_same(version, there):
                copied.append(version)
        for version in () if failed else copied:
            if tx.packages.get(destination, package) is None:
                tx.packages.put(destination, _first(tx, destination, package, version))
            tx.versions.put(destination, package, version)
    return outcome(copied, failed, "Version {} was skipped")


def _places(
    call: Call, request: shapes.CopyPackageVersionsRequest
) -> tuple[RepositoryId, RepositoryId]:
    """Source and destination, two repositories that exist."""
    domain = call.domain_id(request)
    source = RepositoryId(domain, request["sourceRepository"])
    destination = RepositoryId(domain, request["destinationRepository"])
    if source == destination:
        raise Validation(
            f"The source and the destination are the same repository '{source.name}'", "OTHER"
        )
    with call.store.read() as tx:
        for repository in (source, destination):
            find_repository(tx, repository)
    return source, destination


def _wanted(request: shapes.CopyPackageVersionsRequest) -> dict[str, str | None]:
    """The versions to copy, each with the revision it must have, if any."""
    versions, revisions = request.get("versions"), request.get("versionRevisions")
    if bool(versions) == bool(revisions):
        raise Validation("Specify either versions or versionRevisions, and not both", "OTHER")
    return dict(revisions or {}) or dict.fromkeys(versions or ())


def _retain(
    call: Call, source: RepositoryId, package: PackageId, wanted: Mapping[str, str | None]
) -> None:
    """Have in the source what its upstreams offer of these versions.

    Differs: whether the source repository of a copy keeps what its upstreams had is not documented;
    here it does, as when a package manager asks for it.
    """
    for name in wanted:
        with told_by_api(name):
            offer = call.registry.offered(source, package)
            offered = offer.versions if offer else ()
            for asset in next((each.assets for each in offered if each.version == name), ()):
                opened = call.registry.open_asset(source, package, name, asset.name)
                if opened is not None:
                    opened[1].close()


def _is_same(version: PackageVersion, there: PackageVersion) -> bool:
    """Whether assets and metadata are the same; a disposed version has no assets any more."""
    return version.revision == there.revision and there.status is not Status.DISPOSED


def _refused(version: PackageVersion, revision: str | None) -> shapes.PackageVersionError | None:
    """Why a version of the source cannot be copied anywhere, or None."""
    if revision is not None and revision != version.revision:
        return mismatched_revision(version, revision)
    if version.status not in _COPIED:
        message = f"Version {version.version} is {version.status} and cannot be copied"
        return failure("NOT_ALLOWED", message)
    return None


def _in_the_way(
    version: PackageVersion,
    there: PackageVersion | None,
    overwrite: bool,  # noqa: FBT001 - as the request says it
) -> shapes.PackageVersionError | None:
    """Why what the destination has must stay as it is, or None."""
    name = version.version
    if there is None or _is_same(version, there):
        return None
    if not overwrite:
        return failure("ALREADY_EXISTS", f"Version {name} already exists")
    if there.status is Status.DISPOSED:
        return failure("NOT_ALLOWED", f"Version {name} is Disposed and can only be deleted")
    return None


def _first(
    tx: Transaction, destination: RepositoryId, package: PackageId, version: PackageVersion
) -> Package:
    """The package as its first version brings it into the destination.

    Differs: the origin controls that a copied first version sets are not documented; here they are
    those of a repository that the version entered itself, by its origin.
    """
    is_public = version.origin.type is OriginType.EXTERNAL
    entered = INGESTED_FIRST if is_public else PUBLISHED_FIRST
    return Package(package, first_controls(tx, destination, package, entered))
