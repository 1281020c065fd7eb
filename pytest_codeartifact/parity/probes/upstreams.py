"""Upstreams and external connections: one of them, deleted ones, and what comes through."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene, names_of

_PYPI, _NPM = "public:pypi", "public:npmjs"


@probe(settles="what a repository answers whose upstream was deleted, and made again")
def upstream_deleted(scene: Scene, saw: Recorder) -> None:
    """Delete an upstream, make one of the same name, and update the repository at last."""
    client, upstream = scene.client(), scene.repository()
    downstream = scene.repository(upstreams=[upstream])
    names, page = names_of(downstream), "simple/probe-upstream/"
    scene.publish(upstream, scene.package("probe-upstream").wheel)
    saw.http("the page through the upstream", scene.get(downstream, page))
    client.delete_repository(**names_of(upstream))
    scene.until_gone(upstream)
    saw.http("the page after it was deleted", scene.get(downstream, page))
    saw.api("describe the repository", client.describe_repository, **names)
    scene.make_again(upstream)
    saw.http("the page after one of that name was made", scene.get(downstream, page))
    saw.api("describe it again", client.describe_repository, **names)
    saw.api(
        "update it with the same upstream",
        client.update_repository,
        **names,
        upstreams=[{"repositoryName": upstream.name}],
    )
    saw.http("the page after the update", scene.get(downstream, page))


@probe(settles="the refusals of more than one connection, and of one beside upstreams")
def connections(scene: Scene, saw: Recorder) -> None:
    """Give connections where they may not be, and take away what is not there."""
    client, plain = scene.client(), scene.repository()
    names = names_of(plain)
    connect = client.associate_external_connection
    saw.api("connect to nothing known", connect, **names, externalConnection="public:nosuch")
    saw.api("connect", connect, **names, externalConnection=_PYPI)
    saw.api("connect once more", connect, **names, externalConnection=_PYPI)
    saw.api("connect to a second one", connect, **names, externalConnection=_NPM)
    upstream = scene.repository()
    saw.api(
        "add an upstream beside the connection",
        client.update_repository,
        **names,
        upstreams=[{"repositoryName": upstream.name}],
    )
    downstream = scene.repository(upstreams=[upstream])
    saw.api("connect beside an upstream", connect, **names_of(downstream), externalConnection=_PYPI)
    saw.api(
        "disconnect what is not connected",
        client.disassociate_external_connection,
        **names_of(upstream),
        externalConnection=_PYPI,
    )


@probe(settles="the refusals of upstreams that cannot be")
def upstreams_that_cannot_be(scene: Scene, saw: Recorder) -> None:
    """Make a repository its own upstream, name one twice, and close a circle."""
    client, first = scene.client(), scene.repository()
    second = scene.repository(upstreams=[first])
    update = client.update_repository
    itself, other = {"repositoryName": first.name}, {"repositoryName": second.name}
    saw.api("its own upstream", update, **names_of(first), upstreams=[itself])
    saw.api("the same upstream twice", update, **names_of(second), upstreams=[itself, itself])
    saw.api("a circle", update, **names_of(first), upstreams=[other])


@probe(settles="which origin controls a package has that came from an upstream or by a copy")
def origin_controls_of_what_came(scene: Scene, saw: Recorder) -> None:
    """Describe a package where it was published, retained and copied to."""
    client, source = scene.client(), scene.repository()
    retaining, copied = scene.repository(upstreams=[source]), scene.repository()
    wheel = scene.package("probe-origin").wheel
    scene.publish(source, wheel)
    asked = {"format": "pypi", "package": "probe-origin"}
    version = {**asked, "packageVersion": "1.0.0"}
    path = f"simple/probe-origin/1.0.0/{wheel.name}"
    saw.http("the file through the upstream", scene.get(retaining, path))
    scene.until_listed(retaining, wheel.name)
    saw.api(
        "copy it",
        client.copy_package_versions,
        domain=source.domain.name,
        sourceRepository=source.name,
        destinationRepository=copied.name,
        **asked,
        versions=["1.0.0"],
    )
    for where, repository in (("published", source), ("retained", retaining), ("copied", copied)):
        names = names_of(repository)
        saw.api(f"the package where it was {where}", client.describe_package, **names, **asked)
        saw.api(
            f"the version where it was {where}",
            client.describe_package_version,
            **names,
            **version,
        )


@probe(settles="what calls of the API say of a package that only an upstream has")
def package_of_an_upstream(scene: Scene, saw: Recorder) -> None:
    """Ask the API for a package that is only reachable."""
    client, upstream = scene.client(), scene.repository()
    downstream = scene.repository(upstreams=[upstream])
    wheel = scene.package("probe-reachable").wheel
    scene.publish(upstream, wheel)
    names = {**names_of(downstream), "format": "pypi", "package": "probe-reachable"}
    version = {**names, "packageVersion": "1.0.0"}
    saw.api("describe the package", client.describe_package, **names)
    saw.api("list its versions", client.list_package_versions, **names)
    saw.api("describe the version", client.describe_package_version, **version)
    saw.api("list the version's assets", client.list_package_version_assets, **version)
    saw.api("get the file", client.get_package_version_asset, **version, asset=wheel.name)
    saw.api("list all packages", client.list_packages, **names_of(downstream))
