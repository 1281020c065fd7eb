"""Uploads of Python clients: again, changed, incomplete, contradictory, and where none may be."""

from pathlib import Path

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene, names_of


@probe(settles="the answers to an upload, the same again, other bytes, and a second file")
def upload_again(scene: Scene, saw: Recorder) -> None:
    """Upload a wheel, the same wheel, one of other bytes, and the sdist."""
    repository, package = scene.repository(), scene.package("probe-again")
    saw.http("an upload", scene.upload(repository, package.wheel))
    scene.until_listed(repository, package.wheel.name)
    saw.http("the same bytes again", scene.upload(repository, package.wheel))
    other = scene.package("probe-again", requires=["idna"]).wheel
    saw.http("other bytes under the name", scene.upload(repository, other))
    saw.http("a second file of the version", scene.upload(repository, package.sdist))


@probe(settles="the refusal of forms whose parts are missing or disagree")
def upload_malformed(scene: Scene, saw: Recorder) -> None:
    """Upload with a wrong digest, a wrong name, and without each field."""
    repository, wheel = scene.repository(), scene.package("probe-form").wheel
    saw.http("a wrong digest", scene.upload(repository, wheel, fields={"sha256_digest": "0" * 64}))
    saw.http(
        "another name than the file's",
        scene.upload(repository, wheel, fields={"name": "probe-else"}),
    )
    saw.http(
        "another version than the file's",
        scene.upload(repository, wheel, fields={"version": "2.0.0"}),
    )
    for field in ("content", "name", "version", "filetype", ":action", "metadata_version"):
        saw.http(f"without {field}", scene.upload(repository, wheel, fields={field: None}))
    signed = scene.package("probe-signed").wheel
    signature = (f"{signed.name}.asc", b"none")
    saw.http(
        "with a signature", scene.upload(repository, signed, fields={"gpg_signature": signature})
    )


@probe(settles="which kinds of files are taken")
def upload_kinds(scene: Scene, saw: Recorder) -> None:
    """Upload files of old and of unknown kinds."""
    repository, sdist = scene.repository(), scene.package("probe-kind").sdist
    for ending, kind in (
        (".zip", "sdist"),
        (".egg", "bdist_egg"),
        (".tar.bz2", "sdist"),
        (".exe", "bdist_wininst"),
        (".txt", "sdist"),
    ):
        named = Path(sdist.name.removesuffix(".tar.gz") + ending)
        saw.http(
            f"a file that ends in {ending}",
            scene.upload(
                repository,
                sdist,
                fields={
                    "filetype": kind,
                    "sha256_digest": None,
                    "content": (named.name, b"content"),
                },
            ),
        )


@probe(settles="the refusal of an upload where publishing is blocked, or the version archived")
def upload_where_it_may_not(scene: Scene, saw: Recorder) -> None:
    """Upload to a package that blocks publishing, and to versions that are out of use."""
    client, repository = scene.client(), scene.repository()
    package = scene.package("probe-blocked")
    names = {**names_of(repository), "format": "pypi", "package": "probe-blocked"}
    scene.publish(repository, package.wheel)
    saw.api(
        "archive the version",
        client.update_package_versions_status,
        **names,
        versions=["1.0.0"],
        targetStatus="Archived",
    )
    saw.http("a file of an archived version", scene.upload(repository, package.sdist))
    saw.api(
        "dispose of the version",
        client.dispose_package_versions,
        **names,
        versions=["1.0.0"],
    )
    saw.http("a file of a disposed version", scene.upload(repository, package.sdist))
    saw.api(
        "block publishing",
        client.put_package_origin_configuration,
        **names,
        restrictions={"publish": "BLOCK", "upstream": "ALLOW"},
    )
    other = scene.package("probe-blocked", "2.0.0").wheel
    saw.http("a version where publishing is blocked", scene.upload(repository, other))


@probe(settles="the refusal of a version that an upstream has as well")
def upload_of_an_upstreams_version(scene: Scene, saw: Recorder) -> None:
    """Publish a version that is reachable through an upstream, both allowed."""
    client, upstream = scene.client(), scene.repository()
    downstream = scene.repository(upstreams=[upstream])
    package = scene.package("probe-reachable")
    scene.publish(upstream, package.wheel)
    client.put_package_origin_configuration(
        **names_of(downstream),
        format="pypi",
        package="probe-reachable",
        restrictions={"publish": "ALLOW", "upstream": "ALLOW"},
    )
    saw.http("the version of the upstream", scene.upload(downstream, package.wheel))
