"""Statuses of package versions: who sees what, and whether the revision changes."""

from typing import Any

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene, names_of

_NAME, _VERSION = "probe-status", "1.0.0"


@probe(settles="what lists, describes and delivers a version of each status")
def statuses(scene: Scene, saw: Recorder) -> None:
    """Unlist, archive, dispose of and delete a version, and look in every way each time."""
    client, repository = scene.client(), scene.repository()
    wheel = scene.package(_NAME).wheel
    scene.publish(repository, wheel)
    names = {**names_of(repository), "format": "pypi", "package": _NAME}
    update, versions = client.update_package_versions_status, [_VERSION]

    def look(status: str) -> None:
        version = {**names, "packageVersion": _VERSION}
        saw.api(f"{status}: list", client.list_package_versions, **names)
        saw.api(f"{status}: describe", client.describe_package_version, **version)
        saw.api(f"{status}: assets", client.list_package_version_assets, **version)
        saw.api(
            f"{status}: get the file",
            client.get_package_version_asset,
            **version,
            asset=wheel.name,
        )
        saw.http(f"{status}: page", scene.get(repository, f"simple/{_NAME}/"))
        path = f"simple/{_NAME}/{_VERSION}/{wheel.name}"
        saw.http(f"{status}: download", scene.get(repository, path))

    look("published")
    for status in ("Unlisted", "Archived"):
        saw.api(f"make it {status}", update, **names, versions=versions, targetStatus=status)
        look(status.lower())
    saw.api("dispose of it", client.dispose_package_versions, **names, versions=versions)
    look("disposed")
    saw.api("publish it again", update, **names, versions=versions, targetStatus="Published")
    saw.api("dispose of it again", client.dispose_package_versions, **names, versions=versions)
    saw.api("delete it", client.delete_package_versions, **names, versions=versions)
    look("deleted")


@probe(settles="what calls say of versions that are missing, or not as expected")
def status_refusals(scene: Scene, saw: Recorder) -> None:
    """Change versions that are missing, of another status, or of another revision."""
    client, repository = scene.client(), scene.repository()
    for version in ("1.0.0", "2.0.0"):
        scene.publish(repository, scene.package(_NAME, version).wheel)
    names: dict[str, Any] = {**names_of(repository), "format": "pypi", "package": _NAME}
    update = client.update_package_versions_status
    both = {"versions": ["1.0.0", "2.0.0"], "targetStatus": "Archived"}
    saw.api("another status than expected", update, **names, **both, expectedStatus="Unlisted")
    other = client.describe_package_version(**names, packageVersion="2.0.0")["packageVersion"]
    saw.api(
        "another revision than expected",
        update,
        **names,
        **both,
        versionRevisions={"1.0.0": "wrong", "2.0.0": other["revision"]},
    )
    saw.api("a missing version", update, **{**names, **both, "versions": ["1.0.0", "9.9"]})
    saw.api("the status that it has", update, **{**names, **both, "targetStatus": "Published"})
    saw.api("a status that is none to set", update, **{**names, **both, "targetStatus": "Deleted"})
    delete = client.delete_package_versions
    saw.api("delete a missing version", delete, **names, versions=["1.0.0", "9.9"])
    absent = {**names, "package": "probe-absent"}
    saw.api("a missing package", update, **{**absent, **both})
    saw.api("list a missing package", client.list_package_versions, **absent)
    saw.api(
        "describe a version of a missing package",
        client.describe_package_version,
        **absent,
        packageVersion="1.0.0",
    )


@probe(settles="whether a status, a new file or a copy changes the revision")
def revisions(scene: Scene, saw: Recorder) -> None:
    """Compare revisions after each change, and in a copy."""
    client, repository = scene.client(), scene.repository()
    copied, package = scene.repository(), scene.package(_NAME)
    asked = {"format": "pypi", "package": _NAME}
    version = {**names_of(repository), **asked, "packageVersion": _VERSION}
    scene.publish(repository, package.wheel)
    saw.api("the wheel alone", client.describe_package_version, **version)
    scene.publish(repository, package.sdist)
    saw.api("wheel and sdist", client.describe_package_version, **version)
    saw.api(
        "unlist it",
        client.update_package_versions_status,
        **names_of(repository),
        **asked,
        versions=[_VERSION],
        targetStatus="Unlisted",
    )
    saw.api("unlisted", client.describe_package_version, **version)
    copy = {
        "domain": repository.domain.name,
        "sourceRepository": repository.name,
        "destinationRepository": copied.name,
        **asked,
        "versions": [_VERSION],
    }
    missing = {**copy, "versions": [_VERSION, "9.9"]}
    saw.api("copy it with a missing version", client.copy_package_versions, **missing)
    saw.api("copy it", client.copy_package_versions, **copy)
    saw.api(
        "the copy",
        client.describe_package_version,
        **{**version, "repository": copied.name},
    )
    saw.api("copy it again", client.copy_package_versions, **copy)
