"""Statuses of package versions: changing, disposing, deleting; all versions of a call or none.

Sources: "Update package version status" and "Delete a package or package version" (AWS
CodeArtifact User Guide).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.calls import Call, on_package
from pytest_codeartifact.emulator.entities import PackageVersion, Status
from pytest_codeartifact.emulator.errors import Validation
from pytest_codeartifact.emulator.operations.lookups import find_package, package_id, repository_id

_TARGETS = (Status.ARCHIVED, Status.PUBLISHED, Status.UNLISTED)


@operation(on_package)
def update_package_versions_status(
    call: Call, request: shapes.UpdatePackageVersionsStatusRequest
) -> shapes.UpdatePackageVersionsStatusResult:
    """Make versions Published, Unlisted or Archived; an Unfinished one is finished this way too."""
    target = Status(request["targetStatus"])
    if target not in _TARGETS:
        raise Validation(
            f"The target status must be one of {', '.join(_TARGETS)}, not {target};"
            " DisposePackageVersions disposes of versions, DeletePackageVersions deletes them",
            "OTHER",
        )

    return _changed(call, request, target, lambda version: replace(version, status=target))


@operation(on_package)
def dispose_package_versions(
    call: Call, request: shapes.DisposePackageVersionsRequest
) -> shapes.DisposePackageVersionsResult:
    """Remove the assets of versions for good; what the metadata said stays on record."""

    def disposed(version: PackageVersion) -> PackageVersion:
        return replace(version, status=Status.DISPOSED, assets=())

    return _changed(call, request, Status.DISPOSED, disposed)


@operation(on_package)
def delete_package_versions(
    call: Call, request: shapes.DeletePackageVersionsRequest
) -> shapes.DeletePackageVersionsResult:
    """Remove versions without a trace; the package stays, with its origin controls.

    Differs: whether the service deletes the others when one version fails is not documented; here
    it deletes none, as with a change of status.
    """
    return _changed(call, request, Status.DELETED, lambda _: None)


def _changed(
    call: Call,
    request: Mapping[str, Any],
    status: Status,
    change: Callable[[PackageVersion], PackageVersion | None],
) -> shapes.UpdatePackageVersionsStatusResult:
    """Give every version the request names this status, or none; says what became of each.

    `change` is the version as it will be, or None where it will be gone.
    """
    names: Sequence[str] = request["versions"]
    revisions: Mapping[str, str] = request.get("versionRevisions", {})
    if not names:
        raise Validation("The list of versions is empty", "OTHER")
    if revisions and set(revisions) != set(names):
        raise Validation("The versions of versionRevisions must be the same as in versions")
    repository, package = repository_id(call, request), package_id(request)
    with call.store.write() as tx:
        find_package(tx, repository, package)
        found = {name: tx.versions.get(repository, package, name) for name in names}
        expected = request.get("expectedStatus")
        failed: dict[str, shapes.PackageVersionError] = {}
        changing: list[PackageVersion] = []
        for name, version in found.items():
            if version is None:
                # Differs: the words for a version that does not exist are not documented; these are
                # those of a copy.
                failed[name] = failure("NOT_FOUND", f"Could not find version {name}")
            elif error := _refused(version, expected, revisions.get(name), status):
                failed[name] = error
            else:
                changing.append(version)
        for version in () if failed else changing:
            after = change(version)
            if after is None:
                tx.versions.delete(repository, package, version.version)
            else:
                tx.versions.put(repository, package, after)
    changed = [replace(version, status=status) for version in changing]
    return outcome(changed, failed, "version {} is skipped")


def outcome(
    done: Iterable[PackageVersion], failed: Mapping[str, shapes.PackageVersionError], skipped: str
) -> shapes.UpdatePackageVersionsStatusResult:
    """What a call answers that does all or nothing; `skipped` says so of a version that could."""
    if failed:
        spared = {
            version.version: failure("SKIPPED", skipped.format(version.version)) for version in done
        }
        return {"successfulVersions": {}, "failedVersions": {**failed, **spared}}
    return {
        "successfulVersions": {
            version.version: {"revision": version.revision, "status": version.status}
            for version in done
        },
        "failedVersions": {},
    }


def _refused(
    version: PackageVersion, expected_status: str | None, expected_revision: str | None, to: Status
) -> shapes.PackageVersionError | None:
    """Why this version cannot get that status, or None when it can."""
    if expected_status not in {None, version.status}:
        return failure(
            "MISMATCHED_STATUS",
            f"current status: {version.status}, expected status: {expected_status}",
        )
    if expected_revision is not None and expected_revision != version.revision:
        return mismatched_revision(version, expected_revision)
    if version.status is Status.DISPOSED and to is not Status.DELETED:
        return failure(
            "NOT_ALLOWED", f"version {version.version} is Disposed and can only be deleted"
        )
    return None


def failure(code: str, message: str) -> shapes.PackageVersionError:
    """What `failedVersions` says of a version (MODEL: PackageVersionErrorCode)."""
    return {"errorCode": code, "errorMessage": message}


def mismatched_revision(version: PackageVersion, expected: str) -> shapes.PackageVersionError:
    """The failure of a version that has another revision than the caller thinks."""
    return failure(
        "MISMATCHED_REVISION",
        f"current revision: {version.revision}, expected revision: {expected}",
    )
